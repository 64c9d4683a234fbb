//! The policies of an entry: what they are where it does not say, and which make no sense, word for word.

use latchkey::model::catalogue::{Consequence, DisputeConsequence, LicenseKind, Permission, ProofRule};

use crate::catalogue::{parsed, problems};

const KIT: &str = "product_id = \"4\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n";

/// The problems of an entry with these lines, which begin at line 6, behind its place and name.
fn refused(storefront: &str, lines: &str) -> Vec<String> {
    let found = problems(&format!("[[{storefront}]]\n{KIT}{lines}\n"));
    let entry = format!(": [[{storefront}]] #1 \"Kit\" (product_id \"4\")");
    found.iter().map(|problem| problem.replacen(&entry, "", 1)).collect()
}

fn gumroad(lines: &str) -> Vec<String> {
    refused("gumroad", lines)
}

fn accepted(lines: &str) -> bool {
    !parsed(&format!("[[gumroad]]\n{KIT}{lines}\n")).products().is_empty()
}

#[test]
fn policies_that_are_not_said_have_the_defaults_of_the_design() {
    let catalogue = parsed(&format!("[[gumroad]]\n{KIT}"));
    let kit = &catalogue.products()[0];
    assert_eq!((kit.license, kit.permission, kit.proof), (LicenseKind::Minted, Permission::Pull, ProofRule::Optional));
    assert_eq!((kit.on_refund, kit.on_partial_refund), (Consequence::Revoke, Consequence::Keep));
    assert_eq!((kit.on_dispute, kit.on_dispute_lost), (DisputeConsequence::Suspend, Consequence::Revoke));
    assert_eq!((kit.on_expiry, kit.on_end), (Consequence::Revoke, Consequence::Revoke));
    assert_eq!((kit.grace_days, kit.remind_days, &kit.renew_url), (3, 14, &None));
    assert_eq!((kit.per_quantity, kit.activate_at_checkout), (false, false));
}

#[test]
fn a_word_that_a_policy_does_not_know_is_refused_with_those_it_knows() {
    for key in ["on_refund", "on_partial_refund", "on_dispute_lost", "on_expiry", "on_end"] {
        assert_eq!(
            gumroad(&format!("{key} = \"suspend\"")),
            [format!("line 6: `{key}` is \"suspend\", which means nothing: write one of \"revoke\", \"keep\"")]
        );
    }
    assert_eq!(
        gumroad("on_dispute = \"pause\""),
        ["line 6: `on_dispute` is \"pause\", which means nothing: write one of \"suspend\", \"revoke\", \"keep\""]
    );
    assert_eq!(
        gumroad("proof = true"),
        ["line 6: `proof` must be a text in quotes, not true or false: write something like proof = \"optional\""]
    );
}

#[test]
fn days_are_from_none_to_a_year() {
    assert!(accepted("grace_days = 0\nremind_days = 0") && accepted("years = 1\ngrace_days = 365\nremind_days = 365"));
    assert_eq!(
        gumroad("years = 1\ngrace_days = 366\nremind_days = -1"),
        [
            "line 7: `grace_days` is 366; it must be 0 to 365: write it like grace_days = 3",
            "line 8: `remind_days` is -1; it must be 0 to 365: write it like remind_days = 14",
        ]
    );
    assert_eq!(
        gumroad("grace_days = \"3\""),
        ["line 6: `grace_days` must be a whole number, not a text: write something like grace_days = 3"]
    );
}

#[test]
fn a_reminder_may_be_set_of_what_expires_by_the_storefronts_word_alone() {
    // A membership that was stopped expires with what is paid, whatever `years` says; so may a storefront's own key.
    for storefront in ["gumroad", "lemonsqueezy"] {
        assert_eq!(parsed(&format!("[[{storefront}]]\n{KIT}remind_days = 30\n")).products()[0].remind_days, 30);
    }
}

