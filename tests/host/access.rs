//! Access at its edges: which permission is asked for, what stays as it is, what is due and is not done any more, and refusals that
//! nobody knows.

use std::rc::Rc;
use std::time::Duration;

use latchkey::model::Catalogue;
use latchkey::platform::Platform;
use latchkey::platform::host::{Call, Fate, Sqlite};
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Options, Reinvite, Removal, Service};
use serde_json::json;

use crate::shop::{ADMIN_TOKEN, Answered, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const MINUTE_MS: i64 = 60_000;
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Two products that open one repository, in two spellings and with two permissions, for a year.
fn catalogue() -> Catalogue {
    let entry = |id: &str, repo: &str, permission: &str| {
        format!(
            "[[gumroad]]\nproduct_id = {id:?}\nname = \"{id}\"\ntier = \"pro\"\nyears = 1\nrepos = [{repo:?}]\npermission = {permission:?}\n"
        )
    };
    catalogue_of(&(entry("reader", "Acme/Starter", "pull") + &entry("writer", "acme/starter", "push")))
}

fn shop() -> Shop {
    let shop = Shop::open();
    shop.stock(&catalogue());
    shop
}

async fn sell(shop: &Shop, product: &str, sale_id: &str) -> String {
    sell_as(
        shop,
        GumroadSale {
            product_id: Some(product.to_owned()),
            sale_id: Some(sale_id.to_owned()),
            ..GumroadSale::default()
        },
    )
    .await
}

async fn sell_as(shop: &Shop, sale: GumroadSale) -> String {
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    shop.take_key()
}

fn role(shop: &Shop) -> Option<String> {
    shop.sandbox.role("octocat", "acme/starter")
}

fn changes(shop: &Shop) -> Vec<String> {
    let asked = shop.calls();
    asked.into_iter().filter(|call| call.contains("/repos/") && !call.starts_with("GET ")).collect()
}

/// GitHub invites nobody for now.
fn down(shop: &Shop) {
    shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).method("PUT"));
}

fn refusing(text: &str) -> Fault {
    let body = json!({ "message": text }).to_string().into_bytes();
    Fault::new(Service::GitHub, FaultKind::Status { status: 422, headers: Vec::new(), body }).method("PUT")
}

#[test]
fn of_two_licenses_for_one_repository_the_higher_permission_is_asked_for() {
    run(async {
        for order in [["writer", "reader"], ["reader", "writer"]] {
            for accepted_between in [true, false] {
                let shop = shop();
                for (product, is_first) in order.into_iter().zip([true, false]) {
                    let key = sell(&shop, product, product).await;
                    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                    shop.let_answers_age();
                    if is_first && accepted_between {
                        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                    }
                }
                if !accepted_between {
                    shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                }
                assert_eq!(role(&shop).as_deref(), Some("write"), "{order:?}");
                assert_eq!(shop.sandbox.collaborators("acme/starter").len(), 1);
                shop.calls();
            }
        }
    });
}

#[test]
fn whoever_may_do_more_already_is_told_to_be_a_member_and_keeps_it() {
    run(async {
        for (had, product, kept) in [
            ("maintain", "reader", "maintain"),
            ("admin", "writer", "admin"),
            ("write", "reader", "write"),
            ("Release manager", "reader", "Release manager"),
            ("write", "writer", "write"),
            ("read", "writer", "write"),
            ("triage", "writer", "write"),
            ("read", "reader", "read"),
        ] {
            let shop = shop();
            shop.sandbox.add_collaborator_as("octocat", "acme/starter", had);
            let key = sell(&shop, product, "one").await;
            for status in ["activated", "already_active"] {
                let answer = shop.activate(&key, "octocat").await;
                assert_eq!((answer.status, &answer.body["status"]), (200, &json!(status)));
                assert_eq!(answer.body["repos"][0]["status"], "member", "{had}");
                shop.let_answers_age();
            }
            assert_eq!(role(&shop).as_deref(), Some(kept), "{had}, and buys as {product}");
            shop.calls();
        }
    });
}

#[test]
fn what_a_tick_invites_to_lowers_nobody_either() {
    run(async {
        let shop = shop();
        let key = sell(&shop, "reader", "one").await;
        down(&shop);
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.sandbox.add_collaborator_as("octocat", "acme/starter", "maintain");
        shop.tick_after(MINUTE).await;
        assert_eq!(role(&shop).as_deref(), Some("maintain"));
        assert_eq!(shop.count("outbox WHERE kind = 'grant' AND outcome = 'member'"), 1);
        shop.calls();
    });
}

