//! What the operator is shown of a sale that did not go straight: whose turn it is, and everything that happened before.

use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, Service};
use serde_json::{Value, json};

use super::{all, ask, change, change_for_a_reason, only_state};
use crate::shop::{Shop, run};

const MINUTE: Duration = Duration::from_secs(60);

/// What happened to a license, in order: the texts of each entry but for its time, side by side.
async fn story(shop: &Shop, key: &str) -> Vec<String> {
    let shown = ask(shop, &format!("/admin/licenses/{key}")).await;
    let timeline = shown.body["timeline"].as_array().unwrap();
    let told = ["what", "kind", "action", "repo", "outcome", "github_username", "to", "reason"];
    let entry = |entry: &Value| told.map(|name| entry[name].as_str().unwrap_or_default()).join(" ");
    timeline.iter().map(|each| entry(each).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The key of a license that `octocat` has activated a minute after it was mailed.
async fn activated(shop: &Shop) -> String {
    let key = shop.sell_starter().await;
    shop.advance(MINUTE);
    assert_eq!(shop.activate(&key, "octocat").await.status, 200);
    shop.advance(MINUTE);
    key
}

async fn act(shop: &Shop, key: &str, verb: &str) {
    assert_eq!(change_for_a_reason(shop, &format!("/admin/licenses/{key}/{verb}")).await.status, 200);
    shop.tick_after(MINUTE).await;
    shop.advance(MINUTE);
}

/// Cancels what is owed.
async fn cancel(shop: &Shop, condition: &str) {
    let id = shop.value(&format!("SELECT id FROM outbox WHERE {condition}"));
    assert_eq!(change_for_a_reason(shop, &format!("/admin/outbox/{id}/cancel")).await.status, 200);
}

#[test]
fn a_sale_of_which_something_was_canceled_is_not_shown_as_fulfilled() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        shop.deliver(&shop.sandbox.sell_on_gumroad(latchkey_sandbox::GumroadSale::default())).await;
        shop.sandbox.clear_faults();
        cancel(&shop, "kind = 'license_mail'").await;
        let canceled = |what: &str| ("ignored".to_owned(), format!("{what}_canceled"));
        assert_eq!(only_state(&shop).await, canceled("mail"));

        // The buyer got the key some other way.
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)).method("PUT").path("starter-docs"));
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        shop.sandbox.clear_faults();
        assert_eq!(only_state(&shop).await.0, "waiting_on_github");
        cancel(&shop, "subject LIKE '%:acme/starter-docs'").await;
        assert_eq!(only_state(&shop).await, canceled("invitation"));

        // Owed once more, it is done after all.
        shop.let_answers_age();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(only_state(&shop).await, ("waiting_on_buyer".to_owned(), "invited".to_owned()));
    });
}

#[test]
fn what_only_a_person_can_mend_needs_the_seller_from_its_first_try_on() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(401)).method("PUT"));
        assert_eq!(shop.activate(&key, "octocat").await.status, 202);
        assert_eq!(only_state(&shop).await, ("needs_seller".to_owned(), "invitation_blocked".to_owned()));
        let items = all(&shop, "/admin/attention", 10).await;
        assert_eq!((items.len(), &items[0]["state"]), (2, &json!("needs_seller")));
        assert!(items[0]["error"].as_str().unwrap().contains("GITHUB_TOKEN was rejected"), "{items:?}");
        assert_eq!((&items[0]["remedy"], &items[0]["license_key"]), (&json!("retry_outbox"), &json!(key)));
        assert!(items[0]["next_attempt_at"].is_string(), "it is tried again every hour meanwhile");

        shop.sandbox.clear_faults();
        shop.tick_after(Duration::from_secs(3600)).await;
        assert_eq!(only_state(&shop).await, ("waiting_on_buyer".to_owned(), "invited".to_owned()));
        assert_eq!(shop.count("outbox WHERE person_needed = 1"), 0);
    });
}

#[test]
fn what_was_done_stays_in_the_story_however_often_it_is_done_again() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        for verb in ["revoke", "reinstate", "revoke"] {
            act(&shop, &key, verb).await;
        }
        let story = story(&shop, &key).await;
        let times = |what: &str| story.iter().filter(|line| *line == what).count();
        assert_eq!(
            (times("done license_mail sent"), times("action license.revoke asked by mail")),
            (1, 2),
            "{story:#?}"
        );
        for repo in ["acme/starter", "acme/starter-docs"] {
            assert_eq!(times(&format!("done grant {repo} invited octocat")), 2, "{story:#?}");
            assert_eq!(times(&format!("done grant {repo} removed octocat")), 2, "{story:#?}");
        }
        assert_eq!(shop.count("outbox WHERE kind = 'grant'"), 2, "a row for each repository");
    });
}

#[test]
fn a_transfer_names_both_accounts_until_the_buyer_is_erased() {
    run(async {
        let shop = Shop::open();
        let key = activated(&shop).await;
        let path = format!("/admin/licenses/{key}/transfer");
        let moved = change(&shop, &path, &json!({ "reason": "renamed", "to": "grace-hopper" })).await;
        assert_eq!(moved.status, 200);
        let told = story(&shop, &key).await;
        let place = |what: &str| told.iter().position(|line| line == what);
        let (activated, moved) = (place("activated octocat"), place("action license.transfer grace-hopper renamed"));
        assert!(activated.is_some() && activated < moved, "{told:#?}");

        act(&shop, &key, "revoke").await;
        let email = shop.value("SELECT email FROM licenses");
        let erased = change(&shop, "/admin/privacy/erase", &json!({ "reason": "asked by mail", "email": email })).await;
        assert_eq!(erased.status, 200);
        let detail = shop.value("SELECT detail FROM admin_actions WHERE action = 'license.transfer'");
        assert_eq!(detail, r#"{"from":583231,"to":900001}"#);
    });
}
