//! What is sold: the products of `tests/fixtures/products.toml`, each with the repositories that it opens. Where a
//! repository stands in two products, only one of them is here, so that whose place an invitation took is plain.

use latchkey_sandbox::Storefront;

/// How many licenses of a product are activated. Every attempt at an invitation takes a place among the 45 that the Worker begins
/// for a repository in 24 hours, and the run is over long before. An attempt that dies with the Worker keeps its place, so an
/// activation takes two, or more where its next attempt dies as well. From then on buyers only buy.
pub(crate) const ACTIVATIONS: usize = 16;

/// A product on sale.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) storefront: Storefront,
    pub(crate) product_id: &'static str,
    pub(crate) variant_id: Option<&'static str>,
    /// The buyer's key comes by the storefront's own mail, not by ours.
    pub(crate) storefront_key: bool,
    /// What the buyer chooses; empty: there is no choice.
    pub(crate) choice: &'static [&'static str],
    pub(crate) repos: &'static [&'static str],
}

impl Product {
    const fn gumroad(
        product_id: &'static str,
        choice: &'static [&'static str],
        repos: &'static [&'static str],
    ) -> Self {
        let (variant_id, storefront_key) = (None, false);
        Self { storefront: Storefront::Gumroad, product_id, variant_id, storefront_key, choice, repos }
    }

    const fn lemon_squeezy(
        product_id: &'static str,
        variant_id: &'static str,
        storefront_key: bool,
        repos: &'static [&'static str],
    ) -> Self {
        let variant_id = Some(variant_id);
        Self { storefront: Storefront::LemonSqueezy, product_id, variant_id, storefront_key, choice: &[], repos }
    }
}

pub(crate) const PRODUCTS: [Product; 6] = [
    Product::gumroad("32-nPAicqbLj8B_WswVlMw==", &[], &["acme/starter", "acme/starter-docs"]),
    Product::gumroad("pickOne==", &["acme/stack-next"], &["acme/stack-next"]),
    Product::gumroad(
        "bundle==",
        &[],
        &["acme/bundle-api", "acme/bundle-web", "acme/bundle-mobile", "acme/bundle-infra", "acme/bundle-docs"],
    ),
    Product::lemon_squeezy("4", "5", true, &["acme/kit", "acme/kit-pro"]),
    Product::lemon_squeezy("6", "9", false, &["acme/minted"]),
    Product::lemon_squeezy("7", "8", true, &["acme/variant"]),
];
