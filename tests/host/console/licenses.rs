//! What buyers have: finding it, its story, and changing it.

use super::deliveries::link;
use super::{CONSOLE, signed_in};
use crate::pages::{Browser, Seen};
use crate::shop::{Shop, run};

/// Finds a license, and gives where its story is.
async fn found(browser: &Browser<'_>, field: &str, value: &str) -> String {
    let seen = browser.submit("/console/licenses", &[(field, value)]).await;
    assert_eq!(seen.status, 200, "{}", seen.text());
    link(&seen.html, "/console/licenses/")
}

/// Does something to a license, and gives its page after that.
async fn change(browser: &Browser<'_>, path: &str, what: &str, fields: &[(&str, &str)]) -> Seen {
    let path = format!("{path}/{what}");
    browser.look(&path).await;
    browser.submit(&path, &[fields, &[("reason", "asked by mail")]].concat()).await
}

#[test]
fn a_license_is_found_by_mail_order_key_and_account_and_no_address_says_by_which() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.calls();
        let (email, order) = (shop.value("SELECT email FROM licenses"), shop.value("SELECT order_id FROM licenses"));
        let browser = signed_in(&shop).await;
        shop.log_text();
        let mut paths = Vec::new();
        for (field, value) in [("email", email.as_str()), ("order", &order), ("key", &key), ("github", "OctoCat")] {
            let led = browser.post("/console/licenses", &[(field, value), ("other", "x")]).await;
            let address = led.header("location").unwrap().to_owned();
            assert!(!address.contains(value) && address.starts_with("/console/licenses?find="), "{address}");
            let seen = browser.look(&address).await;
            assert!(
                seen.html.contains(&format!("value=\"{}\"", value.to_lowercase().as_str()))
                    || seen.html.contains(value)
            );
            paths.push(link(&seen.html, "/console/licenses/"));
        }
        paths.dedup();
        assert_eq!(paths.len(), 1, "each leads to the same license");
        assert!(!paths[0].contains(&key));
        let story = browser.look(&paths[0]).await;
        for said in ["An active license", "octocat", "acme/starter-docs", &email, "was issued", "Show the whole key"] {
            assert!(story.text().contains(said), "{said}: {}", story.text());
        }
        assert!(!story.html.contains(&key), "the whole key is not there for who does not ask");
        let log = shop.log_text();
        for secret in [&key, &email, &order] {
            assert!(!log.contains(secret.as_str()), "{log}");
        }
        let none = browser.submit("/console/licenses", &[("email", "nobody@example.com")]).await;
        assert!(none.text().contains("Nothing is here."));
        assert_eq!(browser.post("/console/licenses", &[("github", &"x".repeat(600))]).await.status, 400);
        assert_eq!(
            browser.post("/console/licenses", &[("email", " ")]).await.header("location"),
            Some("/console/licenses")
        );
    });
}

#[test]
fn a_list_of_licenses_goes_on_and_no_address_names_a_key() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        shop.rows(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 60)
             INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at)
             SELECT printf('LK-AAAAA-BBBBB-CCCCC-%05d', n), 'gumroad', 'o' || n, 'p', 'pro', 'ada@example.com', '', 0, 1 FROM n",
        );
        let browser = signed_in(&shop).await;
        let first = browser.look("/console/licenses").await;
        let next = link(&first.html, "/console/licenses?");
        let second = browser.look(&next).await;
        let rows = |seen: &Seen| seen.html.matches("<tr><td><a").count();
        assert_eq!((rows(&first), rows(&second)), (50, 10));
        assert!(!first.html.contains("LK-AAAAA") && !second.html.contains("LK-AAAAA"));
        let found = browser.submit("/console/licenses", &[("email", "ada@example.com")]).await;
        assert_eq!(
            (rows(&found), rows(&browser.look(&link(&found.html, "/console/licenses?").replace("&#38;", "&")).await)),
            (50, 10)
        );
    });
}

