//! A written catalogue as a whole: what is read from it, and what is refused about it.

use std::path::Path;

use latchkey::model::catalogue::{LicenseKind, Permission};

use crate::catalogue::{parsed, problems};

/// A file of the workspace.
fn workspace_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_projects_own_products_are_in_order() {
    let catalogue = parsed(&workspace_file("products.toml"));
    let names: Vec<&str> = catalogue.products().iter().map(|product| product.name.as_str()).collect();
    assert_eq!(
        names,
        ["Acme Starter Kit", "Pick your stack", "Acme Kit", "Acme Toolbox", "Acme Press", "Acme Forge", "Acme Anvil"]
    );
}

#[test]
fn the_products_of_the_end_to_end_tests_are_in_order() {
    let catalogue = parsed(&workspace_file("tests/fixtures/products.toml"));
    let ids: Vec<(&str, Option<&str>)> =
        catalogue.products().iter().map(|product| (product.product_id.as_str(), product.variant_id())).collect();
    assert_eq!(
        ids,
        [
            ("32-nPAicqbLj8B_WswVlMw==", None),
            ("pickOne==", None),
            ("bundle==", None),
            ("4", None),
            ("4", Some("5")),
            ("6", None),
            ("7", Some("8")),
            ("pro_01gsz4t5hdjse780zja8vvr7jg", None),
        ]
    );
}

#[test]
fn what_an_entry_leaves_out_has_the_storefronts_default() {
    let catalogue = parsed(
        "[[gumroad]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n\
         [[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n",
    );
    let defaults: Vec<_> = catalogue
        .products()
        .iter()
        .map(|product| (product.source.as_str(), product.years, product.permission, product.license))
        .collect();
    assert_eq!(
        defaults,
        [
            ("gumroad", None, Permission::Pull, LicenseKind::Minted),
            ("lemonsqueezy", None, Permission::Pull, LicenseKind::Storefront),
        ]
    );
}

#[test]
fn a_file_without_products_is_an_empty_list() {
    assert!(parsed("# nothing for sale yet\n").products().is_empty());
}

