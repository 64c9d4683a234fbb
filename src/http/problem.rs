//! The one place where an error becomes a status: problem details (RFC 9457) with a stable `code`.
//!
//! `code` is for programs, `detail` for the person at the other end. Neither holds internal text.

use serde::{Serialize, Serializer};

use super::BodyError;
use crate::adapters::{Failure, Remedy};
use crate::api::problem::ProblemDetails;
use crate::engine::ActivateError;
use crate::platform::Limit;

/// What went wrong, for programs. Its text is the `code` of the response, and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    InvalidRequest,
    LicenseBoundToAnotherAccount,
    InvalidSignature,
    Unauthorized,
    LicenseExpired,
    LicenseRevoked,
    LicenseDisabled,
    LicenseSuspended,
    LicenseWrongStore,
    GithubProofRequired,
    NotFound,
    LicenseNotFound,
    MethodNotAllowed,
    ProductNotMapped,
    CatalogueChanged,
    CountChanged,
    AlreadyDone,
    AlreadyProcessed,
    InProgress,
    PayloadErased,
    Refused,
    BodyTooLarge,
    UnsupportedMediaType,
    InvalidCatalogue,
    GithubUserNotFound,
    GithubAccountNotInvitable,
    RateLimited,
    UpstreamUnavailable,
    StorageUnavailable,
}

/// An error as the caller gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    /// Seconds after which the same request may work.
    pub retry_after_s: Option<u64>,
}

/// Passing trouble is over within seconds, or it is not passing.
const PASSING_TROUBLE_S: u64 = 10;

impl Code {
    /// Every one, for the test of the description of the HTTP interface.
    pub const ALL: [Self; 29] = [
        Self::InvalidRequest,
        Self::LicenseBoundToAnotherAccount,
        Self::InvalidSignature,
        Self::Unauthorized,
        Self::LicenseExpired,
        Self::LicenseRevoked,
        Self::LicenseDisabled,
        Self::LicenseSuspended,
        Self::LicenseWrongStore,
        Self::GithubProofRequired,
        Self::NotFound,
        Self::LicenseNotFound,
        Self::MethodNotAllowed,
        Self::ProductNotMapped,
        Self::AlreadyDone,
        Self::AlreadyProcessed,
        Self::InProgress,
        Self::PayloadErased,
        Self::Refused,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::GithubUserNotFound,
        Self::GithubAccountNotInvitable,
        Self::RateLimited,
        Self::UpstreamUnavailable,
        Self::StorageUnavailable,
        Self::CatalogueChanged,
        Self::CountChanged,
        Self::InvalidCatalogue,
    ];

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::LicenseBoundToAnotherAccount => 400,
            Self::InvalidSignature | Self::Unauthorized => 401,
            Self::LicenseExpired
            | Self::LicenseRevoked
            | Self::LicenseDisabled
            | Self::LicenseSuspended
            | Self::LicenseWrongStore
            | Self::GithubProofRequired => 403,
            Self::NotFound | Self::LicenseNotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::ProductNotMapped
            | Self::CatalogueChanged
            | Self::CountChanged
            | Self::AlreadyDone
            | Self::AlreadyProcessed
            | Self::InProgress
            | Self::PayloadErased
            | Self::Refused => 409,
            Self::BodyTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::InvalidCatalogue | Self::GithubUserNotFound | Self::GithubAccountNotInvitable => 422,
            Self::RateLimited => 429,
            Self::UpstreamUnavailable => 502,
            Self::StorageUnavailable => 503,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::LicenseBoundToAnotherAccount => "license_bound_to_another_account",
            Self::InvalidSignature => "invalid_signature",
            Self::Unauthorized => "unauthorized",
            Self::LicenseExpired => "license_expired",
            Self::LicenseRevoked => "license_revoked",
            Self::LicenseDisabled => "license_disabled",
            Self::LicenseSuspended => "license_suspended",
            Self::LicenseWrongStore => "license_wrong_store",
            Self::GithubProofRequired => "github_proof_required",
            Self::NotFound => "not_found",
            Self::LicenseNotFound => "license_not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::ProductNotMapped => "product_not_mapped",
            Self::CatalogueChanged => "catalogue_changed",
            Self::CountChanged => "count_changed",
            Self::AlreadyDone => "already_done",
            Self::AlreadyProcessed => "already_processed",
            Self::InProgress => "in_progress",
            Self::PayloadErased => "payload_erased",
            Self::Refused => "refused",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::InvalidCatalogue => "invalid_catalogue",
            Self::GithubUserNotFound => "github_user_not_found",
            Self::GithubAccountNotInvitable => "github_account_not_invitable",
            Self::RateLimited => "rate_limited",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::StorageUnavailable => "storage_unavailable",
        }
    }

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// The status in words: with the type `about:blank`, that is what the title is to be.
    /// <https://www.rfc-editor.org/rfc/rfc9457#section-4.2.1>
    const fn title(self) -> &'static str {
        match self.status() {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            409 => "Conflict",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            429 => "Too Many Requests",
            502 => "Bad Gateway",
            _ => "Service Unavailable",
        }
    }
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after_s: None }
    }

    /// For every path that does not exist, and for those that must look as if they did not.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this address.")
    }

    /// The database did not take or give what was needed.
    pub fn storage_unavailable() -> Self {
        Self::new(Code::StorageUnavailable, "The database did not answer. Nothing is lost; please try again.")
            .retry_after(PASSING_TROUBLE_S)
    }

    /// The caller, or all callers together, ask too often.
    pub fn rate_limited() -> Self {
        Self::new(Code::RateLimited, "Too many attempts. Please wait a minute.").retry_after(Limit::PERIOD_S)
    }

    /// The account has to be signed in with, on that page.
    pub(super) fn proof_required(page: &str) -> Self {
        let detail = "For this product the GitHub account has to be signed in with. Open your license at ";
        Self::new(Code::GithubProofRequired, format!("{detail}{page}."))
    }

    /// A service that is needed did not do its part.
    pub(super) fn upstream_unavailable(failure: &Failure) -> Self {
        let wait_s = match failure.remedy {
            // What the service said of when, callers do not get to know; a minute later is a fair moment to ask again.
            Remedy::RetryAt(_) | Remedy::Limited { .. } => 60,
            Remedy::Retry => PASSING_TROUBLE_S,
            Remedy::GiveUp
            | Remedy::HandedOver
            | Remedy::PersonNeeded
            | Remedy::CredentialsRejected
            | Remedy::SetupWrong => 600,
        };
        Self::new(
            Code::UpstreamUnavailable,
            "A service that is needed to check this did not answer as it should. Nothing was changed; please try again.",
        )
        .retry_after(wait_s)
    }

    #[must_use]
    pub(super) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl From<&Problem> for ProblemDetails {
    fn from(problem: &Problem) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: problem.code.title().to_owned(),
            status: problem.code.status(),
            detail: problem.detail.clone(),
            code: problem.code,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ProblemDetails::from(self).serialize(serializer)
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(Code::BodyTooLarge, "The body is larger than this endpoint takes."),
            BodyError::BrokenOff => Self::new(Code::InvalidRequest, "The body broke off."),
        }
    }
}