#[test]
fn a_license_is_revoked_reinstated_and_transferred_and_it_is_said_whom_that_touches() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        let browser = signed_in(&shop).await;
        let path = found(&browser, "key", &key).await;
        let asked = browser.look(&format!("{path}/revoke")).await;
        assert!(asked.text().contains("Nobody has activated it, so nobody loses access."), "{}", asked.text());
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        let asked = browser.look(&format!("{path}/revoke")).await;
        assert!(asked.text().contains("It touches one person: octocat loses"), "{}", asked.text());
        assert!(asked.text().contains("so many repositories: 2."), "{}", asked.text());
        assert_eq!(shop.value("SELECT status FROM licenses"), "active", "to look changes nothing");

        let seen = change(&browser, &path, "revoke", &[]).await;
        assert!(seen.text().contains("The license is revoked") && seen.text().contains("A revoked license"));
        assert!(seen.text().contains("Ada revoked the license") && seen.text().contains("asked by mail"));
        assert_eq!(shop.value("SELECT status FROM licenses"), "revoked");
        let again = browser.post(&format!("{path}/revoke"), &[("reason", "twice")]).await;
        assert_eq!(again.status, 409);
        assert!(again.text().contains("revoked by the operator already"), "{}", again.text());

        let seen = change(&browser, &path, "reinstate", &[]).await;
        assert!(seen.text().contains("The license is good again"), "{}", seen.text());
        let seen = change(&browser, &path, "transfer", &[("to", "grace-hopper")]).await;
        assert!(seen.text().contains("belongs to the other account now"), "{}", seen.text());
        assert_eq!(shop.value("SELECT github_username FROM license_activations"), "grace-hopper");
        let wrong = browser.post(&format!("{path}/transfer"), &[("to", "not a name"), ("reason", "x")]).await;
        assert_eq!(wrong.status, 400);
        assert!(
            wrong.html.contains("id=\"to-error\"") && wrong.html.contains("value=\"not a name\""),
            "{}",
            wrong.html
        );
        shop.tick().await;
        shop.calls();
        let actors = shop.rows("SELECT DISTINCT actor FROM admin_actions");
        assert_eq!(actors[0].text("actor").unwrap(), "Ada");
    });
}

#[test]
fn an_address_is_corrected_and_the_key_goes_there() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        let browser = signed_in(&shop).await;
        let path = found(&browser, "key", &key).await;
        let seen = change(&browser, &path, "correct-email", &[("to", "right@example.com")]).await;
        assert!(seen.text().contains("The address is corrected"), "{}", seen.text());
        shop.tick().await;
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.len(), 1);
        let seen = change(&browser, &path, "resend", &[]).await;
        assert!(seen.text().contains("The mail with the key goes out again"), "{}", seen.text());
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
    });
}

#[test]
fn a_link_to_a_license_is_nobodys_who_made_it_up_and_ends_with_the_token() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        let browser = signed_in(&shop).await;
        let path = found(&browser, "key", &key).await;
        for made_up in [format!("/console/licenses/{key}"), format!("{path}A"), "/console/licenses/x".to_owned()] {
            let seen = browser.get(&made_up).await;
            assert_eq!(seen.status, 404, "{made_up}");
            assert!(seen.text().contains("Search for the license again."), "{}", seen.text());
        }
        assert_eq!(browser.get("/console/licenses?find=x").await.status, 404);
        assert_eq!(browser.get("/console/licenses?cursor=x").await.status, 404);
    });
}

#[test]
fn whoever_looks_at_a_whole_key_says_why_and_is_recorded() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        let browser = signed_in(&shop).await;
        let path = found(&browser, "key", &key).await;
        let masked = browser.look(&path).await;
        assert!(
            !masked.html.contains(&key) && masked.html.contains(&format!("href=\"{path}/key\"")),
            "{}",
            masked.html
        );
        let asked = browser.look(&format!("{path}/key")).await;
        assert!(asked.text().contains("it is recorded that you have looked at it"), "{}", asked.text());
        assert!(!asked.html.contains(&key));
        let refused = browser.post(&format!("{path}/key"), &[]).await;
        assert_eq!((refused.status, shop.count("admin_actions")), (400, 0));
        assert!(!refused.html.contains(&key), "nothing is shown without a reason");
        let shown = browser.post(&format!("{path}/key"), &[("reason", "she reads it to him")]).await;
        assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")));
        assert!(shown.text().contains(&key), "{}", shown.text());
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["actor"]), (&"license.show_key".into(), &"Ada".into()));
        assert!(browser.look(&path).await.text().contains("Ada looked at the whole key"));
        let list = browser.look("/console/actions").await;
        assert!(list.text().contains("looked at the whole key") && !list.html.contains(&key), "{}", list.text());
        assert!(!shop.log_text().contains(&key));
        assert_eq!(browser.get("/console/licenses/made-up/key").await.status, 404);
    });
}
