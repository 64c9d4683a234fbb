//! Trying again at once what an outage has left behind in the outbox.

use std::time::Duration;

use latchkey_sandbox::GumroadSale;
use serde_json::{Value, json};

use super::{all, change};
use crate::shop::{Answered, Shop, run};

const PATH: &str = "/admin/outbox/retry";
const MINUTE: Duration = Duration::from_secs(61);

/// A shop that has sold to these while its mail provider was away, so that every mail was given up.
async fn after_an_outage(buyers: &[&str]) -> Shop {
    let shop = Shop::open();
    for buyer in buyers {
        let sale = GumroadSale { email: (*buyer).to_owned(), ..GumroadSale::default() };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    }
    shop.sandbox.take_mails();
    shop.rows(
        "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL, reference = NULL, attempts = 12, \
         last_error = 'Postmark answered 500'",
    );
    shop
}

async fn retry(shop: &Shop, more: Value) -> Answered {
    let mut body = json!({ "reason": "Postmark is back", "actor": "grace" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    change(shop, PATH, &body).await
}

#[test]
fn an_outage_is_over_for_everybody_with_one_request_after_a_count() {
    run(async {
        let shop = after_an_outage(&["ada@example.com", "ADA@example.com", "grace@example.com"]).await;
        let counted = change(&shop, PATH, &json!({ "dry_run": true, "kind": "license_mail" })).await;
        assert_eq!(counted.body, json!({ "retried": 3, "people": 2, "more": false }));
        assert_eq!((shop.count("outbox WHERE state = 'dead'"), shop.count("admin_actions")), (3, 0), "only counted");

        let done = retry(&shop, json!({ "kind": "license_mail", "expected_count": 3 })).await;
        assert_eq!((done.status, done.body), (200, json!({ "retried": 3, "people": 2, "more": false })));
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["target"]), (&json!("outbox.retry_all"), &json!("outbox")));
        assert_eq!((&action["reason"], &action["actor"]), (&json!("Postmark is back"), &json!("grace")));
        let shown = &all(&shop, "/admin/actions", 1).await[0]["detail"];
        assert_eq!(
            (&shown["retried"], &shown["kind"], &shown["rows"]),
            (&json!(3), &json!("license_mail"), &json!([1, 2, 3]))
        );
        assert_eq!(
            shop.count("outbox WHERE state = 'due' AND attempts = 0 AND history LIKE '%Postmark answered 500%'"),
            3
        );
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 3);
        assert_eq!(shop.count("outbox WHERE state = 'done' AND outcome = 'sent'"), 3);

        let nothing = retry(&shop, json!({})).await;
        assert_eq!((nothing.status, nothing.body), (200, json!({ "retried": 0, "people": 0, "more": false })));
        assert_eq!(shop.count("admin_actions"), 1, "what changes nothing is not recorded");
    });
}

#[test]
fn what_somebody_else_has_tried_again_meanwhile_is_not_done_on_a_count_that_is_old() {
    run(async {
        let shop = after_an_outage(&["ada@example.com", "grace@example.com"]).await;
        let id = shop.value("SELECT min(id) FROM outbox");
        assert_eq!(
            change(&shop, &format!("/admin/outbox/{id}/retry"), &json!({ "reason": "she wrote" })).await.status,
            200
        );
        let late = retry(&shop, json!({ "expected_count": 2 })).await;
        assert_eq!(late.problem(), (409, "count_changed"));
        assert!(late.body["detail"].as_str().unwrap().contains(": 1 would be tried again by now"), "{}", late.body);
        assert_eq!(
            (shop.count("outbox WHERE state = 'dead'"), shop.count("admin_actions")),
            (1, 1),
            "nothing was changed"
        );

        let both = futures_util::future::join_all(
            (0..2).map(|_| async { retry(&shop, json!({ "expected_count": 1 })).await }),
        )
        .await;
        let mut statuses: Vec<_> = both.iter().map(|answered| answered.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "of two at once, one does it");
        assert_eq!(shop.count("admin_actions WHERE action = 'outbox.retry_all'"), 1);
        let none = retry(&shop, json!({ "expected_count": 1 })).await;
        assert_eq!(none.problem(), (409, "count_changed"));
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 2, "each buyer has one mail");
    });
}

#[test]
fn what_was_handed_over_to_a_person_is_left_to_that_person() {
    run(async {
        let shop = after_an_outage(&["ada@example.com", "grace@example.com"]).await;
        shop.rows("UPDATE outbox SET outcome = 'handed_over' WHERE id = 1");
        assert_eq!(change(&shop, PATH, &json!({ "dry_run": true })).await.body["retried"], 1);
        assert_eq!(retry(&shop, json!({})).await.body["retried"], 1);
        assert_eq!(shop.count("outbox WHERE id = 1 AND state = 'dead'"), 1);
        assert_eq!(change(&shop, "/admin/outbox/1/retry", &json!({ "reason": "looked" })).await.status, 200);
        assert_eq!(shop.count("outbox WHERE id = 1 AND state = 'due' AND outcome IS NULL"), 1);
        shop.tick_after(MINUTE).await;
        shop.sandbox.take_mails();
    });
}

