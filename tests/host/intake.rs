//! Which requests are let in, how they are answered, and what every answer carries: the door of both storefronts.
//!
//! What a delivery that was let in comes to is in `gumroad` and `lemon_squeezy`; malformed bodies are in `hostile`.

mod github;
mod health;
mod slow;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream;
use latchkey::http::{Body, BodyError, Request};
use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{
    Delivery, GUMROAD_SECRET, GumroadSale, LEMON_SQUEEZY_WEBHOOK_SECRET, LemonSqueezySale, sign_lemon_squeezy_body,
};

use crate::shop::{Answered, Shop, delivery_request, request, run};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MEBIBYTE: usize = 1024 * 1024;

/// A ping of the starter kit's sale, to be altered.
fn ping(shop: &Shop) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale::default())
}

/// A paid order of a product whose key is minted, to be altered.
fn order(shop: &Shop) -> Delivery {
    let sale = LemonSqueezySale {
        product_id: Some("6".to_owned()),
        variant_id: Some("9".to_owned()),
        ..LemonSqueezySale::default()
    };
    shop.sandbox.sell_on_lemon_squeezy(sale).remove(0)
}

fn gumroad_with(query: &str, body: &[u8]) -> Request {
    request("POST", &format!("/webhooks/gumroad{query}"), &[], body)
}

fn lemon_squeezy_with(signatures: &[&str], body: &[u8]) -> Request {
    let headers: Vec<_> = signatures.iter().map(|signature| ("x-signature", *signature)).collect();
    request("POST", "/webhooks/lemonsqueezy", &headers, body)
}

/// The start of a delivery that could be each storefront's, as far as can be told before its body is read.
fn plausible() -> [Request; 2] {
    [gumroad_with(&format!("?secret={GUMROAD_SECRET}"), b""), lemon_squeezy_with(&[&"0".repeat(64)], b"")]
}

/// A body of chunks without an end. Gives how many chunks were taken; whoever takes many of them has failed.
fn endless() -> (Body, Rc<Cell<usize>>) {
    let taken = Rc::new(Cell::new(0));
    let counter = Rc::clone(&taken);
    let chunk = move || {
        counter.set(counter.get() + 1);
        assert!(counter.get() < 1000, "the body is read on and on");
        Ok(vec![b'a'; 64 * 1024])
    };
    (Body::new(None, stream::repeat_with(chunk)), taken)
}

/// A body that fails the test when anybody looks into it.
fn untouchable(announced: Option<u64>) -> Body {
    let read = || -> Result<Vec<u8>, BodyError> { panic!("the body is read") };
    Body::new(announced, stream::repeat_with(read))
}

fn broken_off() -> Body {
    let chunks = [Ok(b"sale_id=1".to_vec()), Err(BodyError::BrokenOff)];
    Body::new(Some(5000), stream::iter(chunks))
}

