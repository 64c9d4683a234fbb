//! What the storefronts send and reply.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use latchkey::adapters::storefronts::{
    AnyStorefront, Cause, Head, NotUnderstood, Proof, SECTIONS, Storefronts, Understood, Verdict, standard,
};
use latchkey::adapters::{Failure, Remedy};
use latchkey::config::Config;
use latchkey::db::events::StoredEvent;
use latchkey::http::{Body, Request};
use latchkey::model::catalogue::Form;
use latchkey::model::{
    Authenticated, BuyerEmail, Catalogue, Delivery, EventType, IssuedKey, LicenseKey, ListName, Order, OrderId, Secret,
    Source, StorefrontEvent, StorefrontId, Subscription, SubscriptionFact,
};
use latchkey::platform::{HttpResponse, Row, Value};
use url::form_urlencoded;

use crate::taint::{self, CANARY, assert_clean};
use crate::world::{GUMROAD_SECRET, NOW, SIGNING_SECRET, STANDARD_SECRET, World, config, config_with, run};
use crate::{replies, values};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A ping, as a form or as JSON: what it means is sound, and what is wrong with it repeats nothing of it.
///
/// # Panics
/// When something does not hold.
pub fn gumroad_ping(body: &[u8]) {
    let gumroad = storefront(&config(), "gumroad");
    let interpret = |body: &[u8]| interpret(&gumroad, body);
    let read = interpret(body);
    check(&read);
    if !body.starts_with(b"\xef\xbb\xbf") {
        let wrapped = [b"\xef\xbb\xbf \r\n", body, b"\n "].concat();
        assert_eq!(interpret(&wrapped), read, "a byte order mark or space around it makes a difference");
    }
    for marked in [Some(taint::form(body)), taint::json(body)].into_iter().flatten() {
        check(&interpret(&marked));
    }
}

/// A webhook's body: as [`gumroad_ping`], and without our store's id nothing is believed.
///
/// # Panics
/// When something does not hold.
pub fn lemon_squeezy_webhook(body: &[u8]) {
    let lemon_squeezy = storefront(&config(), "lemonsqueezy");
    check(&interpret(&lemon_squeezy, body));
    if let Some(marked) = taint::json(body) {
        check(&interpret(&lemon_squeezy, &marked));
    }
    let of_no_store = storefront(&config_with(|name| (name == "LEMON_SQUEEZY_STORE_ID").then_some("")), "lemonsqueezy");
    if let Ok(understood) = interpret(&of_no_store, body) {
        assert!(matches!(understood.event, StorefrontEvent::Nothing { .. }), "believed without a store");
    }
}

/// A webhook's body, or an item of a list: as [`gumroad_ping`], of a Paddle that answers nothing.
///
/// # Panics
/// When something does not hold.
pub fn paddle_webhook(body: &[u8]) {
    webhook_or_item("paddle", body, &[]);
}

/// The same of a Stripe that answers nothing, and of one that lists a line and joins every payment to one session.
///
/// # Panics
/// When something does not hold.
pub fn stripe_webhook(body: &[u8]) {
    webhook_or_item("stripe", body, &[]);
    let line = r#"{"data":[{"id":"cs_1","mode":"payment","payment_status":"paid","price":{"id":"price_1","product":"prod_1"}}]}"#;
    webhook_or_item("stripe", body, &[line]);
}

/// The same of a Polar that answers nothing, and of one that shows an order, a team's owner and a page all at once.
///
/// # Panics
/// When something does not hold.
pub fn polar_webhook(body: &[u8]) {
    webhook_or_item("polar", body, &[]);
    let order = r#"{"id":"o","status":"refunded","billing_reason":"purchase","refunded_amount":1,"net_amount":1,
                    "customer":{"id":"c"},"items":[{"email":"grace@example.com","name":"Grace"}]}"#;
    webhook_or_item("polar", body, &[order]);
}

