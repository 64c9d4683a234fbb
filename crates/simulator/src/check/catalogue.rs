//! What the catalogue said in each of its versions: what the seller asked for in the change that gave it.

use std::collections::BTreeMap;

use super::{Violation, integer, rows, text};
use crate::run::Run;
use crate::shelf::Shelf;

/// Each version that the catalogue has had, with what it said.
#[derive(Debug)]
pub(super) struct Versions(BTreeMap<i64, Shelf>);

/// The version that the shop begins with.
const FIRST: i64 = 1;

/// The catalogue's version now.
pub(crate) fn catalogue_version(run: &Run) -> i64 {
    rows(run, "SELECT version FROM catalogue").first().map_or(0, |row| integer(row, "version"))
}

/// Every version, each with its record; and the newest is what the tables hold.
pub(super) fn versions(run: &Run) -> Result<Versions, Violation> {
    let model = run.model.borrow();
    let mut versions = BTreeMap::from([(FIRST, Shelf::first(run.scope))]);
    let recorded =
        "SELECT detail ->> '$.version' AS version, trace_id FROM admin_actions WHERE action = 'catalogue.replace'";
    for row in rows(run, recorded) {
        let Some(shelf) = model.put(&text(&row, "trace_id")) else {
            return Err(Violation::new("I12", "the catalogue was replaced, and nobody asked for it".to_owned()));
        };
        if versions.insert(integer(&row, "version"), shelf.clone()).is_some() {
            return Err(Violation::new("I12", "two changes gave the catalogue the same version".to_owned()));
        }
    }
    let newest = catalogue_version(run);
    let Some(shelf) = versions.get(&newest).filter(|_| versions.len() as i64 == newest) else {
        let what = format!("the catalogue has version {newest}, and {} are recorded", versions.len());
        return Err(Violation::new("I12", what));
    };
    let products = rows(run, "SELECT source, product_id, variant_id, entry FROM products ORDER BY position");
    let products: Vec<_> = products
        .iter()
        .map(|row| ["source", "product_id", "variant_id", "entry"].map(|column| text(row, column)))
        .collect();
    let asked: serde_json::Value =
        serde_json::from_str(&shelf.to_catalogue().to_rows()).unwrap_or_else(|error| panic!("{error}"));
    let asked: Vec<_> = asked.as_array().into_iter().flatten().collect();
    let same = asked.len() == products.len()
        && asked.iter().zip(&products).all(|(asked, product)| {
            (0..3).all(|place| asked[place] == product[place].as_str())
                && serde_json::from_str(&product[3]).is_ok_and(|entry: serde_json::Value| asked[3] == entry)
        });
    // The first one is the fixture's own words, of which the shelf knows only what is opened.
    if newest != FIRST && !same {
        let what = format!("the catalogue is not what the change to version {newest} asked for");
        return Err(Violation::new("I12", what));
    }
    Ok(Versions(versions))
}

impl Versions {
    /// What the newest says.
    pub(super) fn newest(&self) -> &Shelf {
        self.0.values().next_back().expect("there is a first version")
    }

    /// The versions from this one on.
    pub(super) fn since(&self, version: i64) -> impl Iterator<Item = &Shelf> {
        self.between(version, i64::MAX)
    }

    /// The versions from one to the other.
    pub(super) fn between(&self, first: i64, last: i64) -> impl Iterator<Item = &Shelf> {
        self.0.range(first..=last).map(|(_, shelf)| shelf)
    }
}
