//! `licenses`: what an order entitles to, and how each license stands.

use super::batch::Query;
use super::statement::{query, statement};
use super::{grants, mails, privacy};
use crate::db::grants::Moment;
use crate::db::mails::read_ending;
use crate::model::catalogue::{Consequence, DisputeConsequence};
use crate::model::{
    Ending, EventId, GithubLogin, IssuedKey, LicenseKey, LicenseStatus, LinePayment, Order, OrderId, OrderLine,
    Product, ProductRef, Source, StorefrontId, Timestamp, TraceId, checkout_login,
};
use crate::platform::{Row, RowError, Statement};

/// The licenses that a change is about.
#[derive(Debug, Clone, Copy)]
pub enum LicenseSelector<'a> {
    License(&'a LicenseKey),
    Order(Source, &'a OrderId),
}

/// The licenses that a line of an order causes: one, or one a piece.
#[derive(Debug)]
pub struct MintedLicenses<'a> {
    pub keys: &'a [LicenseKey],
    pub source: Source,
    pub order: &'a Order,
    pub line: &'a OrderLine,
    /// What it is for: the product, or that variant of the line's which the product is the entry for.
    pub bought: &'a ProductRef,
    pub product: &'a Product,
    pub now: Timestamp,
}

/// A license that is to be activated for the account that was given at its checkout.
#[derive(Debug, Clone)]
pub struct AtCheckout {
    pub key: LicenseKey,
    /// `None` where it was erased meanwhile, or none was given.
    pub login: Option<GithubLogin>,
}

/// What is known of a license's buyer.
#[derive(Debug, Clone)]
pub struct OfBuyer {
    pub issued_at: Timestamp,
    pub ending: Ending,
    /// Since when it is suspended or revoked; `None` where it is neither, and where nothing tells.
    pub status_since: Option<Timestamp>,
    /// When they last moved it to another account; a correction is no such move.
    pub moved_at: Option<Timestamp>,
    /// The GitHub username that they gave at the checkout; `None` where they gave none, or the order is not known.
    pub checkout_login: Option<GithubLogin>,
    /// The mail with the license came back.
    pub mail_returned: bool,
}

/// For so long after it was issued, a license is tried to be activated for the account that was given at its checkout.
const CHECKOUT_TRIED_MS: i64 = 24 * 60 * 60 * 1000;

/// Between two tries, at least.
const CHECKOUT_WAIT_MS: i64 = 5 * 60 * 1000;

impl<'a> LicenseSelector<'a> {
    /// The key, or the source and the order: what is not given selects nothing.
    pub(super) const fn params(self) -> (Option<&'a LicenseKey>, Option<Source>, Option<&'a OrderId>) {
        match self {
            Self::License(key) => (Some(key), None, None),
            Self::Order(source, order_id) => (None, Some(source), Some(order_id)),
        }
    }
}

/// Mints the licenses of a line, unless it has them.
pub fn mint(licenses: &MintedLicenses<'_>, event_id: &EventId) -> Statement {
    let MintedLicenses { keys, source, order, line, bought, product, now } = licenses;
    statement!(
        "licenses/mint",
        keys = mails::key_list(keys),
        source = *source,
        order_id = &order.order_id,
        line = i64::from(line.line.get()),
        product_id = &bought.product_id,
        variant_id = bought.variant_id.as_ref(),
        tier = product.tier.as_str(),
        email = order.address.as_str(),
        name = order.name.as_str(),
        test = order.test,
        paid_once = line.payment == LinePayment::Once,
        now = *now,
        expires_at = product.expiry_from(*now),
        grace_ms = product.grace_ms(),
        remind_ms = product.remind_ms(),
        kept_after_expiry = product.on_expiry == Consequence::Keep,
        kept_after_end = product.on_end == Consequence::Keep,
        consequences = consequences(product),
        at_checkout = product.activate_at_checkout && checkout_login(&order.custom_fields).is_some(),
        event_id,
    )
}

/// Has the license of a line whose keys the storefront issues activated for the account that was given at the checkout, where the
/// key has come before its order.
pub fn activate_issued(source: Source, order_id: &OrderId, line: &OrderLine, now: Timestamp) -> Statement {
    let line = i64::from(line.line.get());
    statement!("licenses/activate_issued", source, order_id, line, now, within_ms = CHECKOUT_TRIED_MS)
}

/// Takes the license that is due the longest to be activated for the account that was given at its checkout.
pub fn claim_checkout(now: Timestamp) -> Query<AtCheckout> {
    let (wait_ms, within_ms) = (CHECKOUT_WAIT_MS, CHECKOUT_TRIED_MS);
    query!("licenses/claim_checkout", AtCheckout::read, now, wait_ms, within_ms)
}

/// Has nothing more tried with the account that was given at a license's checkout.
pub fn end_checkout(key: &LicenseKey) -> Statement {
    statement!("licenses/end_checkout", key)
}

/// Reads what a license's buyer is told besides the license itself. `mover` is the actor under whom a buyer's move is recorded.
pub fn of_buyer(key: &LicenseKey, mover: &str) -> Query<OfBuyer> {
    query!("licenses/of_buyer", OfBuyer::read, key, mover)
}