/// A webhook's body, by each preset and by a description of a seller's own: as [`gumroad_ping`]; and what the command line shows of it
/// is what the Worker makes of it.
///
/// # Panics
/// When something does not hold.
pub fn standard_delivery(body: &[u8]) {
    const OWN: &str = include_str!("../../../tests/fixtures/standard/own.toml");
    let standard = storefront(&config(), "standard");
    let marked = taint::json(body);
    for text in ["[standard_webhooks]\npreset = \"dodo\"\n", "[standard_webhooks]\npreset = \"creem\"\n", OWN, ""] {
        let catalogue = Catalogue::read(text, Form::Toml, SECTIONS).expect("a catalogue");
        for body in [Some(body), marked.as_deref()].into_iter().flatten() {
            let world = World::replying(Vec::new());
            let read = run(standard.interpret_by(&world, &proven(&standard, body), &catalogue));
            check(&read);
            assert!(world.sent().is_empty(), "nobody is to be asked");
            let shown = standard::read(&catalogue, body);
            match (&read, &shown) {
                (Ok(understood), Ok(shown)) => assert_eq!(understood.event, shown.event),
                (Err(not), Err(shown)) => assert_eq!(not, shown),
                _ => panic!("two readers disagree"),
            }
            shown.iter().flat_map(|shown| &shown.unfound).for_each(|pointer| assert_clean(pointer));
        }
    }
}

/// Checks what a body means, whichever way it came, where each call is answered by the next of these.
fn webhook_or_item(source: &str, body: &[u8], answers: &[&str]) {
    let storefront = storefront(&config(), source);
    let world = || World::replying(answers.iter().map(|answer| found(answer)).collect());
    let marked = taint::json(body);
    for body in [Some(body), marked.as_deref()].into_iter().flatten() {
        check(&run(storefront.interpret(&world(), &proven(&storefront, body))));
        for list in storefront.lists() {
            let delivery = stored(storefront.source(), &list, body.to_vec());
            check(&run(storefront.interpret(&world(), &delivery)));
        }
    }
}

/// An answer of a storefront that has found what it was asked for.
fn found(body: &str) -> HttpResponse {
    HttpResponse { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// A `Paddle-Signature`, and behind the first line break the body it is for: what opens has a right signature of a time that is
/// near, and the right one opens whatever else is in the header.
///
/// # Panics
/// When something does not hold.
pub fn paddle_signature(input: &[u8]) {
    timed_signature(
        input,
        "paddle",
        &Timed { header: "paddle-signature", separator: ';', time: "ts=", signature: "h1=", joint: ":" },
    );
}

/// The same of a `Stripe-Signature`.
///
/// # Panics
/// When something does not hold.
pub fn stripe_signature(input: &[u8]) {
    timed_signature(
        input,
        "stripe",
        &Timed { header: "stripe-signature", separator: ',', time: "t=", signature: "v1=", joint: "." },
    );
}

/// The headers of a delivery of Polar's, a line each, and behind an empty line the body that they are for: what opens is signed for a
/// time that is near, with either key that Polar may have made of the secret, and so does what is signed right.
///
/// # Panics
/// When something does not hold.
pub fn polar_signature(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, "{}"));
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let headers: Vec<_> = head.lines().filter_map(header).collect();
    let polar = storefront(&config(), "polar");
    let opens = |headers: &[(String, String)]| {
        let proof = polar.authenticate(&Head { query: None, headers }, NOW);
        proof.and_then(|proof| proof.admit(polar.source(), body.as_bytes().to_vec())).is_ok()
    };
    let decoded = b"fuzz-signing-secret-of-24".as_slice();
    let right = |key: &[u8], id: &str, time: &str| {
        let mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("any length of key will do");
        let signature = mac.chain_update(format!("{id}.{time}.{body}")).finalize().into_bytes();
        format!("v1,{}", STANDARD.encode(signature))
    };
    if opens(&headers) {
        let head = Head { query: None, headers: &headers };
        let of = |family: &str| {
            let told = |kind: &str| head.header(&format!("{family}-{kind}"));
            Some((told("id")?, told("timestamp")?, told("signature")?))
        };
        let (id, time, signatures) = of("webhook").or_else(|| of("svix")).expect("it opens without a header");
        let seconds: i64 = time.parse().expect("it opens without a time");
        assert!((NOW.as_millis() - seconds * 1000).abs() <= 5 * 60 * 1000, "it opens far from now: {time}");
        let keys = [decoded, STANDARD_SECRET.as_bytes()].map(|key| right(key, id, time));
        assert!(signatures.split(' ').any(|one| keys.iter().any(|key| key == one)), "it opens unsigned: {signatures}");
    }
    let now = (NOW.as_millis() / 1000).to_string();
    let old = (NOW.as_millis() / 1000 - 301).to_string();
    for key in [decoded, STANDARD_SECRET.as_bytes()] {
        let signed = |time: &str, key: &[u8]| {
            let signature = right(key, "msg_1", time);
            [("id", "msg_1"), ("timestamp", time), ("signature", &signature)]
                .map(|(name, value)| (format!("webhook-{name}"), value.to_owned()))
        };
        assert!(opens(&signed(&now, key)) && !opens(&signed(&old, key)));
    }
}

