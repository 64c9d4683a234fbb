//! How answers are shown to whoever reads them in a terminal.

use serde_json::{Value, json};

use super::{Worker, page};
use crate::commands::admin::show;

#[tokio::test]
async fn a_status_is_read_at_one_glance() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({
            "version": "0.1.0", "schema": { "applied": "0002_operations.sql", "expected": "0002_operations.sql" },
            "sources": [{ "source": "gumroad", "last_delivery_at": "2026-11-22T07:57:00Z", "last_reconciliation_at": null,
                          "reconciliation_error": null, "found_by_reconciliation": 0 }],
            "deliveries": { "needs_you": 1303, "processed": 7 }, "outbox": { "dead": 2, "done": 9, "due": 0 },
            "licenses": { "active": 3 }, "sales_by_state": { "needs_seller": 993, "waiting_on_buyer": 7 },
            "counted_newest": 1000,
            "oldest_due": { "kind": "license_mail", "since": "2026-11-22T05:00:00Z" },
            "last_cron_at": "2026-11-22T07:59:30Z", "config_problems": ["EMAIL_FROM is not set: no mail can be sent"]
        }),
    );
    let text = worker.run(&["status"]).await.expect("a status");
    let expected = "\
sales            of the newest 1000: 993 needs seller, 7 waiting on buyer
deliveries       1303 needs you; of the newest 1000: 7 processed
owed             2 dead, 0 due; of the newest 1000: 9 done
licenses         of the newest 1000: 3 active
version          0.1.0
schema           0002_operations.sql
schema expected  0002_operations.sql
last cron        30 s ago
oldest due       license_mail
due since        3 h ago

Storefronts
SOURCE   LAST DELIVERY  FOUND BY IT
gumroad  3 min ago      0

Configuration
EMAIL_FROM is not set: no mail can be sent";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_status_says_when_no_tick_runs() {
    for (last, warned) in [
        (json!("2026-11-22T07:59:01Z"), false),
        (json!("2026-11-22T07:55:00Z"), false),
        (json!("2026-11-22T07:54:59Z"), true),
        (Value::Null, true),
    ] {
        let worker = Worker::default();
        worker.answers(200, &json!({ "version": "0.1.0", "last_cron_at": last }));
        let text = worker.run(&["status"]).await.expect("a status");
        assert_eq!(text.contains("No tick has run in the last five minutes: "), warned, "{text}");
    }
}

#[tokio::test]
async fn a_sale_that_no_webhook_told_of_stands_out_in_the_list() {
    let item = |id: &str, origin: &str| json!({ "id": id, "source": "gumroad", "origin": origin });
    for (items, expected) in [
        (vec![item("E1", "webhook")], "ID  SOURCE\nE1  gumroad"),
        (
            vec![item("E2", "reconciliation"), item("E1", "webhook")],
            "ID  SOURCE   FOUND BY\nE2  gumroad  reconciliation\nE1  gumroad",
        ),
    ] {
        let worker = Worker::default();
        worker.answers(200, &page(&items, None));
        assert_eq!(worker.run(&["events", "list"]).await.expect("a list"), expected);
    }
}

#[tokio::test]
async fn what_is_owed_says_how_it_ended_and_else_why_it_failed_and_an_alert_what_it_told() {
    let worker = Worker::default();
    let items = [
        json!({ "id": 1, "state": "done", "outcome": "invited", "last_error": null }),
        json!({ "id": 2, "state": "due", "outcome": null, "last_error": "GitHub's limit" }),
        json!({ "id": 3, "state": "dead", "outcome": null, "last_error": "no such user" }),
        json!({ "id": 4, "state": "done", "outcome": "sent", "detail": "Given up: 2" }),
    ];
    worker.answers(200, &page(&items, None));
    let expected = "\
ID  STATE  ALERT        OUTCOME
1   done                invited
2   due                 GitHub's limit
3   dead                no such user
4   done   Given up: 2  sent";
    assert_eq!(worker.run(&["outbox", "list"]).await.expect("a list"), expected);
}