impl From<ActivateError> for Problem {
    fn from(error: ActivateError) -> Self {
        let (code, detail) = match error {
            ActivateError::BoundToAnother => (
                Code::LicenseBoundToAnotherAccount,
                "This license belongs to another GitHub account. If that is yours too, ask the seller to transfer it.",
            ),
            ActivateError::NotFound => (
                Code::LicenseNotFound,
                "Nobody knows this license key. Check it against your mail; right after a purchase it can take some \
                 minutes.",
            ),
            ActivateError::OpensNothing => (
                Code::LicenseNotFound,
                "This is the key of a product that opens no repository: there is nothing to activate.",
            ),
            ActivateError::Expired => (Code::LicenseExpired, "This license has expired."),
            ActivateError::Revoked => (Code::LicenseRevoked, "This license was revoked. Please ask the seller."),
            ActivateError::Suspended => (Code::LicenseSuspended, "This license is suspended. Please ask the seller."),
            ActivateError::Disabled => (Code::LicenseDisabled, "This license is disabled. Please ask the seller."),
            ActivateError::TestMode => {
                (Code::LicenseDisabled, "This license is from a test purchase, which opens nothing here.")
            }
            ActivateError::WrongStore => (Code::LicenseWrongStore, "This license is for a product of another seller."),
            ActivateError::TooManyUnknown => return Self::rate_limited(),
            ActivateError::NotMapped => (
                Code::ProductNotMapped,
                "Your license is good, but the seller has not said yet what it opens. The seller has been told; please \
                 try again later.",
            ),
            ActivateError::Choice(choice) => return Self::new(Code::InvalidRequest, format!("repos {choice}.")),
            ActivateError::ProofRequired => return Self::proof_required("the page of this address, /"),
            ActivateError::UserNotFound => {
                (Code::GithubUserNotFound, "GitHub knows no user of this name. Check the spelling.")
            }
            ActivateError::NotInvitable(what) => {
                let detail = format!("This is {what}, which cannot be invited. Use a personal GitHub account.");
                return Self::new(Code::GithubAccountNotInvitable, detail);
            }
            ActivateError::Upstream(failure) => return Self::upstream_unavailable(&failure),
            ActivateError::Storage(_) => return Self::storage_unavailable(),
        };
        Self::new(code, detail)
    }
}