/// How a header is written that signs a time and the body.
struct Timed {
    header: &'static str,
    separator: char,
    time: &'static str,
    signature: &'static str,
    joint: &'static str,
}

fn timed_signature(input: &[u8], source: &str, timed: &Timed) {
    let (header, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(place) => (&input[..place], &input[place + 1..]),
        None => (input, &b"{}"[..]),
    };
    let Ok(header) = std::str::from_utf8(header) else { return };
    let storefront = storefront(&config(), source);
    let opens = |header: &str| {
        let headers = [(timed.header.to_owned(), header.to_owned())];
        let proof = storefront.authenticate(&Head { query: None, headers: &headers }, NOW);
        proof.and_then(|proof| proof.admit(storefront.source(), body.to_vec())).is_ok()
    };
    let near = |seconds: i64| (NOW.as_millis() - seconds * 1000).abs() <= 5 * 60 * 1000;
    let right = |time: &str| sign(&[time.as_bytes(), timed.joint.as_bytes(), body].concat());
    if opens(header) {
        let parts = || header.split(timed.separator).map(str::trim);
        let of = |name: &str| parts().filter_map(|part| part.strip_prefix(name)).collect::<Vec<_>>();
        let [time] = of(timed.time)[..] else { panic!("it opens without one time: {header}") };
        assert!(time.parse().is_ok_and(near), "it opens far from now: {header}");
        let signatures = of(timed.signature);
        assert!(signatures.iter().any(|hex| hex.eq_ignore_ascii_case(&right(time))), "it opens unsigned: {header}");
    }
    let now = (NOW.as_millis() / 1000).to_string();
    let sound = format!("{}{now}{}{}{}", timed.time, timed.separator, timed.signature, right(&now));
    assert!(opens(&sound) && !opens(&sound.replace(&now, &(NOW.as_millis() / 1000 - 301).to_string())));
}