#[tokio::test]
async fn a_license_says_its_days_by_their_dates() {
    let worker = Worker::default();
    let license = json!({ "license_key": "LK-1", "issued_at": "2026-11-21T07:00:00Z",
                          "expires_at": "2027-11-22T08:00:00Z" });
    worker.answers(200, &license);
    let expected = "\
license key  LK-1
issued       2026-11-21 (1 d ago)
expires      2027-11-22 (in 1 y)";
    assert_eq!(worker.run(&["licenses", "show", "LK-1"]).await.expect("a license"), expected);
}

#[tokio::test]
async fn a_delivery_is_told_with_its_story_and_its_payload_commands_no_terminal() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({
            "id": "01E", "status": "needs_seller", "why": "unmapped product \u{1b}[31mred", "license_key": null,
            "received_at": "2026-11-20T08:00:00Z", "next_attempt_at": "2026-11-22T08:05:00Z", "attempts": 12,
            "outbox": [], "sale": { "amount_cents": 4900, "currency": "usd" },
            "timeline": [{ "at": "2026-11-20T08:00:00Z", "what": "received" }],
            "payload": "name=\u{1b}]0;title\u{7}&x=1"
        }),
    );
    let text = worker.run(&["events", "show", "01E"]).await.expect("a delivery");
    let expected = "\
id        01E
status    needs_seller
why       unmapped product \u{fffd}[31mred
received  2 d ago
tries     12
next try  in 5 min

Sale
cents     4900
currency  usd

Story
WHEN     AT                    WHAT
2 d ago  2026-11-20T08:00:00Z  received

Payload
name=\u{fffd}]0;title\u{fffd}&x=1";
    assert_eq!(text, expected);
}

#[tokio::test]
async fn a_change_shows_what_it_came_to() {
    let worker = Worker::default();
    worker.answers(
        200,
        &json!({ "license_key": "LK-1", "status": "active", "activation": { "github_username": "hubot" } }),
    );
    let line = ["licenses", "transfer", "LK-1", "--to", "hubot", "--reason", "renamed", "--yes"];
    let text = worker.run(&line).await.expect("transferred");
    let expected = "Transferred: the next tick changes who has access, within a minute.\n\n\
                    LICENSE KEY  STATUS  GITHUB\nLK-1         active  hubot";
    assert_eq!(text, expected);
    assert_eq!(show::replayed(1), "One delivery is due now; the next ticks take it.");
    assert_eq!(
        show::erased(&json!({ "deliveries": 2, "sales": 1 })),
        "Erased what named the person in 2 deliveries, 1 sales."
    );
}

#[tokio::test]
async fn what_only_a_tick_carries_out_is_said_to_be_done_within_a_minute() {
    for line in [
        &["licenses", "resend", "LK-1"][..],
        &["licenses", "revoke", "LK-1", "--yes"],
        &["licenses", "reinstate", "LK-1"],
        &["licenses", "transfer", "LK-1", "--to", "hubot", "--yes"],
        &["outbox", "retry", "7"],
    ] {
        let worker = Worker::default();
        worker.answers(200, &json!({ "id": 7, "license_key": "LK-1" }));
        let text = worker.run(&[line, &["--reason", "why"]].concat()).await.expect("changed");
        let said = text.lines().next().unwrap_or_default();
        assert!(said.contains("the next tick") && said.ends_with(", within a minute."), "{line:?}: {text}");
    }
}

#[tokio::test]
async fn who_asks_who_paid_and_has_not_everything_is_told_what_to_do() {
    let worker = Worker::default();
    let item = json!({
        "kind": "invitation", "status": "needs_seller", "since": "2026-11-22T06:59:00Z", "email": "ada@example.com",
        "source_order_id": "77", "why": "GITHUB_TOKEN was rejected", "outbox_id": 3,
        "what_to_do": "Mend the reason, then: cargo xtask admin outbox retry 3"
    });
    worker.answers(200, &page(&[item], None));
    let text = worker.run(&["attention"]).await.expect("a list");
    for said in ["1 h ago", "needs_seller", "ada@example.com", "77", "cargo xtask admin outbox retry 3"] {
        assert!(text.contains(said), "{text}");
    }
    let worker = Worker::default();
    worker.answers(200, &page(&[], None));
    let nothing = "Nothing waits for you, and nothing is late or failing.";
    assert_eq!(worker.run(&["attention"]).await.expect("a list"), nothing);
}