#[test]
fn problems_of_several_entries_come_together_in_the_order_of_the_lines() {
    let text = "\
[[lemonsqueezy]]
product_id = \"4\"
name = \"Kit\"
tier = \"core\"
license = \"mine\"

[[gumroad]]
product_id = \"pickOne==\"
name = \"Pick your stack\"
tier = \"core\"
choose = { from = [\"acme/stack-nuxt\"], limit = 2 }
years = -1

[[gumroad]]
name = \"\"
";
    assert_eq!(
        problems(text),
        [
            "line 1: [[lemonsqueezy]] #1 \"Kit\" (product_id \"4\"): opens nothing: write repos = [\"acme/starter\"], or choose = { from = […], limit = 1 }",
            "line 5: [[lemonsqueezy]] #1 \"Kit\" (product_id \"4\"): `license` is \"mine\", which means nothing: write one of \"storefront\", \"minted\", \"none\", or leave it out",
            "line 11: [[gumroad]] #1 \"Pick your stack\" (product_id \"pickOne==\"): `choose.limit` is 2, but `choose.from` has only 1 to choose from: write 1 or less, or offer more",
            "line 12: [[gumroad]] #1 \"Pick your stack\" (product_id \"pickOne==\"): `years` is -1; it must be 1 or more: for a license that never expires leave it out",
            "line 14: [[gumroad]] #2 \"\": `product_id` is missing: write something like product_id = \"32-nPAicqbLj8B_WswVlMw==\"",
            "line 14: [[gumroad]] #2 \"\": `tier` is missing: write something like tier = \"core\"",
            "line 14: [[gumroad]] #2 \"\": opens nothing: write repos = [\"acme/starter\"], or choose = { from = […], limit = 1 }",
            "line 15: [[gumroad]] #2 \"\": `name` is empty: write something like name = \"Acme Starter Kit\"",
        ]
    );
}

#[test]
fn the_same_product_twice_is_refused_with_the_place_of_the_first() {
    let kit = "product_id = \"4\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";
    assert_eq!(
        problems(&format!("[[lemonsqueezy]]\n{kit}[[lemonsqueezy]]\n{kit}")),
        [
            "line 6: [[lemonsqueezy]] #2 \"Kit\" (product_id \"4\"): the same product as [[lemonsqueezy]] #1 on line 1: keep one of them"
        ]
    );
}

#[test]
fn the_same_variant_twice_is_refused_even_when_the_first_has_another_problem() {
    let kit = "product_id = \"4\"\nvariant_id = \"5\"\nname = \"Kit\"\ntier = \"core\"\n";
    let entry = "\"Kit\" (product_id \"4\", variant_id \"5\")";
    assert_eq!(
        problems(&format!("[[lemonsqueezy]]\n{kit}repos = [\"kit\"]\n[[lemonsqueezy]]\n{kit}repos = [\"acme/kit\"]\n")),
        [
            format!(
                "line 6: [[lemonsqueezy]] #1 {entry}: `repos`: \"kit\" is not owner/name: write it like \"acme/starter\""
            ),
            format!(
                "line 7: [[lemonsqueezy]] #2 {entry}: the same product as [[lemonsqueezy]] #1 on line 1: keep one of them"
            ),
        ]
    );
}

#[test]
fn a_product_its_variants_and_the_same_id_at_another_storefront_live_side_by_side() {
    let entry = |storefront: &str, ids: &str| {
        format!("[[{storefront}]]\n{ids}\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n")
    };
    let text = [
        entry("lemonsqueezy", "product_id = \"4\""),
        entry("lemonsqueezy", "product_id = \"4\"\nvariant_id = \"5\""),
        entry("lemonsqueezy", "product_id = \"4\"\nvariant_id = \"6\""),
        entry("gumroad", "product_id = \"4\""),
        entry("gumroad", "product_id = \"abc==\""),
        entry("gumroad", "product_id = \"ABC==\""),
    ]
    .concat();
    assert_eq!(parsed(&text).products().len(), 6);
}

#[test]
fn an_unknown_storefront_is_refused() {
    assert_eq!(
        problems("[[lemon_squeezy]]\n[[kiosk]]\n"),
        [
            "line 1: unknown key `lemon_squeezy`: did you mean [[lemonsqueezy]]?",
            "line 2: unknown key `kiosk`: a product begins with [[gumroad]] or [[lemonsqueezy]] or [[paddle]] or [[polar]] or [[stripe]] or [[standard]]",
        ]
    );
}

#[test]
fn an_entry_with_single_brackets_is_refused() {
    assert_eq!(
        problems("# one product\n[gumroad]\nproduct_id = \"a\"\n"),
        [
            "line 2: [gumroad]: single brackets, though there can be several products: write [[gumroad]], with two brackets"
        ]
    );
}

#[test]
fn a_storefront_that_is_no_list_of_tables_is_refused() {
    assert_eq!(
        problems("gumroad = \"a\"\nlemonsqueezy = [4]\n"),
        [
            "line 1: [gumroad]: must be a list of entries, not a text: begin each product with [[gumroad]]",
            "line 2: [[lemonsqueezy]] #1: must be a table of keys and values, not a whole number: begin each product with [[lemonsqueezy]]",
        ]
    );
}

#[test]
fn text_that_is_not_toml_is_reported_with_its_lines_and_nothing_else() {
    let problems = problems("[[gumroad]]\nname = Kit\ntier = \"core\ncolor = 1\n");
    assert_eq!(
        problems,
        [
            "line 2: not TOML: string values must be quoted, expected literal string: correct this first: the rest could not be checked",
            "line 3: not TOML: invalid basic string, expected `\"`: correct this first: the rest could not be checked",
        ]
    );
}

#[test]
fn a_key_written_twice_is_reported_with_its_line() {
    assert_eq!(
        problems("[[gumroad]]\nname = \"Kit\"\nname = \"Kit\"\n"),
        ["line 3: not TOML: duplicate key: correct this first: the rest could not be checked"]
    );
}

#[test]
fn deep_nesting_is_a_problem_and_no_crash() {
    let text = format!("gumroad = {}", "[".repeat(100_000));
    assert!(problems(&text).iter().all(|problem| problem.starts_with("line 1: not TOML: ")));
}
