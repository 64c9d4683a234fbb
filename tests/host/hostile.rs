//! Whatever a caller sends: no panic, no 5xx, nothing lost that a storefront sent, and no secret in the log.
//!
//! Here are the storefronts' bodies; those of activations are in `activation`, and what the log holds is in `log`.
//!
//! Who is let in and how much of a body is read is in `intake`; which value of which field is wrong stands beside the
//! adapters.

mod activation;
mod log;

use latchkey::engine::Ticked;
use latchkey::http::Request;
use latchkey_sandbox::{
    GUMROAD_SECRET, GumroadSale, LEMON_SQUEEZY_WEBHOOK_SECRET, LemonSqueezySale, PingFormat, sign_lemon_squeezy_body,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::shop::{Shop, request, run};

const MEBIBYTE: usize = 1024 * 1024;

/// A sound Lemon Squeezy order as far as it goes, with room for nonsense in one place.
const ORDER_START: &str = r#"{"meta":{"event_name":"order_created"},"data":{"id":"1","attributes":{"store_id":1,"#;

fn gumroad(body: &[u8]) -> Request {
    request("POST", &format!("/webhooks/gumroad?secret={GUMROAD_SECRET}"), &[], body)
}

fn lemon_squeezy(body: &[u8]) -> Request {
    let signature = sign_lemon_squeezy_body(LEMON_SQUEEZY_WEBHOOK_SECRET, body);
    request("POST", "/webhooks/lemonsqueezy", &[("x-signature", &signature)], body)
}

/// That many lists or objects within each other.
fn nested(depth: usize) -> String {
    "[{\"a\":".repeat(depth / 2)
}

/// Bodies that no storefront sends, and some that are nearly right.
fn nonsense() -> Vec<Vec<u8>> {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut bodies: Vec<Vec<u8>> = [
        &b""[..],
        b"\0",
        b"\0\0\0\0",
        b"\x01\x02\x1b[2J\x7f",
        b"\xff\xfe\xfd",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbf{}",
        b"{",
        b"}",
        b"null",
        b"true",
        b"0",
        b"\"text\"",
        b"[]",
        b"{} {}",
        b"{}x",
        b"{\"a\":1e400}",
        b"{\"price\":1e400,\"quantity\":-1e400}",
        b"{\"price\":123456789012345678901234567890}",
        b"{\"email\":\"\\ud800\"}",
        b"{\"email\":\"a\\u0000b@example.com\"}",
        b"{\"email\":[\"a@example.com\"],\"price\":{\"cents\":1},\"test\":3}",
        b"{\"meta\":null,\"data\":null}",
        b"{\"meta\":{\"event_name\":{}},\"data\":[]}",
        b"{\"meta\":{\"event_name\":\"order_created\",\"event_name\":\"order_created\"}}",
        b"=",
        b"&&&",
        b"&=&=&",
        b"%",
        b"%zz=%4&%",
        b"[]=[]&a[=b]&[[]]=x",
        b"email=a%00b%40example.com",
        b"sale_id=1&sale_id=1&email=a%40example.com&email=b%40example.com",
        b"custom_fields[]=1&custom_fields[][]=2&variants=x&price[]=1",
        b"resource_name=%00",
        b"price=99999999999999999999999999&quantity=-1",
    ]
    .iter()
    .map(|body| body.to_vec())
    .collect();
    bodies.push(utf_16("\u{feff}{\"email\":\"a@example.com\"}"));
    bodies.push(nested(10_000).into_bytes());
    bodies.push(format!("{{\"meta\":{}", nested(10_000)).into_bytes());
    bodies.push(format!("custom_fields{}=x", "[a]".repeat(10_000)).into_bytes());
    bodies.push((0..20_000).map(|number| format!("field{number}=x")).collect::<Vec<_>>().join("&").into_bytes());
    bodies.push(vec![b'a'; MEBIBYTE]);
    bodies.push(vec![0; MEBIBYTE]);
    bodies.push(vec![b'['; MEBIBYTE]);
    bodies.push(vec![b'&'; MEBIBYTE]);
    for broken in [
        r#""total":1e400}}}"#,
        r#""total":99999999999999999999}}}"#,
        r#""total":1.5}}}"#,
        r#""total":"1","total":"2"}}}"#,
        r#""user_email":"a\u0000@example.com"}}}"#,
        r#""first_order_item":[]}}}"#,
        r#""store_id":1}}}"#,
        "",
    ] {
        bodies.push([ORDER_START, broken].concat().into_bytes());
    }
    bodies
}

/// Delivers an authenticated body, and checks all that is promised about any.
async fn deliver(shop: &Shop, request: Request, body: &[u8]) {
    let before = shop.count("webhook_events");
    let answered = shop.request(request).await;
    let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
    assert_eq!(answered.status, 200, "{shown}");
    assert_eq!(shop.count("webhook_events"), before + 1, "{shown}");
    let rows = shop.rows("SELECT payload, processed, error FROM webhook_events ORDER BY rowid DESC LIMIT 1");
    assert!(rows[0].bytes("payload").unwrap().unwrap() == body, "stored otherwise than it came: {shown}");
    let (processed, error) = (rows[0].integer("processed").unwrap(), rows[0].optional_text("error").unwrap());
    assert_eq!(processed == 1, error.is_none(), "neither understood nor explained: {shown}");
    assert!(error.is_none_or(|error| error.len() < 300), "{error:?}");
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() }
}

