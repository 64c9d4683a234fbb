//! What was bought, looked up; and what an entry gives to a buyer.

use latchkey::model::catalogue::{Catalogue, ChoiceError, Difference};
use latchkey::model::{ProductRef, Repo, Source, StorefrontId, Timestamp};

use crate::catalogue::parsed;

fn entry(section: &str, ids: &str, name: &str) -> String {
    format!("[[{section}]]\n{ids}\nname = \"{name}\"\ntier = \"core\"\nrepos = [\"acme/docs\"]\n")
}

fn catalogue() -> Catalogue {
    let entries = [
        entry("lemonsqueezy", "product_id = \"4\"", "any"),
        entry("lemonsqueezy", "product_id = \"4\"\nvariant_id = \"5\"", "five"),
        entry("lemonsqueezy", "product_id = \"7\"\nvariant_id = \"8\"", "eight"),
        entry("lemonsqueezy", "product_id = \"9\"\nlicense = \"minted\"", "minted"),
        entry("gumroad", "product_id = \"a\"\nvariant = \"Tier: Team\"", "team"),
    ];
    parsed(&entries.concat())
}

fn find(source: &str, product: &str, variant: Option<&str>) -> Option<String> {
    let bought = ProductRef::parse(product, variant).unwrap();
    catalogue().find(Source::parse(source).unwrap(), &bought).map(|product| product.name.clone())
}

fn repos(names: &[&str]) -> Vec<Repo> {
    names.iter().map(|name| Repo::parse(name).unwrap()).collect()
}

#[test]
fn the_more_specific_entry_wins() {
    assert_eq!(find("lemonsqueezy", "4", Some("5")).as_deref(), Some("five"));
    assert_eq!(find("lemonsqueezy", "4", Some("6")).as_deref(), Some("any"));
    assert_eq!(find("lemonsqueezy", "4", None).as_deref(), Some("any"));
    assert_eq!(find("gumroad", "a", Some("Tier: Team")).as_deref(), Some("team"));
}

#[test]
fn a_variant_that_no_entry_names_is_unmapped_where_every_entry_names_one() {
    assert_eq!(find("lemonsqueezy", "7", Some("8")).as_deref(), Some("eight"));
    assert_eq!((find("lemonsqueezy", "7", Some("9")), find("lemonsqueezy", "7", None)), (None, None));
}

#[test]
fn another_storefronts_product_of_the_same_id_is_another_product() {
    assert_eq!(find("gumroad", "4", None), None);
    assert_eq!(find("lemonsqueezy", "44", None), None);
}

#[test]
fn a_product_depends_on_its_variant_where_an_entry_names_one() {
    let catalogue = catalogue();
    let depends = |source, id| catalogue.depends_on_variant(Source::named(source), &StorefrontId::parse(id).unwrap());
    assert_eq!(["4", "7", "9", "10"].map(|id| depends("lemonsqueezy", id)), [true, true, false, false]);
    assert!(!depends("gumroad", "4"));
}

#[test]
fn products_whose_buyers_hold_the_storefronts_own_keys_are_told() {
    let catalogue = catalogue();
    let has = |source, id| catalogue.has_storefront_keys(Source::named(source), &StorefrontId::parse(id).unwrap());
    assert_eq!(["4", "7", "9", "10"].map(|id| has("lemonsqueezy", id)), [true, true, false, false]);
    assert!(!has("gumroad", "a"));
}

#[test]
fn a_license_lasts_as_many_years_as_the_product_says() {
    let lasting = |years: &str| {
        let catalogue = parsed(&format!("{}{years}\n", entry("gumroad", "product_id = \"a\"", "Kit")));
        let issued_at = Timestamp::parse("2026-11-22T00:00:00Z").unwrap();
        catalogue.products()[0].expiry_from(issued_at).map(Timestamp::to_rfc3339)
    };
    assert_eq!(lasting("years = 2").as_deref(), Some("2028-11-22T00:00:00Z"));
    assert_eq!(lasting(""), None);
}

#[test]
fn a_bundle_opens_every_repository_and_a_preference_narrows_nothing() {
    let catalogue = catalogue();
    let bundle = &catalogue.products()[0];
    for preference in [None, Some(repos(&[])), Some(repos(&["ACME/docs"]))] {
        assert_eq!(bundle.repos_for(preference.as_deref()), Ok(repos(&["acme/docs"])));
    }
    assert!(matches!(bundle.repos_for(Some(&repos(&["acme/next"]))), Err(ChoiceError::Outside { .. })));
}

#[test]
fn a_choice_is_required_limited_and_counted_once() {
    let choice = "choose = { from = [\"acme/nuxt\", \"acme/next\", \"acme/svelte\"], limit = 2 }\n";
    let catalogue = parsed(&format!("{}{choice}", entry("gumroad", "product_id = \"a\"", "Kit")));
    let picky = &catalogue.products()[0];
    assert!(matches!(picky.repos_for(None), Err(ChoiceError::Missing { limit: 2, .. })));
    assert!(matches!(picky.repos_for(Some(&repos(&["acme/docs"]))), Err(ChoiceError::Missing { .. })));
    let all = repos(&["acme/nuxt", "acme/next", "acme/svelte"]);
    assert!(matches!(picky.repos_for(Some(&all)), Err(ChoiceError::TooMany { .. })));
    let twice = repos(&["acme/next", "acme/NEXT"]);
    assert_eq!(picky.repos_for(Some(&twice)), Ok(repos(&["acme/docs", "acme/next"])));
}

#[test]
fn the_same_entries_in_another_order_are_no_difference() {
    let (one, other) = (entry("gumroad", "product_id = \"a\"", "One"), entry("gumroad", "product_id = \"b\"", "Other"));
    let difference =
        Difference::between(&parsed(&[one.clone(), other.clone()].concat()), &parsed(&[other, one].concat()));
    assert!(difference.is_empty());
}