#[test]
fn what_is_due_when_its_license_ends_is_not_made_and_what_it_opened_is_taken_away() {
    run(async {
        for was_member in [false, true] {
            let shop = shop();
            let key = sell(&shop, "reader", "one").await;
            if was_member {
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
                shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                shop.let_answers_age();
            }
            // Somebody has to mend it, and nobody does.
            shop.sandbox.inject(refusing("Resource not accessible by personal access token"));
            assert_eq!(shop.activate(&key, "octocat").await.status, 202);
            shop.sandbox.clear_faults();
            shop.calls();
            shop.rows("UPDATE licenses SET expires_at = 1");
            shop.tick_after(HOUR).await;
            shop.tick_after(MINUTE).await;
            assert!(shop.calls().iter().all(|call| !call.starts_with("PUT ")), "nobody is invited");
            assert_eq!(role(&shop), None);
            assert_eq!(shop.value("SELECT state FROM grants"), "revoked");
        }
    });
}

#[test]
fn a_refund_at_the_moment_in_which_an_invitation_is_skipped_takes_access_away() {
    run(async {
        let shop = shop();
        let key = sell(&shop, "reader", "one").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.let_answers_age();
        down(&shop);
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        shop.rows("UPDATE licenses SET expires_at = 1");
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Batch(batch) if batch.iter().any(|one| one.name == "grants/end")) {
                // As a refund does that finds the row on lease.
                let mark = format!(
                    "UPDATE grants SET since_at = {now}, state = 'revoking', history = json_insert(history, '$[#]',
                    json_object('at', {now}, 'state', 'revoking', 'cause', 'not_entitled'))",
                    now = host.now().as_millis()
                );
                host.database().query(&mark).unwrap();
                host.database().query("UPDATE licenses SET status = 'revoked'").unwrap();
            }
            Fate::Proceed
        });
        shop.tick_after(MINUTE).await;
        shop.host.inject(|_| Fate::Proceed);
        shop.tick_after(2 * MINUTE).await;
        assert_eq!((role(&shop), shop.value("SELECT state FROM grants")), (None, "revoked".to_owned()));
        shop.calls();
    });
}

/// The shop on this database once the seller has decided about test licenses.
fn decided(database: &Rc<Sqlite>, allowed: &str, since: Duration) -> Shop {
    let shop = Shop::open_on(Rc::clone(database), &[("ALLOW_TEST_LICENSES", allowed)]);
    shop.stock(&catalogue());
    shop.advance(since);
    shop
}

#[test]
fn what_is_due_of_a_test_purchase_waits_while_those_open_nothing() {
    run(async {
        let database = Rc::new(Sqlite::migrated().unwrap());
        let test = || GumroadSale { product_id: Some("reader".to_owned()), test: true, ..GumroadSale::default() };
        let on = decided(&database, "true", Duration::ZERO);
        let key = sell_as(&on, test()).await;
        down(&on);
        assert_eq!(on.activate(&key, "octocat").await.status, 202);
        on.calls();
        on.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        on.deliver(&on.sandbox.sell_on_gumroad(test())).await;
        let off = decided(&database, "false", MINUTE);
        for _ in 0..5 {
            off.tick_after(DAY).await;
        }
        assert!(off.sandbox.take_mails().is_empty());
        assert!(off.calls().is_empty());
        assert!(off.sandbox.invitations("acme/starter").is_empty());
        assert_eq!(off.count("outbox WHERE state = 'due' AND last_error LIKE '%ALLOW_TEST_LICENSES is not true'"), 2);
        assert_eq!(off.count("outbox WHERE attempts > 1 OR person_needed = 1"), 0, "it wears nothing out");
        // Once they are switched on again, both go out within a day.
        let on = decided(&database, "true", 7 * DAY);
        on.tick().await;
        on.take_key();
        assert_eq!(on.sandbox.invitations("acme/starter").len(), 1);
        on.calls();
    });
}

