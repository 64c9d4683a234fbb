//! Deliveries that could not be understood yet, since their storefront did not answer what had to be asked: told by a
//! storefront that is made up, because none of today's asks anything.

use std::rc::Rc;
use std::time::Duration;

use super::*;
use crate::adapters::storefronts::SECTIONS;
use crate::adapters::storefronts::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use crate::adapters::storefronts::{Head, OwnKeys, Page, Products, Proof, Refusal, Storefront, Verdict};
use crate::adapters::{Reach, Remedy};
use crate::config::{Config, Reader};
use crate::db::events::StoredEvent;
use crate::model::catalogue::{Form, Ids, LicenseKind, Section};
use crate::model::{
    BuyerAddress, Catalogue, HOUR_MS, LicenseKey, ListName, Order, OrderFacts, OrderLines, Origin, ProductRef,
    Quantity, Secret, Subscription, SubscriptionFact, Timestamp, UniqueId,
};
use crate::platform::host::{Host, Sqlite};
use crate::platform::{HttpRequest, Method, Row, SendError};

const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// It tells everything only when it is asked, and when it does not answer, this is what to do.
struct MadeUp(Remedy);

impl Storefront for MadeUp {
    const SECTION: Section = Section {
        source: "made_up",
        name: "Made Up",
        product_ids: Ids::Text { example: "1" },
        variants: None,
        licenses: &[LicenseKind::Minted],
        description: None,
    };

    fn read(_: &mut Reader<'_>) -> Self {
        Self(Remedy::Retry)
    }

    fn is_configured(&self) -> bool {
        true
    }

    fn authenticate(&self, _: &Head<'_>, _: Timestamp) -> Result<Proof, Refusal> {
        Err(Refusal::Hidden)
    }

    async fn interpret(&self, platform: &impl Platform, _: &Delivery) -> Result<Understood, NotUnderstood> {
        let request = HttpRequest::new(Method::Get, "https://api.example.com/orders/7".to_owned());
        let failure = match platform.send(request).await {
            Ok(_) => return Err(NotUnderstood::malformed("there is no such order")),
            Err(error) => Failure::new(self.0, Failure::unanswered(Self::PROFILE.name, error).reason),
        };
        let email = BuyerEmail::parse("ada@example.com").ok();
        let not_understood = NotUnderstood::from(Cause::Unanswered(failure));
        Err(not_understood.of_type(EventType::named("order.paid")).about(OrderId::parse("7"), email))
    }

    fn own_keys(&self) -> OwnKeys {
        OwnKeys::None
    }

    async fn verify_key(&self, _: &impl Platform, _: &LicenseKey) -> Result<Verdict, Failure> {
        Ok(Verdict::Unknown)
    }

    fn lists(&self) -> Vec<ListName> {
        Vec::new()
    }

    async fn page(&self, _: &impl Platform, _: &ListName, _: Timestamp, _: Option<&str>) -> Result<Page, Failure> {
        Err(Failure::new(Remedy::GiveUp, "it has no lists"))
    }

    fn hooks(&self) -> Hooks {
        let registration = Registration::Together("/hooks");
        Hooks {
            events: &[],
            registration,
            dashboard: "https://example.com",
            secret: HookSecret::Signing,
            secret_setting: "MADE_UP_SECRET",
            api_settings: &[],
        }
    }

    async fn registered_hooks(&self, _: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        Ok(Vec::new())
    }

    async fn change_hooks(&self, _: &impl Platform, _: &HookChange) -> Result<Option<Secret>, Failure> {
        Ok(None)
    }

    fn product_name(_: &[u8], _: &str) -> Option<String> {
        None
    }

    async fn products(&self, _: &impl Platform) -> Result<Products, Failure> {
        Err(Failure::new(Remedy::GiveUp, "it has no lists"))
    }
}

/// A delivery of the made-up storefront that was stored, and the engine that it is tried on.
struct Inbox {
    engine: Engine<Host>,
    event: EventId,
    delivery: Delivery,
}

impl Inbox {
    fn new() -> Self {
        let host = Host::with_database(Rc::new(Sqlite::migrated().unwrap()), 1, NOW, |_| Err(SendError::Timeout));
        let setting = |name: &str| (name == "OPERATOR_EMAIL").then(|| "operator@example.com".to_owned());
        let trace = UniqueId::new(NOW, [0; 10]);
        let engine = Engine::new(host, Rc::new(Config::read(setting)), Rc::default(), trace);
        let delivery = Delivery::recorded(MadeUp::PROFILE.source, Origin::Webhook, b"order 7".to_vec());
        let Ok(FollowUp::Process { event, .. }) = run(engine.ingest(delivery.clone())) else {
            panic!("a delivery is to be processed")
        };
        Self { engine, event, delivery }
    }

