//! The pages that only look: the doctor, sales, and what is still to be set up.

use latchkey_sandbox::{Fault, FaultKind, GumroadSale, Service};

use super::{CONSOLE, signed_in};
use crate::shop::{Shop, run};

#[test]
fn the_doctor_shows_each_check_by_a_word_and_what_mends_it() {
    run(async {
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("GITHUB_TOKEN", "")]].concat());
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/doctor").await;
        let text = seen.cells();
        for shown in ["Failed: ", "Failed GitHub's token it is not set Put GITHUB_TOKEN with", "OK database", "Skipped"]
        {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        let failed = text.find("Failed GitHub's token").unwrap();
        assert!(failed < text.find("OK database").unwrap(), "what failed comes first: {text}");
        assert!(seen.html.contains("/assets/icons.svg#bad") && seen.html.contains("/assets/icons.svg#good"));
    });
}

#[test]
fn a_product_that_is_not_mapped_leads_from_the_doctor_to_the_products() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let sale = GumroadSale { product_id: Some("<i>new</i>".to_owned()), ..GumroadSale::default() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/doctor").await;
        assert!(seen.html.contains("gumroad &lt;i&gt;new&lt;/i&gt;"), "{}", seen.html);
        assert!(seen.html.contains("<a href=\"/console/products\">Products</a>"), "{}", seen.html);
    });
}

#[test]
fn sales_are_counted_by_day_and_product_with_what_was_refunded_and_what_waits() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        let sold = |id: &str| GumroadSale { sale_id: Some(id.to_owned()), ..GumroadSale::default() };
        shop.activate(&key, "octocat").await;
        let now = shop.value("SELECT strftime('%Y-%m-%d', max(sold_at) / 1000, 'unixepoch') FROM orders");
        shop.deliver(&shop.sandbox.sell_on_gumroad(sold("one"))).await;
        shop.deliver(&shop.sandbox.sell_on_gumroad(sold("long-ago"))).await;
        shop.sandbox.take_mails();
        shop.rows("UPDATE orders SET sold_at = 1000 * unixepoch('2020-02-29T23:59:59') WHERE order_id = 'long-ago'");
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'one', 'partially_refunded', 1)");
        let browser = signed_in(&shop).await;
        let path = format!("/console/sales?days=7&until={now}");
        let text = browser.look(&path).await.cells();
        for shown in [
            "Sales: 2.",
            "Refunded in part: 1.",
            "Wait for their buyer to activate: 1.",
            "Paid: 98.00 USD.",
            "Acme Starter Kit Gumroad 32-nPAicqbLj8B_WswVlMw== 2 2 0",
            &format!("{now} 2 98.00 USD 0 1 1 0"),
            &format!("{now}: 2 sold"),
        ] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'one', 'refunded', 1)");
        let text = browser.look(&path).await.cells();
        assert!(text.contains("Refunded since: 1.") && text.contains("Refunded in part: 0."), "{text}");
        let text = browser.look("/console/sales?days=7&until=2020-02-29").await.cells();
        assert!(text.contains("Sales: 1.") && text.contains("2020-02-29: 1 sold"), "{text}");
        assert!(browser.look("/console/sales?days=7&until=2019-01-01").await.cells().contains("Sales: 0."));
        shop.rows(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
             INSERT INTO orders (source, order_id, email, name, variants, custom_fields, test, sold_at, event_id)
             SELECT 'gumroad', 'many-' || i, '', '', '[]', '[]', 0, 1000 * unixepoch('2018-03-01'), min(id) FROM n, webhook_events
             GROUP BY i",
        );
        let seen = browser.look("/console/sales?days=7&until=2018-03-01").await;
        assert!(seen.cells().contains("Sales: 100."), "{}", seen.cells());
        let rest = seen.html.split("href=\"").filter_map(|rest| rest.split('"').next());
        let rest =
            rest.into_iter().find(|link| link.contains("cursor=")).unwrap().replace("&amp;", "&").replace("&#38;", "&");
        let text = browser.look(&rest).await.cells();
        assert!(text.contains("Sales: 20.") && text.contains("only those sales are counted"), "{text}");
        for wrong in ["days=0", "days=91", "until=tomorrow", "until=2026-02-30"] {
            assert_eq!(browser.get(&format!("/console/sales?{wrong}")).await.status, 400, "{wrong}");
        }
    });
}

#[test]
fn each_step_of_the_set_up_says_what_is_to_be_done_until_its_checks_are_right() {
    run(async {
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("GITHUB_TOKEN", ""), ("OPERATOR_EMAIL", "")]].concat());
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/set-up").await;
        let text = seen.cells();
        assert!(text.contains("GitHub To be done"), "{text}");
        assert!(text.contains("A test sale To be done"), "{text}");
        let form = "/settings/personal-access-tokens/new?name=Latchkey&#38;description=Invites+buyers+to+repositories\
                    &#38;target_name=acme&#38;expires_in=366&#38;administration=write\"";
        assert!(seen.html.contains(form), "{}", seen.html);
        for shown in [
            "https://shop.example.com/auth/github/callback",
            "https://shop.example.com/webhooks/gumroad?secret=YOUR-SECRET",
            "cargo latchkey connect paddle --url https://shop.example.com",
            "npx wrangler secret put GITHUB_TOKEN",
        ] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("Send yourself a test mail"), "there is nobody to send it to");
        assert_eq!(browser.post("/console/set-up/test-mail", &[]).await.status, 409);

        let shop = Shop::open_with(&CONSOLE);
        shop.sell_starter().await;
        let browser = signed_in(&shop).await;
        let text = browser.look("/console/set-up").await.cells();
        assert!(text.contains("A test sale Done"), "{text}");
    });
}

#[test]
fn a_test_mail_is_sent_to_the_operator_or_it_is_said_why_not() {
    run(async {
        let shop = Shop::open_with(&[CONSOLE.as_slice(), &[("OPERATOR_EMAIL", "operator@example.com")]].concat());
        let browser = signed_in(&shop).await;
        let seen = browser.submit("/console/set-up/test-mail", &[]).await;
        assert!(seen.cells().contains("The mail provider has taken the mail."), "{}", seen.cells());
        let mails = shop.sandbox.take_mails();
        assert_eq!(
            mails.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect::<Vec<_>>(),
            [("operator@example.com", "Latchkey: a test mail")]
        );
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).method("POST"));
        let seen = browser.post("/console/set-up/test-mail", &[]).await;
        assert_eq!(seen.status, 502);
        assert!(seen.cells().contains("The mail did not leave:"), "{}", seen.cells());
        assert_eq!(shop.sandbox.take_mails().len(), 0);
    });
}
