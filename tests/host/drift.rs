//! Where GitHub and what is recorded differ: what is found, what is done about it, and who let each account in.

use std::time::Duration;

use latchkey_sandbox::{AccountKind, Fault, FaultKind, GumroadSale, Service};
use serde_json::{Value, json};

use crate::admin::{ask, change, change_for_a_reason};
use crate::shop::{STARTER, Shop, catalogue_of, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const REPO: &str = "acme/starter";

/// A shop whose starter kit opens one repository, with the catalogue as the operator sends it.
async fn shop() -> Shop {
    shop_with("").await
}

async fn shop_with(lines: &str) -> Shop {
    let shop = Shop::open();
    map(&shop, lines).await;
    shop
}

async fn map(shop: &Shop, lines: &str) {
    let entry = format!(
        "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Acme Starter Kit\"\ntier = \"pro\"\nrepos = [\"{REPO}\"]\n{lines}"
    );
    shop.map(&catalogue_of(&entry)).await;
}

/// Sells to somebody who activates and accepts at once, and gives the key.
async fn let_in(shop: &Shop, login: &str) -> String {
    let key = sell_to(shop, login).await;
    shop.sandbox.accept_invitation(login, REPO).unwrap();
    shop.rows(&format!(
        "UPDATE grants SET state = 'member', until_at = NULL,
                history = json_insert(history, '$[#]', json_object('at', since_at, 'state', 'member', 'cause', 'look'))
         WHERE github_username = '{login}'"
    ));
    key
}

async fn sell_to(shop: &Shop, login: &str) -> String {
    let sale = GumroadSale { sale_id: Some(format!("sale-{login}")), ..GumroadSale::default() };
    assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    let key = shop.take_key();
    assert_eq!(shop.activate(&key, login).await.status, 200);
    key
}

/// Lets the daily comparison come, and all that follows from it.
async fn compared(shop: &Shop) -> Vec<Value> {
    shop.tick_after(DAY + MINUTE).await;
    for _ in 0..4 {
        shop.tick_after(MINUTE).await;
    }
    shop.sandbox.take_mails();
    found(shop).await
}

async fn found(shop: &Shop) -> Vec<Value> {
    ask(shop, "/admin/drift").await.body["items"].as_array().unwrap().clone()
}

fn kinds(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

fn state(shop: &Shop) -> String {
    shop.value("SELECT state FROM grants")
}

#[test]
fn a_repository_of_the_catalogue_is_compared_every_day_and_nothing_differs_where_all_is_well() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.calls();
        assert!(compared(&shop).await.is_empty());
        let lists = || shop.calls().into_iter().filter(|call| call.ends_with("/collaborators")).count();
        assert_eq!(lists(), 1);
        assert!(compared(&shop).await.is_empty());
        assert_eq!(lists(), 1);
        assert_eq!(state(&shop), "member");
        assert_eq!(shop.value("SELECT compare_error IS NULL AND comparison IS NULL FROM repository_watches"), "1");
    });
}

#[test]
fn who_was_let_in_by_hand_is_listed_with_who_invited_them_and_never_touched() {
    run(async {
        let shop = shop().await;
        shop.sandbox.add_user("by-hand", AccountKind::User);
        shop.sandbox.add_user("invited", AccountKind::User);
        shop.sandbox.add_collaborator_as("by-hand", REPO, "write");
        shop.advance(DAY - MINUTE);
        shop.sandbox.add_invitation("invited", REPO);
        let items = compared(&shop).await;
        assert_eq!(kinds(&items), ["extra", "extra"]);
        let of = |login: &str| items.iter().find(|item| item["github_username"] == login).unwrap();
        let (collaborator, invited) = (&of("by-hand")["evidence"], &of("invited")["evidence"]);
        assert_eq!((&collaborator["place"], &collaborator["role"]), (&json!("collaborator"), &json!("push")));
        assert_eq!((&collaborator["let_in"], &collaborator["licenses"]), (&Value::Null, &json!([])));
        assert_eq!(invited["place"], "invitation");
        assert!(invited["inviter"].is_string() && invited["invited_at"].is_string(), "{invited}");
        assert_eq!(shop.sandbox.collaborators(REPO), ["by-hand"]);
        assert_eq!(shop.sandbox.invitations(REPO).len(), 1);
        assert_eq!(shop.count("grants"), 0);
    });
}

