//! One entry of the catalogue: a product that a storefront sells, and what it opens on which terms.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::url::HttpsUrl;
use super::word::{Word, words};
use crate::model::{DAY_MS, Ending, Repo, Timestamp};

/// One entry. Its serialized form is the entry of the catalogue's JSON form, and the column `products.entry`; what has its
/// default is left out there, but for the license, whose default differs from storefront to storefront.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Product {
    /// Who sells it: the `source` of orders and licenses. In the JSON form it is the key of the list.
    #[serde(skip)]
    pub source: String,
    /// The storefront's id, compared exactly.
    pub product_id: String,
    /// Set: the entry is for this variant only.
    #[serde(flatten)]
    pub variant: Option<VariantId>,
    /// Shown to the buyer.
    pub name: String,
    /// The seller's word for the kind of license. Empty only where there is no license.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tier: String,
    /// How long a license lasts, 1 to 100; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub years: Option<u32>,
    /// Every buyer gets these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub repos: Vec<Repo>,
    /// The buyer gets some of these, by preference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choice>,
    /// What buyers may do in the repositories.
    #[serde(default, skip_serializing_if = "is_default")]
    pub permission: Permission,
    /// Whose key the buyer holds.
    pub license: LicenseKind,
    /// What a full refund does.
    #[serde(default = "revoke", skip_serializing_if = "is_revoke")]
    pub on_refund: Consequence,
    #[serde(default = "keep", skip_serializing_if = "is_keep")]
    pub on_partial_refund: Consequence,
    /// What a dispute does while it is open.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_dispute: DisputeConsequence,
    #[serde(default = "revoke", skip_serializing_if = "is_revoke")]
    pub on_dispute_lost: Consequence,
    /// What happens when `years` are over.
    #[serde(default = "revoke", skip_serializing_if = "is_revoke")]
    pub on_expiry: Consequence,
    /// What happens when a subscription has ended.
    #[serde(default = "revoke", skip_serializing_if = "is_revoke")]
    pub on_end: Consequence,
    /// How long after an expiry or a failed payment its consequence waits, 0 to 365.
    #[serde(default = "grace_days", skip_serializing_if = "is_grace_days")]
    pub grace_days: u32,
    /// How long before an expiry the buyer is reminded, 0 to 365; 0: never.
    #[serde(default = "remind_days", skip_serializing_if = "is_remind_days")]
    pub remind_days: u32,
    /// Where the buyer renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub renew_url: Option<HttpsUrl>,
    /// Whether the GitHub account has to be signed in with.
    #[serde(default, skip_serializing_if = "is_default")]
    pub proof: ProofRule,
    /// Whether a line of an order has as many keys as pieces, instead of one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub per_quantity: bool,
    /// Whether a GitHub username that was asked for at the checkout is bound and invited at once.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activate_at_checkout: bool,
}

/// The one variant of a product that an entry is for, under the key that its storefront's entries have for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum VariantId {
    #[serde(rename = "variant")]
    Name(String),
    #[serde(rename = "variant_id")]
    Id(String),
}

/// Repositories among which the buyer prefers at least one and at most `limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// At least one, none twice, none that every buyer gets anyway.
    #[schemars(with = "Vec<String>")]
    pub from: Vec<Repo>,
    /// At least 1, at most all.
    pub limit: u32,
}

words! {
    /// What a collaborator may do, in GitHub's words:
    /// <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
    #[derive(Default)]
    Permission {
        #[default]
        Pull = "pull",
        Triage = "triage",
        Push = "push",
        Maintain = "maintain",
        Admin = "admin",
    }
}

words! {
    /// Whose key the buyer holds.
    LicenseKind {
        /// We mint the key and mail it.
        Minted = "minted",
        /// The storefront issues and mails its own key; it is asked when the key is used.
        Storefront = "storefront",
        /// Nobody's: the product is known, and a sale of it asks for nothing.
        None = "none",
    }
}

words! {
    /// What becomes of access.
    Consequence {
        Revoke = "revoke",
        Keep = "keep",
    }
}

words! {
    /// What becomes of access while a dispute is open.
    #[derive(Default)]
    DisputeConsequence {
        #[default]
        Suspend = "suspend",
        Revoke = "revoke",
        Keep = "keep",
    }
}

words! {
    /// Whether a buyer has to prove the GitHub account.
    #[derive(Default)]
    ProofRule {
        #[default]
        Optional = "optional",
        /// Only an account that was signed in with is bound.
        Required = "required",
    }
}

impl Permission {
    /// How much it permits: more with each.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Pull => 1,
            Self::Triage => 2,
            Self::Push => 3,
            Self::Maintain => 4,
            Self::Admin => 5,
        }
    }

    /// The permission of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == name)
    }

    /// The permission of that rank.
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.rank() == rank)
    }
}

/// Why a buyer's preference cannot be met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    #[error("must name the repositories you choose: {limit} of {from}")]
    Missing { limit: u32, from: String },
    #[error("may name at most {limit} of {from}")]
    TooMany { limit: u32, from: String },
    #[error("may name only repositories that this product opens: {from}")]
    Outside { from: String },
}

/// What a product opens for a license that was bound before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReposByNow {
    /// Those for everybody first, each once.
    pub repos: Vec<Repo>,
    pub choice: ChoiceByNow,
}