/// The query of a ping's URL: it opens exactly when the reference finds the secret in it, once.
///
/// # Panics
/// When something does not hold.
pub fn gumroad_secret(query: &[u8]) {
    let Ok(query) = std::str::from_utf8(query) else { return };
    let config = config_with(|name| (name == "GUMROAD_WEBHOOK_SECRET_PREVIOUS").then_some("an older one +%"));
    let gumroad = storefront(&config, "gumroad");
    let presented: Vec<_> =
        form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "secret").map(|(_, value)| value).collect();
    let expected = presented.len() == 1 && (presented[0] == GUMROAD_SECRET || presented[0] == "an older one +%");
    let proof = gumroad.authenticate(&Head { query: Some(query), headers: &[] }, NOW);
    assert_eq!(matches!(proof, Ok(Proof::Head(_))), expected);
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
    let lemon_squeezy = storefront(&config(), "lemonsqueezy");
    let opens = |signature: &str| {
        let headers = [("x-signature".to_owned(), signature.to_owned())];
        let proof = lemon_squeezy.authenticate(&Head { query: None, headers: &headers }, NOW);
        proof.and_then(|proof| proof.admit(lemon_squeezy.source(), body.to_vec())).is_ok()
    };
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
        match run(storefront(&config(), "lemonsqueezy").verify_key(&world, &key)) {
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

/// A page of a storefront's list, by the first byte: what is on it can be told as a delivery, it goes on somewhere else
/// than here, and what is asked for is one sound request to the storefront.
///
/// # Panics
/// When something does not hold.
pub fn storefront_list(input: &[u8]) {
    let Some((list, reply)) = input.split_first() else { return };
    let storefronts: Storefronts = config().storefronts;
    let lists: Vec<(Source, ListName)> = storefronts.lists();
    let (source, list) = &lists[usize::from(*list) % lists.len()];
    let storefront = storefronts.get(*source).expect("a list is some storefront's");
    let since = NOW.plus_millis(-2 * DAY_MS);
    for page in [None, Some("2")] {
        let world = World::replying(replies::read(reply));
        let read = run(storefront.page(&world, list, since, page));
        let sent = world.sent();
        // What a list of refunds and disputes is of has to be asked as well, where the storefront does not say so.
        let joins = ["reversals", "refunds", "disputes"].contains(&list.as_str());
        assert!(sent.len() == 1 || joins, "a page is one question");
        let url = url::Url::parse(&sent[0].url).expect("a URL");
        assert_eq!(url.as_str(), sent[0].url, "is not as it stands in a request");
        let hosts = ["api.gumroad.com", "api.lemonsqueezy.com", "api.paddle.com", "api.polar.sh", "api.stripe.com"];
        assert!(url.host_str().is_some_and(|host| hosts.contains(&host)), "{url}");
        if let Some(page) = page {
            assert!(url.query_pairs().any(|(_, value)| value == page), "{page} is not asked for: {url}");
        }
        match read {
            Ok(read) => {
                assert!(read.next.is_none() || read.next.as_deref() != page, "{:?} behind {page:?}", read.next);
                for item in read.items {
                    check_event_type(&item.event_type);
                    check_order(item.order_id.as_str());
                    assert!(!item.payload.is_empty() && !item.listed_as.is_empty());
                }
            }
            Err(failure) => check_failure(&failure, &[]),
        }
    }
}

/// An item of a storefront's list, by the first byte: what it means is as sound as what a delivery means, and what is wrong with
/// it repeats nothing of it.
///
/// # Panics
/// When something does not hold.
pub fn listed_item(input: &[u8]) {
    let Some((list, item)) = input.split_first() else { return };
    let storefronts: Storefronts = config().storefronts;
    let lists: Vec<(Source, ListName)> = storefronts.lists();
    let (source, list) = &lists[usize::from(*list) % lists.len()];
    let storefront = storefronts.get(*source).expect("a list is some storefront's");
    for item in [Some(item.to_vec()), taint::json(item)].into_iter().flatten() {
        let delivery = stored(*source, list, item);
        check(&run(storefront.interpret(&World::replying(Vec::new()), &delivery)));
    }
}

/// What comes back from the database of an item that was found in a list.
fn stored(source: Source, list: &ListName, item: Vec<u8>) -> Delivery {
    let names = ["id", "source", "list", "payload", "attempts"].map(str::to_owned);
    let values =
        vec!["0".into(), source.as_str().into(), list.as_str().into(), Value::text_or_blob(&item), Value::Integer(1)];
    let event = StoredEvent::read(&Row::new(names.into(), values)).expect("a sound row");
    event.delivery.expect("its payload is there")
}

/// The storefront of that name, as these settings have configured it.
fn storefront(config: &Config, source: &str) -> AnyStorefront {
    let source = Source::parse(source).expect("a source");
    config.storefronts.get(source).expect("this build has it").clone()
}

/// What a body means that was proven to be the storefront's.
fn interpret(storefront: &AnyStorefront, body: &[u8]) -> Result<Understood, NotUnderstood> {
    run(storefront.interpret(&World::replying(Vec::new()), &proven(storefront, body)))
}

/// A delivery that was proven to be the storefront's.
fn proven(storefront: &AnyStorefront, body: &[u8]) -> Delivery {
    let secret = Secret::new("proof").expect("a secret");
    let proof = Authenticated::by_shared_secret(&[secret], "proof").expect("is the secret");
    Delivery::webhook(storefront.source(), body.to_vec(), proof)
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

fn check(read: &Result<Understood, NotUnderstood>) {
    match read {
        Ok(understood) => {
            check_event_type(&understood.event_type);
            match &understood.event {
                StorefrontEvent::Sold(order) => check_sale(order),
                StorefrontEvent::KeyIssued(issued) | StorefrontEvent::KeyChanged(issued) => check_issued(issued),
                StorefrontEvent::OrderChanged { order_id, facts, reason: _ } => {
                    check_order(order_id.as_str());
                    assert!(!facts.is_empty(), "nothing has changed");
                }
                StorefrontEvent::PaymentRefunded { id, reason: _ } => {
                    check_order(id.as_str());
                    check_subscription(&Subscription::of_refunded(id));
                }
                StorefrontEvent::SubscriptionChanged { subscription, reason: _ } => check_subscription(subscription),
                StorefrontEvent::AccessChanged { .. } | StorefrontEvent::MailReturned(_) => {
                    panic!("no storefront knows of access, or of mails")
                }
                StorefrontEvent::Nothing { .. } => {}
            }
        }
        Err(not) => {
            match &not.cause {
                Cause::Malformed { problem, .. } | Cause::Undescribed { problem } => assert_clean(problem),
                Cause::Unanswered(failure) => check_failure(failure, &[]),
            }
            if let Some(event_type) = &not.known.event_type {
                check_event_type(event_type);
            }
        }
    }
}

/// As its column holds it.
pub(crate) fn check_event_type(event_type: &EventType) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    let text = event_type.as_str();
    assert!((1..=64).contains(&text.len()) && text.bytes().all(plain), "{text:?}");
}

/// Its times are ones that D1 holds exactly.
fn check_subscription(subscription: &Subscription) {
    check_order(subscription.id.as_str());
    if let Some(order_id) = &subscription.order_id {
        check_order(order_id.as_str());
    }
    for fact in &subscription.facts {
        let times = match fact {
            SubscriptionFact::Paid { at, until, .. } => vec![*at, until.unwrap_or(*at)],
            SubscriptionFact::Refunded { .. } | SubscriptionFact::RefundUndone { .. } => Vec::new(),
            SubscriptionFact::Renews { at, said_at } => vec![*at, *said_at],
            SubscriptionFact::Stops { at }
            | SubscriptionFact::Ends { at }
            | SubscriptionFact::Lapses { at }
            | SubscriptionFact::Resumes { at } => vec![*at],
        };
        assert!(times.iter().all(|time| time.as_millis().abs() < 1 << 53), "{fact:?}");
    }
}

fn check_sale(order: &Order) {
    let texts = [Some(&order.name), order.offer_code.as_ref(), order.country.as_ref()];
    let pairs = order.variants.iter().chain(&order.custom_fields).flat_map(|(name, value)| [name, value]);
    for text in texts.into_iter().flatten().chain(pairs) {
        assert!(!text.contains(char::is_control) && text.len() <= 5_000, "{text:?}");
    }
    assert!(order.variants.len() <= 100 && order.custom_fields.len() <= 100);
    if let Some(amount) = &order.amount {
        let cents = amount.minor_units();
        assert!((0..1 << 53).contains(&cents), "{cents} cents, which D1 would not hold exactly");
        let currency = amount.currency().as_str();
        assert!(currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase()), "{currency:?}");
    }
    check_order(order.order_id.as_str());
    order.subscription.iter().for_each(check_subscription);
    for line in order.lines.iter() {
        assert!((1..=1_000_000).contains(&line.quantity.get()), "{:?} pieces", line.quantity);
        line.bought.names().iter().for_each(|name| check_id(&name.product_id));
    }
    match order.address.email() {
        Some(email) => {
            values::check_buyer(email);
            check_name(&order.name, email);
        }
        None => assert_eq!(order.name, ""),
    }
}

fn check_issued(issued: &IssuedKey) {
    assert_eq!(LicenseKey::from_record(issued.key.as_str()), Ok(issued.key.clone()));
    check_order(issued.order_id.as_str());
    check_id(&issued.storefront_key_id);
    check_id(&issued.bought.product_id);
    if let Some(email) = &issued.email {
        values::check_buyer(email);
        check_name(issued.name.as_deref().unwrap_or_default(), email);
    }
}

fn check_order(text: &str) {
    assert!(OrderId::parse(text).is_some(), "{text:?} is stored and could not be read back");
}

fn check_id(id: &StorefrontId) {
    assert_eq!(StorefrontId::parse(id.as_str()).as_ref(), Some(id), "it is stored and could not be read back");
}

/// Two hundred characters, or as long as the address that it was made of.
fn check_name(name: &str, email: &BuyerEmail) {
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
