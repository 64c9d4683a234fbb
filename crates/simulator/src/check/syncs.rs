//! What licenses were brought to, where the seller has them follow the catalogue.

use std::collections::HashMap;

use super::catalogue::{self, Versions};
use super::{Violation, integer, rows, rows_with, text};
use crate::model::PRODUCTS;
use crate::run::Run;

/// A time that licenses were brought to the catalogue.
#[derive(Debug)]
pub(super) struct Sync {
    pub(super) version: i64,
    /// Of this product alone.
    pub(super) product: Option<String>,
}

/// What a license opens: repositories in lower case with the permission, sorted.
pub(super) type Opened = Vec<(String, String)>;

/// What each license opens, by its key.
pub(crate) type AllOpened = HashMap<String, Opened>;

/// All of them in their order, each as somebody has asked for it.
pub(super) fn syncs(run: &Run) -> Result<Vec<Sync>, Violation> {
    let model = run.model.borrow();
    let mut all = Vec::new();
    for row in rows(run, "SELECT version, product, trace_id FROM seen_syncs ORDER BY id") {
        let product = row.optional_text("product").ok().flatten().map(str::to_owned);
        if !model.syncs(&text(&row, "trace_id"), product.as_deref()) {
            return Err(Violation::new(
                "I12",
                "licenses were brought to the catalogue, and nobody asked for it".to_owned(),
            ));
        }
        all.push(Sync { version: integer(&row, "version"), product });
    }
    Ok(all)
}

/// These repositories with this permission.
pub(super) fn opened(repos: &[String], permission: &str) -> Opened {
    let mut opened: Vec<_> = repos.iter().map(|repo| (repo.to_lowercase(), permission.to_owned())).collect();
    opened.sort();
    opened
}

/// Those that a buyer of the product may have chosen.
pub(super) fn chosen(source: &str, product_id: &str, repos: &[String]) -> Vec<String> {
    let product = PRODUCTS.iter().find(|product| product.source == source && product.id == product_id);
    let is_choice = |repo: &&String| product.is_some_and(|product| product.choose.contains(&repo.as_str()));
    repos.iter().filter(is_choice).cloned().collect()
}

/// What each bound license opens.
pub(crate) fn all_opened(run: &Run) -> AllOpened {
    let mut all: AllOpened = HashMap::new();
    for row in rows(run, "SELECT license_key FROM license_activations") {
        all.insert(text(&row, "license_key"), Vec::new());
    }
    for row in rows(run, "SELECT license_key, lower(repo) AS repo, permission FROM entitlements ORDER BY repo") {
        all.entry(text(&row, "license_key")).or_default().push((text(&row, "repo"), text(&row, "permission")));
    }
    all
}

/// Every good license opens what the catalogue says by now, and every other what it opened before, now that the seller has brought
/// all of them there.
pub(crate) fn all_follow(run: &Run, before: &AllOpened) -> Result<(), Violation> {
    let versions: Versions = catalogue::versions(run)?;
    let now = all_opened(run);
    let bound = rows(
        run,
        "SELECT a.license_key, a.repos, l.status, l.product_id, l.variant_id, coalesce(l.section, l.source) AS section
         FROM license_activations a JOIN licenses l ON l.license_key = a.license_key ORDER BY a.license_key",
    );
    for row in &bound {
        let (key, section, product_id) = (text(row, "license_key"), text(row, "section"), text(row, "product_id"));
        let had = before.get(&key).cloned().unwrap_or_default();
        let has: Vec<String> = had.iter().map(|(repo, _)| repo.clone()).collect();
        let first =
            rows_with(run, "SELECT repos FROM seen_bindings WHERE license_key = ?1 ORDER BY rowid LIMIT 1", &[&key]);
        let first: Vec<String> =
            first.first().and_then(|row| serde_json::from_str(&text(row, "repos")).ok()).unwrap_or_default();
        let variant = row.optional_text("variant_id").ok().flatten();
        let terms = versions.newest().terms_of(&section, &product_id, variant);
        let terms = terms.filter(|_| text(row, "status") == "active");
        let follows = terms.and_then(|terms| {
            let repos = terms.opened_by_now(&has, &chosen(&section, &product_id, &first))?;
            Some(opened(&repos, terms.permission))
        });
        let expected = follows.unwrap_or(had);
        let shown: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let mut shown: Vec<String> = shown.iter().map(|repo| repo.to_lowercase()).collect();
        shown.sort();
        let repos: Vec<String> = expected.iter().map(|(repo, _)| repo.clone()).collect();
        if now.get(&key) != Some(&expected) || shown != repos {
            let what = format!("a license of {product_id} opens {:?} by now, and not {expected:?}", now.get(&key));
            return Err(Violation::new("I6", what));
        }
    }
    Ok(())
}