#[test]
fn a_mail_that_is_due_when_its_license_expires_does_not_go_out() {
    run(async {
        let shop = shop();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        for sale in ["one", "two"] {
            let sale = GumroadSale {
                product_id: Some("reader".to_owned()),
                sale_id: Some(sale.to_owned()),
                ..GumroadSale::default()
            };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        }
        shop.sandbox.clear_faults();
        let now = shop.host.now().as_millis() - 3 * 24 * 60 * MINUTE_MS;
        shop.rows(&format!("UPDATE licenses SET expires_at = {} WHERE order_id = 'one'", now + 60_000));
        shop.rows(&format!("UPDATE licenses SET expires_at = {} WHERE order_id = 'two'", now + 60_001));
        shop.tick_after(MINUTE).await;
        shop.take_key();
        let outcomes = "SELECT group_concat(order_id || ' ' || outcome) FROM outbox JOIN licenses ON license_key = subject ORDER BY id";
        assert_eq!(shop.value(outcomes), "one skipped,two sent", "at the very moment it is over");
    });
}

#[test]
fn a_disputed_license_keeps_what_a_refunded_one_loses_unless_it_has_expired_too() {
    run(async {
        for (expired, refunded_first) in [(false, false), (false, true), (true, false), (true, true)] {
            let shop = shop();
            for (product, sale) in [("reader", "one"), ("reader", "two")] {
                let key = sell(&shop, product, sale).await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            }
            shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
            if expired {
                shop.rows("UPDATE licenses SET expires_at = 1 WHERE order_id = 'two'");
            }
            let mut said = [shop.sandbox.gumroad_dispute("two"), shop.sandbox.gumroad_refund("one")];
            if refunded_first {
                said.reverse();
            }
            for delivery in &said {
                shop.deliver(delivery).await;
            }
            for _ in 0..3 {
                shop.tick_after(2 * MINUTE).await;
            }
            assert_eq!(role(&shop).is_some(), !expired, "{expired} {refunded_first}");
            shop.deliver(&shop.sandbox.gumroad_refund("two")).await;
            shop.tick_after(2 * MINUTE).await;
            assert_eq!(role(&shop), None);
            shop.calls();
        }
    });
}

#[test]
fn a_removal_deletes_every_invitation_of_the_account_and_nobody_elses() {
    run(async {
        for removal in [Removal::LeavesInvitations, Removal::CancelsInvitations] {
            let shop = Shop::open_in(Options { removal, ..Options::default() }, &[]);
            shop.stock(&catalogue());
            shop.sandbox.add_invitation("octocat", "acme/starter");
            shop.sandbox.add_invitation("ada-lovelace", "acme/starter");
            shop.advance(8 * DAY);
            shop.sandbox.add_invitation("octocat", "acme/starter");
            let key = sell(&shop, "reader", "one").await;
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
            shop.tick_after(2 * MINUTE).await;
            let left: Vec<_> = shop.sandbox.invitations("acme/starter").into_iter().map(|open| open.login).collect();
            assert_eq!(left, ["ada-lovelace"], "{removal:?}");
            shop.calls();
        }
    });
}

#[test]
fn whoever_accepts_while_being_removed_is_removed() {
    run(async {
        for (method, path) in [("GET", "/invitations?"), ("DELETE", "/invitations/"), ("DELETE", "/collaborators/")] {
            let shop = shop();
            let key = sell(&shop, "reader", "one").await;
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            shop.deliver(&shop.sandbox.gumroad_refund("one")).await;
            let world = shop.sandbox.clone();
            shop.host.inject(move |call| {
                if matches!(call, Call::Send(request) if request.method.as_str() == method && request.url.contains(path)) {
                    let _ = world.accept_invitation("octocat", "acme/starter");
                }
                Fate::Proceed
            });
            shop.tick_after(2 * MINUTE).await;
            assert_eq!((role(&shop), shop.sandbox.invitations("acme/starter").len()), (None, 0), "{method} {path}");
            shop.calls();
        }
    });
}