    /// Tries the delivery for the time that `attempts` says, while its storefront does not answer.
    fn process(&self, remedy: Remedy, attempts: i64) {
        let Self { engine, event, delivery } = self;
        run(async {
            let understood = MadeUp(remedy).interpret(&engine.platform, delivery).await;
            engine.conclude(Handling { event, delivery, attempts, said_at: None }, understood, 0).await
        })
        .unwrap();
    }

    /// The delivery, if it is due now, claimed as a tick does.
    fn claim(&self) -> Option<StoredEvent> {
        let now = self.engine.now();
        let mut batch = Batch::new();
        let claim = batch.add(events::claim(now, now.plus_millis(ABANDONED_AFTER_MS)));
        run(self.engine.run(batch)).unwrap().first(&claim).unwrap().map(|claimed| claimed.unwrap().event)
    }

    fn row(&self) -> Row {
        let row = "SELECT *, next_attempt_at - received_at AS wait FROM webhook_events";
        self.engine.platform.database().query(row).unwrap().remove(0)
    }

    fn alerts(&self) -> usize {
        self.engine.platform.database().query("SELECT 1 FROM alert_causes").unwrap().len()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn what_its_storefront_does_not_answer_is_tried_again_by_itself() {
    let inbox = Inbox::new();
    inbox.process(Remedy::Retry, 1);
    let row = inbox.row();
    assert_eq!((row.integer("processed"), row.text("reason")), (Ok(0), Ok("storefront_unavailable")));
    assert_eq!(row.text("error"), Ok("Made Up: no answer in time"));
    assert_eq!((row.text("event_type"), row.text("order_id")), (Ok("order.paid"), Ok("7")));
    assert_eq!(row.text("email"), Ok("ada@example.com"));
    let wait = row.integer("wait").unwrap();
    assert!((15_000..=30_000).contains(&wait), "{wait}");
    assert!(row.is_null("stuck_at"));

    assert!(inbox.claim().is_none(), "not before its time");
    inbox.engine.platform.advance(Duration::from_secs(30));
    let claimed = inbox.claim().unwrap();
    assert_eq!((claimed.id, claimed.attempts), (inbox.event.clone(), 2));
}

#[test]
fn it_waits_as_long_as_its_storefront_says_and_burns_no_try() {
    let until = NOW.plus_millis(700_000);
    for remedy in [Remedy::RetryAt(until), Remedy::Limited { reach: Reach::Service, until: Some(until) }] {
        let inbox = Inbox::new();
        inbox.process(remedy, 1);
        let row = inbox.row();
        assert_eq!((row.integer("wait"), row.integer("attempts")), (Ok(700_000), Ok(0)), "{remedy:?}");
        inbox.engine.platform.advance(Duration::from_secs(700));
        assert_eq!(inbox.claim().map(|event| event.attempts), Some(1), "{remedy:?}");
    }
}

#[test]
fn it_waits_longer_each_time_until_its_tries_are_used_up() {
    let wait_after = |attempts| {
        let inbox = Inbox::new();
        inbox.process(Remedy::Retry, attempts);
        inbox.row().optional_time("wait").unwrap().map(Timestamp::as_millis)
    };
    for attempts in 1..MAX_ATTEMPTS {
        let longest = (30_000 << (attempts - 1)).min(6 * HOUR_MS);
        let wait = wait_after(attempts).unwrap();
        assert!((longest / 2..=longest).contains(&wait), "{attempts}: {wait}");
    }
    assert_eq!(wait_after(MAX_ATTEMPTS), None);
}

#[test]
fn what_its_storefront_will_never_answer_is_left_to_a_person() {
    for (remedy, attempts) in [(Remedy::GiveUp, 1), (Remedy::Retry, MAX_ATTEMPTS)] {
        let inbox = Inbox::new();
        inbox.process(remedy, attempts);
        assert!(inbox.row().is_null("next_attempt_at"), "{remedy:?}");
        assert_eq!(inbox.row().integer("stuck_at"), Ok(NOW.as_millis()), "{remedy:?}");
        inbox.engine.platform.advance(Duration::from_secs(24 * 60 * 60));
        assert!(inbox.claim().is_none(), "{remedy:?}");
    }
}

#[test]
fn what_only_a_person_mends_is_told_of_and_tried_once_an_hour() {
    for (remedy, attempts) in [(Remedy::CredentialsRejected, 0), (Remedy::PersonNeeded, 1)] {
        let inbox = Inbox::new();
        inbox.process(remedy, 1);
        let row = inbox.row();
        assert_eq!((row.integer("wait"), row.integer("attempts")), (Ok(HOUR_MS), Ok(attempts)), "{remedy:?}");
        assert_eq!(inbox.alerts(), 1, "{remedy:?}");
    }
    let inbox = Inbox::new();
    inbox.process(Remedy::Retry, 1);
    assert_eq!(inbox.alerts(), 0, "what passes by itself is nobody's business");
}

#[test]
fn a_note_that_comes_twice_gives_back_one_try() {
    let inbox = Inbox::new();
    inbox.engine.platform.advance(Duration::from_secs(60));
    assert_eq!(inbox.claim().unwrap().attempts, 2);
    for _ in 0..2 {
        inbox.process(Remedy::RetryAt(NOW.plus_millis(700_000)), 2);
    }
    assert_eq!(inbox.row().integer("attempts"), Ok(1));
    inbox.process(Remedy::Retry, 1);
    assert_eq!(inbox.row().integer("attempts"), Ok(1), "one that counts takes nothing back");
}

#[test]
fn of_an_order_with_a_line_of_which_nothing_comes_the_others_are_licensed() {
    let entries = "[[gumroad]]\nproduct_id = 'kit'\nname = 'Kit'\ntier = 'core'\nrepos = ['acme/kit']\n
                   [[gumroad]]\nproduct_id = 'book'\nname = 'Book'\nlicense = 'none'\n";
    let catalogue = Catalogue::read(entries, Form::Toml, SECTIONS).unwrap();
    for (products, licenses, reason) in [
        (&["book", "kit"][..], 1, None),
        (&["kit", "book"], 1, None),
        (&["book", "book"], 0, Some("nothing_to_deliver")),
    ] {
        let host = Host::with_database(Rc::new(Sqlite::migrated().unwrap()), 1, NOW, |_| Err(SendError::Timeout));
        let (config, trace) = (Rc::new(Config::read(|_| None)), UniqueId::new(NOW, [0; 10]));
        let engine = Engine::new(host, config, Rc::new(catalogue.clone().with_version(0)), trace);
        let delivery = Delivery::recorded(Source::named("gumroad"), Origin::Webhook, b"order 7".to_vec());
        let Ok(FollowUp::Process { event, .. }) = run(engine.ingest(delivery.clone())) else {
            panic!("a delivery is to be processed")
        };
        let bought = |id: &&str| (ProductRef::parse(id, None).unwrap().into(), Quantity::ONE);
        let order = Order {
            order_id: OrderId::parse("7").unwrap(),
            lines: OrderLines::new(products.iter().map(bought)).unwrap(),
            address: BuyerAddress::Told(BuyerEmail::parse("ada@example.com").unwrap()),
            name: "Ada".to_owned(),
            amount: None,
            offer_code: None,
            variants: Vec::new(),
            custom_fields: Vec::new(),
            country: None,
            subscription: None,
            test: false,
            sold_at: None,
            facts: OrderFacts::default(),
        };
        let understood = Understood::whole(EventType::named("sale"), StorefrontEvent::Sold(order));
        run(engine.conclude(
            Handling { event: &event, delivery: &delivery, attempts: 1, said_at: None },
            Ok(understood),
            0,
        ))
        .unwrap();
        let rows = engine.platform.database().query(
            "SELECT processed, reason, (SELECT count(*) FROM licenses) AS licenses,
                    (SELECT count(*) FROM outbox) AS mails, (SELECT count(*) FROM order_items) AS lines
             FROM webhook_events",
        );
        let row = rows.unwrap().remove(0);
        assert_eq!(row.integer("processed"), Ok(1), "{products:?}");
        assert_eq!(row.optional_text("reason").unwrap(), reason, "{products:?}");
        let counts = [row.integer("licenses"), row.integer("mails"), row.integer("lines")];
        assert_eq!(counts, [Ok(licenses), Ok(licenses), Ok(2)], "{products:?}");
    }
}

/// A shop of one product, by whose policies licenses follow what is said, and what a sale of it says.
fn engine_selling(policies: &str) -> (Engine<Host>, Order) {
    let entry =
        format!("[[gumroad]]\nproduct_id = 'kit'\nname = 'Kit'\ntier = 'core'\nrepos = ['acme/kit']\n{policies}");
    let catalogue = Catalogue::read(&entry, Form::Toml, SECTIONS).unwrap();
    let host = Host::with_database(Rc::new(Sqlite::migrated().unwrap()), 1, NOW, |_| Err(SendError::Timeout));
    let (config, trace) = (Rc::new(Config::read(|_| None)), UniqueId::new(NOW, [0; 10]));
    let order = Order {
        order_id: OrderId::parse("7").unwrap(),
        lines: OrderLines::single(ProductRef::parse("kit", None).unwrap().into(), Quantity::ONE),
        address: BuyerAddress::Told(BuyerEmail::parse("ada@example.com").unwrap()),
        name: "Ada".to_owned(),
        amount: None,
        offer_code: None,
        variants: Vec::new(),
        custom_fields: Vec::new(),
        country: None,
        subscription: None,
        test: false,
        sold_at: None,
        facts: OrderFacts::NONE,
    };
    (Engine::new(host, config, Rc::new(catalogue.with_version(0)), trace), order)
}

fn say(engine: &Engine<Host>, event: StorefrontEvent) {
    let delivery = Delivery::recorded(Source::named("gumroad"), Origin::Webhook, b"order 7".to_vec());
    let Ok(FollowUp::Process { event: id, .. }) = run(engine.ingest(delivery.clone())) else {
        panic!("a delivery is to be processed")
    };
    let understood = Understood::whole(EventType::named("said"), event);
    run(engine.conclude(Handling { event: &id, delivery: &delivery, attempts: 1, said_at: None }, Ok(understood), 0))
        .unwrap();
}

#[test]
fn each_fact_of_an_order_stands_until_its_own_opposite_is_said() {
    let none = OrderFacts::NONE;
    let refunded = OrderFacts::REFUNDED;
    let undone = OrderFacts { refund_undone: true, ..none };
    let in_part = OrderFacts { partially_refunded: true, ..none };
    let part_undone = OrderFacts { partial_refund_undone: true, ..none };
    let disputed = OrderFacts { disputed: true, ..none };
    let lost = OrderFacts { dispute_lost: true, ..disputed };
    let won = OrderFacts { dispute_won: true, ..disputed };
    let strict = "on_partial_refund = 'revoke'";
    let lenient = "on_dispute_lost = 'keep'";
    for (policies, facts, status) in [
        ("", vec![refunded, undone], "active"),
        ("", vec![refunded, undone, disputed], "suspended"),
        (strict, vec![in_part, refunded, undone], "revoked"),
        (strict, vec![in_part, part_undone], "active"),
        (strict, vec![in_part, undone], "revoked"),
        ("", vec![disputed, lost], "revoked"),
        (lenient, vec![disputed, lost], "active"),
        (lenient, vec![disputed, lost, refunded], "revoked"),
        ("", vec![disputed, won], "active"),
        ("", vec![disputed, won, lost], "revoked"),
    ] {
        for place in 0..=facts.len() {
            for backwards in [false, true] {
                let (engine, order) = engine_selling(policies);
                let changed = |facts: &OrderFacts| StorefrontEvent::OrderChanged {
                    order_id: order.order_id.clone(),
                    facts: *facts,
                    reason: EventReason::FullRefund,
                };
                let mut said: Vec<_> = facts.iter().map(changed).collect();
                if backwards {
                    said.reverse();
                }
                said.insert(place, StorefrontEvent::Sold(order.clone()));
                said.into_iter().for_each(|event| say(&engine, event));
                let row = engine.platform.database().query("SELECT status FROM licenses").unwrap().remove(0);
                assert_eq!(row.text("status"), Ok(status), "{policies} {facts:?} {place} {backwards}");
            }
        }
    }
}

#[test]
fn a_refund_of_a_payment_that_failed_gives_its_period_back() {
    let id = |text| StorefrontId::parse(text).unwrap();
    let at = |days: i64| NOW.plus_millis(days * 24 * HOUR_MS);
    let paid = |payment, day| SubscriptionFact::Paid { payment: id(payment), at: at(day), until: Some(at(day + 30)) };
    let refunded = SubscriptionFact::Refunded { payment: id("second") };
    let undone = SubscriptionFact::RefundUndone { payment: id("second") };
    for (facts, end) in [
        (vec![paid("first", 0), paid("second", 30), refunded.clone()], 30),
        (vec![paid("first", 0), paid("second", 30), refunded.clone(), undone.clone()], 60),
        (vec![undone, refunded, paid("second", 30), paid("first", 0)], 60),
    ] {
        let (engine, mut order) = engine_selling("");
        let of_order = Subscription::of_order(OrderId::parse("7").unwrap(), OrderId::parse("7").unwrap());
        order.subscription = Some(of_order.clone());
        say(&engine, StorefrontEvent::Sold(order));
        for fact in facts {
            let reason = EventReason::SubscriptionPayment;
            say(&engine, StorefrontEvent::SubscriptionChanged { subscription: of_order.clone().with(fact), reason });
        }
        let row = engine.platform.database().query("SELECT expires_at FROM licenses").unwrap().remove(0);
        assert_eq!(row.integer("expires_at"), Ok(at(end).as_millis()));
    }
}