#[test]
fn a_renewal_address_that_is_not_https_is_refused() {
    for address in ["http://example.com", "example.com/renew", "https://"] {
        assert_eq!(
            gumroad(&format!("renew_url = \"{address}\"")),
            [format!(
                "line 6: `renew_url` is \"{address}\", which is no https address: write it like \"https://acme.example.com/renew\""
            )]
        );
    }
}

#[test]
fn a_flag_in_quotes_is_refused() {
    for key in ["per_quantity", "activate_at_checkout"] {
        assert_eq!(
            gumroad(&format!("{key} = \"true\"")),
            [format!(
                "line 6: `{key}` must be true or false, not a text: write {key} = true, without quotes, or leave it out"
            )]
        );
    }
}

#[test]
fn a_key_for_each_piece_is_refused_where_the_storefront_makes_the_keys() {
    let problem = "`per_quantity` is true, but the storefront makes the keys of this product: write `license` \"minted\" beside it, or remove `per_quantity`";
    assert_eq!(refused("lemonsqueezy", "per_quantity = true"), [format!("line 6: {problem}")]);
    assert_eq!(
        refused("lemonsqueezy", "license = \"storefront\"\nper_quantity = true"),
        [format!("line 7: {problem}")]
    );
    assert!(
        parsed(&format!("[[lemonsqueezy]]\n{KIT}license = \"minted\"\nper_quantity = true\n")).products()[0]
            .per_quantity
    );
}

#[test]
fn policies_that_contradict_each_other_are_refused() {
    assert_eq!(
        gumroad("on_refund = \"keep\"\non_partial_refund = \"revoke\""),
        [
            "line 7: `on_partial_refund` is \"revoke\", but a full refund keeps access: write `on_refund` \"revoke\", or remove `on_partial_refund`"
        ]
    );
    assert_eq!(
        gumroad("on_dispute = \"revoke\"\non_dispute_lost = \"keep\""),
        [
            "line 7: `on_dispute_lost` is \"keep\", but access was revoked when the dispute was opened: write `on_dispute` \"suspend\" or \"keep\", or remove `on_dispute_lost`"
        ]
    );
    assert_eq!(
        gumroad("proof = \"required\"\nactivate_at_checkout = true"),
        [
            "line 7: `activate_at_checkout` is true, but what is typed at the checkout is no proof, and `proof` is \"required\": remove one of them"
        ]
    );
    assert_eq!(
        gumroad("choose = { from = [\"acme/a\"], limit = 1 }\nactivate_at_checkout = true"),
        [
            "line 7: `activate_at_checkout` is true, but the buyer has to choose repositories first: remove `activate_at_checkout`, or write `repos` instead of `choose`"
        ]
    );
}

#[test]
fn a_product_without_a_license_opens_nothing() {
    let sample = parsed("[[gumroad]]\nproduct_id = \"4\"\nname = \"Kit\"\nlicense = \"none\"\ntier = \"free\"\n");
    assert_eq!((sample.products()[0].license, sample.products()[0].tier.as_str()), (LicenseKind::None, "free"));
    let problem = |line: usize, key: &str| {
        format!(
            "line {line}: `{key}` is set, but with `license` \"none\" a sale of this product opens nothing: remove `{key}`, or remove `license`"
        )
    };
    assert_eq!(
        gumroad("license = \"none\"\nyears = 1\nchoose = { from = [\"acme/a\"], limit = 1 }"),
        [problem(5, "repos"), problem(7, "years"), problem(8, "choose")]
    );
}

#[test]
fn a_list_of_more_repositories_than_one_product_has_is_refused() {
    let many = |count: usize| {
        let repos: Vec<String> = (0..count).map(|number| format!("\"acme/kit-{number}\"")).collect();
        format!("[[gumroad]]\nproduct_id = \"4\"\nname = \"Kit\"\ntier = \"core\"\nrepos = [{}]\n", repos.join(", "))
    };
    assert_eq!(parsed(&many(200)).products()[0].repos.len(), 200);
    assert_eq!(
        problems(&many(201)),
        [
            "line 5: [[gumroad]] #1 \"Kit\" (product_id \"4\"): `repos` lists 201; 200 is the most: sell it as several products"
        ]
    );
}
