//! The JSON form, by the same checks as the TOML form, and both forms written back.

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::catalogue::{Catalogue, Form};
use serde_json::{Value, json};

use crate::catalogue::parsed;

/// Every key, every kind of value, and a name that would break out of a text if it were not escaped.
const EVERYTHING: &str = r#"[[gumroad]]
product_id = "32-nPAicqbLj8B_WswVlMw=="
variant = "Tier: Team"
name = "Acme \"Kit\" \\ } ü {} 🦀"
tier = "pro"
years = 2
repos = ["acme/starter", "acme/starter-docs"]
choose = { from = ["acme/stack-next", "acme/stack-nuxt"], limit = 2 }
permission = "triage"
on_refund = "keep"
on_dispute = "revoke"
on_expiry = "keep"
on_end = "keep"
grace_days = 0
remind_days = 30
renew_url = "https://acme.example.com/renew?kit=1"
proof = "required"
per_quantity = true

[[gumroad]]
product_id = "sample=="
name = "A free sample"
license = "none"

[[lemonsqueezy]]
product_id = "4"
variant_id = "5"
name = "Acme Kit"
tier = "core"
repos = ["acme/kit"]
permission = "admin"
on_partial_refund = "revoke"
on_dispute = "keep"
on_dispute_lost = "keep"
activate_at_checkout = true

[[lemonsqueezy]]
product_id = "6"
name = "Acme Minted"
tier = "core"
repos = ["acme/minted"]
license = "minted"
"#;

fn of_json(text: &str) -> Result<Catalogue, Vec<String>> {
    Catalogue::read(text, Form::Json, SECTIONS).map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn problems(text: &str) -> Vec<String> {
    of_json(text).expect_err("the catalogue should be refused")
}

#[test]
fn a_file_that_leaves_defaults_out_is_written_back_as_it_was() {
    assert_eq!(parsed(EVERYTHING).to_toml(SECTIONS), EVERYTHING);
    assert_eq!(parsed("").to_toml(SECTIONS), "");
}

#[test]
fn defaults_that_are_written_out_are_no_difference() {
    let defaults = "permission = \"pull\"\nlicense = \"minted\"\non_refund = \"revoke\"\non_partial_refund = \"keep\"\n\
                    on_dispute = \"suspend\"\non_dispute_lost = \"revoke\"\non_expiry = \"revoke\"\non_end = \"revoke\"\n\
                    grace_days = 3\nremind_days = 14\nproof = \"optional\"\nper_quantity = false\n\
                    activate_at_checkout = false\n";
    let kit = "[[gumroad]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nyears = 1\nrepos = [\"acme/kit\"]\n";
    assert_eq!(parsed(&format!("{kit}{defaults}")), parsed(kit));
    assert_eq!(parsed(&format!("{kit}{defaults}")).to_toml(SECTIONS), kit);
}

#[test]
fn the_json_form_says_the_same_as_the_file() {
    let catalogue = parsed(EVERYTHING);
    let lists = serde_json::to_string(&catalogue.by_source()).unwrap();
    assert_eq!(of_json(&lists), Ok(catalogue.clone()));
    let given_out = json!({ "version": 7, "products": catalogue.by_source() }).to_string();
    assert_eq!(of_json(&given_out), Ok(catalogue));
}

#[test]
fn the_json_form_has_each_storefronts_entries_in_a_list() {
    let kit = "[[lemonsqueezy]]\nproduct_id = \"4\"\nvariant_id = \"5\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";
    assert_eq!(
        serde_json::to_value(parsed(kit).by_source()).unwrap(),
        json!({ "lemonsqueezy": [{
            "product_id": "4",
            "variant_id": "5",
            "name": "Kit",
            "tier": "core",
            "repos": ["acme/kit"],
            "license": "storefront",
        }] })
    );
}

#[test]
fn rows_are_read_back_as_the_catalogue_that_they_are_of() {
    let catalogue = parsed(EVERYTHING).with_version(7);
    let rows: Vec<(String, String, String, Value)> = serde_json::from_str(&catalogue.to_rows()).unwrap();
    assert_eq!(
        rows.iter()
            .map(|(source, product, variant, _)| (source.as_str(), product.as_str(), variant.as_str()))
            .collect::<Vec<_>>(),
        [
            ("gumroad", "32-nPAicqbLj8B_WswVlMw==", "Tier: Team"),
            ("gumroad", "sample==", ""),
            ("lemonsqueezy", "4", "5"),
            ("lemonsqueezy", "6", ""),
        ]
    );
    let entries: Vec<(String, String)> =
        rows.into_iter().map(|(source, .., entry)| (source, entry.to_string())).collect();
    let read = Catalogue::from_rows(7, entries.iter().map(|(source, entry)| (source.as_str(), entry.as_str())), "{}");
    assert_eq!(read, Ok(catalogue));
}

#[test]
fn a_row_that_is_no_entry_is_named() {
    let broken =
        Catalogue::from_rows(1, [("gumroad", "{\"product_id\":\"a\",\"name\":\"Kit\",\"license\":\"stolen\"}")], "{}");
    let error = broken.unwrap_err().to_string();
    assert!(
        error.starts_with("the entry of product \"a\" of gumroad cannot be read: unknown variant `stolen`"),
        "{error}"
    );
}

#[test]
fn an_empty_object_is_an_empty_catalogue() {
    for text in ["{}", "{\"gumroad\": []}", "{\"version\": 0, \"products\": {}}"] {
        assert_eq!(of_json(text), Ok(Catalogue::default()), "{text}");
    }
}

#[test]
fn a_member_that_is_null_is_absent() {
    let text = json!({ "gumroad": [{
        "product_id": "a", "variant": null, "name": "Kit", "tier": "core", "years": null, "repos": ["acme/kit"],
        "choose": null, "license": null, "grace_days": null, "renew_url": null, "per_quantity": null,
    }] });
    let kit = "[[gumroad]]\nproduct_id = \"a\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";
    assert_eq!(of_json(&text.to_string()), Ok(parsed(kit)));
}

#[test]
fn json_is_refused_with_its_lines_and_in_its_own_words() {
    let text = r#"{
  "gumroad": [
    {
      "product_id": 4,
      "name": "Kit",
      "repos": "acme/kit",
      "choose": [],
      "color": true
    },
    7
  ],
  "lemon_squeezy": [],
  "kiosk": []
}"#;
    let entry = "[[gumroad]] #1 \"Kit\"";
    assert_eq!(
        problems(text),
        [
            &format!("line 3: {entry}: `tier` is missing: write something like \"tier\": \"core\""),
            &format!("line 4: {entry}: `product_id` must be in quotes: write \"product_id\": \"4\""),
            &format!(
                "line 6: {entry}: `repos` must be a list in brackets, not a text: write \"repos\": [\"acme/kit\"]"
            ),
            &format!(
                "line 7: {entry}: `choose` must be a table, not a list: write \"choose\": {{\"from\": [\"acme/one\", \"acme/two\"], \"limit\": 1}}"
            ),
            &format!(
                "line 8: {entry}: unknown key `color`: the keys here are product_id, variant, name, tier, years, repos, choose, permission, license, on_refund, on_partial_refund, on_dispute, on_dispute_lost, on_expiry, on_end, grace_days, remind_days, renew_url, proof, per_quantity, activate_at_checkout"
            ),
            "line 10: [[gumroad]] #2: must be a table of keys and values, not a whole number: write \"gumroad\": [{\"product_id\": …}, …]",
            "line 12: unknown key `lemon_squeezy`: did you mean \"lemonsqueezy\"?",
            "line 13: unknown key `kiosk`: products are listed under \"gumroad\" or \"lemonsqueezy\" or \"paddle\" or \"polar\" or \"stripe\" or \"standard\"",
        ]
    );
}

