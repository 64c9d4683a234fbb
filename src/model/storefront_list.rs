//! The closed list of what storefronts list and we read back. How one is asked for is in `adapters`.

use crate::model::Storefront;

/// A list at a storefront. Its text form is what the `list` column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorefrontList {
    GumroadSales,
    LemonSqueezyOrders,
    LemonSqueezyLicenseKeys,
}

impl StorefrontList {
    pub const ALL: [Self; 3] = [Self::GumroadSales, Self::LemonSqueezyOrders, Self::LemonSqueezyLicenseKeys];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GumroadSales => "gumroad_sales",
            Self::LemonSqueezyOrders => "lemonsqueezy_orders",
            Self::LemonSqueezyLicenseKeys => "lemonsqueezy_license_keys",
        }
    }

    /// The list of that name, exactly as [`StorefrontList::as_str`] writes it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == name)
    }

    pub const fn storefront(self) -> Storefront {
        match self {
            Self::GumroadSales => Storefront::Gumroad,
            Self::LemonSqueezyOrders | Self::LemonSqueezyLicenseKeys => Storefront::LemonSqueezy,
        }
    }
}