/// Everything of an answer that may tell one from another.
fn face(answered: &Answered) -> (u16, Vec<(&'static str, String)>, String) {
    let headers = answered.headers.iter().filter(|(name, _)| *name != "x-request-id").cloned().collect();
    (answered.status, headers, answered.body.to_string())
}

fn storage_fails(shop: &Shop, fate: Fate) {
    shop.host.inject(move |call| if matches!(call, Call::Batch(_)) { fate } else { Fate::Proceed });
}

#[test]
fn gumroad_is_let_in_with_the_current_or_the_previous_secret() {
    run(async {
        let shop = Shop::open_with(&[("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "last-years-secret")]);
        for secret in [GUMROAD_SECRET, "last-years-secret"] {
            let sale = ping(&shop);
            let answered = shop.request(gumroad_with(&format!("?secret={secret}"), &sale.body)).await;
            assert_eq!((answered.status, &answered.body["status"]), (200, &"stored".into()), "{secret}");
            shop.take_key();
        }
        assert_eq!(shop.count("webhook_events"), 2);
    });
}

#[test]
fn any_other_secret_is_answered_as_a_path_that_does_not_exist() {
    run(async {
        let shop = Shop::open();
        let right = GUMROAD_SECRET;
        let longer = format!("?secret={right}x");
        let shorter = format!("?secret={}", &right[..right.len() - 1]);
        let twice = format!("?secret={right}&secret={right}");
        let in_another_case = format!("?secret={}", right.to_uppercase());
        let otherwise_named = format!("?Secret={right}");
        let queries = [
            "",
            "?",
            "?secret",
            "?secret=",
            &longer,
            &shorter,
            &twice,
            &in_another_case,
            &otherwise_named,
            "?secret=%ff",
        ];
        for method in METHODS {
            let unknown = shop.request(request(method, "/webhooks/unknown", &[], b"")).await;
            assert_eq!(unknown.problem(), (404, "not_found"));
            for query in queries {
                let mut refused = gumroad_with(query, &ping(&shop).body);
                refused.method = method.to_owned();
                assert_eq!(face(&shop.request(refused).await), face(&unknown), "{method} {query}");
            }
        }
        assert_eq!(shop.count("webhook_events"), 0);
        assert_eq!(shop.host.take_batches(), 0);
    });
}

#[test]
fn a_refused_body_is_thrown_away_and_no_more_than_64_kib_of_it() {
    run(async {
        let shop = Shop::open();
        let mut refusals: Vec<_> = [&[][..], &[""], &["0"], &["no hex"]]
            .into_iter()
            .map(|signatures| (lemon_squeezy_with(signatures, b""), (401, "invalid_signature")))
            .collect();
        refusals.push((request("POST", "/webhooks/gumroad?secret=wrong", &[], b""), (404, "not_found")));
        refusals.push((request("POST", "/webhooks/unknown", &[], b""), (404, "not_found")));
        refusals.push((request("PUT", "/api/activate", &[], b""), (405, "method_not_allowed")));
        for (mut refused, problem) in refusals {
            let (body, taken) = endless();
            refused.body = body;
            assert_eq!(shop.request(refused).await.problem(), problem);
            assert_eq!(taken.get(), 2, "the chunk that is over the limit is the last");
        }
    });
}

#[test]
fn a_refused_body_that_is_announced_as_large_or_never_arrives_keeps_no_answer_waiting() {
    run(async {
        let shop = Shop::open();
        let unknown = shop.request(request("POST", "/webhooks/unknown", &[], b"")).await;
        for body in [untouchable(Some(2 * MEBIBYTE as u64)), Body::new(None, stream::pending())] {
            let mut refused = request("POST", "/webhooks/gumroad?secret=wrong", &[], b"");
            refused.body = body;
            assert_eq!(face(&shop.request(refused).await), face(&unknown));
        }
    });
}

#[test]
fn a_storefront_without_a_configured_secret_has_no_endpoint() {
    run(async {
        let shop = Shop::open_with(&[("GUMROAD_WEBHOOK_SECRET", ""), ("LEMON_SQUEEZY_WEBHOOK_SECRET", "")]);
        let unknown = face(&shop.request(request("POST", "/webhooks/unknown", &[], b"")).await);
        for query in ["", "?secret=", &format!("?secret={GUMROAD_SECRET}")] {
            assert_eq!(face(&shop.request(gumroad_with(query, &ping(&shop).body)).await), unknown);
        }
        let order = order(&shop);
        for signature in [sign_lemon_squeezy_body("", &order.body), "0".repeat(64)] {
            assert_eq!(face(&shop.request(lemon_squeezy_with(&[&signature], &order.body)).await), unknown);
        }
        assert_eq!(shop.count("webhook_events"), 0);
    });
}

#[test]
fn lemon_squeezy_is_let_in_with_the_current_or_the_previous_secret() {
    run(async {
        let shop = Shop::open_with(&[("LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS", "last-years-secret")]);
        for secret in [LEMON_SQUEEZY_WEBHOOK_SECRET, "last-years-secret"] {
            for spelled in [str::to_lowercase, str::to_uppercase] {
                let order = order(&shop);
                let signature = spelled(&sign_lemon_squeezy_body(secret, &order.body));
                assert_eq!(shop.request(lemon_squeezy_with(&[&signature], &order.body)).await.status, 200);
                shop.take_key();
            }
        }
        assert_eq!(shop.count("licenses"), 4);
    });
}

#[test]
fn any_other_signature_is_refused_and_leaves_no_row() {
    run(async {
        let shop = Shop::open();
        let body = order(&shop).body;
        let right = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, &body);
        let under_another_secret = sign_lemon_squeezy_body("another-secret", &body);
        let mut one_bit_off = right.clone().into_bytes();
        one_bit_off[63] = if one_bit_off[63] == b'0' { b'1' } else { b'0' };
        let one_bit_off = String::from_utf8(one_bit_off).unwrap();
        let (doubled, short, spaced) = (right.repeat(2), &right[..62], format!(" {right}"));
        let prefixed = format!("sha256={right}");
        let not_hex = format!("g{}", &right[1..]);
        let cases: [&[&str]; 11] = [
            &[],
            &[""],
            &[&under_another_secret],
            &[&one_bit_off],
            &[short],
            &[&right[..63]],
            &[&doubled],
            &[&spaced],
            &[&prefixed],
            &[&not_hex],
            &[&right, &right],
        ];
        for signatures in cases {
            let answered = shop.request(lemon_squeezy_with(signatures, &body)).await;
            assert_eq!(answered.problem(), (401, "invalid_signature"), "{signatures:?}");
        }
        assert_eq!(shop.count("webhook_events"), 0);
        assert_eq!(shop.host.take_batches(), 0);
    });
}

#[test]
fn a_signed_body_of_which_any_byte_was_changed_is_refused() {
    run(async {
        let shop = Shop::open();
        let delivery = order(&shop);
        for place in (0..delivery.body.len()).step_by(37).chain([delivery.body.len() - 1]) {
            let mut changed = delivery.clone();
            changed.body[place] ^= 1;
            assert_eq!(shop.deliver(&changed).await.problem(), (401, "invalid_signature"), "byte {place}");
        }
        assert_eq!(shop.count("webhook_events"), 0);
    });
}

#[test]
fn a_body_over_one_mebibyte_is_refused_while_it_still_arrives() {
    run(async {
        let shop = Shop::open();
        for mut flood in plausible() {
            let (body, taken) = endless();
            flood.body = body;
            assert_eq!(shop.request(flood).await.problem(), (413, "body_too_large"));
            assert_eq!(taken.get(), 17, "sixteen chunks fill the limit, and one goes over it");
        }
        assert_eq!(shop.count("webhook_events"), 0);
    });
}

#[test]
fn an_announced_length_over_the_limit_is_refused_without_reading() {
    run(async {
        let shop = Shop::open();
        let over_a_mebibyte = Some(MEBIBYTE as u64 + 1);
        let [gumroad, lemon_squeezy] = plausible();
        let [_, most] = plausible();
        for (mut flood, announced) in [
            (gumroad, over_a_mebibyte),
            (lemon_squeezy, over_a_mebibyte),
            (most, Some(u64::MAX)),
            (request("POST", "/api/activate", &[], b""), Some(64 * 1024 + 1)),
        ] {
            let path = flood.path.clone();
            flood.body = untouchable(announced);
            assert_eq!(shop.request(flood).await.problem(), (413, "body_too_large"), "{path}");
        }
    });
}

#[test]
fn the_activation_body_is_refused_over_64_kibibytes_while_it_still_arrives() {
    run(async {
        let shop = Shop::open();
        let (body, taken) = endless();
        let mut flood = request("POST", "/api/activate", &[], b"");
        flood.body = body;
        assert_eq!(shop.request(flood).await.problem(), (413, "body_too_large"));
        assert_eq!(taken.get(), 2);
    });
}

#[test]
fn a_delivery_that_breaks_off_is_asked_for_again() {
    run(async {
        let shop = Shop::open();
        for mut broken in plausible() {
            broken.body = broken_off();
            // Gumroad tries again after a 503 and drops the sale after any 4xx. The others try again after either.
            assert_eq!(shop.request(broken).await.problem(), (503, "storage_unavailable"));
        }
        assert_eq!(shop.count("webhook_events"), 0);
    });
}

#[test]
fn an_activation_that_breaks_off_is_a_bad_request() {
    run(async {
        let shop = Shop::open();
        let mut broken = request("POST", "/api/activate", &[], b"");
        broken.body = broken_off();
        assert_eq!(shop.request(broken).await.problem(), (400, "invalid_request"));
    });
}

#[test]
fn another_method_is_refused_with_the_methods_there_are() {
    run(async {
        let shop = Shop::open();
        for (path, served, allow) in [
            ("/webhooks/gumroad?secret=sandbox-gumroad-secret", &["POST"][..], "POST"),
            ("/webhooks/lemonsqueezy", &["POST"], "POST"),
            ("/api/activate", &["POST", "OPTIONS"], "POST, OPTIONS"),
            ("/healthz", &["GET", "HEAD"], "GET, HEAD"),
        ] {
            for method in METHODS.iter().filter(|method| !served.contains(method)) {
                let mut refused = request(method, path, &[], b"");
                refused.body = untouchable(Some(2 * MEBIBYTE as u64));
                let answered = shop.request(refused).await;
                assert_eq!(answered.problem(), (405, "method_not_allowed"), "{method} {path}");
                assert_eq!(answered.header("allow"), Some(allow), "{method} {path}");
            }
        }
        assert_eq!(shop.count("webhook_events"), 0);
    });
}

#[test]
fn a_path_that_does_not_exist_is_a_problem_like_any_other() {
    run(async {
        let shop = Shop::open();
        for path in
            ["/nothing", "/webhooks", "/webhooks/gumroad/", "/Webhooks/gumroad", "//healthz", "/healthz/", "/admin"]
        {
            let answered = shop.request(request("GET", path, &[], b"")).await;
            assert_eq!(answered.problem(), (404, "not_found"), "{path}");
            assert_eq!(answered.body["type"], "about:blank");
            assert_eq!(answered.body["title"], "Not Found");
            assert_eq!(answered.body["detail"], "There is nothing at this address.");
        }
    });
}

#[test]
fn every_answer_is_sealed() {
    run(async {
        let shop = Shop::open();
        let sale = ping(&shop);
        let mut flood = request("POST", "/api/activate", &[], b"");
        flood.body = untouchable(Some(u64::MAX));
        let requests = [
            (200, request("GET", "/healthz", &[], b"")),
            (200, delivery_request(&sale)),
            (204, request("OPTIONS", "/api/activate", &[("origin", "https://portal.example.com")], b"")),
            (400, request("POST", "/api/activate", &[], b"{}")),
            (401, lemon_squeezy_with(&[], b"{}")),
            (404, request("GET", "/nothing", &[], b"")),
            (405, request("PUT", "/healthz", &[], b"")),
            (413, flood),
            (415, request("POST", "/api/activate", &[("content-type", "text/plain")], b"{}")),
        ];
        for (status, request) in requests {
            let answered = shop.request(request).await;
            assert_eq!(answered.status, status);
            assert_eq!(answered.header("x-content-type-options"), Some("nosniff"), "{status}");
            assert_eq!(answered.header("cache-control"), Some("no-store"), "{status}");
            assert!(answered.header("x-request-id").is_some_and(|id| id.len() == 26), "{status}");
        }
        shop.take_key();
    });
}

#[test]
fn cloudflares_id_of_a_request_is_on_the_answer_the_rows_and_every_log_line() {
    run(async {
        let shop = Shop::open();
        let mut sale = delivery_request(&ping(&shop));
        sale.headers.push(("cf-ray".to_owned(), "9a3f1c2b4d5e6f70-LHR".to_owned()));
        let answered = shop.request_traced(sale).await;
        assert_eq!(answered.header("x-request-id"), Some("9a3f1c2b4d5e6f70-LHR"));
        assert_eq!(shop.value("SELECT trace_id FROM webhook_events"), "9a3f1c2b4d5e6f70-LHR");
        assert_eq!(shop.value("SELECT trace_id FROM outbox"), "9a3f1c2b4d5e6f70-LHR");
        let log = shop.host.take_log();
        let events: Vec<_> = log.iter().map(|line| line.event).collect();
        assert_eq!(events, ["delivery_stored", "request", "license_minted", "outbox_attempt", "follow_up"]);
        assert!(log.iter().all(|line| line.trace.as_str() == "9a3f1c2b4d5e6f70-LHR"));
        shop.take_key();
    });
}

#[test]
fn an_id_that_is_no_plain_word_is_replaced_by_one_of_our_own() {
    run(async {
        let shop = Shop::open();
        let long = "a".repeat(65);
        for rays in [&[][..], &[""], &["a b"], &["a\",\"level\":\"x"], &[&long], &["one", "two"]] {
            let headers: Vec<_> = rays.iter().map(|ray| ("cf-ray", *ray)).collect();
            let answered = shop.request_traced(request("GET", "/nothing", &headers, b"")).await;
            assert!(answered.header("x-request-id").is_some_and(|id| id.len() == 26), "{rays:?}");
        }
    });
}

#[test]
fn a_delivery_that_could_not_be_stored_is_asked_for_again() {
    run(async {
        let shop = Shop::open();
        let deliveries = [ping(&shop), order(&shop)];
        storage_fails(&shop, Fate::FailBefore);
        for delivery in &deliveries {
            let answered = shop.deliver(delivery).await;
            assert_eq!(answered.problem(), (503, "storage_unavailable"));
            assert_eq!(answered.header("retry-after"), Some("10"));
            assert!(!answered.body.to_string().contains("Network connection lost"));
        }
        storage_fails(&shop, Fate::Proceed);
        assert_eq!(shop.count("webhook_events"), 0);
        assert!(shop.calls().is_empty());
        for delivery in &deliveries {
            assert_eq!(shop.deliver(delivery).await.status, 200);
            shop.take_key();
        }
    });
}

#[test]
fn a_delivery_stored_though_its_answer_was_lost_is_fulfilled_once() {
    run(async {
        let shop = Shop::open();
        let first = ping(&shop);
        storage_fails(&shop, Fate::FailAfter);
        assert_eq!(shop.deliver(&first).await.problem(), (503, "storage_unavailable"));
        storage_fails(&shop, Fate::Proceed);
        assert_eq!((shop.count("webhook_events"), shop.count("licenses")), (1, 0));

        assert_eq!(shop.deliver(&shop.sandbox.gumroad_retry(&first, 1)).await.status, 200);
        shop.take_key();
        assert_eq!(shop.tick_after(Duration::from_secs(61)).await.deliveries, 1);
        assert_eq!((shop.count("licenses"), shop.count("outbox")), (1, 1));
        assert_eq!(shop.count("webhook_events WHERE processed = 1"), 2);
        assert_eq!(shop.count("webhook_events WHERE reason = 'already_licensed'"), 1);
    });
}