#[test]
fn only_what_the_filters_name_is_tried_again() {
    run(async {
        let shop = after_an_outage(&["ada@example.com", "grace@example.com", "mary@example.com"]).await;
        shop.rows("UPDATE outbox SET last_error = 'POSTMARK_TOKEN was rejected' WHERE id = 1");
        // One waits for a person, and is tried every hour.
        shop.rows(
            "UPDATE outbox SET state = 'due', died_at = NULL, next_attempt_at = 1 << 50, person_needed = 1, \
             last_error = 'POSTMARK_TOKEN was rejected' WHERE id = 2",
        );
        for (filters, found) in [
            (json!({}), 3),
            (json!({ "state": "dead" }), 2),
            (json!({ "state": "due" }), 1),
            (json!({ "state": "done" }), 0),
            (json!({ "error": "was rejected" }), 2),
            (json!({ "error": "was rejected", "state": "dead" }), 1),
            (json!({ "kind": "grant" }), 0),
            (json!({ "kind": "license_mail", "error": "answered" }), 1),
        ] {
            let mut look = filters.clone();
            look["dry_run"] = true.into();
            assert_eq!(change(&shop, PATH, &look).await.body["retried"], found, "{filters}");
        }
        let done = retry(&shop, json!({ "error": "was rejected", "expected_count": 2 })).await;
        assert_eq!((done.status, &done.body["people"]), (200, &json!(2)));
        assert_eq!(shop.count("outbox WHERE state = 'dead' AND id = 3"), 1);
        assert_eq!(shop.count("outbox WHERE state = 'due' AND person_needed = 0 AND next_attempt_at < 1 << 50"), 2);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 2);
    });
}

#[test]
fn whoever_is_not_to_have_a_mail_any_more_gets_none_by_it() {
    run(async {
        let buyers = ["ada@example.com", "grace@example.com", "mary@example.com", "joan@example.com"];
        let shop = after_an_outage(&buyers).await;
        let key = shop.value("SELECT license_key FROM licenses WHERE email = 'ada@example.com'");
        let revoked =
            change(&shop, &format!("/admin/licenses/{key}/revoke"), &json!({ "reason": "a chargeback" })).await;
        assert_eq!(revoked.status, 200);
        let erased = json!({ "reason": "she asked", "email": "grace@example.com" });
        assert_eq!(change(&shop, "/admin/privacy/erase", &erased).await.status, 200);
        // The mail to this address came back; the one to that was never sent.
        let row = "(SELECT o.id FROM outbox o JOIN licenses l ON l.license_key = o.subject WHERE l.email = 'mary@example.com')";
        shop.rows(&format!("UPDATE outbox SET reference = 'm-1' WHERE id = {row}"));
        shop.rows(&format!("INSERT INTO returned_mails SELECT 'm-1', {row}, 'bounced', 'correct the address', 1"));
        let done = retry(&shop, json!({})).await;
        assert_eq!(done.status, 200);
        shop.tick_after(MINUTE).await;
        let to: Vec<_> = shop.sandbox.take_mails().into_iter().map(|mail| mail.to).collect();
        assert_eq!(to, ["joan@example.com"]);
        assert_eq!(shop.count("outbox WHERE state = 'dead' AND reference = 'm-1'"), 1, "it is left");
        assert_eq!(shop.count("outbox WHERE state = 'done' AND outcome = 'skipped'"), 1, "the revoked one");
        assert_eq!(shop.count("outbox WHERE state = 'done' AND outcome = 'canceled'"), 1, "the erased one");

        shop.rows("UPDATE returned_mails SET fate = 'failed'");
        assert_eq!(retry(&shop, json!({ "expected_count": 1 })).await.status, 200, "the provider did not send it");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
    });
}

#[test]
fn one_request_takes_five_hundred_and_says_that_there_are_more() {
    run(async {
        let shop = after_an_outage(&["ada@example.com"]).await;
        shop.rows(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 502)
             INSERT INTO outbox (kind, subject, state, died_at, last_error, trace_id, created_at)
             SELECT 'grant', 'nobody:' || i, 'dead', i, 'GitHub was away', 't', 1 FROM n",
        );
        let first = retry(&shop, json!({ "kind": "grant", "expected_count": 500 })).await;
        assert_eq!((&first.body["retried"], &first.body["more"]), (&json!(500), &json!(true)));
        assert_eq!(
            shop.value("SELECT group_concat(died_at) FROM outbox WHERE kind = 'grant' AND state = 'dead'"),
            "501,502"
        );
        let rest = retry(&shop, json!({ "kind": "grant", "expected_count": 2 })).await;
        assert_eq!((&rest.body["retried"], &rest.body["more"]), (&json!(2), &json!(false)));
        assert_eq!(shop.count("outbox WHERE state = 'dead' AND kind = 'license_mail'"), 1, "not of that kind");
    });
}

#[test]
fn a_retry_of_many_is_for_a_reason_and_a_dry_run_needs_none() {
    run(async {
        let shop = after_an_outage(&["ada@example.com"]).await;
        for wrong in
            [json!({}), json!({ "expected_count": 1 }), json!({ "reason": " " }), json!({ "dry_run": true, "id": 1 })]
        {
            assert_eq!(change(&shop, PATH, &wrong).await.problem(), (400, "invalid_request"), "{wrong}");
        }
        assert_eq!(shop.count("outbox WHERE state = 'dead'"), 1);
        assert_eq!(change(&shop, PATH, &json!({ "dry_run": true })).await.status, 200);
    });
}
