//! What an order causes: its record, a license a line, the mails that bring the keys; and what it causes when the storefront
//! takes it back.
//!
//! The licenses, the rows of the outbox that mail them and the event's new state are one transaction, and each of its
//! statements does nothing when repeated: any number of copies of an order, at once or later, end in one license a line and
//! one mail each.

use super::ingest::{Awaited, Handling, Telling, Unprocessed};
use super::outbox::shown;
use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::db::events::{self, Completion, Payload};
use crate::db::licenses::{self, MintedLicenses};
use crate::db::orders::{self, BoughtLine};
use crate::db::outbox::{self, DueMail, EnqueuedMail, Entry, Letter, MailStanding, Mailing};
use crate::db::{Batch, Handle, LicenseSelector, storefront_keys, subscriptions};
use crate::http::api::codes::OutboxKind;
use crate::model::{
    Bought, BuyerAddress, Catalogue, Ending, EventId, EventReason, EventType, IssuedKey, LicenseKey, LicenseKind,
    MINTED_KEY_RANDOM_BYTES, Order, OrderFacts, OrderId, Picked, Product, ProductRef, Source, Subscription,
    checkout_login,
};
use crate::platform::{Level, LogValue, Platform, Statement};

/// More variants than these are only counted where a product is called unmapped.
const MOST_NAMED: usize = 5;

/// The most keys that a line brings by itself where each piece has one: so many mails to one buyer are no mistake of anybody's.
const MOST_KEYS: u32 = 100;

/// Of a line's keys so many are mailed at once, and the others by the next ticks: a Worker on the Free plan may ask others fifty
/// times in one invocation.
const MAILED_AT_ONCE: i64 = 10;

/// What became of a delivery that was understood.
pub(super) enum Fulfilled {
    Done,
    Not(Unprocessed),
}

/// A line whose licenses are minted in a batch.
struct Minting<'a> {
    /// What they are for.
    bought: ProductRef,
    product: &'a Product,
    /// The rows that mail the keys. While the storefront has still to say to whom, there are none.
    mails: Option<Handle<EnqueuedMail>>,
}

