//! What the catalogue's entries of each storefront look like.

use crate::model::catalogue::{Ids, LicenseKind, Section, VariantId, VariantRule};

/// The storefronts whose products the catalogue can name, in the order in which they are written.
pub const SECTIONS: &[Section] = &[
    Section {
        source: "gumroad",
        name: "Gumroad",
        product_ids: Ids::Text { example: "32-nPAicqbLj8B_WswVlMw==" },
        // A ping names the chosen options by their titles and carries no id of a variant: https://gumroad.com/ping.
        variants: Some(VariantRule { variant: VariantId::Name, ids: Ids::Text { example: "Tier: Team" } }),
        licenses: &[LicenseKind::Minted, LicenseKind::None],
    },
    Section {
        source: "lemonsqueezy",
        name: "Lemon Squeezy",
        // https://docs.lemonsqueezy.com/api/products/the-product-object
        product_ids: Ids::Number,
        variants: Some(VariantRule { variant: VariantId::Id, ids: Ids::Number }),
        licenses: &[LicenseKind::Storefront, LicenseKind::Minted, LicenseKind::None],
    },
];
