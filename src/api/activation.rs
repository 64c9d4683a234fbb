//! `POST /api/activate` and `POST /api/license`: what a buyer's page sends, and what it gets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{AccessState, ActivationState, ReceiptState, RepoState};
use crate::model::{Hindrance, LicenseStatus, Timestamp};

/// A license key, the GitHub account that it is to be bound to, and what the buyer prefers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationRequest {
    /// In any spelling, and with what is pasted around it.
    #[schemars(length(min = 1, max = 1_000))]
    pub license_key: String,
    /// The username, or the address of a profile.
    #[schemars(length(min = 1, max = 500))]
    pub github_username: String,
    /// The buyer's choice.
    #[schemars(length(max = 100), inner(regex(pattern = r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")))]
    pub repos: Option<Vec<String>>,
}

/// A bound license, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Activation {
    pub status: ActivationState,
    pub license: ActivatedLicense,
    pub github_username: String,
    pub repos: Vec<ActivatedRepo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActivatedLicense {
    /// The product's name.
    pub product: String,
    pub tier: String,
    /// Absent: never.
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActivatedRepo {
    pub repo: String,
    pub status: RepoState,
    /// Where an invitation is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_url: Option<String>,
    /// When the invitation ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When what is queued is tried again, at the soonest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The key of the license that is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicenseRequest {
    /// In any spelling, and with what is pasted around it.
    #[schemars(length(min = 1, max = 1_000))]
    pub license_key: String,
}

/// A good license, whether it is bound, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LicenseAnswer {
    pub license: ShownLicense,
    /// To a GitHub account, which is not named.
    pub bound: bool,
    /// Among what the buyer has to choose; absent where there is nothing to choose, or was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choose: Option<OfferedChoice>,
    /// What every buyer gets; once it is bound, what it was bound with.
    pub repos: Vec<ShownRepo>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownLicense {
    /// The product's name.
    pub product: String,
    pub tier: String,
    pub status: LicenseStatus,
    /// Null: never.
    pub expires_at: Option<Timestamp>,
    /// Of a test purchase.
    pub test: bool,
}

/// Repositories of which the buyer names at least one and at most so many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferedChoice {
    pub from: Vec<String>,
    pub limit: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownRepo {
    pub repo: String,
    pub status: AccessState,
    /// Where an invitation is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_url: Option<String>,
    /// When the invitation ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When what is queued is tried again, at the soonest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What keeps the account out of what is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<Hindrance>,
}

/// What a storefront gets for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryReceipt {
    pub status: ReceiptState,
}