/// JSON of any shape, with the names that mean something among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "meta",
            "data",
            "event_name",
            "attributes",
            "store_id",
            "id",
            "total",
            "status",
            "first_order_item",
            "product_id",
            "variant_id",
            "user_email",
            "currency",
            "test_mode",
            "custom_data",
            "key",
            "order_id",
            "email",
            "price",
            "sale_id",
            "quantity",
            "variants",
            "custom_fields",
            "resource_name",
            "test",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec!["order_created", "license_key_created", "sale", "paid", "a@example.com", "1"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A form whose names mean something and whose values are anything.
fn any_form() -> impl Strategy<Value = Vec<u8>> {
    let name = proptest::sample::select(vec![
        "sale_id",
        "product_id",
        "email",
        "price",
        "currency",
        "quantity",
        "full_name",
        "test",
        "refunded",
        "disputed",
        "resource_name",
        "offer_code",
        "subscription_id",
        "sale_timestamp",
        "custom_fields[a]",
        "variants[b]",
        "variants",
    ]);
    let value = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12)
            .prop_map(|bytes| bytes.iter().map(|b| format!("%{b:02x}")).collect()),
        any::<String>(),
        proptest::sample::select(vec!["1", "bundle==", "a@example.com", "sale", "true", "usd"]).prop_map(str::to_owned),
    ];
    proptest::collection::vec((name, value), 0..16).prop_map(|pairs| {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&").into_bytes()
    })
}

#[test]
fn whatever_an_authenticated_storefront_sends_is_stored_and_answered_200() {
    run(async {
        let shop = Shop::open();
        for body in nonsense() {
            deliver(&shop, gumroad(&body), &body).await;
            deliver(&shop, lemon_squeezy(&body), &body).await;
        }
        assert_eq!(shop.count("licenses") + shop.count("orders") + shop.count("outbox"), 0);
        // What nobody understands is left to a person: no tick turns it over and over.
        assert_eq!(shop.tick_after(std::time::Duration::from_secs(86_400)).await, Ticked::default());
    });
}

#[test]
fn no_bytes_of_a_storefront_are_lost() {
    let shop = Shop::open();
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    let check = |body: Vec<u8>| {
        run(async {
            deliver(&shop, gumroad(&body), &body).await;
            deliver(&shop, lemon_squeezy(&body), &body).await;
        });
        Ok(())
    };
    TestRunner::new(config()).run(&bytes, check).unwrap();
}

#[test]
fn no_json_of_a_storefront_is_lost() {
    let shop = Shop::open();
    let check = |json: Value| {
        let body = json.to_string().into_bytes();
        run(async {
            deliver(&shop, gumroad(&body), &body).await;
            deliver(&shop, lemon_squeezy(&body), &body).await;
        });
        Ok(())
    };
    TestRunner::new(config()).run(&any_json(), check).unwrap();
    // Some of it may have been a sale.
    assert_eq!(shop.sandbox.take_mails().len(), shop.count("licenses WHERE storefront_key_id = ''"));
}

#[test]
fn no_form_of_a_storefront_is_lost() {
    let shop = Shop::open();
    let check = |body: Vec<u8>| {
        run(deliver(&shop, gumroad(&body), &body));
        Ok(())
    };
    TestRunner::new(config()).run(&any_form(), check).unwrap();
    // Some of it may have been a sale.
    assert_eq!(shop.sandbox.take_mails().len(), shop.count("licenses"));
}

#[test]
fn no_damage_on_the_way_loses_a_real_delivery() {
    let shop = Shop::open();
    let sandbox = &shop.sandbox;
    let form = sandbox.sell_on_gumroad(GumroadSale::default()).body;
    sandbox.send_gumroad_pings_as(PingFormat::Json);
    let mut bodies = vec![form, sandbox.sell_on_gumroad(GumroadSale::default()).body];
    bodies.extend(sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default()).into_iter().map(|order| order.body));
    assert_eq!(bodies.len(), 4);
    let damage = (0..bodies.len(), any::<Index>(), any::<Index>(), proptest::collection::vec(any::<u8>(), 0..4));
    let check = |(which, from, to, put): (usize, Index, Index, Vec<u8>)| {
        let mut body = bodies[which].clone();
        let from = from.index(body.len());
        let to = body.len().min(from + to.index(12));
        body.splice(from..to, put);
        run(async {
            deliver(&shop, gumroad(&body), &body).await;
            deliver(&shop, lemon_squeezy(&body), &body).await;
        });
        Ok(())
    };
    TestRunner::new(config()).run(&damage, check).unwrap();
    assert_eq!(shop.sandbox.take_mails().len(), shop.count("licenses WHERE storefront_key_id = ''"));
}
