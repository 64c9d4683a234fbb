//! What the catalogue says becomes of a license when money goes back: `on_refund`, `on_partial_refund` and `on_dispute`.

use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale};
use serde_json::json;

use super::{deliver, sale, status};
use crate::every_order::in_every_order;
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue_of, post, run};

/// What can become of a sale, in Gumroad's words.
const HAPPENINGS: [&str; 4] = ["refund", "partial refund", "dispute", "dispute won"];

/// The policies as they are without being written: on a full refund, on a partial one, and on a dispute.
const USUAL: [&str; 3] = ["revoke", "keep", "suspend"];

/// A shop that sells the starter kit with these policies.
fn shop_with(policies: [&str; 3]) -> Shop {
    let shop = Shop::open();
    shop.stock(&catalogue_of(&entry(policies)));
    shop
}

fn entry([on_refund, on_partial_refund, on_dispute]: [&str; 3]) -> String {
    format!(
        r#"
        [[gumroad]]
        product_id = "{STARTER}"
        name = "Acme Starter Kit"
        tier = "pro"
        repos = ["acme/starter"]
        on_refund = "{on_refund}"
        on_partial_refund = "{on_partial_refund}"
        on_dispute = "{on_dispute}"

        [[lemonsqueezy]]
        product_id = "6"
        name = "Acme Minted"
        tier = "core"
        license = "minted"
        repos = ["acme/minted"]
        on_refund = "{on_refund}"
        on_partial_refund = "{on_partial_refund}"
        on_dispute = "{on_dispute}"
        "#
    )
}

/// Every choice of policies that the catalogue takes.
fn every_policy() -> impl Iterator<Item = [&'static str; 3]> {
    let refunds = [("revoke", "keep"), ("revoke", "revoke"), ("keep", "keep")];
    refunds.into_iter().flat_map(|(full, part)| ["suspend", "revoke", "keep"].map(|dispute| [full, part, dispute]))
}

fn happens(shop: &Shop, what: &str) -> Delivery {
    match what {
        "refund" => shop.sandbox.gumroad_refund("one"),
        "partial refund" => shop.sandbox.gumroad_partial_refund("one"),
        "dispute" => shop.sandbox.gumroad_dispute("one"),
        _ => shop.sandbox.gumroad_dispute_won("one"),
    }
}

/// How a license has to stand, whatever came first.
fn expected([on_refund, on_partial_refund, on_dispute]: [&str; 3], said: &[&str]) -> &'static str {
    let disputed = said.contains(&"dispute") && !said.contains(&"dispute won");
    let consequences = [
        (said.contains(&"refund"), on_refund),
        (said.contains(&"partial refund"), on_partial_refund),
        (disputed, on_dispute),
    ];
    let called_for = |word| consequences.iter().any(|(so, policy)| *so && *policy == word);
    if called_for("revoke") {
        "revoked"
    } else if called_for("suspend") {
        "suspended"
    } else {
        "active"
    }
}

#[test]
fn every_policy_is_followed_in_every_order_of_what_happens() {
    run(async {
        // Each as it is told where nothing else has happened.
        let deliveries = HAPPENINGS.map(|what| {
            let elsewhere = shop_with(USUAL);
            sale(&elsewhere);
            (what, happens(&elsewhere, what))
        });
        for policies in every_policy() {
            let shop = shop_with(policies);
            let sold = sale(&shop);
            let database = shop.host.database();
            // The sale arrives after everything, or first.
            for late in [true, false] {
                if !late {
                    deliver(&shop, &[&sold]).await;
                    assert_eq!(status(&shop), expected(policies, &[]));
                }
                let happen = async |place: usize| deliver(&shop, &[&deliveries[place].1]).await;
                in_every_order(&shop, &[0, 1, 2, 3], 3, happen, async |said| {
                    let said: Vec<_> = said.iter().map(|place| deliveries[*place].0).collect();
                    database.mark().unwrap();
                    if late {
                        deliver(&shop, &[&sold]).await;
                    }
                    assert_eq!(status(&shop), expected(policies, &said), "{policies:?} {said:?} late: {late}");
                    database.go_back().unwrap();
                    shop.sandbox.take_mails();
                })
                .await;
            }
        }
    });
}

