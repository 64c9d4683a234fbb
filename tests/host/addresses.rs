//! Buyers' addresses: whatever a checkout took for one, the sale is recorded and its license is good. One that mail cannot be
//! sent to waits for a person; one with something around it that is no part of it is cleaned before it is kept.

use std::time::Duration;

use latchkey_sandbox::{Delivery, GumroadSale, LemonSqueezySale, LicenseKeySeed};
use serde_json::json;

use crate::shop::{ADMIN_TOKEN, Answered, Shop, request, run};

/// What checkouts take and mail providers do not.
fn unmailable() -> Vec<String> {
    let mut addresses = [
        "\"ada lovelace\"@example.com",
        "\"ada@home\"@example.com",
        "ada@[192.0.2.1]",
        "ada@[IPv6:2001:db8::1]",
        "jörg@example.com",
        "ada@exämple.com",
        "用户@例子.广告",
        "ada..l@example.com",
        "ada.@example.com",
        "ada@ex_ample.com",
    ]
    .map(str::to_owned)
    .to_vec();
    // One more than the longest that can be mailed to, and as many characters of more bytes.
    addresses.extend([format!("{}@example.com", "a".repeat(243)), format!("{}@example.com", "ä".repeat(242))]);
    addresses
}

/// The product whose keys are minted at each storefront, sold to this address.
fn sales(shop: &Shop, email: &str) -> [Vec<Delivery>; 2] {
    let gumroad = GumroadSale { email: email.to_owned(), ..GumroadSale::default() };
    let lemon_squeezy = LemonSqueezySale {
        product_id: Some("6".to_owned()),
        variant_id: Some("9".to_owned()),
        email: email.to_owned(),
        ..LemonSqueezySale::default()
    };
    [vec![shop.sandbox.sell_on_gumroad(gumroad)], shop.sandbox.sell_on_lemon_squeezy(lemon_squeezy)]
}

