//! What an entry of `products.toml` is once it is checked. How it is written and checked is in `entry`.

use crate::Repo;

/// One product that a storefront sells, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Who sells it.
    pub storefront: Storefront,
    /// The storefront's id of the product, compared exactly (Gumroad's ids are case-sensitive).
    pub product_id: String,
    /// Lemon Squeezy only: the one variant that this entry is for. `None` is every variant without its own entry.
    pub variant_id: Option<String>,
    /// The name that the buyer reads.
    pub name: String,
    /// The seller's word for the kind of license.
    pub tier: String,
    /// How long the license is good, in years from the sale (1 to 100). `None` is perpetual.
    pub years: Option<u32>,
    /// The repositories that every buyer gets.
    pub repos: Vec<Repo>,
    /// The repositories among which the buyer chooses, if there are any.
    pub choose: Option<Choice>,
    /// What the buyer may do in the repositories.
    pub permission: Permission,
    /// Whose key the buyer holds.
    pub license: LicenseKind,
}

/// The buyer's choice among repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What there is to choose from: at least one, none twice, none that every buyer gets anyway.
    pub from: Vec<Repo>,
    /// How many the buyer may choose: at least 1, at most all.
    pub limit: u32,
}

/// Who sells a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storefront {
    /// <https://gumroad.com>
    Gumroad,
    /// <https://www.lemonsqueezy.com>
    LemonSqueezy,
}

impl Storefront {
    /// The storefronts, in the order of the catalogue.
    pub(crate) const ALL: [Self; 2] = [Self::Gumroad, Self::LemonSqueezy];

    /// Its key in `products.toml`, as in `[[gumroad]]`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Gumroad => "gumroad",
            Self::LemonSqueezy => "lemonsqueezy",
        }
    }
}

/// What a collaborator may do in a repository. GitHub's names, as its API takes them:
/// <https://docs.github.com/en/rest/collaborators/collaborators#add-a-repository-collaborator>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Read and clone.
    Pull,
    /// Also manage issues and pull requests.
    Triage,
    /// Also write.
    Push,
    /// Also manage the repository, without what is sensitive or destructive.
    Maintain,
    /// Everything.
    Admin,
}

impl Permission {
    /// What `products.toml` may say, and what it means.
    pub(crate) const NAMES: [(&'static str, Self); 5] = [
        ("pull", Self::Pull),
        ("triage", Self::Triage),
        ("push", Self::Push),
        ("maintain", Self::Maintain),
        ("admin", Self::Admin),
    ];
}

/// Whose key the buyer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseKind {
    /// Latchkey mints the key and mails it.
    Minted,
    /// The storefront issues and mails its own key; Latchkey records and verifies it.
    Storefront,
}

impl LicenseKind {
    /// What `products.toml` may say, and what it means.
    pub(crate) const NAMES: [(&'static str, Self); 2] = [("minted", Self::Minted), ("storefront", Self::Storefront)];
}
