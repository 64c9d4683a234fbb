//! Invitations that nobody accepts: they are made anew the day before they end, three times, and then a person is told.

use latchkey_sandbox::{Options, Reinvite};

use super::*;
use crate::admin::{ask, change_for_a_reason};

/// Lets so many hours pass, with a tick and a minute after it in each.
async fn hours(shop: &Shop, count: u32) {
    for _ in 0..count {
        shop.tick_after(HOUR - MINUTE).await;
        shop.tick_after(MINUTE).await;
    }
}

/// How many invitations were ever made.
fn made(shop: &Shop) -> usize {
    shop.sandbox.invitations_made(REPO).len()
}

fn ways() -> [Reinvite; 3] {
    [Reinvite::Same, Reinvite::Refreshed, Reinvite::Replaced]
}

#[test]
fn what_nobody_accepts_is_renewed_three_times_and_then_told_of_whatever_github_makes_of_it() {
    run(async {
        for way in ways() {
            let options = Options { reinvite: way, ..Options::default() };
            let shop = Shop::open_in(options, &[("OPERATOR_EMAIL", "operator@example.com")]);
            shop.stock(&one_repository());
            invite(&shop, "octocat").await;
            hours(&shop, 24 * 6 - 5).await;
            assert_eq!((made(&shop), shop.value("SELECT renewals FROM grants")), (1, "0".to_owned()), "{way:?}");
            for renewal in 1..=3 {
                hours(&shop, if renewal == 1 { 10 } else { 24 * 6 + 4 }).await;
                assert_eq!(shop.value("SELECT renewals FROM grants"), renewal.to_string(), "{way:?}");
                assert_eq!((states(&shop).as_str(), made(&shop)), ("invited", 1 + renewal), "{way:?}");
                assert_eq!(sale(&shop), "waiting_on_buyer invited");
                let open = shop.sandbox.invitations(REPO);
                assert!(open.len() == 1 && !open[0].expired, "{way:?}: {open:?}");
            }
            assert_eq!(shop.count("alert_causes"), 0);
            hours(&shop, 24 * 8).await;
            assert_eq!((states(&shop).as_str(), made(&shop)), ("expired", 4), "{way:?}");
            assert_eq!(sale(&shop), "waiting_on_buyer expired_invitation");
            assert_eq!(
                shop.value("SELECT cause || ' ' || times FROM alert_causes"),
                "invitations_expired: acme/starter 1"
            );
            let told = shop
                .sandbox
                .take_mails()
                .iter()
                .filter(|mail| mail.subject.contains("Invitations to acme/starter expired"))
                .count();
            assert_eq!(told, 1, "{way:?}");
            let attention = ask(&shop, "/admin/attention").await.body;
            let item = &attention["items"][0];
            assert_eq!(
                (&item["state"], &item["remedy"]),
                (&json!("waiting_on_buyer"), &json!("invite_again")),
                "{item}"
            );
            // The operator sends another.
            let id = &item["outbox_id"];
            let retried = change_for_a_reason(&shop, &format!("/admin/outbox/{id}/retry")).await;
            assert_eq!(retried.status, 200);
            shop.tick_after(MINUTE).await;
            let open = shop.sandbox.invitations(REPO);
            assert!(states(&shop) == "invited" && open.len() == 1 && !open[0].expired, "{way:?}: {open:?}");
            shop.sandbox.accept_invitation("octocat", REPO).unwrap();
            hours(&shop, 1).await;
            assert_eq!(states(&shop), "member");
            let history = shop.value(
                "SELECT group_concat(h.value ->> '$.state' || ' ' || (h.value ->> '$.cause'), ', ')
                 FROM grants, json_each(history) h",
            );
            assert!(history.starts_with("pending activation, invited attempt, "), "{history}");
            assert_eq!(history.matches("invited renewal").count(), 3, "{history}");
            assert!(history.ends_with("expired look, invited attempt, member look"), "{history}");
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn whoever_has_declined_or_accepted_in_the_meantime_is_not_invited_anew() {
    run(async {
        for (accepts, state, outcome) in [(false, "declined", "declined"), (true, "member", "member")] {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            hours(&shop, 24 * 6 - 5).await;
            // It is made due by a look at which it is still open.
            while shop.count("outbox WHERE kind = 'grant' AND state = 'due'") == 0 {
                shop.tick_after(HOUR).await;
            }
            if accepts {
                shop.sandbox.accept_invitation("octocat", REPO).unwrap();
            } else {
                shop.sandbox.decline_invitation("octocat", REPO).unwrap();
            }
            shop.tick_after(MINUTE).await;
            assert_eq!((states(&shop).as_str(), made(&shop)), (state, 1));
            assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'grant'"), outcome);
            hours(&shop, 48).await;
            assert_eq!((states(&shop).as_str(), made(&shop)), (state, 1));
        }
    });
}

#[test]
fn a_renewal_that_fails_between_its_two_steps_is_made_all_the_same() {
    run(async {
        for kind in
            [FaultKind::status(502), FaultKind::LostBefore, FaultKind::LostAfter, FaultKind::retry_after(403, 7200)]
        {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            hours(&shop, 24 * 6 - 5).await;
            let failing = Fault::new(Service::GitHub, kind.clone()).method("PUT").path("/collaborators/").times(1);
            shop.sandbox.inject(failing);
            hours(&shop, 24).await;
            assert_eq!((states(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("invited", 1), "{kind:?}");
            assert_eq!(shop.value("SELECT renewals FROM grants"), "1", "{kind:?}");
            assert_eq!(shop.sandbox.take_mails().len(), 1, "{kind:?}");
        }
    });
}

#[test]
fn nothing_is_renewed_for_a_license_that_is_suspended_or_a_row_that_the_operator_canceled() {
    run(async {
        for change in
            ["UPDATE licenses SET status = 'suspended'", "UPDATE outbox SET outcome = 'canceled' WHERE kind = 'grant'"]
        {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            shop.rows(change);
            hours(&shop, 24 * 8).await;
            assert_eq!((states(&shop).as_str(), made(&shop)), ("expired", 1), "{change}");
            assert_eq!(shop.count("alert_causes"), 0, "{change}");
        }
    });
}