#[test]
fn an_unknown_refusal_that_speaks_of_invitations_and_a_limit_ends_with_a_person() {
    run(async {
        let shop = shop();
        let key = sell(&shop, "reader", "one").await;
        shop.sandbox.inject(refusing("The invitation is refused: the seat limit of the organization is reached"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        let row = shop.record("outbox", "kind = 'grant'");
        assert_eq!((&row["attempts"], &row["person_needed"]), (&json!(1), &json!(1)));
        for _ in 0..12 {
            shop.tick_after(HOUR).await;
        }
        let row = shop.record("outbox", "kind = 'grant'");
        assert_eq!((&row["state"], &row["attempts"]), (&json!("dead"), &json!(12)));
        assert!(row["last_error"].as_str().unwrap().contains("seat limit"), "{row}");
        shop.calls();
    });
}

#[test]
fn a_limit_of_a_day_that_does_not_end_is_told_of() {
    run(async {
        let shop = shop();
        let key = sell(&shop, "reader", "one").await;
        shop.sandbox.inject(refusing("You have reached the limit of invitations to this repository in 24 hours"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        for hour in 1..=30 {
            let row = shop.record("outbox", "kind = 'grant'");
            assert_eq!((&row["attempts"], &row["person_needed"]), (&json!(0), &json!(0)), "after {hour} hours");
            shop.tick_after(HOUR).await;
        }
        let row = shop.record("outbox", "kind = 'grant'");
        assert_eq!((&row["attempts"], &row["person_needed"]), (&json!(1), &json!(1)), "no day is as long");
        assert!(row["last_error"].as_str().unwrap().starts_with("find out why GitHub invites nobody to"), "{row}");
        shop.sandbox.clear_faults();
        shop.tick_after(HOUR).await;
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        shop.calls();
    });
}

#[test]
fn an_expired_invitation_is_not_replaced_once_the_lease_is_over() {
    run(async {
        let options = Options { reinvite: Reinvite::Same, ..Options::default() };
        let shop = Shop::open_in(options, &[]);
        shop.stock(&catalogue());
        let key = sell(&shop, "reader", "one").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.advance(8 * DAY);
        shop.calls();
        // The process sleeps for days while it deletes the dead invitation.
        let host = shop.host.clone();
        shop.host.inject(move |call| {
            if matches!(call, Call::Send(request) if request.method.as_str() == "DELETE") {
                host.advance(6 * DAY);
            }
            Fate::Proceed
        });
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        assert_eq!(changes(&shop).iter().filter(|call| call.starts_with("PUT")).count(), 1);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.sandbox.invitations("acme/starter").len(), 1);
        assert!(!shop.sandbox.invitations("acme/starter")[0].expired);
        shop.calls();
    });
}

#[test]
fn a_permission_is_lowered_again_when_the_license_is_gone_that_gave_it() {
    run(async {
        for accepts in [true, false] {
            for refunded in [true, false] {
                let shop = shop();
                let reader = sell(&shop, "reader", "one").await;
                let writer = sell(&shop, "writer", "two").await;
                assert_eq!(shop.activate(&reader, "octocat").await.status, 200);
                assert_eq!(shop.activate(&writer, "octocat").await.status, 200);
                if accepts {
                    shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
                }
                let open = || shop.sandbox.invitations("acme/starter").pop().map(|open| open.permissions);
                assert_eq!(if accepts { role(&shop) } else { open() }.as_deref(), Some("write"));
                if refunded {
                    assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("two")).await.status, 200);
                } else {
                    shop.rows("UPDATE licenses SET expires_at = 1 WHERE order_id = 'two'");
                }
                shop.tick_after(MINUTE).await;
                shop.tick_after(MINUTE).await;
                assert_eq!(if accepts { role(&shop) } else { open() }.as_deref(), Some("read"), "{accepts} {refunded}");
                assert_eq!(
                    shop.value("SELECT given || ' ' || state FROM grants"),
                    if accepts { "pull member" } else { "pull invited" }
                );
            }
        }
    });
}

#[test]
fn what_an_activation_gave_whose_word_was_lost_to_another_is_lowered_with_its_license() {
    run(async {
        let shop = shop();
        shop.sandbox.accept_at_once("octocat");
        let key = sell(&shop, "writer", "writer").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        // As if whoever gave it were at it still.
        shop.rows(
            "UPDATE grants SET state = 'pending', until_at = NULL, given = NULL, invitation_id = NULL,
             history = json_insert(history, '$[#]', json_object('at', since_at, 'state', 'pending', 'cause', 'attempt'))",
        );
        let until = shop.host.now().as_millis() + MINUTE_MS;
        shop.rows(&format!(
            "UPDATE outbox SET state = 'leased', lease_id = 'another', silent_claims = 1, next_attempt_at = {until}, done_at = NULL,
             outcome = NULL WHERE kind = 'grant'"
        ));
        let other = sell(&shop, "reader", "reader").await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(503)).path("/permission").times(1));
        assert_eq!(shop.activate(&other, "octocat").await.status, 202);
        // The first license asks for less by now, so that nothing else says what it may have given.
        shop.rows("UPDATE entitlements SET permission = 'pull'");
        assert_eq!(role(&shop).as_deref(), Some("write"));
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(role(&shop).as_deref(), Some("read"));
        shop.calls();
    });
}

