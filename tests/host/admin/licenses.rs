//! Licenses, and what is still to be done.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{GumroadSale, LemonSqueezySale, LicenseKeySeed};
use serde_json::{Value, json};

use super::{all, ask, change, change_for_a_reason};
use crate::shop::{Shop, run};

async fn found(shop: &Shop, query: &str) -> Vec<Value> {
    all(shop, &format!("/admin/licenses?{query}"), 2).await
}

/// A shop with a mail that could not be sent, and its row's id.
async fn shop_with_an_unsent_mail() -> (Shop, String) {
    let shop = Shop::open();
    shop.host.inject(|call| match call {
        Call::Send(request) if request.url.contains("postmark") => Fate::FailBefore,
        _ => Fate::Proceed,
    });
    shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
    shop.host.inject(|_| Fate::Proceed);
    let id = shop.value("SELECT id FROM outbox");
    (shop, id)
}

#[test]
fn a_license_is_found_by_address_order_key_and_github_account() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        shop.deliver(
            &shop
                .sandbox
                .sell_on_gumroad(GumroadSale { email: "other@example.com".to_owned(), ..GumroadSale::default() }),
        )
        .await;
        shop.take_key();
        let record = shop.record("licenses", &format!("license_key = '{key}'"));
        let email = record["email"].as_str().unwrap();
        let order = record["order_id"].as_str().unwrap().replace('=', "%3D");
        let user_id = shop.value("SELECT github_user_id FROM license_activations");
        for query in [
            format!("email={email}"),
            format!("email={}", email.to_uppercase()),
            format!("order={order}"),
            format!("key={key}"),
            format!("key={}", key.to_lowercase().replace('-', "")),
            "github=octocat".to_owned(),
            "github=OctoCat".to_owned(),
            "github=%40octocat".to_owned(),
            "github=https%3A%2F%2Fgithub.com%2FOctocat%3Ftab%3Drepositories".to_owned(),
            format!("github={user_id}"),
            format!("github=octocat&email={email}&key={key}&order={order}"),
        ] {
            let licenses = found(&shop, &query).await;
            assert_eq!(licenses.len(), 1, "{query}");
            assert_eq!(licenses[0]["license_key"], key, "{query}");
        }
        for query in [
            "email=nobody@example.com",
            "order=none",
            "key=none",
            "github=none",
            "github=octocat&email=other@example.com",
        ] {
            assert_eq!(found(&shop, query).await.len(), 0, "{query}");
        }
        assert_eq!(found(&shop, "").await.len(), 2);
    });
}

