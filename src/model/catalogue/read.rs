//! A written catalogue as a whole: its syntax, the storefronts' lists, and no product twice. One entry is read in `entry`, a
//! description of deliveries in `describing`.

use std::collections::{BTreeMap, HashMap};

use super::describing;
use super::description::Description;
use super::entry::{self, Identity};
use super::fields::{shortened, similar};
use super::problem::{Problem, Report};
use super::product::Product;
use super::section::Section;
use super::tree::{Form, Node, Table, Value};
use super::{Catalogue, json, toml};

impl Catalogue {
    /// Reads a written catalogue. It has no version yet.
    ///
    /// # Errors
    /// Every problem, in the order of the lines: a seller corrects them all in one go. While the text is not of its form
    /// at all, only that is told, because nothing after it can be trusted.
    pub fn read(text: &str, form: Form, sections: &[Section]) -> Result<Self, Vec<Problem>> {
        let mut report = Report::new(text, form);
        let document = match form {
            Form::Toml => toml::document(text),
            Form::Json => json::document(text),
        };
        let (products, descriptions) = match document {
            Ok(document) => of_document(&document, sections, &mut report),
            Err(errors) => {
                for error in errors {
                    report.add_syntax(error);
                }
                Default::default()
            }
        };
        report.conclude(Self { version: 0, products, descriptions })
    }
}

/// What is read of a catalogue: its products and its descriptions, as far as they are free of problems.
type Found = (Vec<Product>, BTreeMap<String, Description>);

fn of_document(document: &Node<'_>, sections: &[Section], report: &mut Report) -> Found {
    let Value::Table(table) = &document.value else {
        let problem = format!("the catalogue must be an object of lists, not {}", document.value.kind());
        report.add(document.at, problem, begins_with(sections, report.form()));
        return Found::default();
    };
    let lists = lists(table, report.form());
    refuse_unknown_lists(table, lists, sections, report);
    let of_section = |section| Some((section, lists.get(section_key(section))?));
    let found: Vec<_> = sections.iter().filter_map(of_section).collect();
    let products = found.into_iter().flat_map(|(section, list)| section_products(section, list, report)).collect();
    let mut descriptions = BTreeMap::new();
    for rule in sections.iter().filter_map(|section| section.description) {
        let Some(node) = table.get(rule.key).or_else(|| lists.get(rule.key)) else { continue };
        let description = describing::read(Some(&rule), rule.key, node, report);
        descriptions.extend(description.map(|description| (rule.key.to_owned(), description)));
    }
    (products, descriptions)
}

const fn section_key(section: &Section) -> &'static str {
    section.source
}

/// The table that holds the storefronts' lists: in JSON maybe the one under `products`, as it is given out.
fn lists<'n, 't>(table: &'n Table<'t>, form: Form) -> &'n Table<'t> {
    match (form, table.get("products").map(|products| &products.value)) {
        (Form::Json, Some(Value::Table(products))) => products,
        _ => table,
    }
}

fn refuse_unknown_lists(document: &Table<'_>, lists: &Table<'_>, sections: &[Section], report: &mut Report) {
    let described: Vec<&str> = sections.iter().filter_map(|section| Some(section.description?.key)).collect();
    let known: Vec<&str> = sections.iter().map(section_key).chain(described.iter().copied()).collect();
    let around = if std::ptr::eq(document, lists) { &[][..] } else { document.0.as_slice() };
    let around = around.iter().filter(|member| {
        !["version", "products"].contains(&member.key.as_ref()) && !described.contains(&member.key.as_ref())
    });
    for member in lists.0.iter().filter(|member| !known.contains(&member.key.as_ref())).chain(around) {
        let remedy = match (similar(&member.key, &known), report.form()) {
            (Some(meant), Form::Toml) if described.contains(&meant) => format!("did you mean [{meant}]?"),
            (Some(meant), Form::Toml) => format!("did you mean [[{meant}]]?"),
            (Some(meant), Form::Json) => format!("did you mean \"{meant}\"?"),
            (None, form) => begins_with(sections, form),
        };
        let shown = shortened(&member.key);
        report.add(member.key_at, format!("unknown key `{}`", shown.escape_debug()), remedy);
    }
}

fn begins_with(sections: &[Section], form: Form) -> String {
    let names = sections.iter().map(|section| match form {
        Form::Toml => format!("[[{}]]", section.source),
        Form::Json => format!("\"{}\"", section.source),
    });
    let names = names.collect::<Vec<_>>().join(" or ");
    match form {
        Form::Toml => format!("a product begins with {names}"),
        Form::Json => format!("products are listed under {names}"),
    }
}

/// The products of one storefront's list that are free of problems.
fn section_products(section: &Section, list: &Node<'_>, report: &mut Report) -> Vec<Product> {
    let source = section.source;
    let Value::List(entries) = &list.value else {
        report.enter(format!("[{source}]"));
        match (&list.value, report.form()) {
            (Value::Table(_), Form::Toml) => report.add(
                list.at,
                "single brackets, though there can be several products",
                format!("write [[{source}]], with two brackets"),
            ),
            (other, form) => {
                report.add(
                    list.at,
                    format!("must be a list of entries, not {}", other.kind()),
                    entries_of(source, form),
                );
            }
        }
        report.leave();
        return Vec::new();
    };

    let mut products = Vec::new();
    let mut seen: HashMap<Identity, Place> = HashMap::new();
    for (index, Node { value, at }) in entries.iter().enumerate() {
        let number = index + 1;
        let Value::Table(table) = value else {
            report.enter(format!("[[{source}]] #{number}"));
            let form = report.form();
            report.add(
                *at,
                format!("must be a table of keys and values, not {}", value.kind()),
                entries_of(source, form),
            );
            continue;
        };
        report.enter(entry::label(section, number, table));
        let (identity, product) = entry::read(section, table, *at, report);
        if let Some(identity) = identity {
            if let Some(Place { number, line }) = seen.get(&identity) {
                let problem = format!("the same product as [[{source}]] #{number} on line {line}");
                report.add(*at, problem, "keep one of them");
            } else {
                seen.insert(identity, Place { number, line: report.line(*at) });
            }
        }
        products.extend(product);
    }
    report.leave();
    products
}

fn entries_of(source: &str, form: Form) -> String {
    match form {
        Form::Toml => format!("begin each product with [[{source}]]"),
        Form::Json => format!("write \"{source}\": [{{\"product_id\": …}}, …]"),
    }
}

/// Where an entry stands whose product no later one may repeat.
struct Place {
    number: usize,
    line: usize,
}
