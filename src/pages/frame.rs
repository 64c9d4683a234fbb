//! What is around every page: the seller's brand, the way to help, a notice, and the files that the page loads.

use askama::Template;

use super::answer::{Answer, Policy};
use super::words::{self, Notice};
use super::{brand, rendered};
use crate::config::{Config, Foot};

/// What every template sees as `frame`.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) lang: &'static str,
    /// What the shop is called.
    pub(crate) shop: String,
    pub(crate) logo_url: Option<String>,
    pub(crate) brand_url: Option<String>,
    pub(crate) support_url: Option<String>,
    pub(crate) says_foot: bool,
    pub(crate) style_url: String,
    pub(crate) console_style_url: String,
    pub(crate) script_url: String,
    pub(crate) policy: Policy,
}

/// A sentence, and the way back.
#[derive(Template)]
#[template(path = "pages/templates/refused.html")]
struct Refused<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    sentence: &'static str,
}

/// The style sheets and the module, each with an address of its own for each content: browsers keep them for good.
const STYLE: &[u8] = include_bytes!("../../assets/assets/pages.css");
const CONSOLE_STYLE: &[u8] = include_bytes!("../../assets/assets/console.css");
const SCRIPT: &[u8] = include_bytes!("../../assets/assets/pages.js");

impl Frame {
    pub(crate) fn of(config: &Config) -> Self {
        const STYLE_MARK: u64 = mark(STYLE);
        const CONSOLE_STYLE_MARK: u64 = mark(CONSOLE_STYLE);
        const SCRIPT_MARK: u64 = mark(SCRIPT);
        let brand = &config.pages.brand;
        Self {
            lang: words::LANGUAGE,
            shop: brand.name.clone().unwrap_or_else(|| words::SHOP.to_owned()),
            logo_url: brand.logo_url.as_ref().map(|(url, _)| url.clone()),
            brand_url: brand.accent.map(brand::path),
            support_url: config.pages.support_url.clone(),
            says_foot: brand.foot == Foot::NamesLatchkey,
            style_url: format!("/assets/pages.css?v={STYLE_MARK:016x}"),
            console_style_url: format!("/assets/console.css?v={CONSOLE_STYLE_MARK:016x}"),
            script_url: format!("/assets/pages.js?v={SCRIPT_MARK:016x}"),
            policy: Policy::of(config),
        }
    }

    /// A page on its way out.
    pub(crate) fn answer(&self, status: u16, template: &impl Template) -> Answer {
        Answer { status, html: rendered(template), policy: self.policy.clone() }
    }

    /// A page that says why a request is not taken.
    pub(crate) fn refused(&self, status: u16) -> Answer {
        self.refused_with(status, words::status(status))
    }

    /// The same with a sentence of its own.
    pub(crate) fn refused_with(&self, status: u16, sentence: &'static str) -> Answer {
        let page = Refused { frame: self, notice: None, title: words::REFUSED_TITLE, sentence };
        self.answer(status, &page)
    }
}

/// A number that differs where the content does: FNV-1a, which the compiler can work out.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
const fn mark(mut content: &[u8]) -> u64 {
    let mut mark: u64 = 0xcbf2_9ce4_8422_2325;
    while let [first, rest @ ..] = content {
        mark = (mark ^ *first as u64).wrapping_mul(0x0000_0100_0000_01b3);
        content = rest;
    }
    mark
}
