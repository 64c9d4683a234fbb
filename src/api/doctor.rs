//! `/admin/doctor`: whether everything is set up as it has to be, here and at the services, and what mends it where it is not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{CheckCode, CheckReason, CheckStatus};

/// Whether everything is set up as it has to be. Each check is there at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    pub code: CheckCode,
    pub status: CheckStatus,
    /// What it is about: a setting, a storefront, a product of one, a repository, an organization.
    pub subject: Option<String>,
    /// Why it is not `ok`.
    pub reason: Option<CheckReason>,
    /// What was found, for a person: a number, a time, what a service said.
    pub detail: Option<String>,
    /// What mends it, for a person.
    pub remedy: Option<String>,
}

impl Check {
    /// Nothing is wrong.
    pub const fn ok(code: CheckCode) -> Self {
        Self { code, status: CheckStatus::Ok, subject: None, reason: None, detail: None, remedy: None }
    }

    /// It works, and may not for long, or not as somebody would expect.
    pub fn warning(code: CheckCode, reason: CheckReason) -> Self {
        Self { status: CheckStatus::Warning, reason: Some(reason), ..Self::ok(code) }
    }

    /// It does not work.
    pub fn failed(code: CheckCode, reason: CheckReason) -> Self {
        Self { status: CheckStatus::Failed, reason: Some(reason), ..Self::ok(code) }
    }

    /// It could not be looked at.
    pub fn skipped(code: CheckCode, reason: CheckReason) -> Self {
        Self { status: CheckStatus::Skipped, reason: Some(reason), ..Self::ok(code) }
    }

    /// What it is about.
    #[must_use]
    pub fn about(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    /// What was found.
    #[must_use]
    pub fn seeing(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// What mends it.
    #[must_use]
    pub fn mended_by(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}
