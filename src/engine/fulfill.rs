//! What an order causes: its record, a license a line, the mails that bring the keys.
//!
//! The licenses, the rows of the outbox that mail them and the event's new state are one transaction, and each of its
//! statements does nothing when repeated: any number of copies of an order, at once or later, end in one license a line and
//! one mail each. What its lines come to by the catalogue is in `plan`; what becomes of an order afterwards in `facts`, and the keys
//! that a storefront issues itself in `issued_keys`.

mod plan;

pub(super) use self::plan::unmapped_product;
use self::plan::{Minted, Plan};
use super::ingest::{Awaited, Handling, Unprocessed};
use super::outbox::shown;
use super::{Engine, StorageError};
use crate::adapters::Failure;
use crate::api::codes::OutboxKind;
use crate::db::events::{self, Completion, Payload};
use crate::db::licenses::{self, MintedLicenses};
use crate::db::mails::{self, DueMail, EnqueuedMail, Letter, MailStanding, Mailing};
use crate::db::orders;
use crate::db::outbox::Entry;
use crate::db::{Batch, Handle, LicenseSelector};
use crate::model::{
    BuyerAddress, Ending, EventId, EventReason, EventType, LicenseKey, MINTED_KEY_RANDOM_BYTES, Order, OrderId, Source,
    Timestamp,
};
use crate::platform::{Level, LogValue, Platform, Statement};

/// Of a line's keys so many are mailed at once, and the others by the next ticks: a Worker on the Free plan may ask others fifty
/// times in one invocation.
const MAILED_AT_ONCE: i64 = 10;

/// What became of a delivery that was understood.
pub(super) enum Fulfilled {
    Done,
    Not(Unprocessed),
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
        let plan = Plan::of(source, order, &catalogue);
        let lease = self.lease()?;
        let mut batch = Batch::new();
        batch.extend(orders::record(source, order, now, event));
        batch.extend(self.record_said(handling.telling(), &order.order_id, order.facts, order.subscription.as_ref()));
        batch.extend(test_mark(source, &order.order_id, order.test));
        for line in &plan.activated_at_checkout {
            batch.run(licenses::activate_issued(source, &order.order_id, line, now));
        }
        // While the storefront has still to say who bought, there is nobody to mail a key to.
        let mut mails: Vec<Option<Handle<EnqueuedMail>>> = Vec::new();
        for Minted { line, bought, product, pieces } in &plan.minted {
            let keys = (0..*pieces).map(|_| self.mint_key()).collect::<Result<Vec<_>, _>>()?;
            batch
                .run(licenses::mint(&MintedLicenses { keys: &keys, source, order, line, bought, product, now }, event));
            let enqueue = || mails::enqueue_license_mails(&keys, MAILED_AT_ONCE, now, &lease, &self.trace);
            mails.push(unanswered.is_none().then(|| batch.add(enqueue())));
        }
        batch.extend(self.apply_order(source, order, &plan, now));
        if unanswered.is_some() {
            // Nothing is over yet: how the delivery is left is written down behind this.
        } else if plan.is_whole() {
            let order_id = Some(&order.order_id);
            let completion = Completion { event_type, order_id, reason: plan.no_license(), payload: Payload::Kept };
            batch.run(events::complete(event, now, &completion));
        } else {
            batch.run(events::record_unmapped_lines(event, &plan.unmapped_names()));
        }
        let results = self.run(batch).await?;
        let mut due = Vec::new();
        for (minted, mails) in plan.minted.iter().zip(&mails) {
            let mails = mails.as_ref().map(|mails| results.all(mails)).transpose()?.unwrap_or_default();
            self.log_fulfilled(event, source, &order.order_id, mails.len());
            let leased = mails.into_iter().filter(|mail| mail.is_leased);
            due.extend(leased.map(|mail| Ok(self.due_mail(source, order, minted, mail, now))));
        }
        self.write_down(self.send_mails(&lease, due).await).await?;
        let left = match unanswered {
            Some(failure) => Some(who_bought_is_not_known(event_type, order, failure)),
            None => plan.left_over(source, order, event_type, &catalogue),
        };
        Ok(left.map_or(Fulfilled::Done, Fulfilled::Not))
    }

    /// The statements for what licenses of this order follow, those included that are minted with it: what is said of an order may have
    /// come before it.
    fn apply_order(&self, source: Source, order: &Order, plan: &Plan<'_>, now: Timestamp) -> Vec<Statement> {
        // This has the mails enqueued as well that waited for an address.
        let mut statements = self.apply_said(source, &order.order_id, order.facts, order.subscription.as_ref());
        if statements.is_empty() {
            let licenses = LicenseSelector::Order(source, &order.order_id);
            if !plan.minted.is_empty() {
                statements.push(licenses::recompute(licenses, now));
            }
            if matches!(order.address, BuyerAddress::Asked(_)) {
                // The licenses that were made while the address was not known, which was written into them by now.
                statements.push(mails::enqueue_held_mails(licenses, now, &self.trace));
            }
        }
        statements
    }

    /// The mail with the key of a license that was just minted, under the lease with which its row was enqueued.
    fn due_mail(
        &self,
        source: Source,
        order: &Order,
        minted: &Minted<'_>,
        mail: EnqueuedMail,
        now: Timestamp,
    ) -> DueMail {
        let EnqueuedMail { id, key, .. } = mail;
        let mailing = Mailing {
            letter: Letter::Key,
            key,
            section: source,
            bought: minted.bought.clone(),
            tier: minted.product.tier.clone(),
            to: order.address.email().and_then(|email| email.mailable().ok()),
            name: order.name.clone(),
            test: order.test,
            // What is told of a subscription's end by now, a mail that is sent later says.
            ending: match order.subscription {
                Some(_) => Ending::WhilePaid { after: minted.product.on_end },
                None => minted.product.ending_from(now),
            },
        };
        DueMail {
            entry: Entry { id, attempts: 1, trace: self.trace.clone() },
            ended: 0,
            kind: OutboxKind::LicenseMail,
            standing: MailStanding::Good(Box::new(mailing)),
        }
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

/// How a delivery is left whose storefront did not say who bought.
fn who_bought_is_not_known(event_type: &EventType, order: &Order, failure: Failure) -> Unprocessed {
    Unprocessed {
        reason: EventReason::StorefrontUnavailable,
        event_type: Some(event_type.clone()),
        order_id: Some(order.order_id.clone()),
        storefront_key_id: None,
        email: None,
        error: format!("who bought is not known: {}", shown(&failure.reason)),
        waits_for: Awaited::Address(failure),
    }
}

/// The statement that marks the licenses of an order as of a test purchase, where the storefront says that it is one: what it
/// said before may have been less.
pub(super) fn test_mark(source: Source, order_id: &OrderId, is_test: bool) -> Option<Statement> {
    is_test.then(|| licenses::mark_test(source, order_id))
}
