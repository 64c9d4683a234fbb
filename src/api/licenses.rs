//! `/admin/licenses`: what buyers are entitled to, and to whom each license is bound.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::actions::ActionItem;
use super::codes::Proof;
use super::events::EventItem;
use super::grants::GrantItem;
use super::orders::{FactItem, OrderItem};
use super::outbox::OutboxItem;
use super::timeline::TimelineEntry;
use super::values::{AccountFilter, KeyFilter, OrderFilter, PersonName, SourceFilter};
use super::{Cursor, PageLimit};
use crate::model::{
    Actor, BuyerEmail, EmailAddress, EventId, GithubLogin, LicenseStatus, MailFate, Reason, StorefrontId, Timestamp,
};

/// A license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseItem {
    pub license_key: String,
    /// The storefront; `operator` where it was issued by hand, in answer to no delivery.
    pub source: String,
    pub order_id: String,
    /// Of the order, from 1.
    pub line: i64,
    /// The storefront's id of a key of its own; absent where the key was minted here.
    pub storefront_key_id: Option<String>,
    pub product_id: String,
    pub variant_id: Option<String>,
    pub tier: String,
    /// Who bought; empty once it is erased.
    pub email: String,
    pub name: String,
    pub status: LicenseStatus,
    pub revoked_by_operator: bool,
    /// Of a test purchase.
    pub test: bool,
    pub issued_at: Timestamp,
    /// Absent: never.
    pub expires_at: Option<Timestamp>,
    /// The delivery that brought it, or that it answers by hand; absent where it was issued by hand without one, or learned of
    /// from the storefront when the key was used.
    pub event_id: Option<String>,
    /// The mail with its key came back, or was reported as spam, and waits for another address or another try.
    pub mail_returned: Option<MailReturnedItem>,
    /// Absent while nobody has activated it.
    pub activation: Option<ActivationItem>,
}

/// What became of a mail that its reader does not have, or does not want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailReturnedItem {
    pub fate: MailFate,
    pub since: Timestamp,
}

/// The one identity that a license is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActivationItem {
    pub github_username: String,
    pub github_user_id: i64,
    /// What it opens.
    pub repos: Vec<String>,
    pub proof: Proof,
    pub activated_at: Timestamp,
}

/// A license with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseDetail {
    #[serde(flatten)]
    pub license: LicenseItem,
    pub order: Option<OrderItem>,
    pub facts: Vec<FactItem>,
    /// Every delivery about the order.
    pub events: Vec<EventItem>,
    /// The access of its identity to what it opens.
    pub grants: Vec<GrantItem>,
    /// What is still to be done for it, or was.
    pub outbox: Vec<OutboxItem>,
    pub actions: Vec<ActionItem>,
    /// What happened to it and its order, in the order of time.
    pub timeline: Vec<TimelineEntry>,
}

/// A whole key that somebody looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownKey {
    pub license_key: String,
}

/// Which licenses are asked for: all that meet every filter, by key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicensesRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
    pub email: Option<BuyerEmail>,
    pub order: Option<OrderFilter>,
    pub key: Option<KeyFilter>,
    pub github: Option<AccountFilter>,
}

/// A license that is to be issued by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    /// Whose section of the catalogue the product is in.
    pub section: SourceFilter,
    pub product_id: StorefrontId,
    /// As the catalogue has it.
    pub variant_id: Option<StorefrontId>,
    /// Whom it is mailed to.
    pub email: EmailAddress,
    pub name: Option<PersonName>,
    /// The delivery that it answers: that is processed by this, and the license belongs to its order.
    pub event_id: Option<EventId>,
}

/// What the address of a license and of its order is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectEmailRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    pub to: EmailAddress,
}

/// To whom a license is to be bound instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferRequest {
    pub reason: Reason,
    pub actor: Option<Actor>,
    pub to: GithubLogin,
}
