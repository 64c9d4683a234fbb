//! What an operator changes about a license, each with its row of `admin_actions`.
//!
//! The row comes first in its batch, only where the change is one, and everything after it happens only where it is there.
//! What follows from a change of status is in [`super::licenses::apply_order_facts`].

use super::batch::{Batch, Handle, Query};
use super::grants::Moment;
use super::statement::{query, statement};
use super::{LicenseSelector, activations, grants, licenses};
use crate::api::codes::Proof;
use crate::model::catalogue::Consequence;
use crate::model::{
    AdminAction, EmailAddress, EventId, GithubAccount, GithubUserId, LicenseKey, OrderId, Product, ProductRef, Source,
    Timestamp, TraceId,
};
use crate::platform::{Row, RowError, Statement};

/// A license after an action.
#[derive(Debug, Clone, Copy)]
pub struct LicenseAfter {
    /// The action took effect.
    pub acted: bool,
    pub minted: bool,
    pub active: bool,
    /// It has an address to mail to, which was not erased.
    pub has_address: bool,
    pub bound: bool,
}

/// Revokes a license by the operator's word. [`super::licenses::apply_order_facts`] has to follow in the same batch.
pub fn revoke(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_revocation", key, action_id, reason, actor, now, trace),
        statement!("actions/revoke", key, action_id),
    ]
}

/// Sets aside whatever keeps a license from being active. [`super::licenses::apply_order_facts`] has to follow in the same batch.
pub fn reinstate(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 3] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_reinstatement", key, action_id, reason, actor, now, trace),
        statement!("actions/reinstate", key, action_id),
        statement!("actions/set_aside_disabled", key, action_id),
    ]
}

/// Binds a good license that is bound already to another account. The old account loses what nothing else of its own opens,
/// and the new one is to have it.
pub fn transfer(
    key: &LicenseKey,
    to: &GithubAccount,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> [Statement; 6] {
    let AdminAction { id: action_id, reason, actor } = action;
    let (user_id, login) = (to.id, &to.login);
    let now = moment.now;
    let record = statement!("actions/record_transfer", key, action_id, reason, actor, now, trace, user_id, login);
    let [release, enqueue_released, bind, want, enqueue_wanted] = follow_transfer(key, to, action, moment, trace);
    [record, release, enqueue_released, bind, want, enqueue_wanted]
}

/// The license of a buyer who has another account now.
#[derive(Debug)]
pub struct Move<'a> {
    pub key: &'a LicenseKey,
    /// Whom it is bound to, as the buyer has shown to know.
    pub from: GithubUserId,
    pub to: &'a GithubAccount,
    pub allowed: MoveAllowed,
    /// How it is known whose the new account is.
    pub proof: Proof,
}

/// When a buyer may move a license.
#[derive(Debug, Clone, Copy)]
pub enum MoveAllowed {
    /// Not for so long after another move.
    Every { every_ms: i64 },
    /// For so long after it was bound to what was given at the checkout.
    AfterCheckout { within_ms: i64 },
}

/// Binds a good license to another account at its buyer's wish. Gives a row when this statement did it.
pub fn move_to(
    batch: &mut Batch,
    wish: &Move<'_>,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> Handle<()> {
    let AdminAction { id: action_id, reason, actor } = action;
    let Move { key, from, to, allowed, proof } = *wish;
    let (every_ms, within_ms) = match allowed {
        MoveAllowed::Every { every_ms } => (Some(every_ms), None),
        MoveAllowed::AfterCheckout { within_ms } => (None, Some(within_ms)),
    };
    let Moment { now, test_licenses: allow_test } = moment;
    let moved = batch.add(query!(
        "actions/record_move",
        |_| Ok(()),
        key,
        action_id,
        reason,
        actor,
        now,
        trace,
        allow_test,
        every_ms,
        within_ms,
        from_id = from,
        user_id = to.id,
        login = &to.login,
    ));
    batch.extend(follow_transfer(key, to, action, moment, trace));
    batch.run(activations::note_proof(key, to.id, proof));
    moved
}

/// What follows from the record of a transfer, where it is there.
fn follow_transfer(
    key: &LicenseKey,
    to: &GithubAccount,
    action: &AdminAction,
    moment: Moment,
    trace: &TraceId,
) -> [Statement; 5] {
    let action_id = &action.id;
    let (user_id, login) = (to.id, &to.login);
    let Moment { now, test_licenses: allow_test } = moment;
    let enqueue = |leaving| grants::enqueue_changed(LicenseSelector::License(key), leaving, moment, trace);
    [
        statement!("actions/release_grants", key, action_id, user_id, now, allow_test),
        enqueue(Some(key)),
        statement!("actions/transfer", key, action_id, user_id, login),
        statement!("actions/want_grants", key, action_id, now, allow_test),
        enqueue(None),
    ]
}

