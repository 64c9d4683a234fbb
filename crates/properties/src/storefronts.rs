//! What Gumroad and Lemon Squeezy send and reply.

use hmac::{Hmac, KeyInit, Mac};
use latchkey::adapters::lemon_squeezy::license_api::{self, Verdict};
use latchkey::adapters::{Failure, Misunderstood, Remedy, Understood, gumroad, lemon_squeezy, listing};
use latchkey::config;
use latchkey::http::{Body, Request};
use latchkey::model::{
    EmailAddress, IssuedKey, LicenseKey, OrderId, Sale, SaleEvent, Secret, Storefront, StorefrontList,
};
use latchkey::platform::{HttpResponse, Value};
use url::form_urlencoded;

use crate::taint::{self, CANARY, assert_clean};
use crate::world::{GUMROAD_SECRET, NOW, SIGNING_SECRET, World, config, run};
use crate::{replies, values};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A ping, as a form or as JSON: what it means is sound, and what is wrong with it repeats nothing of it.
///
/// # Panics
/// When something does not hold.
pub fn gumroad_ping(body: &[u8]) {
    let read = gumroad::interpret(body);
    check(&read);
    if !body.starts_with(b"\xef\xbb\xbf") {
        let wrapped = [b"\xef\xbb\xbf \r\n", body, b"\n "].concat();
        assert_eq!(gumroad::interpret(&wrapped), read, "a byte order mark or space around it makes a difference");
    }
    for marked in [Some(taint::form(body)), taint::json(body)].into_iter().flatten() {
        check(&gumroad::interpret(&marked));
    }
}

/// A webhook's body: as [`gumroad_ping`], and without our store's id nothing is believed.
///
/// # Panics
/// When something does not hold.
pub fn lemon_squeezy_webhook(body: &[u8]) {
    check(&lemon_squeezy::interpret(body, Some(1)));
    if let Some(marked) = taint::json(body) {
        check(&lemon_squeezy::interpret(&marked, Some(1)));
    }
    if let Ok(understood) = lemon_squeezy::interpret(body, None) {
        assert!(matches!(understood.event, SaleEvent::Nothing(_)), "believed without a store");
    }
}

/// The query of a ping's URL: it opens exactly when the reference finds the secret in it, once.
///
/// # Panics
/// When something does not hold.
pub fn gumroad_secret(query: &[u8]) {
    let Ok(query) = std::str::from_utf8(query) else { return };
    let webhook_secrets = [GUMROAD_SECRET, "an older one +%"].into_iter().filter_map(Secret::new).collect();
    let config = config::Gumroad { webhook_secrets, ..config().gumroad };
    let presented: Vec<_> =
        form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "secret").map(|(_, value)| value).collect();
    let expected = presented.len() == 1 && (presented[0] == GUMROAD_SECRET || presented[0] == "an older one +%");
    assert_eq!(gumroad::authenticate(&config, Some(query)).is_some(), expected);
}

/// An `X-Signature`, and behind the first line break the body it is for: it opens exactly when it is the signature, in
/// either case of hex.
///
/// # Panics
/// When something does not hold.
pub fn lemon_squeezy_signature(input: &[u8]) {
    let (signature, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(place) => (&input[..place], &input[place + 1..]),
        None => (input, &b"{}"[..]),
    };
    let Ok(signature) = std::str::from_utf8(signature) else { return };
    let opens = |signature: &str| lemon_squeezy::authenticate(&config().lemon_squeezy, Some(signature), body).is_some();
    let right = sign(body);
    assert_eq!(opens(signature), signature.eq_ignore_ascii_case(&right));
    assert!(opens(&right) && opens(&right.to_ascii_uppercase()));
}

