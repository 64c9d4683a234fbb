//! The file as a whole: TOML, the storefronts' lists, and no product twice. One entry is read in `entry`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::entry::{self, Identity};
use crate::fields::{kind, similar};
use crate::problem::{Problem, Report};
use crate::product::{Product, Storefront};

/// Everything in `text`, or every problem of it.
pub(crate) fn products(text: &str) -> Result<Vec<Product>, Vec<Problem>> {
    let mut report = Report::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in &errors {
            report.add_syntax(error);
        }
        return report.conclude(Vec::new());
    }
    let document = document.get_ref();
    refuse_unknown_lists(document, &mut report);

    let mut products = Vec::new();
    for storefront in Storefront::ALL {
        let Some(list) = document.get(storefront.key()) else {
            continue;
        };
        products.extend(storefront_products(storefront, list, &mut report));
    }
    report.conclude(products)
}

fn refuse_unknown_lists(document: &DeTable<'_>, report: &mut Report<'_>) {
    let known = Storefront::ALL.map(Storefront::key);
    for key in document.keys() {
        let name = key.get_ref().as_ref();
        if known.contains(&name) {
            continue;
        }
        let advice = match similar(name, &known) {
            Some(meant) => format!("did you mean [[{meant}]]?"),
            None => "a product begins with [[gumroad]] or [[lemonsqueezy]]".to_owned(),
        };
        let message = format!("unknown key `{}`: {advice}", name.escape_debug());
        report.add(&key.span(), message);
    }
}

/// The products of one storefront's list that are free of problems.
fn storefront_products(storefront: Storefront, list: &Spanned<DeValue<'_>>, report: &mut Report<'_>) -> Vec<Product> {
    let key = storefront.key();
    let DeValue::Array(entries) = list.get_ref() else {
        report.enter(format!("[{key}]"));
        let message = match list.get_ref() {
            DeValue::Table(_) => {
                format!("write [[{key}]], with two brackets: there can be several products")
            }
            other => format!("must be entries that begin with [[{key}]], not {}", kind(other)),
        };
        report.add(&list.span(), message);
        report.leave();
        return Vec::new();
    };

    let mut products = Vec::new();
    let mut seen: Vec<Seen> = Vec::new();
    for (index, value) in entries.iter().enumerate() {
        let number = index + 1;
        let DeValue::Table(table) = value.get_ref() else {
            report.enter(format!("[[{key}]] #{number}"));
            let message = format!("must be a table of keys and values, not {}", kind(value.get_ref()));
            report.add(&value.span(), message);
            continue;
        };
        report.enter(entry::label(storefront, number, table));
        let (identity, product) = entry::read(storefront, table, value.span(), report);
        if let Some(identity) = identity {
            match seen.iter().find(|earlier| earlier.identity == identity) {
                Some(Seen { number, line, .. }) => {
                    let message = format!("the same product as [[{key}]] #{number} on line {line}: keep one of them");
                    report.add(&value.span(), message);
                }
                None => seen.push(Seen { identity, number, line: report.line(value.span().start) }),
            }
        }
        products.extend(product);
    }
    report.leave();
    products
}

/// An entry whose product no later one may repeat.
struct Seen {
    identity: Identity,
    number: usize,
    line: usize,
}