impl<P: Platform> Engine<P> {
    /// Does what an order causes, and makes the first try to mail its keys. Lines whose product is mapped are fulfilled
    /// though another one's is not; and where the storefront did not say who bought, the licenses are made all the same, and the
    /// delivery is tried again until it does.
    pub(super) async fn fulfill(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        order: &Order,
        unanswered: Option<Failure>,
    ) -> Result<Fulfilled, StorageError> {
        let (event, source) = (handling.event, handling.source());
        let now = self.now();
        let catalogue = self.catalogue();
        let lease = self.lease()?;
        let mut batch = Batch::new();
        batch.extend(orders::record(source, order, now, event));
        let subscription = order.subscription.as_ref();
        batch.extend(self.record_said(handling.telling(), &order.order_id, order.facts, subscription));
        batch.extend(test_mark(source, &order.order_id, order.test));
        let mut unmapped = Vec::new();
        let mut untold = None;
        let mut many = None;
        let mut minted = Vec::new();
        let mut reason = None;
        for line in order.lines.iter() {
            if let Picked::Untold(problem) = &line.bought.picked
                && catalogue.depends_on_variant(source, &line.bought.product_id)
            {
                untold = Some(problem);
                continue;
            }
            let Some((bought, product)) = catalogue.find_bought(source, &line.bought) else {
                unmapped.push(&line.bought);
                continue;
            };
            match product.license {
                LicenseKind::None => reason = reason.or(Some(EventReason::NothingToDeliver)),
                LicenseKind::Storefront => {
                    reason = Some(EventReason::KeyIssuedByStorefront);
                    if product.activate_at_checkout && checkout_login(&order.custom_fields).is_some() {
                        batch.run(licenses::activate_issued(source, &order.order_id, line, now));
                    }
                }
                LicenseKind::Minted => {
                    let pieces = if product.per_quantity { line.quantity.get() } else { 1 };
                    if pieces > MOST_KEYS {
                        many = Some(pieces);
                        continue;
                    }
                    let keys = (0..pieces).map(|_| self.mint_key()).collect::<Result<Vec<_>, _>>()?;
                    let licenses = MintedLicenses { keys: &keys, source, order, line, bought: &bought, product, now };
                    batch.run(licenses::mint(&licenses, event));
                    let mails = outbox::enqueue_license_mails(&keys, MAILED_AT_ONCE, now, &lease, &self.trace);
                    let mails = unanswered.is_none().then(|| batch.add(mails));
                    minted.push(Minting { bought, product, mails });
                }
            }
        }
        // A license that was just minted has its end by what is paid as well, which may have been told before the order.
        let said = self.apply_said(source, &order.order_id, order.facts, order.subscription.as_ref());
        if said.is_empty() && !minted.is_empty() {
            batch.run(licenses::recompute(LicenseSelector::Order(source, &order.order_id), now));
        }
        if said.is_empty() && matches!(order.address, BuyerAddress::Asked(_)) {
            // The licenses that were made while the address was not known, which was written into them above. What is said of an order
            // has their mails enqueued as well.
            let order = LicenseSelector::Order(source, &order.order_id);
            batch.run(outbox::enqueue_held_mails(order, now, &self.trace));
        }
        batch.extend(said);
        if unanswered.is_some() {
            // Nothing is over yet: how the delivery is left is written down behind this.
        } else if unmapped.is_empty() && untold.is_none() && many.is_none() {
            let reason = reason.filter(|_| minted.is_empty());
            let completion = Completion { event_type, order_id: Some(&order.order_id), reason, payload: Payload::Kept };
            batch.run(events::complete(event, now, &completion));
        } else {
            let names: Vec<_> = unmapped.iter().flat_map(|bought| bought.names()).collect();
            batch.run(events::record_unmapped_lines(event, &names));
        }
        let results = self.run(batch).await?;
        let mut due = Vec::new();
        for Minting { bought, product, mails } in minted {
            let mails = match &mails {
                Some(mails) => results.all(mails)?,
                None => Vec::new(),
            };
            self.log_fulfilled(event, source, &order.order_id, mails.len());
            due.extend(mails.into_iter().filter(|mail| mail.is_leased).map(|EnqueuedMail { id, key, .. }| {
                let entry = Entry { id, attempts: 1, trace: self.trace.clone() };
                let mailing = Mailing {
                    letter: Letter::Key,
                    key,
                    section: source,
                    bought: bought.clone(),
                    tier: product.tier.clone(),
                    to: order.address.email().and_then(|email| email.mailable().ok()),
                    name: order.name.clone(),
                    test: order.test,
                    // What is told of a subscription's end by now, a mail that is sent later says.
                    ending: match order.subscription {
                        Some(_) => Ending::WhilePaid { after: product.on_end },
                        None => product.ending_from(now),
                    },
                };
                Ok(DueMail {
                    entry,
                    ended: 0,
                    kind: OutboxKind::LicenseMail,
                    standing: MailStanding::Good(Box::new(mailing)),
                })
            }));
        }
        self.write_down(self.send_mails(&lease, due).await).await?;
        if let Some(failure) = unanswered {
            return Ok(Fulfilled::Not(Unprocessed {
                reason: EventReason::StorefrontUnavailable,
                event_type: Some(event_type.clone()),
                order_id: Some(order.order_id.clone()),
                storefront_key_id: None,
                email: None,
                error: format!("who bought is not known: {}", shown(&failure.reason)),
                waits_for: Awaited::Address(failure),
            }));
        }
        let email = order.address.email().cloned();
        let untold = match (untold, many) {
            (Some(problem), _) => {
                Some(format!("{problem}, and the catalogue has entries of this product for single variants"))
            }
            (None, Some(pieces)) => Some(format!(
                "a line has {pieces} pieces, each with a key of its own, and at most {MOST_KEYS} are made of one by themselves"
            )),
            (None, None) => None,
        };
        Ok(match (unmapped.first(), untold) {
            (None, None) => Fulfilled::Done,
            // Once it is mapped, what could not be told comes up again.
            (Some(bought), _) => {
                let unmapped = unmapped_product(&catalogue, source, event_type, &order.order_id, bought);
                Fulfilled::Not(Unprocessed { email, ..unmapped })
            }
            (None, Some(error)) => Fulfilled::Not(Unprocessed {
                reason: EventReason::Malformed,
                event_type: Some(event_type.clone()),
                order_id: Some(order.order_id.clone()),
                storefront_key_id: None,
                email,
                error,
                waits_for: Awaited::Person,
            }),
        })
    }

