//! Who calls, how often, and from which page.

use serde_json::json;

use super::{NEVER_MINTED, sold};
use crate::shop::{Answered, STARTER, Shop, delivery_request, request, run};
use latchkey_sandbox::{GumroadSale, LemonSqueezySale};

const PORTAL: &str = "https://portal.example.com";
const ELSEWHERE: &str = "https://elsewhere.example.com";

/// Activates as from this address or page.
async fn activate_with(shop: &Shop, header: (&str, &str), key: &str) -> Answered {
    let body = json!({ "license_key": key, "github_username": "octocat" }).to_string();
    let headers = [("content-type", "application/json"), header];
    shop.request(request("POST", "/api/activate", &headers, body.as_bytes())).await
}

async fn activate_from(shop: &Shop, address: &str, key: &str) -> u16 {
    let answer = activate_with(shop, ("cf-connecting-ip", address), key).await;
    if answer.status == 429 {
        assert_eq!(answer.problem(), (429, "rate_limited"));
        assert_eq!(answer.header("retry-after"), Some("60"));
    }
    answer.status
}

#[test]
fn an_address_that_asks_too_often_is_told_to_wait_and_costs_nothing() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        shop.host.limit_to(3);
        let mistyped = format!("{}7", &NEVER_MINTED[..NEVER_MINTED.len() - 1]);
        for guess in [NEVER_MINTED, &mistyped, &mistyped] {
            assert_eq!(activate_from(&shop, "192.0.2.1", guess).await, 404);
        }
        shop.host.take_batches();
        assert_eq!(activate_from(&shop, "192.0.2.1", &mistyped).await, 429);
        assert_eq!(activate_from(&shop, "192.0.2.1", &key).await, 429, "whatever key it asks about");
        assert_eq!(shop.host.take_batches(), 0);
        assert!(shop.calls().is_empty());
        assert_eq!(activate_from(&shop, "192.0.2.2", &key).await, 200, "another address is another caller");
    });
}

#[test]
fn an_ipv6_caller_is_its_64_bit_network() {
    run(async {
        let shop = Shop::open();
        shop.host.limit_to(1);
        let mistyped = format!("{}7", &NEVER_MINTED[..NEVER_MINTED.len() - 1]);
        assert_eq!(activate_from(&shop, "2001:db8:0:1::1", &mistyped).await, 404);
        assert_eq!(activate_from(&shop, "2001:db8:0:1:ffff:ffff:ffff:ffff", &mistyped).await, 429);
        assert_eq!(activate_from(&shop, "2001:db8:0:2::1", &mistyped).await, 404, "the network beside it");
        assert_eq!(activate_from(&shop, "2001:db8::1", &mistyped).await, 404, "one whose zeros are left out");
        assert_eq!(activate_from(&shop, "2001:db8::ffff:0:0:1", &mistyped).await, 429);
    });
}

#[test]
fn a_key_is_counted_however_it_is_spelled_and_wherever_it_comes_from() {
    run(async {
        let shop = Shop::open();
        let (key, other) = (sold(&shop, STARTER).await, sold(&shop, STARTER).await);
        shop.host.limit_to(2);
        assert_eq!(activate_from(&shop, "192.0.2.1", &key).await, 200);
        assert_eq!(activate_from(&shop, "192.0.2.2", &key.to_lowercase()).await, 200);
        assert_eq!(activate_from(&shop, "192.0.2.3", &key.replace('-', "")).await, 429);
        assert_eq!(activate_from(&shop, "192.0.2.4", &other).await, 200);
    });
}

#[test]
fn keys_without_a_record_share_a_limit_which_keeps_no_known_buyer_out() {
    run(async {
        let shop = Shop::open();
        let deliveries = shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
        let recorded = shop.sandbox.storefront_mails()[0].license_key.clone();
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
        }
        // Two keys without a record, each of which may have been issued in either case.
        shop.host.limit_to(4);
        let unknown = |number: u8| format!("38b1460a-5104-4067-a91d-77b872934d{number:02}");
        assert_eq!(activate_from(&shop, "192.0.2.1", &unknown(1)).await, 404);
        assert_eq!(activate_from(&shop, "192.0.2.2", &unknown(2)).await, 404);
        shop.calls();
        assert_eq!(activate_from(&shop, "192.0.2.3", &unknown(3)).await, 429, "whoever asks, about whichever key");
        assert!(shop.calls().is_empty(), "neither Lemon Squeezy nor GitHub is asked");
        assert_eq!(activate_from(&shop, "192.0.2.4", NEVER_MINTED).await, 404, "which is no question to them");
        assert_eq!(activate_from(&shop, "192.0.2.5", &recorded).await, 200);
    });
}

#[test]
fn a_page_of_the_portal_may_call_and_no_other() {
    run(async {
        let shop = Shop::open_with(&[("PORTAL_ORIGINS", "https://beta.example.com")]);
        for origin in [PORTAL, "https://beta.example.com"] {
            let answer = shop.request(request("OPTIONS", "/api/activate", &[("origin", origin)], b"")).await;
            assert_eq!(answer.status, 204);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
            assert_eq!(answer.header("access-control-allow-headers"), Some("content-type"));
            assert!(answer.header("access-control-max-age").unwrap().parse::<u32>().unwrap() > 0);
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
        for origin in [ELSEWHERE, "null", "https://portal.example.com.evil.example", "http://portal.example.com"] {
            let answer = shop.request(request("OPTIONS", "/api/activate", &[("origin", origin)], b"")).await;
            assert_no_cors(&answer);
            assert_eq!(answer.header("vary"), Some("Origin"), "{origin}");
        }
    });
}

#[test]
fn the_portal_can_read_every_answer_errors_included() {
    run(async {
        let shop = Shop::open();
        let key = sold(&shop, STARTER).await;
        for (key, status) in [(key.as_str(), 200), (NEVER_MINTED, 404), ("", 400)] {
            let answer = activate_with(&shop, ("origin", PORTAL), key).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(PORTAL), "{status}");
            assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after, x-request-id"));
            assert_no_cors(&activate_with(&shop, ("origin", ELSEWHERE), key).await);
        }
        shop.host.limit_to(0);
        let answer = activate_with(&shop, ("origin", PORTAL), &key).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (429, Some(PORTAL)));
    });
}

#[test]
fn no_page_may_call_anything_but_the_api() {
    run(async {
        let shop = Shop::open();
        let mut delivery = delivery_request(&shop.sandbox.sell_on_gumroad(GumroadSale::default()));
        delivery.headers.push(("origin".to_owned(), PORTAL.to_owned()));
        let answer = shop.request(delivery).await;
        assert_eq!(answer.status, 200);
        assert_no_cors(&answer);
        shop.take_key();
        for path in ["/webhooks/gumroad", "/webhooks/lemonsqueezy", "/healthz", "/admin/status", "/nowhere"] {
            for method in ["OPTIONS", "GET", "POST"] {
                assert_no_cors(&shop.request(request(method, path, &[("origin", PORTAL)], b"")).await);
            }
        }
    });
}

#[track_caller]
fn assert_no_cors(answer: &Answered) {
    let cors: Vec<_> = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control-")).collect();
    assert!(cors.is_empty(), "{cors:?}");
}
