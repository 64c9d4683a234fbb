//! A license as we hold it, and the one identity it is bound to.

use crate::model::{
    GithubLogin, GithubUserId, LicenseKey, LicenseKind, Permission, ProductRef, Repo, Storefront, Timestamp,
};

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
    Revoked,
}

/// One row of `licenses`, without what only the mail needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    pub key: LicenseKey,
    pub kind: LicenseKind,
    pub storefront: Storefront,
    pub bought: ProductRef,
    pub tier: String,
    pub status: LicenseStatus,
    pub test: bool,
    pub expires_at: Option<Timestamp>,
}

/// One row of `license_activations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    pub login: GithubLogin,
    pub user_id: GithubUserId,
    /// What was opened when the license was bound; later invitations repeat these.
    pub repos: Vec<Repo>,
    pub permission: Permission,
}

impl LicenseStatus {
    const ALL: [Self; 3] = [Self::Active, Self::Suspended, Self::Revoked];

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

impl License {
    /// How the license stands at `now`. It expires at the instant of `expires_at`, not after it.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.status {
            LicenseStatus::Revoked => Standing::Revoked,
            LicenseStatus::Suspended => Standing::Suspended,
            LicenseStatus::Active if self.expires_at.is_some_and(|end| end <= now) => Standing::Expired,
            LicenseStatus::Active => Standing::Good,
        }
    }
}
