//! The operator's own: the variables, and the catalogue.

use std::collections::HashSet;

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::config::{Config, MailProvider};
use latchkey::model::catalogue::{Catalogue, Form, Problem};
use serde_json::Value;

use crate::taint::{CANARY, assert_clean};

/// Settings, `NAME=value` on a line each: every problem is named without the value, and what is there is sound.
///
/// # Panics
/// When something does not hold.
pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let given: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let look_up = |name: &str| given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
    check(&Config::read(|name| look_up(name).map(str::to_owned)));
    check(&Config::read(|name| look_up(name).map(|value| format!("{value}{CANARY}"))));
    // Secrets alone, so that nothing else may show them.
    let secret = |name: &str| name.contains("SECRET") || name.contains("TOKEN") || name.ends_with("_KEY");
    let hidden = Config::read(|name| look_up(name).filter(|_| secret(name)).map(|value| format!("{value}{CANARY}")));
    assert!(!format!("{hidden:?}").contains(CANARY), "a secret is shown");
}

fn check(config: &Config) {
    for problem in &config.problems {
        assert_clean(&problem.to_string());
    }
    let mail = match &config.mail.provider {
        MailProvider::Postmark(account) | MailProvider::Resend(account) | MailProvider::Smtp2go(account) => {
            Some(account)
        }
        MailProvider::None | MailProvider::Binding | MailProvider::Several(_) => None,
    };
    for url in [Some(&config.github.api_url), mail.map(|account| &account.api_url)].into_iter().flatten() {
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
        assert!(!url.ends_with('/'), "{url}");
    }
    for origin in &config.portal.origins {
        let rest = origin.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        assert!(!rest.is_empty() && !rest.contains(['/', '*', ' ', '?', '#']), "{origin}");
        assert_eq!(*origin, origin.to_ascii_lowercase());
    }
    assert!((1..=3650).contains(&config.payload_retention_days));
    if let Some(from) = &config.mail.from {
        assert!(!from.as_str().contains(char::is_control), "{from:?}");
    }
}

/// A catalogue in either form: what is accepted survives every way of writing it, and no product is in it twice; what is
/// refused is told on a line for each problem.
///
/// # Panics
/// When something does not hold.
pub fn products_file(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for form in [Form::Toml, Form::Json] {
        match Catalogue::read(text, form, SECTIONS) {
            Ok(catalogue) => accepted(&catalogue),
            Err(problems) => refused(&problems, text.lines().count()),
        }
    }
}

fn accepted(catalogue: &Catalogue) {
    let again = |text: &str, form| Catalogue::read(text, form, SECTIONS);
    assert_eq!(again(&catalogue.to_toml(SECTIONS), Form::Toml).as_ref(), Ok(catalogue));
    let mut lists = serde_json::to_value(catalogue.by_source()).expect("plain structures");
    for (key, description) in catalogue.descriptions() {
        lists[key] = description.to_json();
    }
    assert_eq!(again(&lists.to_string(), Form::Json).as_ref(), Ok(catalogue));

    let rows: Vec<(String, String, String, Value)> = serde_json::from_str(&catalogue.to_rows()).expect("a list");
    let names: HashSet<_> = rows.iter().map(|(source, product, variant, _)| (source, product, variant)).collect();
    assert_eq!(names.len(), catalogue.products().len(), "a product is there twice");
    let entries: Vec<_> = rows.iter().map(|(source, .., entry)| (source.as_str(), entry.to_string())).collect();
    let read = Catalogue::from_rows(
        0,
        entries.iter().map(|(source, entry)| (*source, entry.as_str())),
        &catalogue.described(),
    );
    assert_eq!(read.as_ref(), Ok(catalogue));
}

fn refused(problems: &[Problem], lines: usize) {
    assert!(!problems.is_empty());
    for problem in problems {
        assert!(problem.line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{problem:?}");
        assert!(!problem.problem.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
        assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
    }
}