#[test]
fn every_key_of_an_order_is_found_by_the_order_and_no_other_orders() {
    run(async {
        let shop = Shop::open();
        for delivery in shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()) {
            shop.deliver(&delivery).await;
        }
        let order = shop.value("SELECT order_id FROM orders");
        let licenses = found(&shop, &format!("order={order}")).await;
        assert_eq!(licenses.len(), shop.count("licenses"));
        assert!(!licenses.is_empty());
        assert_eq!(found(&shop, &format!("order={order}0")).await.len(), 0);
        let key = licenses[0]["license_key"].as_str().unwrap();
        let shown = ask(&shop, &format!("/admin/licenses/{key}")).await.body;
        assert_eq!(shown["order"]["order_id"], order);
        assert_eq!(shown["events"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_license_is_shown_with_its_whole_history_in_any_spelling_of_its_key() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        shop.rows(
            "INSERT INTO order_facts (source, order_id, fact, said_at)
             SELECT source, order_id, 'disputed', 1795348900000 FROM orders",
        );
        for spelling in [key.clone(), key.to_lowercase(), key.replace('-', ""), key.replace('-', "%2D")] {
            let shown = ask(&shop, &format!("/admin/licenses/{spelling}")).await;
            assert_eq!((shown.status, &shown.body["license_key"]), (200, &json!(key)), "{spelling}");
        }
        let shown = ask(&shop, &format!("/admin/licenses/{key}")).await.body;
        assert_eq!(shown["events"][0]["state"], "waiting_on_buyer");
        assert_eq!(shown["facts"], json!([{ "fact": "disputed", "said_at": "2026-11-22T12:01:40Z" }]));
        assert_eq!(shown["outbox"].as_array().unwrap().len(), 3);
        assert_eq!(shown["actions"], json!([]));
        let timeline = shown["timeline"].as_array().unwrap();
        let times: Vec<_> = timeline.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
        assert!(times.is_sorted());
        let last = &timeline[timeline.len() - 1];
        assert_eq!((&last["what"], &last["fact"]), (&json!("order_fact"), &json!("disputed")));
    });
}

#[test]
fn a_storefronts_key_is_found_and_changed_in_any_case() {
    run(async {
        for case in [str::to_uppercase, str::to_lowercase] {
            let shop = Shop::open();
            let key = Some(case("0f3c1a2b-7d4e-4b5f-9a6c-1e2d3c4b5a69"));
            let key = shop.sandbox.add_license_key(LicenseKeySeed { key, ..LicenseKeySeed::default() });
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            let mut letters = key.chars();
            let mixed: String = letters.by_ref().take(18).map(|letter| letter.to_ascii_lowercase()).collect();
            let mixed = mixed + &letters.as_str().to_uppercase();
            let pasted = format!("License%20key%3A%20%22{}%22%0A", key.to_lowercase().replace('-', "%E2%80%91"));
            for (nth, typed) in [key.to_uppercase(), key.to_lowercase(), mixed, pasted].into_iter().enumerate() {
                assert_eq!(found(&shop, &format!("key={typed}")).await.len(), 1, "{typed}");
                let shown = ask(&shop, &format!("/admin/licenses/{typed}")).await.body;
                assert_eq!(shown["license_key"], key, "{typed}");
                assert_eq!(shown["grants"].as_array().unwrap().len(), 2, "{typed}");
                let path = |act: &str| format!("/admin/licenses/{typed}/{act}");
                for (act, status) in [("revoke", "revoked"), ("reinstate", "active")] {
                    let changed = change_for_a_reason(&shop, &path(act)).await;
                    assert_eq!((changed.status, &changed.body["status"]), (200, &json!(status)), "{act} {typed}");
                }
                let resent = change_for_a_reason(&shop, &path("resend")).await;
                assert!(resent.body["detail"].as_str().unwrap().contains("mails its own keys"), "{typed}");
                let to = ["ada-lovelace", "octocat"][nth % 2];
                let changed = change(&shop, &path("transfer"), &json!({ "reason": "asked", "to": to })).await;
                assert_eq!(changed.body["activation"]["github_username"], to, "{typed}");
                let address = format!("ada-{nth}@example.com");
                let corrected = json!({ "reason": "asked", "to": address });
                let changed = change(&shop, &path("correct-email"), &corrected).await;
                assert_eq!(changed.body["email"], address, "{typed}");
                let actions = changed.body["actions"].as_array().unwrap().len();
                assert_eq!(actions, 4 * (nth + 1), "each change is recorded of the one license: {typed}");
                shop.tick_after(Duration::from_secs(61)).await;
            }
            assert_eq!(shop.count(&format!("admin_actions WHERE target <> '{key}' COLLATE BINARY")), 0);
        }
    });
}

#[test]
fn the_outbox_is_filtered_by_state_and_kind() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        for (query, count) in [
            ("", 3),
            ("state=done", 3),
            ("state=due", 0),
            ("kind=grant", 2),
            ("kind=license_mail&state=done", 1),
            ("kind=alert_mail", 0),
        ] {
            assert_eq!(all(&shop, &format!("/admin/outbox?{query}"), 2).await.len(), count, "{query}");
        }
        for query in ["state=lost", "kind=invitation", "email=a@example.com"] {
            let answered = ask(&shop, &format!("/admin/outbox?{query}")).await;
            assert_eq!(answered.problem(), (400, "invalid_request"), "{query}");
        }
    });
}

