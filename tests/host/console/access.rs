//! Who can get into what, where GitHub says otherwise, and bringing licenses to the catalogue.

use std::time::Duration;

use serde_json::json;

use super::{CONSOLE, signed_in};
use crate::pages::form;
use crate::shop::{STARTER, Shop, catalogue_of, run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

/// A shop whose starter kit opens these.
async fn shop(repos: &[&str]) -> Shop {
    let shop = Shop::open_with(&CONSOLE);
    map(&shop, repos).await;
    shop
}

async fn map(shop: &Shop, repos: &[&str]) {
    let entry = format!(
        "[[gumroad]]\nproduct_id = {STARTER:?}\nname = \"Acme Starter Kit\"\ntier = \"pro\"\nrepos = {repos:?}\n"
    );
    shop.map(&catalogue_of(&entry)).await;
}

#[test]
fn each_repository_is_shown_with_who_is_in_invited_and_waits() {
    run(async {
        let shop = shop(&["acme/starter"]).await;
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/access").await;
        assert!(seen.cells().contains("acme/starter 0 1 0 0 1 of 45 none not yet"), "{}", seen.cells());
        let seen = browser.look("/console/access/repository?repo=acme%2Fstarter").await;
        assert!(seen.cells().contains("octocat invited"), "{}", seen.cells());
        assert!(seen.html.contains("href=\"/console/access/grants?github=octocat\""), "{}", seen.html);
        let seen = browser.look("/console/access/grants?github=octocat&repo=&state=invited").await;
        assert!(seen.cells().contains("octocat acme/starter invited"), "{}", seen.cells());
        assert!(!seen.html.contains(&key), "a key is shown masked");
        assert!(browser.look("/console/access/grants?state=member").await.cells().contains("Nothing is here."));
        assert_eq!(browser.get("/console/access/grants?state=lost").await.status, 400);
        assert_eq!(browser.get("/console/access/repository?repo=acme").await.status, 404);
    });
}

#[test]
fn a_difference_tells_who_let_the_account_in_when_and_for_which_order() {
    run(async {
        let shop = shop(&["acme/starter"]).await;
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        shop.rows(
            "UPDATE grants SET state = 'member', until_at = NULL,
                    history = json_insert(history, '$[#]', json_object('at', since_at, 'state', 'member', 'cause', 'look'))",
        );
        shop.tick_after(DAY).await;
        shop.tick_after(Duration::from_secs(60)).await;
        shop.sandbox.add_collaborator("grace-hopper", "acme/starter");
        shop.sandbox.remove_collaborator("octocat", "acme/starter");

        let browser = signed_in(&shop).await;
        let check = "/console/access/check";
        let asked = browser.look(&format!("{check}?repo=acme%2Fstarter")).await;
        assert!(asked.cells().contains("acme/starter is compared."), "{}", asked.cells());
        let refused = browser.post(check, &[("repo", "acme/starter"), ("reason", "")]).await;
        assert_eq!((refused.status, shop.count("admin_actions WHERE action = 'drift.check'")), (400, 0));
        let seen = browser.submit(check, &[("repo", "acme/starter"), ("reason", "somebody asks")]).await;
        assert!(seen.cells().contains("Repositories that are compared now: 1."), "{}", seen.cells());
        for _ in 0..3 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        shop.sandbox.take_mails();

        let seen = browser.look("/console/access/drift").await.cells();
        assert!(seen.contains("in for no license acme/starter grace-hopper"), "{seen}");
        assert!(seen.contains("We never let it in: no license of it is on record."), "{seen}");
        let order = shop.value("SELECT order_id FROM orders");
        assert!(seen.contains(&format!("order {order} at Gumroad")), "{seen}");
        assert!(!seen.contains(&key), "a key is shown masked");
        let extra = browser.look("/console/access/drift?kind=extra").await.cells();
        assert!(extra.contains("grace-hopper") && !extra.contains("octocat"), "{extra}");
    });
}

#[test]
fn what_an_account_had_before_is_taken_for_a_reason() {
    run(async {
        let shop = shop(&["acme/starter"]).await;
        shop.sandbox.add_collaborator("octocat", "acme/starter");
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        assert_eq!(shop.value("SELECT earlier FROM grants"), "pull");
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/access/grants").await;
        assert!(seen.cells().contains("before any license it had: read Take that"), "{}", seen.cells());
        let account = shop.value("SELECT github_user_id FROM grants");
        let fields = [("github_user_id", account.as_str()), ("repo", "acme/starter")];
        let path = "/console/access/forget-earlier";
        let asked = browser.look(&format!("{path}?{}", form(&fields))).await;
        assert!(asked.cells().contains("octocat had access to acme/starter before any license"), "{}", asked.cells());
        let refused = browser.post(path, &fields).await;
        assert_eq!((refused.status, shop.value("SELECT earlier FROM grants").as_str()), (400, "pull"));
        let seen = browser.submit(path, &[fields.as_slice(), &[("reason", "left the team")]].concat()).await;
        assert!(seen.cells().contains("It is forgotten"), "{}", seen.cells());
        assert_eq!(shop.count("grants WHERE earlier IS NULL"), 1);
        assert_eq!(browser.get(&format!("{path}?github_user_id=0&repo=acme%2Fstarter")).await.status, 404);
        assert_eq!(browser.get(&format!("{path}?github_user_id=7&repo=acme%2Fstarter")).await.status, 404);
    });
}

#[test]
fn licenses_are_brought_to_the_catalogue_by_a_plan_that_counts_people_and_for_a_reason() {
    run(async {
        let shop = shop(&["acme/starter"]).await;
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        map(&shop, &["acme/kit"]).await;
        let browser = signed_in(&shop).await;
        let path = "/console/access/sync";
        let seen = browser.look(path).await;
        let text = seen.cells();
        assert!(text.contains("Licenses that would open something else: 1."), "{text}");
        assert!(text.contains("People whose access would change: 1."), "{text}");
        assert!(text.contains("acme/kit 1 0 0 0") && text.contains("acme/starter 0 1 0 0"), "{text}");
        assert_eq!(shop.count("admin_actions WHERE action = 'grants.sync'"), 0, "a plan changes nothing");
        let version = shop.value("SELECT version FROM catalogue");
        let fields = [("product", ""), ("expected_version", version.as_str())];
        let refused = browser.post(path, &fields).await;
        assert_eq!(refused.status, 400);
        assert!(refused.cells().contains("This is needed."), "{}", refused.cells());

        map(&shop, &["acme/kit", "acme/starter"]).await;
        let fields = |version| [("product", ""), ("expected_version", version), ("reason", "the kit has moved")];
        let late = browser.post(path, &fields(version.as_str())).await;
        assert_eq!(late.status, 409, "the plan that was seen is another");
        assert!(late.html.contains("value=\"the kit has moved\""));
        let version = shop.value("SELECT version FROM catalogue");
        let seen = browser.submit(path, &fields(version.as_str())).await;
        assert!(seen.cells().contains("Accounts whose access changes within minutes: 1."), "{}", seen.cells());
        let action = shop.record("admin_actions", "action = 'grants.sync'");
        assert_eq!((&action["actor"], &action["reason"]), (&json!("Ada"), &json!("the kit has moved")));
        assert_eq!(shop.count("entitlements"), 2);
        let none = browser.look(&format!("{path}?product=another")).await;
        assert!(none.cells().contains("Licenses that were looked at: 0."), "{}", none.cells());
    });
}
