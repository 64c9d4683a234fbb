//! What is around every page: the seller's brand, the way to help, a notice, and the files that the page loads.

use askama::Template;

use super::answer::{Answer, Policy};
use super::fields::Fields;
use super::words::{self, Markup, Notice, filled};
use super::{brand, rendered};
use crate::config::{Config, Foot};
use crate::engine::Over;
use crate::platform::Limit;

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
    sentence: Markup,
    /// Where a license is renewed that has expired, and what that is called.
    renew: Option<(String, Markup)>,
    /// What was sent, where sending it once more may work.
    sent: Option<Sent<'a>>,
}

/// A form that was sent, and to where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) path: &'a str,
    pub(crate) fields: &'a Fields,
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
        let html = rendered(template);
        Answer { status, html, policy: self.policy.clone(), retry_after_s: retry_after_s(status) }
    }

    /// A page that says why a request is not taken, and will not be however often it is sent.
    pub(crate) fn refused(&self, status: u16) -> Answer {
        Answer { retry_after_s: None, ..self.refused_with(status, words::status(status)) }
    }

    /// The same with a sentence of its own.
    pub(crate) fn refused_with(&self, status: u16, sentence: &'static str) -> Answer {
        self.not_taken(status, sentence, None)
    }

    /// The same for a form that could not be shown again by itself: what was entered can be sent once more.
    pub(crate) fn refused_for_now(&self, status: u16, sentence: &'static str, sent: Sent<'_>) -> Answer {
        self.not_taken(status, sentence, Some(sent))
    }

    fn not_taken(&self, status: u16, sentence: &'static str, sent: Option<Sent<'_>>) -> Answer {
        self.sentence(status, filled(sentence, &[]), None, sent)
    }

    /// A page that says since when a license is not good, and leads to where one is renewed that has expired. Where nothing tells, it says
    /// that sentence.
    pub(crate) fn over(&self, status: u16, over: &Over, otherwise: &'static str) -> Answer {
        let sentence = words::over(over).unwrap_or_else(|| filled(otherwise, &[]));
        self.sentence(status, sentence, words::renewed_at(over), None)
    }

    fn sentence(
        &self,
        status: u16,
        sentence: Markup,
        renew: Option<(String, Markup)>,
        sent: Option<Sent<'_>>,
    ) -> Answer {
        let title = words::REFUSED_TITLE;
        self.answer(status, &Refused { frame: self, notice: None, title, sentence, renew, sent })
    }
}

/// In how many seconds a request may work that was answered with this status: passing trouble is over soon, or it is not passing.
const fn retry_after_s(status: u16) -> Option<u64> {
    match status {
        429 => Some(Limit::PERIOD_S),
        502 | 503 => Some(10),
        _ => None,
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