    /// Records what became of an order, and whatever that changes for its licenses.
    pub(super) async fn order_changed(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        order_id: &OrderId,
        facts: OrderFacts,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let mut batch = Batch::from(self.facts(handling.telling(), order_id, facts, None));
        let completion =
            Completion { event_type, order_id: Some(order_id), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(handling.event, self.now(), &completion));
        self.run(batch).await?;
        self.log(
            Level::Info,
            "order_changed",
            [
                ("event_id", handling.event.into()),
                ("source", handling.source().into()),
                ("order", LogValue::text(order_id.as_str())),
                ("change", reason.code().into()),
            ],
        );
        Ok(())
    }

    /// Records what became of a subscription, and whatever that changes for the licenses of the order that it began with. Where
    /// that is not known, it is once the subscription itself is told of.
    pub(super) async fn subscription_changed(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        subscription: &Subscription,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let (event, source) = (handling.event, handling.source());
        let mut batch = Batch::from(Vec::from(self.record_subscription(handling.telling(), subscription)));
        let (order_id, mut batch) = match &subscription.order_id {
            Some(order_id) => (Some(order_id.clone()), batch),
            None => {
                let order = batch.add(subscriptions::order(source, subscription));
                (self.run(batch).await?.first(&order)?, Batch::new())
            }
        };
        if let Some(order_id) = &order_id {
            let order = LicenseSelector::Order(source, order_id);
            batch.extend(licenses::apply_order_facts(order, self.moment(), &self.trace));
        }
        let completion =
            Completion { event_type, order_id: order_id.as_ref(), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(event, self.now(), &completion));
        self.run(batch).await?;
        let fields = [("event_id", event.into()), ("source", source.into()), ("change", LogValue::from(reason.code()))];
        self.log(Level::Info, "subscription_changed", fields);
        Ok(())
    }

    /// Records that a payment was refunded in full, and whatever that changes: for the order that it is, or for the order that the
    /// subscription began with of which it is a payment. Which it is may be known later only; then what it was of finds the refund.
    pub(super) async fn payment_refunded(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        payment: &OrderId,
        reason: EventReason,
    ) -> Result<(), StorageError> {
        let (event, source) = (handling.event, handling.source());
        let refunded = Subscription::of_refunded(payment);
        // With whatever it changes where it is an order: once the fact stands, anything may revoke the license and leave its access.
        let mut batch = Batch::from(self.facts(handling.telling(), payment, OrderFacts::REFUNDED, Some(&refunded)));
        let order = batch.add(subscriptions::order(source, &refunded));
        let of_subscription = self.run(batch).await?.first(&order)?;
        let mut batch = Batch::new();
        if let Some(order_id) = &of_subscription {
            let order = LicenseSelector::Order(source, order_id);
            batch.extend(licenses::apply_order_facts(order, self.moment(), &self.trace));
        }
        let order_id = of_subscription.as_ref().unwrap_or(payment);
        let completion =
            Completion { event_type, order_id: Some(order_id), reason: Some(reason), payload: Payload::Kept };
        batch.run(events::complete(event, self.now(), &completion));
        self.run(batch).await?;
        let fields = [
            ("event_id", event.into()),
            ("source", source.into()),
            ("order", LogValue::text(order_id.as_str())),
            ("change", reason.code().into()),
        ];
        self.log(Level::Info, "order_changed", fields);
        Ok(())
    }