#[test]
fn a_row_of_the_outbox_is_tried_at_once_when_asked_for() {
    run(async {
        let (shop, id) = shop_with_an_unsent_mail().await;
        for _ in 0..2 {
            let retried = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/retry")).await;
            assert_eq!((retried.status, &retried.body["state"]), (200, &json!("due")));
            assert_eq!(retried.body["attempts"], 0);
            assert_eq!(retried.body["next_attempt_at"], "2026-11-22T12:00:00Z");
        }
        assert_eq!(shop.count("admin_actions WHERE action = 'outbox.retry'"), 2);
        assert_eq!(shop.tick().await.rows, 1);
        shop.take_key();
        let refused = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/retry")).await;
        assert_eq!(refused.problem(), (409, "already_done"));
        assert_eq!(shop.count("admin_actions"), 2);
    });
}

#[test]
fn a_dead_row_lives_again_when_asked_for() {
    run(async {
        let (shop, id) = shop_with_an_unsent_mail().await;
        shop.rows("UPDATE outbox SET state = 'dead', next_attempt_at = NULL, died_at = 1, attempts = 12");
        assert_eq!(ask(&shop, "/admin/status").await.body["outbox"]["dead"], 1);
        let retried = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/retry")).await;
        assert_eq!((retried.status, &retried.body["ended_at"]), (200, &Value::Null));
        shop.tick().await;
        shop.take_key();
        assert_eq!(ask(&shop, "/admin/status").await.body["outbox"]["dead"], 0);
    });
}

#[test]
fn what_is_canceled_is_not_done_any_more() {
    run(async {
        let (shop, id) = shop_with_an_unsent_mail().await;
        let body = json!({ "reason": "bought by mistake", "actor": "ada" });
        let canceled = change(&shop, &format!("/admin/outbox/{id}/cancel"), &body).await;
        assert_eq!((canceled.status, &canceled.body["outcome"]), (200, &json!("canceled")));
        shop.tick_after(Duration::from_secs(86_400)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0);
        let again = change(&shop, &format!("/admin/outbox/{id}/cancel"), &body).await;
        assert_eq!(again.problem(), (409, "already_done"));
        let action = shop.record("admin_actions", "1");
        assert_eq!((&action["action"], &action["target"]), (&json!("outbox.cancel"), &json!(format!("outbox/{id}"))));
        assert_eq!((&action["reason"], &action["actor"]), (&json!("bought by mistake"), &json!("ada")));
    });
}

#[test]
fn why_something_was_given_up_is_known_after_it_was_canceled_and_asked_for_again() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.rows(
            "UPDATE outbox SET state = 'dead', died_at = 7, done_at = NULL, outcome = 'rejected', last_error = 'what went wrong'
             WHERE kind = 'grant'",
        );
        for row in shop.rows("SELECT id FROM outbox WHERE kind = 'grant'") {
            let path = format!("/admin/outbox/{}/cancel", row.integer("id").unwrap());
            assert_eq!(change_for_a_reason(&shop, &path).await.status, 200);
        }
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let kept =
            "outbox WHERE kind = 'grant' AND history ->> '$[0].error' = 'what went wrong' AND history ->> '$[0].at' = 7
                    AND json_array_length(history) = 1";
        assert_eq!(shop.count(kept), 2);
    });
}

#[test]
fn what_somebody_is_at_is_left_alone() {
    run(async {
        let (shop, id) = shop_with_an_unsent_mail().await;
        shop.rows("UPDATE outbox SET state = 'leased', lease_id = 'somebody'");
        for act in ["retry", "cancel"] {
            let refused = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/{act}")).await;
            assert_eq!(refused.problem(), (409, "in_progress"), "{act}");
        }
        assert_eq!((shop.count("admin_actions"), shop.count("outbox WHERE lease_id = 'somebody'")), (0, 1));
    });
}

#[test]
fn a_change_whose_answer_is_lost_is_recorded_if_and_only_if_it_happened() {
    run(async {
        for (fate, happened) in [(Fate::FailBefore, 0), (Fate::FailAfter, 1)] {
            let (shop, id) = shop_with_an_unsent_mail().await;
            shop.host.inject(move |_| fate);
            let answered = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/cancel")).await;
            assert_eq!(answered.problem(), (503, "storage_unavailable"));
            assert_eq!(
                (shop.count("admin_actions"), shop.count("outbox WHERE outcome = 'canceled'")),
                (happened, happened)
            );
        }
    });
}