#[test]
fn a_catalogue_that_is_no_object_is_refused() {
    let listed = "products are listed under \"gumroad\" or \"lemonsqueezy\" or \"paddle\" or \"polar\" or \"stripe\" or \"standard\"";
    assert_eq!(problems("[]"), [format!("line 1: the catalogue must be an object of lists, not a list: {listed}")]);
    assert_eq!(
        problems("\n\n4"),
        [format!("line 3: the catalogue must be an object of lists, not a whole number: {listed}")]
    );
    assert_eq!(
        problems("{\"gumroad\": {}}"),
        ["line 1: [gumroad]: must be a list of entries, not a table: write \"gumroad\": [{\"product_id\": …}, …]"]
    );
    assert_eq!(problems("{\"products\": {}, \"kiosk\": []}"), [format!("line 1: unknown key `kiosk`: {listed}")]);
    assert_eq!(problems("{\"products\": []}"), [format!("line 1: unknown key `products`: {listed}")]);
}

#[test]
fn text_that_is_not_json_is_reported_with_its_line_and_nothing_else() {
    let first = "correct this first: the rest could not be checked";
    assert_eq!(problems(""), [format!("line 1: not JSON: EOF while parsing a value: {first}")]);
    assert_eq!(
        problems("{\n  \"gumroad\": [\n    {,}\n"),
        [format!("line 3: not JSON: key must be a string: {first}")]
    );
    assert_eq!(problems("{}\n{}"), [format!("line 2: not JSON: trailing characters: {first}")]);
    assert_eq!(
        problems("{\n\"gumroad\": [{\n\"name\": \"\\ud800\"}]}"),
        [format!("line 3: not JSON: unexpected end of hex escape: {first}")]
    );
}

#[test]
fn every_key_that_is_there_twice_is_reported() {
    assert_eq!(
        problems("{\"gumroad\": [{\"name\": \"a\",\n\"name\": \"b\"}],\n\"gumroad\": [], \"a\\u0062\": 1,\n\"ab\": 2}"),
        [
            "line 2: not JSON: duplicate key \"name\": correct this first: the rest could not be checked",
            "line 3: not JSON: duplicate key \"gumroad\": correct this first: the rest could not be checked",
            "line 4: not JSON: duplicate key \"ab\": correct this first: the rest could not be checked",
        ]
    );
}

#[test]
fn deep_nesting_of_json_is_a_problem_and_no_crash() {
    let deep = |depth: usize| format!("{{\"gumroad\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    for depth in [2, 9, 100, 100_000] {
        assert!(!problems(&deep(depth)).is_empty(), "{depth}");
    }
}

#[test]
fn thousands_of_mistakes_are_told_in_part() {
    let text: String = (0..20_000).map(|_| "[[gumroad]]\nrepo = 1\n").collect();
    let problems = crate::catalogue::read(&text).unwrap_err();
    assert_eq!(problems.len(), 501);
    assert_eq!(problems[500].problem, "99500 more problems are not listed");
}
