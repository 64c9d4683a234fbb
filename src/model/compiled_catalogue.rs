//! What each product opens. The entries come from `products.toml`, which the build checks and compiles in; reading and
//! checking that file is in the `latchkey-catalogue` crate.

use crate::model::{ProductRef, Repo, Storefront, Timestamp};

/// One entry of `products.toml`.
#[derive(Debug)]
pub struct Product {
    pub storefront: Storefront,
    pub product_id: &'static str,
    /// Set: the entry is for this variant only.
    pub variant_id: Option<&'static str>,
    /// Shown to the buyer.
    pub name: &'static str,
    pub tier: &'static str,
    /// How long a license lasts; absent: for ever.
    pub years: Option<u32>,
    /// Every buyer gets these.
    pub repos: &'static [Repo],
    /// The buyer gets some of these, by preference.
    pub choose: Option<Choice>,
    pub permission: Permission,
    pub license: LicenseKind,
}

/// Repositories among which the buyer prefers at least one and at most `limit`.
#[derive(Debug)]
pub struct Choice {
    pub from: &'static [Repo],
    pub limit: u32,
}

/// What a collaborator may do, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Pull,
    Triage,
    Push,
    Maintain,
    Admin,
}

/// Whose key the buyer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenseKind {
    /// We mint the key and mail it.
    Minted,
    /// The storefront issues and mails its own key; it is asked when the key is used.
    Storefront,
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

/// What the build made of `products.toml`.
static COMPILED: &[Product] = include!(concat!(env!("OUT_DIR"), "/products.rs"));

/// The products, looked up by what a sale or a license says was bought.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue(&'static [Product]);

impl Catalogue {
    /// The products compiled into this build.
    pub fn compiled() -> Self {
        Self(COMPILED)
    }

    /// A catalogue of other products.
    pub const fn new(products: &'static [Product]) -> Self {
        Self(products)
    }

    /// The entry for what was bought: one for just this variant, else one for the whole product.
    pub fn find(self, storefront: Storefront, bought: &ProductRef) -> Option<&'static Product> {
        let of_product =
            || self.0.iter().filter(|entry| entry.storefront == storefront && entry.product_id == bought.product_id);
        let of_variant = bought
            .variant_id
            .as_deref()
            .and_then(|variant| of_product().find(|entry| entry.variant_id == Some(variant)));
        of_variant.or_else(|| of_product().find(|entry| entry.variant_id.is_none()))
    }

    /// Whether a variant could change what [`Catalogue::find`] says of this product.
    pub fn depends_on_variant(self, storefront: Storefront, product_id: &str) -> bool {
        self.0
            .iter()
            .any(|entry| entry.storefront == storefront && entry.product_id == product_id && entry.variant_id.is_some())
    }

    /// The ids of the storefront's products of which the buyer may hold the storefront's own key.
    pub fn with_storefront_keys(self, storefront: Storefront) -> Vec<&'static str> {
        let issues = |entry: &&Product| entry.storefront == storefront && entry.license == LicenseKind::Storefront;
        self.0.iter().filter(issues).map(|entry| entry.product_id).collect()
    }
}

impl Product {
    /// When a license that is issued now ends; `None` for never.
    pub fn expiry_from(&self, issued_at: Timestamp) -> Option<Timestamp> {
        issued_at.plus_years(self.years?)
    }

    /// The repositories that a buyer with this preference gets, each once, those for everybody first.
    ///
    /// # Errors
    /// When a preference is required and missing, over the limit, or names what the product does not open.
    pub fn repos_for(&self, preference: Option<&[Repo]>) -> Result<Vec<Repo>, ChoiceError> {
        let choice = self.choose.as_ref().map_or(&[][..], |choice| choice.from);
        let offered = || list(self.repos.iter().chain(choice));
        let preferred = preference.unwrap_or_default();
        if preferred.iter().any(|repo| !self.repos.contains(repo) && !choice.contains(repo)) {
            return Err(ChoiceError::Outside { from: offered() });
        }
        let mut repos = self.repos.to_vec();
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
}

impl Permission {
    /// GitHub's word for it. <https://docs.github.com/rest/collaborators/collaborators#add-a-repository-collaborator>
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Triage => "triage",
            Self::Push => "push",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The permission of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pull, Self::Triage, Self::Push, Self::Maintain, Self::Admin]
            .into_iter()
            .find(|permission| permission.as_str() == name)
    }
}