#[test]
fn whoever_was_removed_by_hand_is_reported_and_stays_out_until_the_operator_says_otherwise() {
    run(async {
        let shop = shop().await;
        let key = let_in(&shop, "octocat").await;
        shop.sandbox.remove_collaborator("octocat", REPO);
        let items = compared(&shop).await;
        assert_eq!((kinds(&items), state(&shop).as_str()), (vec!["removed_by_hand"], "removed_by_hand"));
        let evidence = &items[0]["evidence"];
        assert_eq!(
            (&evidence["let_in"]["order_id"], &evidence["let_in"]["cause"]),
            (&json!("sale-octocat"), &json!("activation"))
        );
        assert_eq!(evidence["licenses"][0]["license_key"], key.as_str());
        assert_eq!(evidence["history"].as_array().unwrap().last().unwrap()["cause"], "drift");
        // Not even whoever has the key gets in again by themselves.
        assert_eq!(shop.activate(&key, "octocat").await.repos(), [(REPO, "queued")]);
        shop.tick_after(MINUTE).await;
        assert!(shop.sandbox.invitations(REPO).is_empty());
        let row = shop.value("SELECT id FROM outbox WHERE kind = 'grant'");
        assert_eq!(change_for_a_reason(&shop, &format!("/admin/outbox/{row}/retry")).await.status, 200);
        shop.tick_after(MINUTE).await;
        assert_eq!((state(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("invited", 1));
        assert!(compared(&shop).await.is_empty());
    });
}

#[test]
fn whoever_was_removed_by_hand_stays_out_when_a_dispute_is_won_or_a_license_goes_on() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.sandbox.remove_collaborator("octocat", REPO);
        compared(&shop).await;
        shop.deliver(&shop.sandbox.gumroad_dispute("sale-octocat")).await;
        shop.deliver(&shop.sandbox.gumroad_dispute_won("sale-octocat")).await;
        assert_eq!(shop.value("SELECT status FROM licenses"), "active");
        shop.tick_after(MINUTE).await;
        assert_eq!((state(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("removed_by_hand", 0));
        // It ends, and goes on.
        shop.rows("UPDATE licenses SET expires_at = 1, catalogue_expires_at = 1");
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("licenses WHERE ended = 1"), 1);
        shop.rows("UPDATE licenses SET expires_at = NULL, catalogue_expires_at = NULL");
        shop.deliver(&shop.sandbox.gumroad_dispute_won("sale-octocat")).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("licenses WHERE ended = 0"), 1);
        assert_eq!((state(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("removed_by_hand", 0));
        shop.calls();
        shop.sandbox.take_mails();
    });
}

#[test]
fn whoever_comes_back_by_the_sellers_hand_is_a_member_again() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.sandbox.remove_collaborator("octocat", REPO);
        compared(&shop).await;
        shop.sandbox.add_collaborator("octocat", REPO);
        assert!(compared(&shop).await.is_empty());
        assert_eq!(state(&shop), "member");
    });
}

#[test]
fn a_member_of_the_organization_stands_on_no_list_and_is_not_taken_for_removed() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.sandbox.add_member("octocat", REPO);
        assert!(compared(&shop).await.is_empty());
        assert_eq!(state(&shop), "member");
    });
}

#[test]
fn access_that_was_lost_on_our_side_is_given_again() {
    run(async {
        for lost in [
            "DELETE FROM grants",
            "UPDATE grants SET state = 'pending', history = json_array(json_object('at', since_at, 'state', 'pending', 'cause', 'activation'))",
        ] {
            let shop = shop().await;
            sell_to(&shop, "octocat").await;
            shop.sandbox.decline_invitation("octocat", REPO).unwrap();
            shop.look_away();
            shop.rows(lost);
            assert_eq!(kinds(&compared(&shop).await), ["missing"], "{lost}");
            assert_eq!((state(&shop).as_str(), shop.sandbox.invitations(REPO).len()), ("invited", 1), "{lost}");
            assert!(compared(&shop).await.is_empty(), "{lost}");
        }
    });
}

