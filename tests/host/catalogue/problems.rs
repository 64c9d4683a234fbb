//! What a seller is told about each mistake in one entry, word for word. Mistakes of the file as a whole are in `file`,
//! policies that make no sense in `policies`.

use crate::catalogue::{problems, read};

/// The problems of a Gumroad entry (its lines begin at line 2) that has all it needs but for `lines` in place of the
/// lines with the same keys. A line `-key` only takes the key away.
fn gumroad(lines: &str) -> Vec<String> {
    entry("gumroad", "32-nPAicqbLj8B_WswVlMw==", lines)
}

/// The same for Lemon Squeezy.
fn lemon_squeezy(lines: &str) -> Vec<String> {
    entry("lemonsqueezy", "4", lines)
}

fn entry(storefront: &str, product_id: &str, lines: &str) -> Vec<String> {
    let key_of = |line: &str| line.trim_start_matches('-').split(' ').next().map(str::to_owned);
    let replaced: Vec<_> = lines.lines().map(key_of).collect();
    let mut text = format!("[[{storefront}]]\n");
    for line in lines.lines().filter(|line| !line.starts_with('-')) {
        text.push_str(&format!("{line}\n"));
    }
    for line in
        [&format!("product_id = \"{product_id}\""), "name = \"Kit\"", "tier = \"core\"", "repos = [\"acme/kit\"]"]
    {
        if !replaced.contains(&key_of(line)) {
            text.push_str(&format!("{line}\n"));
        }
    }
    problems(&text)
}

const GUMROAD: &str = "[[gumroad]] #1 \"Kit\" (product_id \"32-nPAicqbLj8B_WswVlMw==\")";
const LEMON_SQUEEZY: &str = "[[lemonsqueezy]] #1 \"Kit\" (product_id \"4\")";

/// One problem of the Gumroad entry.
fn one(line: usize, message: &str) -> Vec<String> {
    vec![format!("line {line}: {GUMROAD}: {message}")]
}

#[test]
fn a_misspelled_key_is_refused_with_the_key_that_was_meant() {
    assert_eq!(gumroad("permissions = \"pull\""), one(2, "unknown key `permissions`: did you mean `permission`?"));
    assert_eq!(gumroad("Licence = \"minted\""), one(2, "unknown key `Licence`: did you mean `license`?"));
}

#[test]
fn an_unknown_key_that_resembles_none_is_refused_with_the_list_of_keys() {
    assert_eq!(
        gumroad("\"co\\nlor\" = \"red\""),
        one(
            2,
            "unknown key `co\\nlor`: the keys here are product_id, variant, name, tier, years, repos, choose, permission, license, on_refund, on_partial_refund, on_dispute, on_dispute_lost, on_expiry, on_end, grace_days, remind_days, renew_url, proof, per_quantity, activate_at_checkout"
        )
    );
}

#[test]
fn an_unknown_key_of_a_choice_is_refused() {
    assert_eq!(
        gumroad("choose = { from = [\"acme/a\"], limits = 1, limit = 1 }"),
        one(2, "unknown key `choose.limits`: did you mean `choose.limit`?")
    );
}

#[test]
fn a_missing_product_id_is_reported_with_an_example_of_the_storefront() {
    assert_eq!(
        gumroad("-product_id"),
        [
            "line 1: [[gumroad]] #1 \"Kit\": `product_id` is missing: write something like product_id = \"32-nPAicqbLj8B_WswVlMw==\""
        ]
    );
    assert_eq!(
        lemon_squeezy("-product_id"),
        ["line 1: [[lemonsqueezy]] #1 \"Kit\": `product_id` is missing: write something like product_id = \"4\""]
    );
}