async fn operator(shop: &Shop, method: &str, path: &str, body: &str) -> Answered {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let answer = shop.request(request(method, path, &headers, body.as_bytes())).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

/// How many of a list of the operator's have this address.
async fn found(shop: &Shop, list: &str, email: &str) -> usize {
    let query = form_urlencoded(email);
    operator(shop, "GET", &format!("/admin/{list}?email={query}"), "").await.body["items"].as_array().unwrap().len()
}

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_sale_to_an_address_that_takes_no_mail_is_a_license_and_its_mail_waits_for_a_person() {
    run(async {
        for email in unmailable() {
            for nth in 0..2 {
                let shop = Shop::open();
                for delivery in &sales(&shop, &email)[nth] {
                    assert_eq!(shop.deliver(delivery).await.status, 200);
                }
                let event = shop.record("webhook_events", "true");
                assert_eq!((&event["processed"], &event["error"]), (&json!(1), &json!(null)), "{email}");
                assert_eq!(shop.record("orders", "true")["email"], email);
                let license = shop.record("licenses", "true");
                assert_eq!((&license["email"], &license["status"]), (&json!(email), &json!("active")));
                let states = shop.record("sale_states", "true");
                assert_eq!((&states["state"], &states["reason"]), (&json!("needs_seller"), &json!("mail_blocked")));
                for _ in 0..15 {
                    let mail = shop.record("outbox", "kind = 'license_mail'");
                    assert_eq!((&mail["state"], &mail["person_needed"]), (&json!("due"), &json!(1)), "{email}");
                    assert_eq!(mail["attempts"], 0, "nothing was tried, and nothing wears out");
                    let error = mail["last_error"].as_str().unwrap();
                    assert!(
                        error.starts_with("correct the address, or hand over the key: no mail can be sent"),
                        "{error}"
                    );
                    assert!(!error.contains(&email) && !shop.log_text().contains(&email));
                    shop.tick_after(Duration::from_secs(24 * 60 * 60)).await;
                }
                assert!(shop.calls().iter().all(|call| call != "POST /email"), "{email}");
                // The key is good, whoever hands it over.
                let key = license["license_key"].as_str().unwrap();
                assert_eq!(shop.activate(key, "octocat").await.body["status"], "activated", "{email}");
            }
        }
    });
}

#[test]
fn a_mail_that_waited_for_an_address_goes_out_once_there_is_one() {
    run(async {
        let shop = Shop::open();
        for delivery in &sales(&shop, "\"ada lovelace\"@example.com")[0] {
            shop.deliver(delivery).await;
        }
        shop.tick_after(Duration::from_secs(60 * 60)).await;
        let path = format!("/admin/licenses/{}/correct-email", shop.value("SELECT license_key FROM licenses"));
        operator(&shop, "POST", &path, r#"{ "reason": "she has told us another", "to": "ada@example.com" }"#).await;
        shop.tick_after(Duration::from_secs(60)).await;
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@example.com"));
        assert_eq!(shop.record("outbox", "kind = 'license_mail'")["outcome"], "sent");
    });
}

#[test]
fn the_longest_address_that_can_be_mailed_to_is_mailed_to() {
    run(async {
        let shop = Shop::open();
        let email = format!("{}@example.com", "a".repeat(242));
        assert_eq!(email.len(), 254);
        for delivery in sales(&shop, &email).iter().flatten() {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        let mails = shop.sandbox.take_mails();
        assert_eq!(mails.iter().filter(|mail| mail.to == email).count(), 2);
        assert_eq!(shop.count("outbox WHERE state = 'done'"), 2);
    });
}

#[test]
fn a_key_that_the_storefront_mailed_itself_needs_no_address_that_we_could_mail_to() {
    run(async {
        for email in unmailable() {
            let shop = Shop::open();
            let sale = LemonSqueezySale { email: email.clone(), ..LemonSqueezySale::default() };
            for delivery in shop.sandbox.sell_on_lemon_squeezy(sale) {
                assert_eq!(shop.deliver(&delivery).await.status, 200);
            }
            assert_eq!(shop.count("webhook_events WHERE processed = 0"), 0, "{email}");
            assert_eq!(shop.value("SELECT email FROM licenses"), email);
            let seed = LicenseKeySeed { email: email.clone(), ..LicenseKeySeed::default() };
            let unrecorded = shop.sandbox.add_license_key(seed);
            assert_eq!(shop.activate(&unrecorded, "octocat").await.status, 200, "{email}");
            assert_eq!(shop.count("licenses"), 2);
        }
    });
}

#[test]
fn an_address_is_cleaned_before_it_is_kept_so_that_everything_finds_it() {
    run(async {
        for given in [
            "\u{200b}ada@example.com",
            "ada@example.com\u{feff}",
            "\u{202a}ada@example.com\u{202c}",
            "\u{2066}ada\u{200e}@example.com\u{2069}",
            "ada@exam\u{ad}ple.com",
            "ada@example.com.",
            " ada@example.com..\r\n",
            "mailto:ada@example.com",
            "<mailto:ada@example.com>",
        ] {
            for nth in 0..2 {
                let shop = Shop::open();
                let deliveries = &sales(&shop, given)[nth];
                for delivery in deliveries {
                    assert_eq!(shop.deliver(delivery).await.status, 200);
                }
                assert_eq!(shop.payloads()[0], deliveries[0].body, "what was delivered stays as it is");
                let mails = shop.sandbox.take_mails();
                assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@example.com"), "{given:?}");
                for asked in ["ada@example.com", "ADA@EXAMPLE.COM", given] {
                    for list in ["licenses", "sales"] {
                        assert_eq!(found(&shop, list, asked).await, 1, "{list} by {asked:?} of {given:?}");
                    }
                }
                let of_person = json!({ "reason": "asked by mail", "email": "ada@example.com" }).to_string();
                let export = operator(&shop, "POST", "/admin/privacy/export", &of_person).await.body;
                for part in ["deliveries", "orders", "licenses"] {
                    assert_eq!(export[part].as_array().unwrap().len(), 1, "{part} of {given:?}");
                }
                let erased = operator(&shop, "POST", "/admin/privacy/erase", &of_person).await.body;
                assert_eq!(erased["erased"], json!({ "deliveries": 1, "orders": 1, "licenses": 1 }), "{given:?}");
                assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 0);
                assert_eq!(shop.count("licenses WHERE email <> '' OR name <> ''"), 0);
            }
        }
    });
}

#[test]
fn an_address_that_takes_no_mail_is_searched_exported_and_erased_like_any_other() {
    run(async {
        for email in unmailable() {
            let shop = Shop::open();
            for delivery in sales(&shop, &email).iter().flatten() {
                shop.deliver(delivery).await;
            }
            assert_eq!((found(&shop, "licenses", &email).await, found(&shop, "sales", &email).await), (2, 2));
            let of_person = json!({ "reason": "asked by mail", "email": email }).to_string();
            let export = operator(&shop, "POST", "/admin/privacy/export", &of_person).await.body;
            assert_eq!(export["deliveries"].as_array().unwrap().len(), 2, "{email}");
            let erased = operator(&shop, "POST", "/admin/privacy/erase", &of_person).await.body;
            assert_eq!(erased["erased"], json!({ "deliveries": 2, "orders": 2, "licenses": 2 }), "{email}");
            assert_eq!(shop.count("outbox WHERE state = 'due'"), 0, "no mail waits for somebody who is forgotten");
        }
    });
}

#[test]
fn a_sale_without_anything_like_an_address_stays_with_its_reason() {
    run(async {
        for email in
            ["ada", "@example.com", "mailto:", "ada at example.com", "\u{200b}", &format!("{}@b", "a".repeat(330))]
        {
            let shop = Shop::open();
            shop.deliver(&sales(&shop, email)[0][0]).await;
            let event = shop.record("webhook_events", "true");
            assert_eq!((&event["processed"], &event["reason"]), (&json!(0), &json!("malformed")), "{email:?}");
            assert_eq!(event["error"], "`email` is not a mail address");
        }
    });
}