#[test]
fn whoever_had_access_before_keeps_what_they_had_and_loses_what_a_license_added() {
    run(async {
        for (product, before, meanwhile) in
            [("reader", "read", "read"), ("reader", "maintain", "maintain"), ("writer", "read", "write")]
        {
            let shop = shop();
            shop.sandbox.add_collaborator_as("octocat", "acme/starter", before);
            let key = sell(&shop, product, "one").await;
            assert_eq!(shop.activate(&key, "octocat").await.repos(), [(repo_of(product), "member")]);
            assert_eq!(role(&shop).as_deref(), Some(meanwhile));
            shop.calls();
            assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("one")).await.status, 200);
            shop.tick_after(MINUTE).await;
            assert_eq!(role(&shop).as_deref(), Some(before), "{product}");
            assert!(changes(&shop).iter().all(|call| call.starts_with("PUT")), "nobody is removed");
            assert_eq!(shop.value("SELECT state FROM grants"), "member");
            assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'grant'"), "kept");
            // Once they have left by themselves, nothing of it is left.
            shop.sandbox.remove_collaborator("octocat", "acme/starter");
            let again = sell(&shop, product, "two").await;
            assert_eq!(shop.activate(&again, "octocat").await.repos(), [(repo_of(product), "invited")]);
            shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
            assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("two")).await.status, 200);
            shop.tick_after(MINUTE).await;
            assert_eq!(role(&shop), None);
        }
    });
}

async fn forget_earlier(shop: &Shop, repo: &str) -> Answered {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = json!({ "reason": "left the team", "github_user_id": 583_231, "repo": repo });
    shop.request(request("POST", "/admin/grants/forget-earlier", &headers, body.to_string().as_bytes())).await
}

#[test]
fn what_an_account_had_before_is_taken_when_the_operator_says_so() {
    run(async {
        for (before, refunded) in [("maintain", false), ("maintain", true), ("read", false), ("read", true)] {
            let shop = shop();
            shop.sandbox.add_collaborator_as("octocat", "acme/starter", before);
            let key = sell(&shop, "reader", "one").await;
            assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            if refunded {
                assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("one")).await.status, 200);
                shop.tick_after(MINUTE).await;
            }
            let answer = forget_earlier(&shop, "Acme/Starter").await;
            assert_eq!((answer.status, &answer.body["earlier"]), (200, &json!(null)));
            let state = if refunded { "revoking" } else { "member" };
            assert_eq!(answer.body["state"], state);
            shop.tick_after(MINUTE).await;
            shop.tick_after(MINUTE).await;
            let left = (!refunded).then_some("read");
            assert_eq!(role(&shop).as_deref(), left, "it has what its license opens: {before} {refunded}");
            let action = shop.record("admin_actions", "true");
            assert_eq!(
                (&action["action"], &action["reason"]),
                (&json!("grants.forget_earlier"), &json!("left the team"))
            );
            assert_eq!(forget_earlier(&shop, "acme/starter").await.status, 404, "it has nothing of the kind any more");
            // And a refund after that leaves nothing.
            if !refunded {
                assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("one")).await.status, 200);
                shop.tick_after(MINUTE).await;
                assert_eq!(role(&shop), None);
            }
        }
    });
}