/// Enqueues the mail of a minted, active license once more.
pub fn resend(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> [Statement; 2] {
    let AdminAction { id: action_id, reason, actor } = action;
    [
        statement!("actions/record_resending", key, action_id, reason, actor, now, trace),
        statement!("actions/enqueue_mail_again", key, action_id, now, trace),
    ]
}

/// Records that somebody looks at a whole key.
pub fn show_key(key: &LicenseKey, action: &AdminAction, now: Timestamp, trace: &TraceId) -> Statement {
    let AdminAction { id: action_id, reason, actor } = action;
    statement!("actions/record_showing", key, action_id, reason, actor, now, trace)
}

/// A license that an operator issues by hand.
#[derive(Debug)]
pub struct IssuedByHand<'a> {
    /// That it gets, unless its order has a license of the product.
    pub key: &'a LicenseKey,
    pub section: Source,
    pub bought: &'a ProductRef,
    pub product: &'a Product,
    pub email: &'a EmailAddress,
    pub name: &'a str,
    /// The delivery that it answers.
    pub event: Option<&'a EventId>,
    /// Of the order that it belongs to where the delivery names none.
    pub own_order: &'a OrderId,
}

/// What became of issuing a license by hand.
#[derive(Debug)]
pub struct Issued {
    /// `None`: there is no such delivery, or it was processed otherwise.
    pub key: Option<LicenseKey>,
    /// The delivery that it was to answer is there.
    pub event_is_known: bool,
    /// The delivery has its license, which waits for the buyer's address.
    pub waits_for_address: bool,
}

/// Issues a license by hand, answers the delivery, and enqueues the mail. An order that has a license of the product is not
/// given another.
pub fn issue(
    batch: &mut Batch,
    license: &IssuedByHand<'_>,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Issued> {
    let AdminAction { id: action_id, reason, actor } = action;
    let IssuedByHand { key, section, bought, product, email, name, event: event_id, own_order: order_id } = *license;
    let (product_id, variant_id) = (&bought.product_id, bought.variant_id.as_ref());
    batch.run(statement!(
        "actions/record_issuing",
        key,
        event_id,
        order_id,
        product_id,
        variant_id,
        action_id,
        reason,
        actor,
        now,
        trace
    ));
    batch.run(statement!(
        "actions/issue",
        key,
        action_id,
        product_id,
        variant_id,
        section,
        tier = product.tier.as_str(),
        email,
        name,
        now,
        expires_at = product.expiry_from(now),
        grace_ms = product.grace_ms(),
        remind_ms = product.remind_ms(),
        kept_after_expiry = product.on_expiry == Consequence::Keep,
        kept_after_end = product.on_end == Consequence::Keep,
        consequences = licenses::consequences(product),
    ));
    if event_id.is_some() {
        batch.run(statement!("actions/answer_event", event_id, action_id, now));
    }
    batch.run(statement!("actions/enqueue_mail_again", key, action_id, now, trace));
    batch.add(query!("actions/issued", Issued::read, action_id, event_id, order_id, product_id, variant_id))
}

/// What became of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// The license has the address by it, or by the same correction before.
    Done,
    /// It has the address anyway.
    AlreadySo,
    /// Its owner was erased.
    Erased,
}

/// Corrects the address of a license, of its order, and of what else of the order has the same; and enqueues the mail again
/// of what is not activated. Gives what became of it; nothing where there is no such license.
pub fn correct_email(
    batch: &mut Batch,
    key: &LicenseKey,
    to: &EmailAddress,
    action: &AdminAction,
    now: Timestamp,
    trace: &TraceId,
) -> Handle<Correction> {
    let AdminAction { id: action_id, reason, actor } = action;
    batch.run(statement!("actions/record_correction", key, to, action_id, reason, actor, now, trace));
    batch.run(statement!("actions/enqueue_corrected_mails", key, action_id, now, trace));
    batch.run(statement!("actions/correct_order", key, to, action_id));
    batch.run(statement!("actions/correct_licenses", key, to, action_id));
    let read = |row: &Row| {
        Ok(match (row.integer("corrected")?, row.integer("erased")?) {
            (_, 1) => Correction::Erased,
            (1, _) => Correction::Done,
            _ => Correction::AlreadySo,
        })
    };
    batch.add(query!("actions/corrected", read, key, to, reason))
}

/// Reads the license after an action in the same batch.
pub fn license_after(key: &LicenseKey, action: &AdminAction) -> Query<LicenseAfter> {
    query!("actions/license_after", LicenseAfter::read, key, action_id = &action.id)
}

impl Issued {
    fn read(row: &Row) -> Result<Self, RowError> {
        let key = row.optional_text("license_key")?.map(LicenseKey::from_record).transpose();
        Ok(Self {
            key: key.map_err(|_| RowError("license_key"))?,
            event_is_known: row.optional_text("event_id")?.is_some(),
            waits_for_address: row.optional_integer("waits_for_address")? == Some(1),
        })
    }
}

impl LicenseAfter {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            acted: row.integer("acted")? == 1,
            minted: row.integer("minted")? == 1,
            active: row.integer("active")? == 1,
            has_address: row.integer("has_address")? == 1,
            bound: row.integer("bound")? == 1,
        })
    }
}