/// An authenticated delivery of either storefront, by its first byte: stored byte for byte before anything else, answered
/// 200, worked on to its end without a panic, and the log tells nothing of it.
///
/// # Panics
/// When something does not hold.
pub fn delivery(input: &[u8]) {
    let Some((storefront, body)) = input.split_first() else { return };
    let from_gumroad = storefront % 2 == 0;
    let marked = if from_gumroad { taint::json(body).unwrap_or_else(|| taint::form(body)) } else { body.to_vec() };
    let marked = if from_gumroad { marked } else { taint::json(body).unwrap_or(marked) };
    for body in [body, &marked] {
        let world = World::replying(Vec::new());
        let answer = world.answer(config(), if from_gumroad { ping(body) } else { webhook(body) });
        assert_eq!(answer.status, 200);
        assert!(world.written().contains(&Value::text_or_blob(body)), "stored otherwise than it came");
        let log = world.log_text();
        assert!(!log.contains(CANARY) && !log.contains(GUMROAD_SECRET) && !log.contains(SIGNING_SECRET), "{log}");
    }
}

/// The License API's replies: a verdict is about the key that was asked about, and of our store.
///
/// # Panics
/// When something does not hold.
pub fn license_report(input: &[u8]) {
    let key = LicenseKey::from_record("38b1460a-5104-4067-a91d-77b872934d51").expect("a key");
    for marked in [false, true] {
        let mut replies = replies::read(input);
        if marked {
            mark(&mut replies);
        }
        let world = World::replying(replies);
        match run(license_api::validate(&world, &config().lemon_squeezy, &key)) {
            Ok(Verdict::Valid(issued)) => {
                assert!(issued.key.as_str().eq_ignore_ascii_case(key.as_str()), "another key");
                assert!(issued.expires_at.is_none_or(|end| end > NOW), "expired");
                check_issued(&issued);
            }
            Ok(Verdict::Disabled | Verdict::Expired | Verdict::Unknown | Verdict::WrongStore) => {}
            Err(failure) => check_failure(&failure, &[key.as_str()]),
        }
        assert_eq!(world.sent().len(), 1, "one question is asked once");
    }
}

/// A page of a storefront's list, by the first byte: it is handed on as it came, goes on somewhere else than here, and
/// what is asked for next is one sound request to the storefront.
///
/// # Panics
/// When something does not hold.
pub fn storefront_list(input: &[u8]) {
    let Some((list, reply)) = input.split_first() else { return };
    let list = StorefrontList::ALL[usize::from(*list) % StorefrontList::ALL.len()];
    let since = NOW.plus_millis(-2 * DAY_MS);
    for page in [None, Some("2")] {
        let reply = replies::read(reply).remove(0);
        let body = reply.body.clone();
        let read = match listing::read(list, Ok(reply), NOW, since, page) {
            Ok(read) => read,
            Err(failure) => {
                check_failure(&failure, &[]);
                continue;
            }
        };
        assert_eq!(read.json.as_bytes(), body);
        if list.storefront() == Storefront::LemonSqueezy {
            assert!(read.next.is_none() || read.next.as_deref() > page, "{:?} behind {page:?}", read.next);
        }
        let request = listing::ask(list, &config(), since, read.next.as_deref()).expect("credentials are configured");
        let url = url::Url::parse(&request.url).expect("a URL");
        assert_eq!(url.as_str(), request.url, "is not as it stands in a request");
        assert!(matches!(url.host_str(), Some("api.gumroad.com" | "api.lemonsqueezy.com")), "{url}");
        if let Some(next) = &read.next {
            assert!(url.query_pairs().any(|(_, value)| value == next.as_str()), "{next} is not asked for: {url}");
        }
    }
}

/// Marks the body of every reply.
pub(crate) fn mark(replies: &mut [HttpResponse]) {
    for reply in replies {
        if let Some(body) = taint::json(&reply.body) {
            reply.body = body;
        }
    }
}