#[test]
fn what_the_operator_canceled_is_listed_as_missing_and_not_given_again() {
    run(async {
        let shop = shop().await;
        sell_to(&shop, "octocat").await;
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        shop.rows("UPDATE grants SET state = 'pending', history = json_array(json_object('at', since_at, 'state', 'pending', 'cause', 'activation'))");
        shop.rows("UPDATE outbox SET outcome = 'canceled' WHERE kind = 'grant'");
        assert_eq!(kinds(&compared(&shop).await), ["missing"]);
        assert!(shop.sandbox.invitations(REPO).is_empty());
    });
}

#[test]
fn another_permission_another_login_and_another_name_are_listed_and_followed() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.sandbox.add_collaborator_as("octocat", REPO, "maintain");
        shop.sandbox.rename_user("octocat", "octocat-2");
        shop.sandbox.rename_repo(REPO, "starter-kit");
        let items = compared(&shop).await;
        let mut found = kinds(&items);
        found.sort_unstable();
        assert_eq!(found, ["renamed", "renamed", "wrong_permission"]);
        let of = |kind: &str, account: Value| {
            items.iter().find(|item| item["kind"] == kind && item["github_user_id"] == account).unwrap()
        };
        let octocat = json!(583_231);
        assert_eq!(of("renamed", Value::Null)["evidence"]["name"], "acme/starter-kit");
        assert_eq!(of("renamed", octocat.clone())["evidence"]["name"], "octocat");
        let wrong = &of("wrong_permission", octocat)["evidence"];
        assert_eq!((&wrong["role"], &wrong["permission"]), (&json!("maintain"), &json!("pull")));
        assert_eq!(shop.value("SELECT github_username FROM grants"), "octocat-2");
        assert_eq!(
            shop.sandbox.role("octocat-2", "acme/starter-kit").as_deref(),
            Some("maintain"),
            "it is not touched"
        );
        // The next one finds what is still so.
        let mut still = compared(&shop).await;
        still.retain(|item| item["kind"] != "wrong_permission");
        assert_eq!((kinds(&still), &still[0]["github_user_id"]), (vec!["renamed"], &Value::Null));
    });
}

#[test]
fn buyers_are_invited_to_and_removed_from_a_repository_that_was_renamed() {
    run(async {
        let shop = shop().await;
        shop.sandbox.rename_repo(REPO, "starter-kit");
        sell_to(&shop, "octocat").await;
        assert_eq!(shop.sandbox.invitations("acme/starter-kit").len(), 1);
        shop.sandbox.accept_invitation("octocat", "acme/starter-kit").unwrap();
        shop.sandbox.gumroad_refund("sale-octocat");
        assert_eq!(shop.deliver(&shop.sandbox.gumroad_resend("sale-octocat")).await.status, 200);
        for _ in 0..3 {
            shop.tick_after(MINUTE).await;
        }
        assert!(shop.sandbox.collaborators("acme/starter-kit").is_empty());
        assert_eq!(state(&shop), "revoked");
    });
}

#[test]
fn an_account_that_is_gone_is_listed_and_left_as_it_is() {
    run(async {
        let shop = shop().await;
        let_in(&shop, "octocat").await;
        shop.sandbox.remove_collaborator("octocat", REPO);
        shop.sandbox.remove_user("octocat");
        assert_eq!(kinds(&compared(&shop).await), ["account_gone"]);
        assert_eq!(state(&shop), "member");
    });
}

#[test]
fn access_from_before_and_what_is_being_changed_are_no_difference() {
    run(async {
        let shop = shop().await;
        shop.sandbox.add_collaborator_as("octocat", REPO, "maintain");
        sell_to(&shop, "octocat").await;
        assert!(compared(&shop).await.is_empty(), "what was there before is more, and stays");
        let shop = self::shop().await;
        let_in(&shop, "octocat").await;
        shop.advance(DAY);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(502)).method("DELETE"));
        shop.sandbox.gumroad_refund("sale-octocat");
        assert_eq!(shop.deliver(&shop.sandbox.gumroad_resend("sale-octocat")).await.status, 200);
        shop.tick_after(MINUTE).await;
        assert_eq!(kinds(&found(&shop).await), [""; 0], "it is about to be taken away");
    });
}

