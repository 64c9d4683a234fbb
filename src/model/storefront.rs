//! The closed list of storefronts. How each one speaks is in `adapters`.

use std::fmt;

/// Where a sale comes from. Its text form is what the `source` columns hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storefront {
    Gumroad,
    LemonSqueezy,
}

impl Storefront {
    pub const ALL: [Self; 2] = [Self::Gumroad, Self::LemonSqueezy];

    /// The name used in the database, in `products.toml` and in paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gumroad => "gumroad",
            Self::LemonSqueezy => "lemonsqueezy",
        }
    }

    /// The storefront of that name, exactly as [`Storefront::as_str`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|storefront| storefront.as_str() == name)
    }
}

impl fmt::Display for Storefront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
