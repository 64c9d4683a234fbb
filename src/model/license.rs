//! A license as we hold it, the one identity it is bound to, and what that identity has of a repository.

use crate::model::{Consequence, GithubLogin, GithubUserId, LicenseKey, ProductRef, Repo, Source, Timestamp};

/// What the `status` column holds. Expiry is a date, not a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseStatus {
    Active,
    Suspended,
    Revoked,
}

/// Whether a license opens anything now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Good,
    Expired,
    Suspended,
    /// Suspended since the storefront has disabled the key.
    Disabled,
    Revoked,
}

/// How a license comes to its end by itself, as its buyer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It does not.
    Never,
    /// It is good for as long as its subscription is paid; then this becomes of access.
    WhilePaid { after: Consequence },
    /// What was paid for is over at `expires_at`, and access at `ends_at`; `None`: it is kept.
    Expires { expires_at: Timestamp, ends_at: Option<Timestamp> },
    /// The same, since its subscription was stopped.
    Stopped { expires_at: Timestamp, ends_at: Option<Timestamp> },
}

/// Whether licenses of test purchases open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestLicenses {
    OpenNothing,
    OpenRepositories,
}

/// One row of `licenses`, without what only the mail needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    pub key: LicenseKey,
    /// Whose section of the catalogue its product is in: the storefront's that sold it, but for one that was issued by hand.
    pub section: Source,
    /// The storefront's id of the key where the storefront issued it; `None` for one that was minted here.
    pub storefront_key_id: Option<String>,
    pub bought: ProductRef,
    pub tier: String,
    pub status: LicenseStatus,
    pub test: bool,
    /// When what was paid for is over.
    pub expires_at: Option<Timestamp>,
    /// Until when it is good, with the grace that there is; `None`: for ever, be it that its product is kept after an expiry.
    pub ends_at: Option<Timestamp>,
    /// The storefront has disabled the key, and nobody has set that aside.
    pub key_disabled: bool,
}

/// One row of `license_activations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub login: GithubLogin,
    pub user_id: GithubUserId,
    /// What was opened when the license was bound; later invitations repeat these.
    pub repos: Vec<Repo>,
    /// When it was bound to what was given at the checkout; `None` where the buyer has said or shown which account it is.
    pub bound_at_checkout: Option<Timestamp>,
}

/// For so long the key alone is enough to name another account than the one that was given at the checkout.
pub const CORRECTED_WITHIN_MS: i64 = 24 * 60 * 60 * 1000;

impl Activation {
    /// Whether whoever has the key may name another account: this one was only given at the checkout, and not long ago.
    pub fn is_correctable(&self, now: Timestamp) -> bool {
        self.bound_at_checkout.is_some_and(|at| now < at.plus_millis(CORRECTED_WITHIN_MS))
    }
}

/// What was last seen of one identity's access to one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState {
    /// To be given.
    Pending,
    /// An invitation is open.
    Invited,
    /// To be given once a limit of GitHub's allows it.
    Waiting,
    Member,
    Declined,
    Expired,
    /// Nothing comes of it before a person acts.
    Blocked,
    RemovedByHand,
    /// To be taken away.
    Revoking,
    Revoked,
}

impl LicenseStatus {
    pub const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Revoked];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

impl GrantState {
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Invited,
        Self::Waiting,
        Self::Member,
        Self::Declined,
        Self::Expired,
        Self::Blocked,
        Self::RemovedByHand,
        Self::Revoking,
        Self::Revoked,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Invited => "invited",
            Self::Waiting => "waiting",
            Self::Member => "member",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Blocked => "blocked",
            Self::RemovedByHand => "removed_by_hand",
            Self::Revoking => "revoking",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl License {
    /// How the license stands at `now`. It is over at the instant of `ends_at`, not after it.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.status {
            LicenseStatus::Revoked => Standing::Revoked,
            LicenseStatus::Suspended if self.key_disabled => Standing::Disabled,
            LicenseStatus::Suspended => Standing::Suspended,
            LicenseStatus::Active if self.ends_at.is_some_and(|end| end <= now) => Standing::Expired,
            LicenseStatus::Active => Standing::Good,
        }
    }
}