/// Whether what the buyer chose is offered by now. Where there was nothing to choose, it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceByNow {
    Offered,
    /// Some of it is not.
    Gone,
}

impl Product {
    /// How many days of grace there are where an entry does not say.
    pub const GRACE_DAYS: u32 = 3;
    /// How many days before an expiry the buyer is reminded where an entry does not say.
    pub const REMIND_DAYS: u32 = 14;

    /// The variant that the entry is for; absent: every one that has no entry of its own.
    pub fn variant_id(&self) -> Option<&str> {
        self.variant.as_ref().map(VariantId::as_str)
    }

    /// When a license that is issued now ends; `None` for never.
    pub fn expiry_from(&self, issued_at: Timestamp) -> Option<Timestamp> {
        issued_at.plus_years(self.years?)
    }

    /// For how long, in milliseconds, a license is good after it has expired, or a payment of its subscription has not come.
    pub fn grace_ms(&self) -> i64 {
        i64::from(self.grace_days) * DAY_MS
    }

    /// How long, in milliseconds, before a license expires its buyer is reminded; 0: never.
    pub fn remind_ms(&self) -> i64 {
        i64::from(self.remind_days) * DAY_MS
    }

    /// How a license ends that is issued now and is no subscription's.
    pub fn ending_from(&self, issued_at: Timestamp) -> Ending {
        self.expiry_from(issued_at).map_or(Ending::Never, |expires_at| {
            let is_kept = self.on_expiry == Consequence::Keep;
            Ending::Expires { expires_at, ends_at: (!is_kept).then(|| expires_at.plus_millis(self.grace_ms())) }
        })
    }

    /// All repositories that it opens to somebody, those for everybody first.
    pub fn all_repos(&self) -> impl Iterator<Item = &Repo> {
        self.repos.iter().chain(self.choose.iter().flat_map(|choose| &choose.from))
    }

    /// The repositories that a buyer with this preference gets, each once, those for everybody first.
    ///
    /// # Errors
    /// When a preference is required and missing, over the limit, or names what the product does not open.
    pub fn repos_for(&self, preference: Option<&[Repo]>) -> Result<Vec<Repo>, ChoiceError> {
        let choice = self.choose.as_ref().map_or(&[][..], |choice| &choice.from);
        let offered = || list(self.repos.iter().chain(choice));
        let preferred = preference.unwrap_or_default();
        if preferred.iter().any(|repo| !self.repos.contains(repo) && !choice.contains(repo)) {
            return Err(ChoiceError::Outside { from: offered() });
        }
        let mut repos = self.repos.clone();
        if let Some(Choice { from, limit }) = &self.choose {
            let chosen: Vec<&Repo> = from.iter().filter(|repo| preferred.contains(repo)).collect();
            match chosen.len() {
                0 => return Err(ChoiceError::Missing { limit: *limit, from: list(from.iter()) }),
                count if count > *limit as usize => {
                    return Err(ChoiceError::TooMany { limit: *limit, from: list(from.iter()) });
                }
                _ => repos.extend(chosen.into_iter().cloned()),
            }
        }
        Ok(repos)
    }

    /// The repositories that the product opens for a license that has these, of which its buyer chose some when the catalogue said
    /// something else; `None` where the buyer would have to choose, and was never asked to.
    ///
    /// Whoever has any of what is to be chosen keeps that, however many may be chosen by now. A choice that is not offered any more
    /// was paid for like any other, and nothing can take its place, so it is kept as well.
    pub fn repos_by_now(&self, has: &[Repo], chosen: &[Repo]) -> Option<ReposByNow> {
        let offered = self.offered_among(has);
        if self.choose.is_some() && offered.is_empty() && chosen.is_empty() {
            return None;
        }
        let mut repos = self.repos.clone();
        repos.extend(offered);
        let gone: Vec<Repo> =
            chosen.iter().filter(|repo| has.contains(repo) && !repos.contains(repo)).cloned().collect();
        let choice = if gone.is_empty() { ChoiceByNow::Offered } else { ChoiceByNow::Gone };
        repos.extend(gone);
        Some(ReposByNow { repos, choice })
    }

    /// Those of some repositories that the product lets the buyer choose, in the seller's order.
    pub fn offered_among(&self, repos: &[Repo]) -> Vec<Repo> {
        let offered = self.choose.iter().flat_map(|choice| &choice.from);
        offered.filter(|repo| repos.contains(repo)).cloned().collect()
    }
}

impl VariantId {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Name(text) | Self::Id(text) => text,
        }
    }
}

fn list<'a>(repos: impl Iterator<Item = &'a Repo>) -> String {
    repos.map(Repo::as_str).collect::<Vec<_>>().join(", ")
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

const fn revoke() -> Consequence {
    Consequence::Revoke
}

const fn keep() -> Consequence {
    Consequence::Keep
}

fn is_revoke(value: &Consequence) -> bool {
    *value == Consequence::Revoke
}

fn is_keep(value: &Consequence) -> bool {
    *value == Consequence::Keep
}

const fn grace_days() -> u32 {
    Product::GRACE_DAYS
}

fn is_grace_days(days: &u32) -> bool {
    *days == Product::GRACE_DAYS
}

const fn remind_days() -> u32 {
    Product::REMIND_DAYS
}

fn is_remind_days(days: &u32) -> bool {
    *days == Product::REMIND_DAYS
}