/// Asserts that a failure is one that an operator can be shown, which holds none of these secrets, and that a time to
/// come back at is within a day.
pub(crate) fn check_failure(failure: &Failure, secrets: &[&str]) {
    let reason = &failure.reason;
    assert!(!reason.contains(char::is_control) && !reason.is_empty() && reason.len() <= 1_500, "{reason:?}");
    for secret in secrets {
        assert!(!reason.to_ascii_lowercase().contains(&secret.to_ascii_lowercase()), "{secret} is in: {reason}");
    }
    if let Remedy::RetryAt(until) = failure.remedy {
        assert!(until > NOW && until <= NOW.plus_millis(DAY_MS), "comes back at {until:?}");
    }
}

fn check(read: &Result<Understood, Misunderstood>) {
    match read {
        Ok(understood) => {
            check_event_type(&understood.event_type);
            match &understood.event {
                SaleEvent::Sold(sale) => check_sale(sale),
                SaleEvent::KeyIssued(issued) => check_issued(issued),
                SaleEvent::OrderChanged { order, facts, note } => {
                    check_order(order.as_str());
                    assert!(facts.refunded || facts.disputed || facts.dispute_won, "nothing has changed");
                    assert_clean(note);
                }
                SaleEvent::Nothing(note) => assert_clean(note),
            }
        }
        Err(misunderstood) => {
            assert_clean(&misunderstood.problem);
            if let Some(event_type) = &misunderstood.event_type {
                check_event_type(event_type);
            }
        }
    }
}

/// As its column holds it.
fn check_event_type(event_type: &str) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!((1..=64).contains(&event_type.len()) && event_type.bytes().all(plain), "{event_type:?}");
}

fn check_sale(sale: &Sale) {
    let texts = [Some(&sale.name), sale.offer_code.as_ref(), sale.country.as_ref()];
    let pairs = sale.variants.iter().chain(&sale.custom_fields).flat_map(|(name, value)| [name, value]);
    for text in texts.into_iter().flatten().chain(pairs) {
        assert!(!text.contains(char::is_control) && text.len() <= 5_000, "{text:?}");
    }
    assert!(sale.variants.len() <= 100 && sale.custom_fields.len() <= 100);
    let cents = sale.amount.cents;
    assert!((0..1 << 53).contains(&cents), "{cents} cents, which D1 would not hold exactly");
    let currency = &sale.amount.currency;
    assert!(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase()), "{currency:?}");
    assert!((1..=1_000_000).contains(&sale.quantity), "{} pieces", sale.quantity);
    check_order(sale.order.as_str());
    check_order(&sale.bought.product_id);
    values::check_address(&sale.email);
    check_name(&sale.name, &sale.email);
}

fn check_issued(issued: &IssuedKey) {
    assert_eq!(LicenseKey::from_record(issued.key.as_str()), Ok(issued.key.clone()));
    assert!(issued.license_order().len() <= 260, "its column would refuse {}", issued.license_order());
    check_order(issued.order.as_str());
    check_order(&issued.bought.product_id);
    values::check_address(&issued.email);
    check_name(&issued.name, &issued.email);
}

fn check_order(text: &str) {
    assert!(OrderId::parse(text).is_some(), "{text:?} is stored and could not be read back");
}

/// Two hundred characters, or as long as the address that it was made of.
fn check_name(name: &str, email: &EmailAddress) {
    assert!(name.chars().count() <= 200.max(2 * email.as_str().len()) && !name.contains(char::is_control), "{name:?}");
}

fn ping(body: &[u8]) -> Request {
    post("/webhooks/gumroad", Some(format!("secret={GUMROAD_SECRET}")), Vec::new(), body)
}

fn webhook(body: &[u8]) -> Request {
    post("/webhooks/lemonsqueezy", None, vec![("x-signature".to_owned(), sign(body))], body)
}

fn post(path: &str, query: Option<String>, headers: Vec<(String, String)>, body: &[u8]) -> Request {
    Request { method: "POST".to_owned(), path: path.to_owned(), query, headers, body: Body::whole(body.to_vec()) }
}

fn sign(body: &[u8]) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SIGNING_SECRET.as_bytes()).expect("any length of key will do");
    mac.chain_update(body).finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
