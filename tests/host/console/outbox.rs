//! What is to be done, trying it again and leaving it.

use super::{CONSOLE, signed_in};
use crate::shop::{Shop, run};

/// The key whose mail the provider refused so often that it was given up, and the number of the mail's row.
async fn given_up(shop: &Shop) -> (String, String) {
    let key = shop.sell_starter().await;
    shop.rows(
        "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL, attempts = 8, \
         last_error = '<b>no mailbox</b>' WHERE kind = 'license_mail' AND state = 'done'",
    );
    (key, shop.value("SELECT id FROM outbox WHERE kind = 'license_mail'"))
}

#[test]
fn what_was_given_up_is_tried_again_for_a_reason_and_in_a_name() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let (key, id) = given_up(&shop).await;
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/outbox?state=dead&kind=").await;
        assert!(seen.text().contains("mail with the key") && seen.text().contains("given up"), "{}", seen.text());
        assert!(seen.html.contains("&#60;b&#62;no mailbox&#60;/b&#62;"), "{}", seen.html);
        assert!(!seen.html.contains(&key), "a key is shown masked");
        let path = format!("/console/outbox/{id}/retry");
        assert!(seen.html.contains(&format!("href=\"{path}\"")));
        assert!(browser.look(&path).await.text().contains("The last attempt failed: &lt;b&gt;no mailbox"));

        let seen = browser.post(&path, &[("reason", "")]).await;
        assert_eq!(seen.status, 400);
        assert!(seen.text().contains("This is needed."), "{}", seen.text());
        let seen = browser.submit(&path, &[("reason", "the mailbox is there"), ("actor", "Eve")]).await;
        assert!(seen.text().contains("It is due, and tried within a minute."));
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["actor"]), (&"outbox.retry".into(), &"Ada".into()));
        shop.tick().await;
        shop.sandbox.take_mails();

        let seen = browser.post(&path, &[("reason", "once more")]).await;
        assert_eq!(seen.status, 409);
        assert!(seen.text().contains("This is done") && seen.html.contains("value=\"once more\""), "{}", seen.html);
    });
}

#[test]
fn what_is_canceled_is_not_tried() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let (_, id) = given_up(&shop).await;
        let browser = signed_in(&shop).await;
        let seen =
            browser.submit(&format!("/console/outbox/{id}/cancel"), &[("reason", "a friend has told them")]).await;
        assert!(seen.text().contains("It is canceled, and not tried any more."));
        assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'license_mail'"), "canceled");
        assert_eq!(browser.get("/console/outbox/4711/cancel").await.status, 404);
        assert_eq!(browser.get("/console/outbox/x/cancel").await.status, 404);
        assert_eq!(browser.get("/console/outbox?state=lost").await.status, 400);
    });
}

#[test]
fn all_that_was_given_up_is_tried_again_after_a_count_of_mails_and_people() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        for _ in 0..3 {
            given_up(&shop).await;
        }
        let browser = signed_in(&shop).await;
        for without in ["state=done", "state=leased", "kind=alert_mail"] {
            let seen = browser.look(&format!("/console/outbox?{without}")).await;
            assert!(!seen.html.contains("href=\"/console/outbox/retry"), "{without}");
        }
        let seen = browser.look("/console/outbox?state=dead&kind=license_mail").await;
        let path = "/console/outbox/retry?state=dead&kind=license_mail";
        assert!(seen.html.contains(&path.replace('&', "&#38;")), "{}", seen.html);
        let asked = browser.look(path).await;
        assert!(asked.text().contains("and matching: 3. People affected: 1."), "{}", asked.text());
        assert!(asked.text().contains("Of the kind: mail with the key."), "{}", asked.text());
        assert!(asked.html.contains("<input type=\"hidden\" name=\"expected_count\" value=\"3\">"), "{}", asked.html);

        let fields = [("state", "dead"), ("kind", "license_mail"), ("expected_count", "3")];
        let seen = browser.post("/console/outbox/retry", &fields).await;
        assert_eq!((seen.status, shop.count("outbox WHERE state = 'dead'")), (400, 3));
        assert!(seen.text().contains("This is needed."), "{}", seen.text());

        // Somebody else was faster with one of them: what was seen is not what there is.
        let id = shop.value("SELECT min(id) FROM outbox WHERE state = 'dead'");
        browser.submit(&format!("/console/outbox/{id}/retry"), &[("reason", "she wrote")]).await;
        let fields = [fields.as_slice(), &[("reason", "the provider is back"), ("actor", "Eve")]].concat();
        let seen = browser.post("/console/outbox/retry", &fields).await;
        assert_eq!((seen.status, shop.count("outbox WHERE state = 'dead'")), (409, 2));
        assert!(seen.text().contains("2 would be tried again by now"), "{}", seen.text());
        assert!(
            seen.html.contains("name=\"expected_count\" value=\"2\"")
                && seen.html.contains("value=\"the provider is back\"")
        );

        let fields = [("state", "dead"), ("expected_count", "2"), ("reason", "the provider is back"), ("actor", "Eve")];
        let seen = browser.submit("/console/outbox/retry", &fields).await;
        assert!(seen.text().contains("Made due: 2."), "{}", seen.text());
        let action = shop.record("admin_actions", "action = 'outbox.retry_all'");
        assert_eq!((&action["actor"], &action["reason"]), (&"Ada".into(), &"the provider is back".into()));
        assert!(browser.look("/console/actions").await.text().contains("had all that match tried again"));
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 3, "each once");
        assert_eq!(browser.get("/console/outbox/retry?state=lost").await.status, 400);
    });
}