#[test]
fn the_operator_has_repositories_compared_at_once() {
    run(async {
        let shop = shop().await;
        shop.sandbox.add_collaborator("octocat", REPO);
        let asked = json!({ "reason": "a buyer wrote", "repo": "ACME/Starter" });
        let answer = change(&shop, "/admin/drift/check", &asked).await;
        assert_eq!((answer.status, &answer.body), (202, &json!({ "repos": [REPO] })));
        let items = found(&shop).await;
        assert_eq!(kinds(&items), ["extra"]);
        assert_eq!(
            shop.value("SELECT action || ' ' || target FROM admin_actions WHERE action = 'drift.check'"),
            "drift.check ACME/Starter"
        );
        for (query, count) in [("kind=extra&repo=acme/STARTER", 1), ("kind=missing", 0), ("github=octocat", 1)] {
            let answer = ask(&shop, &format!("/admin/drift?{query}")).await;
            assert_eq!(answer.body["items"].as_array().unwrap().len(), count, "{query}");
        }
        let unknown = change(&shop, "/admin/drift/check", &json!({ "reason": "why", "repo": "acme/none" })).await;
        assert_eq!(unknown.status, 404);
        assert_eq!(shop.count("admin_actions WHERE action = 'drift.check'"), 1);
    });
}

#[test]
fn a_repository_that_the_catalogue_drops_is_compared_no_more() {
    run(async {
        let shop = shop().await;
        shop.sandbox.add_collaborator("octocat", REPO);
        assert_eq!(compared(&shop).await.len(), 1);
        let entry =
            format!("[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"acme/kit\"]\n");
        shop.map(&catalogue_of(&entry)).await;
        assert!(found(&shop).await.is_empty());
        shop.calls();
        compared(&shop).await;
        let calls = shop.calls();
        assert!(
            calls.iter().any(|call| call.contains("/acme/kit/"))
                && !calls.iter().any(|call| call.contains("/acme/starter/")),
            "{calls:?}"
        );
    });
}

#[test]
fn long_lists_are_read_over_several_ticks_and_a_failure_in_between_begins_anew() {
    run(async {
        let shop = shop().await;
        for number in 0..250 {
            let login = format!("somebody-{number}");
            shop.sandbox.add_user(&login, AccountKind::User);
            shop.sandbox.add_collaborator(&login, REPO);
        }
        shop.advance(DAY);
        shop.tick_after(MINUTE).await;
        assert!(found(&shop).await.is_empty() && shop.count("repository_watches WHERE comparison IS NOT NULL") == 1);
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(502)).times(1));
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("repository_watches WHERE comparison IS NULL AND compare_error IS NOT NULL"), 1);
        for _ in 0..12 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("drift WHERE kind = 'extra'"), 250);
        let page = ask(&shop, "/admin/drift?limit=100").await.body;
        assert_eq!(page["items"].as_array().unwrap().len(), 100);
        let next = page["next_cursor"].as_str().unwrap();
        let page = ask(&shop, &format!("/admin/drift?limit=100&cursor={next}")).await.body;
        assert_eq!(page["items"][99]["github_username"], "somebody-199");
    });
}

#[test]
fn of_a_persons_repository_everybody_writes_and_the_owner_is_no_difference() {
    run(async {
        let shop = Shop::open();
        shop.sandbox.add_repo("ada/kit", AccountKind::User);
        let entry = format!(
            "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"ada/kit\"]\npermission = \"push\"\n"
        );
        shop.map(&catalogue_of(&entry)).await;
        shop.sandbox.add_collaborator_as("octocat", "ada/kit", "write");
        assert_eq!(kinds(&compared(&shop).await), ["extra"]);
    });
}