    /// The statements that record what is said of an order and its subscription, with whatever that changes for licenses that are
    /// there.
    pub(super) fn facts(
        &self,
        telling: Telling<'_>,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        let mut statements = self.record_said(telling, order_id, facts, subscription);
        statements.extend(self.apply_said(telling.source, order_id, facts, subscription));
        statements
    }

    /// The statements that record what is said of a subscription.
    pub(super) fn record_subscription(&self, telling: Telling<'_>, subscription: &Subscription) -> [Statement; 2] {
        let Telling { source, event, said_at } = telling;
        subscriptions::record(source, subscription, said_at, self.now(), event)
    }

    /// The statements that record what is said of an order and its subscription, if anything is.
    fn record_said(
        &self,
        telling: Telling<'_>,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        let Telling { source, event, said_at } = telling;
        let mut statements = Vec::new();
        if !facts.is_empty() {
            statements.push(orders::record_facts(source, order_id, facts, said_at, self.now(), event));
        }
        match subscription {
            Some(subscription) => statements.extend(self.record_subscription(telling, subscription)),
            None if facts.refunded || facts.refund_undone => {
                statements.push(subscriptions::follow_refund(source, order_id))
            }
            None => {}
        }
        statements
    }

    /// The statements for whatever that changes for licenses that are there.
    fn apply_said(
        &self,
        source: Source,
        order_id: &OrderId,
        facts: OrderFacts,
        subscription: Option<&Subscription>,
    ) -> Vec<Statement> {
        if facts.is_empty() && subscription.is_none() {
            return Vec::new();
        }
        let order = LicenseSelector::Order(source, order_id);
        licenses::apply_order_facts(order, self.moment(), &self.trace).into()
    }

    /// Records what the storefront says of a key that it issued and mailed itself, and whatever that changes: its license, where
    /// there is one, follows it, and otherwise gets recorded. `news` is the reason of a delivery that brings no license.
    pub(super) async fn key_told(
        &self,
        handling: Handling<'_>,
        event_type: &EventType,
        mut issued: IssuedKey,
        news: Option<EventReason>,
    ) -> Result<Fulfilled, StorageError> {
        let (event, source) = (handling.event, handling.source());
        let mut batch = Batch::new();
        let of_key = batch.add(orders::of_key(source, &issued));
        let record = self.run(batch).await?.first(&of_key)?;
        let (is_licensed, line) = record.map_or((false, None), |record| (record.is_licensed, record.line));
        let catalogue = self.catalogue();
        let moment = self.moment();
        let mut batch = Batch::new();
        batch.run(storefront_keys::record(source, &issued, moment.now, event));
        // What a license opens is not asked for again: it follows its key whatever the catalogue says by now.
        let reason = if is_licensed {
            batch.run(licenses::follow_key(source, &issued.order_id, &issued.storefront_key_id));
            let order = LicenseSelector::Order(source, &issued.order_id);
            batch.extend(licenses::follow(order, moment, &self.trace));
            news
        } else {
            if let Err(waits) = told_variant(&catalogue, source, event_type, &mut issued, line) {
                return Ok(Fulfilled::Not(*waits));
            }
            let Some(product) = catalogue.find(source, &issued.bought) else {
                self.run(events::record_unmapped_lines(event, std::slice::from_ref(&issued.bought)).into()).await?;
                let bought = issued.bought.into();
                return Ok(Fulfilled::Not(Unprocessed {
                    storefront_key_id: Some(issued.storefront_key_id),
                    email: issued.email,
                    ..unmapped_product(&catalogue, source, event_type, &issued.order_id, &bought)
                }));
            };
            match product.license {
                LicenseKind::Minted => Some(EventReason::MintedHere),
                LicenseKind::None => Some(EventReason::NothingToDeliver),
                LicenseKind::Storefront => {
                    batch.run(licenses::record_issued(source, &issued, product, moment.now, Some(event)));
                    // What is paid of a subscription may have been told before.
                    batch.run(licenses::recompute(LicenseSelector::Order(source, &issued.order_id), moment.now));
                    None
                }
            }
        };
        batch.extend(test_mark(source, &issued.order_id, issued.test == Some(true)));
        let completion = Completion { event_type, order_id: Some(&issued.order_id), reason, payload: Payload::Kept };
        batch.run(events::complete(event, moment.now, &completion));
        self.run(batch).await?;
        self.log(Level::Info, "key_recorded", [("event_id", event.into()), ("source", source.into())]);
        Ok(Fulfilled::Done)
    }