impl LicenseKind {
    /// The name used in the database and in `products.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Storefront => "storefront",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Minted, Self::Storefront].into_iter().find(|kind| kind.as_str() == name)
    }
}

fn list<'a>(repos: impl Iterator<Item = &'a Repo>) -> String {
    repos.map(Repo::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn product(variant_id: Option<&'static str>, name: &'static str, choose: Option<Choice>) -> Product {
        Product {
            storefront: Storefront::LemonSqueezy,
            product_id: "4",
            variant_id,
            name,
            tier: "core",
            years: None,
            repos: DOCS,
            choose,
            permission: Permission::Pull,
            license: LicenseKind::Storefront,
        }
    }

    const DOCS: &[Repo] = &[Repo::from_catalogue("acme/docs")];
    const STACKS: &[Repo] =
        &[Repo::from_catalogue("acme/nuxt"), Repo::from_catalogue("acme/next"), Repo::from_catalogue("acme/svelte")];
    const CATALOGUE: Catalogue = Catalogue::new(&[product(None, "any", None), product(Some("5"), "five", None)]);
    const PICKY: Product = product(None, "picky", Some(Choice { from: STACKS, limit: 2 }));

    fn find(storefront: Storefront, product: &str, variant: Option<&str>) -> Option<&'static str> {
        let bought = ProductRef { product_id: product.to_owned(), variant_id: variant.map(str::to_owned) };
        CATALOGUE.find(storefront, &bought).map(|product| product.name)
    }

    fn repos(names: &[&str]) -> Vec<Repo> {
        names.iter().map(|name| Repo::parse(name).unwrap()).collect()
    }

    #[test]
    fn the_more_specific_entry_wins() {
        assert_eq!(find(Storefront::LemonSqueezy, "4", Some("5")), Some("five"));
        assert_eq!(find(Storefront::LemonSqueezy, "4", Some("6")), Some("any"));
        assert_eq!(find(Storefront::LemonSqueezy, "4", None), Some("any"));
        assert!(CATALOGUE.depends_on_variant(Storefront::LemonSqueezy, "4"));
    }

    #[test]
    fn another_storefronts_product_of_the_same_id_is_another_product() {
        assert_eq!(find(Storefront::Gumroad, "4", None), None);
        assert_eq!(find(Storefront::LemonSqueezy, "44", None), None);
    }

    #[test]
    fn a_bundle_opens_every_repository_and_a_preference_narrows_nothing() {
        let bundle = product(None, "bundle", None);
        assert_eq!(bundle.repos_for(None), Ok(repos(&["acme/docs"])));
        assert_eq!(bundle.repos_for(Some(&[])), Ok(repos(&["acme/docs"])));
        assert_eq!(bundle.repos_for(Some(&repos(&["ACME/docs"]))), Ok(repos(&["acme/docs"])));
        assert!(matches!(bundle.repos_for(Some(&repos(&["acme/next"]))), Err(ChoiceError::Outside { .. })));
    }

    #[test]
    fn a_choice_is_required_limited_and_counted_once() {
        assert!(matches!(PICKY.repos_for(None), Err(ChoiceError::Missing { limit: 2, .. })));
        assert!(matches!(PICKY.repos_for(Some(&repos(&["acme/docs"]))), Err(ChoiceError::Missing { .. })));
        assert!(matches!(PICKY.repos_for(Some(STACKS)), Err(ChoiceError::TooMany { .. })));
        let twice = repos(&["acme/next", "acme/NEXT"]);
        assert_eq!(PICKY.repos_for(Some(&twice)), Ok(repos(&["acme/docs", "acme/next"])));
    }
}