/// Records the license of a key of the storefront's own, of which [`super::storefront_keys`] has its word: one that this delivery
/// brought, or without it, one that the storefront vouched for when it was used. One that there is follows the key.
pub fn record_issued(
    source: Source,
    issued: &IssuedKey,
    product: &Product,
    now: Timestamp,
    event_id: Option<&EventId>,
) -> Statement {
    statement!(
        "licenses/record_issued",
        source,
        order_id = &issued.order_id,
        line = i64::from(issued.line.get()),
        storefront_key_id = &issued.storefront_key_id,
        product_id = &issued.bought.product_id,
        variant_id = issued.bought.variant_id.as_ref(),
        tier = product.tier.as_str(),
        email = issued.email.as_ref(),
        name = issued.name.as_deref(),
        test = issued.test,
        now,
        catalogue_expires_at = product.expiry_from(now),
        grace_ms = product.grace_ms(),
        remind_ms = product.remind_ms(),
        kept_after_expiry = product.on_expiry == Consequence::Keep,
        kept_after_end = product.on_end == Consequence::Keep,
        consequences = consequences(product),
        at_checkout = product.activate_at_checkout,
        event_id,
    )
}

/// What each fact of an order does to a license of this product, as the column has it: by the fact, the status that it gives.
pub(super) fn consequences(product: &Product) -> String {
    let of = |consequence: Consequence| (consequence == Consequence::Revoke).then_some(LicenseStatus::Revoked);
    let consequences = [
        ("refunded", of(product.on_refund)),
        ("partially_refunded", of(product.on_partial_refund)),
        (
            "disputed",
            match product.on_dispute {
                DisputeConsequence::Suspend => Some(LicenseStatus::Suspended),
                DisputeConsequence::Revoke => Some(LicenseStatus::Revoked),
                DisputeConsequence::Keep => None,
            },
        ),
        ("dispute_lost", of(product.on_dispute_lost)),
    ];
    let members =
        consequences.iter().filter_map(|(fact, status)| Some(format!("\"{fact}\":\"{}\"", status.as_ref()?.as_str())));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Has the license of a storefront's key, if there is one, follow the spelling of the key that was said last. [`follow`] has to
/// follow in the same batch, which gives it its end.
pub fn follow_key(source: Source, order_id: &OrderId, storefront_key_id: &StorefrontId) -> Statement {
    statement!("licenses/follow_key", source, order_id, storefront_key_id)
}

/// Marks the licenses of the storefront's own keys of an order as of a test purchase.
pub fn mark_test(source: Source, order_id: &OrderId) -> Statement {
    statement!("licenses/mark_test", source, order_id)
}

/// Records that a good license was for a product that the catalogue does not know.
pub fn record_unmapped(source: Source, bought: &ProductRef, now: Timestamp) -> Statement {
    statement!(
        "licenses/record_unmapped",
        source,
        product_id = &bought.product_id,
        variant_id = bought.variant_id.as_ref(),
        now,
    )
}

/// Gives licenses the status and the end that follow from what was said, where that takes nothing away from them; that they have ended
/// is for the next tick to note.
pub fn recompute(selector: LicenseSelector<'_>, now: Timestamp) -> Statement {
    recompute_as(selector, now, false)
}

/// `is_marked`: what the licenses opened that end by this was marked before it in the same batch.
fn recompute_as(selector: LicenseSelector<'_>, now: Timestamp, is_marked: bool) -> Statement {
    let (key, source, order_id) = selector.params();
    statement!("licenses/recompute", key, source, order_id, now, is_marked)
}

/// Has whatever licenses opened that have ended by now taken away, the first to end first, so many at once.
pub fn end(moment: Moment, trace: &TraceId, count: i64) -> [Statement; 3] {
    let [unwanted, enqueue] = grants::follow_ends(moment, trace, count);
    [unwanted, enqueue, statement!("licenses/mark_ended", now = moment.now, count)]
}

/// Gives licenses the status and the end that follow from what was recorded before in the same batch, and enqueues what follows
/// from that, mails included. This, or its part [`follow`], is the one way in which a license that exists changes its status.
pub fn apply_order_facts(selector: LicenseSelector<'_>, moment: Moment, trace: &TraceId) -> [Statement; 6] {
    let [unwanted, wanted, enqueue, recompute, look_again] = follow(selector, moment, trace);
    [unwanted, wanted, enqueue, recompute, look_again, mails::enqueue_held_mails(selector, moment.now, trace)]
}

/// The same without mails: of a storefront's own key none is sent.
pub fn follow(selector: LicenseSelector<'_>, moment: Moment, trace: &TraceId) -> [Statement; 5] {
    let [unwanted, wanted, enqueue] = grants::follow_status(selector, moment, trace);
    // What changes is told by how a license stands before, so these come first.
    [unwanted, wanted, enqueue, recompute_as(selector, moment.now, true), privacy::look_again(selector, moment.now)]
}

impl AtCheckout {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            key: LicenseKey::from_record(row.text("license_key")?).map_err(|_| RowError("license_key"))?,
            login: read_checkout_login(row)?,
        })
    }
}

impl OfBuyer {
    fn read(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            issued_at: row.time("issued_at")?,
            ending: read_ending(row)?,
            status_since: row.optional_time("status_since_at")?,
            moved_at: row.optional_time("moved_at")?,
            checkout_login: read_checkout_login(row)?,
            mail_returned: row.integer("mail_returned")? == 1,
        })
    }
}

/// The GitHub username among what was filled in at a checkout, from the column `custom_fields`.
fn read_checkout_login(row: &Row) -> Result<Option<GithubLogin>, RowError> {
    let Some(text) = row.optional_text("custom_fields")? else { return Ok(None) };
    let fields: Vec<(String, String)> = serde_json::from_str(text).map_err(|_| RowError("custom_fields"))?;
    Ok(checkout_login(&fields))
}