    fn mint_key(&self) -> Result<LicenseKey, StorageError> {
        let mut random = [0; MINTED_KEY_RANDOM_BYTES];
        self.platform.fill_random(&mut random)?;
        Ok(LicenseKey::mint(random))
    }

    /// `mailed`: how many keys are to be mailed that were minted by this.
    fn log_fulfilled(&self, event: &EventId, source: Source, order_id: &OrderId, mailed: usize) {
        self.log(
            Level::Info,
            if mailed > 0 { "license_minted" } else { "order_repeated" },
            [("event_id", event.into()), ("source", source.into()), ("order", LogValue::text(order_id.as_str()))],
        );
    }
}

/// The statement that marks the licenses of an order as of a test purchase, where the storefront says that it is one: what it
/// said before may have been less.
fn test_mark(source: Source, order_id: &OrderId, is_test: bool) -> Option<Statement> {
    is_test.then(|| licenses::mark_test(source, order_id))
}

/// Completes a key whose delivery does not say which variant was bought, from the line of its order that bought the product,
/// where the catalogue asks for the variant.
///
/// # Errors
/// Why that has to wait.
fn told_variant(
    catalogue: &Catalogue,
    source: Source,
    event_type: &EventType,
    issued: &mut IssuedKey,
    line: Option<BoughtLine>,
) -> Result<(), Box<Unprocessed>> {
    if issued.bought.variant_id.is_some() || !catalogue.depends_on_variant(source, &issued.bought.product_id) {
        return Ok(());
    }
    let (reason, error, waits_for) = match line {
        Some(BoughtLine { line, variant_id: Some(variant_id) }) => {
            (issued.line, issued.bought.variant_id) = (line, Some(variant_id));
            return Ok(());
        }
        Some(BoughtLine { variant_id: None, .. }) => {
            let error =
                "the order of this key does not say which variant was bought, and that decides what the key opens";
            (EventReason::Malformed, error, Awaited::Person)
        }
        None => {
            let error = "the order of this key has not arrived, or is not fulfilled yet, and the variant that it bought decides \
                         what the key opens";
            (EventReason::OrderNotHereYet, error, Awaited::Order)
        }
    };
    Err(Box::new(Unprocessed {
        reason,
        event_type: Some(event_type.clone()),
        order_id: Some(issued.order_id.clone()),
        storefront_key_id: Some(issued.storefront_key_id.clone()),
        email: issued.email.clone(),
        error: error.to_owned(),
        waits_for,
    }))
}

/// Why a delivery waits whose product the catalogue does not name, with the version of it that does not.
fn unmapped_product(
    catalogue: &Catalogue,
    source: Source,
    event_type: &EventType,
    order_id: &OrderId,
    bought: &Bought,
) -> Unprocessed {
    let variants = bought.variants();
    let more = variants.len().saturating_sub(MOST_NAMED);
    let mut named: String =
        variants.iter().take(MOST_NAMED).map(|variant| format!(", variant {}", variant.as_str())).collect();
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    Unprocessed {
        reason: EventReason::UnmappedProduct,
        event_type: Some(event_type.clone()),
        order_id: Some(order_id.clone()),
        storefront_key_id: None,
        email: None,
        error: format!(
            "unmapped product {}{named} of {source}: add it to the catalogue, and this delivery is fulfilled",
            bought.product_id.as_str()
        ),
        waits_for: Awaited::Catalogue { version: catalogue.version(), product_id: bought.product_id.clone() },
    }
}