#[test]
fn a_license_is_revoked_and_reinstated_once_each_with_its_record() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        let path = |act: &str| format!("/admin/licenses/{}/{act}", key.to_lowercase());
        for (act, status) in [("revoke", "revoked"), ("reinstate", "active")] {
            let body = json!({ "reason": "asked by mail", "actor": "ada" });
            let changed = change(&shop, &path(act), &body).await;
            assert_eq!((changed.status, &changed.body["status"]), (200, &json!(status)), "{act}");
            let again = change(&shop, &path(act), &body).await;
            assert_eq!(again.problem(), (409, "refused"), "{act}");
            assert_eq!(shop.count(&format!("admin_actions WHERE action = 'license.{act}' AND actor = 'ada'")), 1);
            shop.tick_after(Duration::from_secs(61)).await;
            shop.tick_after(Duration::from_secs(61)).await;
        }
        let shown = ask(&shop, &path("")[..path("").len() - 1]).await;
        assert_eq!(shown.body["actions"].as_array().unwrap().len(), 2);
        assert_eq!(all(&shop, "/admin/actions", 1).await.len(), 2);
    });
}

#[test]
fn a_license_is_transferred_to_another_account() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let path = format!("/admin/licenses/{key}/transfer");
        let to = |login: &str| json!({ "reason": "a new account", "to": login });
        assert_eq!(change(&shop, &path, &to("ada-lovelace")).await.problem(), (409, "refused"));
        shop.activate(&key, "octocat").await;
        for body in [
            to("-"),
            to(""),
            to("a_b"),
            to("acme/kit"),
            to("a@example.com"),
            json!({ "reason": "x" }),
            json!({ "reason": "x", "to": 1 }),
        ] {
            assert_eq!(change(&shop, &path, &body).await.problem(), (400, "invalid_request"), "{body}");
        }
        for login in ["octocat", "nobody-at-all"] {
            assert_eq!(change(&shop, &path, &to(login)).await.problem(), (409, "refused"), "{login}");
        }
        let changed = change(&shop, &path, &to(" https://github.com/ada-lovelace?tab=repositories")).await;
        assert_eq!((changed.status, &changed.body["activation"]["github_username"]), (200, &json!("ada-lovelace")));
        shop.host.inject(|call| match call {
            Call::Send(_) => Fate::FailBefore,
            Call::Batch(_) => Fate::Proceed,
        });
        let failed = change(&shop, &path, &to("octocat")).await;
        assert_eq!(failed.problem(), (502, "upstream_unavailable"));
        assert_eq!(shop.count("admin_actions"), 1);
    });
}

#[test]
fn a_mail_is_sent_once_more_when_asked_for() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let path = format!("/admin/licenses/{key}/resend");
        assert_eq!(change_for_a_reason(&shop, &path).await.status, 200);
        shop.tick().await;
        assert_eq!(shop.take_key(), key);
        let email = shop.value("SELECT email FROM licenses");
        change(&shop, "/admin/privacy/erase", &json!({ "reason": "x", "email": email })).await;
        assert_eq!(change_for_a_reason(&shop, &path).await.problem(), (409, "refused"));
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}

#[test]
fn nobodys_license_cannot_be_changed() {
    run(async {
        let shop = Shop::open();
        for act in ["resend", "revoke", "reinstate"] {
            let path = format!("/admin/licenses/38b1460a-5104-4067-a91d-77b872934d51/{act}");
            assert_eq!(change_for_a_reason(&shop, &path).await.problem(), (404, "not_found"), "{act}");
        }
        let path = "/admin/licenses/38b1460a-5104-4067-a91d-77b872934d51/transfer";
        let body = json!({ "reason": "x", "to": "octocat" });
        assert_eq!(change(&shop, path, &body).await.problem(), (404, "not_found"));
        assert_eq!(shop.count("admin_actions"), 0);
    });
}
