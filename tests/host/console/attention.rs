//! What needs somebody, by cause.

use latchkey_sandbox::GumroadSale;

use super::{CONSOLE, signed_in};
use crate::shop::{STARTER, Shop, catalogue_of, run};

#[test]
fn one_line_a_cause_says_how_many_it_holds_up_and_what_helps() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let seen = browser.submit("/console/sign-in", &[("token", crate::shop::ADMIN_TOKEN)]).await;
        assert_eq!((seen.status, seen.header("location")), (303, Some("/console/attention")));
        assert!(browser.look("/console/attention").await.text().contains("Nothing needs you"));

        shop.stock(&catalogue_of(""));
        for product in [STARTER, STARTER, "another=="] {
            let sale = GumroadSale { product_id: Some(product.to_owned()), ..GumroadSale::default() };
            assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
        }
        for number in 0..3 {
            let garbled = crate::shop::post(
                &format!("/webhooks/gumroad?secret={}", latchkey_sandbox::GUMROAD_SECRET),
                "application/x-www-form-urlencoded",
                format!("garbled={number}").as_bytes(),
            );
            assert_eq!(shop.request(garbled).await.status, 200);
        }
        let seen = browser.look("/console/attention").await;
        assert_eq!(seen.html.matches("<tr><td>").count(), 3, "{}", seen.text());
        assert!(
            seen.text().contains(&format!("sold the product {STARTER}, and the catalogue does not say what it opens2"))
        );
        assert!(seen.text().contains("Say in the catalogue what the product opens."));
        let all = super::deliveries::link(&seen.html, "/console/deliveries/replay?").replace("&#38;", "&");
        let asked = browser.look(&all).await;
        assert!(asked.text().contains("not processed: 3."), "{}", asked.text());
    });
}

#[test]
fn what_was_given_up_leads_to_the_form_that_tries_it_again() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        shop.rows(
            "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL, last_error = 'no mailbox'",
        );
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/attention").await;
        assert!(seen.text().contains("no mailbox") && seen.text().contains("mail with the key"), "{}", seen.text());
        assert!(!seen.html.contains(&key));
        let retry = super::deliveries::link(&seen.html, "/console/outbox/");
        let seen = browser.submit(&retry, &[("reason", "the mailbox is there")]).await;
        assert!(seen.text().contains("It is due"));
        shop.tick().await;
        assert_eq!(shop.sandbox.take_mails().len(), 1);
    });
}

#[test]
fn what_an_outage_has_left_leads_to_the_form_that_tries_all_of_it_again() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        for _ in 0..3 {
            shop.sell_starter().await;
        }
        shop.rows(
            "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL, last_error = 'Postmark & <co> are away'",
        );
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/attention").await;
        let all = super::deliveries::link(&seen.html, "/console/outbox/retry?").replace("&#38;", "&");
        let asked = browser.look(&all).await;
        assert!(asked.text().contains("and matching: 3. People affected: 1."), "{}", asked.text());
        assert!(
            asked.text().contains("Only those whose error says: Postmark &amp; &lt;co&gt; are away"),
            "{}",
            asked.text()
        );
        let fields = [
            ("kind", "license_mail"),
            ("error", "Postmark & <co> are away"),
            ("expected_count", "3"),
            ("reason", "back"),
        ];
        let seen = browser.submit("/console/outbox/retry", &fields).await;
        assert!(seen.text().contains("Made due: 3."), "{}", seen.text());
        assert!(browser.look("/console/attention").await.html.matches("/console/outbox/retry?").count() == 0);

        // What came back for its address, and what told the operator, is no matter of trying all again.
        shop.rows("UPDATE outbox SET state = 'dead', died_at = 1, next_attempt_at = NULL, reference = 'm' || id, last_error = 'bounced'");
        shop.rows("INSERT INTO returned_mails SELECT reference, id, 'bounced', 'bounced', 1 FROM outbox");
        let seen = browser.look("/console/attention").await;
        assert!(
            seen.text().contains("The mail came back") && !seen.html.contains("/console/outbox/retry?"),
            "{}",
            seen.text()
        );
    });
}