#[test]
fn only_a_license_of_that_account_that_opens_that_repository_still_keeps_it_in() {
    run(async {
        for (other, state) in [
            ("licenses SET status = 'active'", "member"),
            ("licenses SET status = 'suspended'", "member"),
            ("licenses SET status = 'revoked'", "revoking"),
            ("licenses SET term = 'stopped', kept_after_end = 0, expires_at = {now} + 1", "member"),
            ("licenses SET term = 'stopped', kept_after_end = 0, expires_at = {now}", "revoking"),
            ("licenses SET test = 1", "revoking"),
            ("license_activations SET github_user_id = 1", "revoking"),
            ("entitlements SET repo = 'acme/other'", "revoking"),
        ] {
            let shop = shop();
            shop.sandbox.add_collaborator_as("octocat", "acme/starter", "maintain");
            for order in ["one", "two"] {
                let key = sell(&shop, "reader", order).await;
                assert_eq!(shop.activate(&key, "octocat").await.status, 200);
            }
            assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("one")).await.status, 200);
            shop.tick_after(MINUTE).await;
            let now = shop.host.now().as_millis().to_string();
            let of_two = "(SELECT license_key FROM licenses WHERE order_id = 'two')";
            shop.rows(&format!("UPDATE {} WHERE license_key = {of_two}", other.replace("{now}", &now)));
            assert_eq!(forget_earlier(&shop, "acme/starter").await.status, 200, "{other}");
            assert_eq!(shop.value("SELECT state FROM grants"), state, "{other}");
        }
    });
}

#[test]
fn what_is_taken_from_an_account_is_the_higher_of_what_it_had_and_what_it_was_given() {
    const PERMISSIONS: [&str; 5] = ["pull", "triage", "push", "maintain", "admin"];
    run(async {
        let shop = shop();
        shop.sandbox.add_collaborator_as("octocat", "acme/starter", "read");
        let key = sell(&shop, "reader", "one").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        for (earlier_rank, earlier) in PERMISSIONS.into_iter().enumerate() {
            let forgotten = async |given: &str| {
                shop.rows(&format!("UPDATE grants SET earlier = '{earlier}', given = {given}"));
                assert_eq!(forget_earlier(&shop, "acme/starter").await.status, 200, "{earlier} {given}");
                assert_eq!(shop.value("SELECT earlier IS NULL FROM grants"), "1");
                shop.value("SELECT given FROM grants")
            };
            assert_eq!(forgotten("NULL").await, earlier);
            for (given_rank, given) in PERMISSIONS.into_iter().enumerate() {
                let higher = PERMISSIONS[earlier_rank.max(given_rank)];
                assert_eq!(forgotten(&format!("'{given}'")).await, higher, "{earlier} {given}");
            }
        }
    });
}

#[test]
fn what_an_account_had_before_stays_while_somebody_is_at_it_and_where_nothing_is_recorded() {
    run(async {
        let shop = shop();
        assert_eq!(forget_earlier(&shop, "acme/starter").await.status, 404, "nobody is known there");
        shop.sandbox.add_collaborator("octocat", "acme/starter");
        let key = sell(&shop, "reader", "one").await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let until = shop.host.now().as_millis() + 60_000;
        shop.rows(&format!("UPDATE outbox SET state = 'leased', lease_id = 'x', next_attempt_at = {until}, done_at = NULL, outcome = NULL"));
        // What was done about something else is no sign that this was done.
        shop.rows("INSERT INTO admin_actions (id, action, target, reason, actor, acted_at, trace_id) VALUES ('another', 'x', 'y', 'z', 'z', 1, 't')");
        assert_eq!(forget_earlier(&shop, "acme/starter").await.status, 409);
        assert_eq!(shop.count("admin_actions"), 1);
        assert_eq!(forget_earlier(&shop, "acme/other").await.status, 404, "that is another repository");
        assert_eq!(shop.value("SELECT earlier FROM grants"), "pull");
    });
}

#[test]
fn nobody_is_removed_whom_the_shop_has_given_nothing_yet() {
    run(async {
        let shop = shop();
        shop.sandbox.add_collaborator("octocat", "acme/starter");
        let key = sell(&shop, "reader", "one").await;
        down(&shop);
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [("Acme/Starter", "queued")]);
        shop.sandbox.clear_faults();
        shop.calls();
        assert_eq!(shop.deliver(&shop.sandbox.gumroad_refund("one")).await.status, 200);
        shop.tick_after(HOUR).await;
        assert_eq!(shop.value("SELECT state FROM grants"), "revoked");
        assert_eq!((role(&shop).as_deref(), changes(&shop)), (Some("read"), Vec::new()));
    });
}

fn repo_of(product: &str) -> &'static str {
    if product == "reader" { "Acme/Starter" } else { "acme/starter" }
}