#[test]
fn what_a_policy_revokes_is_removed_and_what_it_keeps_stays() {
    run(async {
        for policies in every_policy() {
            for what in HAPPENINGS {
                let shop = shop_with(policies);
                deliver(&shop, &[&sale(&shop)]).await;
                let key = shop.take_key();
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                deliver(&shop, &[&happens(&shop, what)]).await;
                for _ in 0..3 {
                    shop.tick_after(std::time::Duration::from_secs(61)).await;
                }
                let is_in = !shop.sandbox.collaborators("acme/starter").is_empty();
                assert_eq!(is_in, expected(policies, &[what]) != "revoked", "{policies:?} {what}");
                shop.sandbox.take_calls();
            }
        }
    });
}

#[test]
fn a_dispute_that_revoked_and_was_won_gives_the_access_back() {
    run(async {
        let shop = shop_with(["revoke", "keep", "revoke"]);
        deliver(&shop, &[&sale(&shop)]).await;
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        deliver(&shop, &[&happens(&shop, "dispute")]).await;
        shop.tick_after(std::time::Duration::from_secs(61)).await;
        assert!(shop.sandbox.invitations("acme/starter").is_empty());
        let state = shop.record("sale_states", "license_key IS NOT NULL");
        assert_eq!((&state["state"], &state["reason"]), (&json!("ignored"), &json!("disputed")));
        deliver(&shop, &[&happens(&shop, "dispute won")]).await;
        shop.tick_after(std::time::Duration::from_secs(61)).await;
        assert_eq!((status(&shop).as_str(), shop.sandbox.invitations("acme/starter").len()), ("active", 1));
        shop.sandbox.take_calls();
    });
}

#[test]
fn lemon_squeezys_refunds_follow_the_same_policies() {
    run(async {
        for policies in every_policy() {
            for (cents, what) in [(None, "refund"), (Some(100), "partial refund")] {
                let shop = shop_with(policies);
                let order = LemonSqueezySale { product_id: Some("6".to_owned()), ..LemonSqueezySale::default() };
                let order = shop.sandbox.sell_on_lemon_squeezy(order).remove(0);
                deliver(&shop, &[&order]).await;
                deliver(&shop, &[&shop.sandbox.lemon_squeezy_refund(&order.reference, cents)]).await;
                assert_eq!(status(&shop), expected(policies, &[what]), "{policies:?} {what}");
                shop.sandbox.take_mails();
            }
        }
    });
}

#[test]
fn a_policy_is_the_one_that_the_catalogue_had_when_the_license_was_issued() {
    run(async {
        let shop = shop_with(["keep", "keep", "keep"]);
        deliver(&shop, &[&sale(&shop)]).await;
        shop.take_key();
        shop.map(&catalogue_of(&entry(USUAL))).await;
        let later = GumroadSale { sale_id: Some("two".to_owned()), ..GumroadSale::default() };
        deliver(&shop, &[&shop.sandbox.sell_on_gumroad(later)]).await;
        shop.take_key();
        for id in ["one", "two"] {
            deliver(&shop, &[&shop.sandbox.gumroad_refund(id)]).await;
        }
        let statuses = shop.value(
            "SELECT group_concat(order_id || ' ' || status, ', ') FROM (SELECT * FROM licenses ORDER BY order_id)",
        );
        assert_eq!(statuses, "one active, two revoked");
    });
}

#[test]
fn a_partial_refund_that_is_set_aside_leaves_the_full_one_its_consequence() {
    run(async {
        let shop = shop_with(["revoke", "revoke", "suspend"]);
        deliver(&shop, &[&sale(&shop)]).await;
        let key = shop.take_key();
        deliver(&shop, &[&happens(&shop, "partial refund")]).await;
        let state = shop.record("sale_states", "license_key IS NOT NULL");
        assert_eq!((status(&shop).as_str(), &state["reason"]), ("revoked", &json!("partially_refunded")));
        let body = json!({ "reason": "the rest was for support" }).to_string();
        let mut reinstate = post(&format!("/admin/licenses/{key}/reinstate"), "application/json", body.as_bytes());
        reinstate.headers.push(("authorization".to_owned(), format!("Bearer {ADMIN_TOKEN}")));
        assert_eq!((shop.request(reinstate).await.status, status(&shop).as_str()), (200, "active"));
        deliver(&shop, &[&happens(&shop, "partial refund")]).await;
        assert_eq!(status(&shop), "active", "the same word once more is no other");
        deliver(&shop, &[&happens(&shop, "refund")]).await;
        assert_eq!(status(&shop), "revoked");
    });
}