#[test]
fn a_missing_name_and_a_missing_tier_are_both_reported() {
    let entry = "line 1: [[gumroad]] #1 (product_id \"32-nPAicqbLj8B_WswVlMw==\")";
    assert_eq!(
        gumroad("-name\n-tier"),
        [
            format!("{entry}: `name` is missing: write something like name = \"Acme Starter Kit\""),
            format!("{entry}: `tier` is missing: write something like tier = \"core\""),
        ]
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_in_words() {
    assert_eq!(
        gumroad("tier = true"),
        one(2, "`tier` must be a text in quotes, not true or false: write something like tier = \"core\"")
    );
    assert_eq!(gumroad("tier = 2"), one(2, "`tier` must be in quotes: write tier = \"2\""));
    assert_eq!(
        gumroad("years = \"1\""),
        one(2, "`years` must be a whole number, not a text: write something like years = 1")
    );
    assert_eq!(
        gumroad("years = 1.5"),
        one(2, "`years` must be a whole number, not a number with a fraction: write something like years = 1")
    );
    assert_eq!(
        gumroad("repos = \"acme/kit\""),
        one(2, "`repos` must be a list in brackets, not a text: write repos = [\"acme/kit\"]")
    );
    assert_eq!(
        gumroad("repos = 2027-11-22"),
        one(2, "`repos` must be a list in brackets, not a date: write something like repos = [\"acme/kit\"]")
    );
    assert_eq!(
        gumroad("repos = [\n  \"acme/kit\",\n  [],\n]"),
        one(4, "`repos` must list texts in quotes, not a list: write something like repos = [\"acme/kit\"]")
    );
    assert_eq!(
        gumroad("choose = [\"acme/a\"]"),
        one(
            2,
            "`choose` must be a table, not a list: write choose = { from = [\"acme/one\", \"acme/two\"], limit = 1 }"
        )
    );
}

#[test]
fn an_empty_text_is_refused() {
    assert_eq!(gumroad("tier = \"\""), one(2, "`tier` is empty: write something like tier = \"core\""));
    assert_eq!(gumroad("tier = \" \\t\""), one(2, "`tier` is empty: write something like tier = \"core\""));
    assert_eq!(
        gumroad("product_id = \"\""),
        [
            "line 2: [[gumroad]] #1 \"Kit\" (product_id \"\"): `product_id` is empty: write something like product_id = \"32-nPAicqbLj8B_WswVlMw==\""
        ]
    );
}

#[test]
fn a_control_character_is_refused_and_shown_by_its_number() {
    assert_eq!(
        gumroad("name = \"Kit\\r\\nBcc: eve@example.com\""),
        ["line 2: [[gumroad]] #1 \"Kit\\r\\nBcc: eve@example.com\" (product_id \"32-nPAicqbLj8B_WswVlMw==\"): \
          `name` contains the control character U+000D: remove it"]
    );
}

#[test]
fn white_space_around_a_text_is_refused() {
    assert_eq!(gumroad("tier = \"core \""), one(2, "`tier` has white space around it: write \"core\""));
}

#[test]
fn an_id_over_128_characters_is_refused_and_shortened_in_the_label() {
    let (id, shown) = ("a".repeat(129), "a".repeat(60));
    assert_eq!(
        gumroad(&format!("product_id = \"{id}\"")),
        [format!(
            "line 2: [[gumroad]] #1 \"Kit\" (product_id \"{shown}…\"): `product_id` is 129 characters long; 128 is the most: shorten it"
        )]
    );
}

#[test]
fn a_name_over_200_characters_is_refused_where_200_are_not() {
    let text = |name: &str| {
        format!("[[gumroad]]\nproduct_id = \"a\"\nname = \"{name}\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n")
    };
    assert!(read(&text(&"ü".repeat(200))).is_ok());
    let shown = "ü".repeat(60);
    assert_eq!(
        problems(&text(&"ü".repeat(201))),
        [format!(
            "line 3: [[gumroad]] #1 \"{shown}…\" (product_id \"a\"): `name` is 201 characters long; 200 is the most: shorten it"
        )]
    );
}

#[test]
fn years_below_one_or_above_a_hundred_are_refused() {
    let forever = "for a license that never expires leave it out";
    assert_eq!(gumroad("years = 0"), one(2, &format!("`years` is 0; it must be 1 or more: {forever}")));
    assert_eq!(gumroad("years = -1"), one(2, &format!("`years` is -1; it must be 1 or more: {forever}")));
    assert_eq!(gumroad("years = 101"), one(2, &format!("`years` is 101; 100 is the most: {forever}")));
    assert_eq!(
        gumroad("years = 0x7fff_ffff_ffff_ffff_ff"),
        one(2, "`years` is far too large: write something like years = 1")
    );
}

#[test]
fn an_entry_that_opens_nothing_is_refused() {
    let message = "opens nothing: write repos = [\"acme/starter\"], or choose = { from = […], limit = 1 }";
    assert_eq!(gumroad("-repos"), one(1, message));
    assert_eq!(gumroad("repos = []"), one(1, message));
}

#[test]
fn a_repository_that_is_not_owner_and_name_is_refused() {
    let repo = |repo: &str| gumroad(&format!("repos = [\"{repo}\"]"));
    assert_eq!(repo("kit"), one(2, "`repos`: \"kit\" is not owner/name: write it like \"acme/starter\""));
    assert_eq!(
        repo("acme/kit/src"),
        one(2, "`repos`: \"acme/kit/src\" is not owner/name: write it like \"acme/starter\"")
    );
    assert_eq!(
        repo("https://github.com/acme/kit.git"),
        one(2, "`repos`: \"https://github.com/acme/kit.git\" is not owner/name: write \"acme/kit\"")
    );
    assert_eq!(
        repo("git@github.com:acme/kit.git"),
        one(
            2,
            "`repos`: \"git@github.com:acme/kit.git\" has an owner that is no GitHub account: 1 to 39 ASCII letters, digits or single inner hyphens: write \"acme/kit\""
        )
    );
}

#[test]
fn a_repository_listed_twice_in_any_case_is_refused() {
    assert_eq!(
        gumroad("repos = [\"acme/kit\", \"acme/docs\", \"Acme/KIT\"]"),
        one(2, "`repos` lists \"Acme/KIT\" twice (GitHub does not tell upper from lower case): remove one of them")
    );
    assert_eq!(
        gumroad("choose = { from = [\"acme/a\", \"acme/A\"], limit = 1 }"),
        one(2, "`choose.from` lists \"acme/A\" twice (GitHub does not tell upper from lower case): remove one of them")
    );
}

#[test]
fn a_choice_of_what_every_buyer_gets_is_refused() {
    assert_eq!(
        gumroad("choose = { from = [\"acme/a\", \"Acme/Kit\"], limit = 1 }"),
        one(
            2,
            "`choose.from` offers \"Acme/Kit\", which `repos` gives to every buyer anyway: remove it from one of them"
        )
    );
}

#[test]
fn an_empty_choice_is_refused() {
    assert_eq!(
        gumroad("choose = { from = [], limit = 1 }"),
        one(2, "`choose.from` is empty: name the repositories to choose from")
    );
}

#[test]
fn a_choice_without_its_list_or_its_limit_is_refused() {
    assert_eq!(
        gumroad("choose = {}"),
        [
            one(2, "`choose.from` is missing: write something like from = [\"acme/one\", \"acme/two\"]"),
            one(2, "`choose.limit` is missing: write something like limit = 1"),
        ]
        .concat()
    );
}

#[test]
fn a_limit_below_one_or_over_the_choice_is_refused() {
    let limit = |limit: &str| gumroad(&format!("choose = {{ from = [\"acme/a\", \"acme/b\"], limit = {limit} }}"));
    assert_eq!(limit("0"), one(2, "`choose.limit` is 0; it must be 1 or more: write it like limit = 1"));
    assert_eq!(limit("-2"), one(2, "`choose.limit` is -2; it must be 1 or more: write it like limit = 1"));
    assert_eq!(
        limit("3"),
        one(2, "`choose.limit` is 3, but `choose.from` has only 2 to choose from: write 2 or less, or offer more")
    );
}

#[test]
fn a_wrong_repository_in_a_choice_does_not_make_the_limit_look_wrong() {
    assert_eq!(
        gumroad("choose = { from = [\"acme/a\", \"b\"], limit = 2 }"),
        one(2, "`choose.from`: \"b\" is not owner/name: write it like \"acme/starter\"")
    );
}

#[test]
fn an_unknown_permission_is_refused_with_githubs_names() {
    assert_eq!(
        gumroad("permission = \"owner\""),
        one(
            2,
            "`permission` is \"owner\", which GitHub does not know: write one of \"pull\", \"triage\", \"push\", \"maintain\", \"admin\""
        )
    );
    assert_eq!(
        gumroad("permission = \"read\""),
        one(2, "`permission` is \"read\", which GitHub does not know: write \"pull\"")
    );
    assert_eq!(
        gumroad("permission = \"Write\""),
        one(2, "`permission` is \"Write\", which GitHub does not know: write \"push\"")
    );
}

#[test]
fn an_unknown_license_is_refused_with_those_there_are() {
    assert_eq!(
        gumroad("license = \"mine\""),
        one(2, "`license` is \"mine\", which means nothing: write one of \"minted\", \"none\", or leave it out")
    );
}

#[test]
fn a_gumroad_product_cannot_leave_the_key_to_the_storefront() {
    assert_eq!(
        gumroad("license = \"storefront\""),
        one(
            2,
            "`license` is \"storefront\", but Gumroad issues no keys that could be verified: write one of \"minted\", \"none\", or leave it out"
        )
    );
}

#[test]
fn the_variants_key_of_another_storefront_is_refused_with_the_right_one() {
    assert_eq!(gumroad("variant_id = \"5\""), one(2, "unknown key `variant_id`: did you mean `variant`?"));
    assert_eq!(
        lemon_squeezy("variant = \"5\""),
        [format!("line 2: {LEMON_SQUEEZY}: unknown key `variant`: did you mean `variant_id`?")]
    );
}

#[test]
fn a_lemon_squeezy_id_that_is_no_number_is_refused() {
    for id in ["kit", "-4", "+4", "04", "0", "4.0", "４"] {
        assert_eq!(
            lemon_squeezy(&format!("product_id = \"{id}\"")),
            [format!(
                "line 2: [[lemonsqueezy]] #1 \"Kit\" (product_id \"{id}\"): `product_id` is \"{id}\", but Lemon Squeezy's ids \
                 are numbers: write it like \"4\", digits only and no leading zero"
            )]
        );
    }
    assert_eq!(
        lemon_squeezy("variant_id = \"five\""),
        [
            "line 2: [[lemonsqueezy]] #1 \"Kit\" (product_id \"4\", variant_id \"five\"): `variant_id` is \"five\", but Lemon \
          Squeezy's ids are numbers: write it like \"4\", digits only and no leading zero"
        ]
    );
}

#[test]
fn a_lemon_squeezy_id_without_quotes_is_refused_with_the_quotes() {
    assert_eq!(
        lemon_squeezy("variant_id = 5"),
        [format!("line 2: {LEMON_SQUEEZY}: `variant_id` must be in quotes: write variant_id = \"5\"")]
    );
}
