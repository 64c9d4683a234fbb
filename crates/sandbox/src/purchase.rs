//! One product bought on any of the storefronts. What else each of them can sell is in its own module.

use serde::Deserialize;

use crate::delivery::Delivery;
use crate::gumroad::GumroadSale;
use crate::lemon_squeezy::LemonSqueezySale;
use crate::options::Storefront;
use crate::paddle::{PaddleItem, PaddleSale};
use crate::polar::PolarSale;
use crate::sandbox::Sandbox;
use crate::standard::StandardSale;
use crate::stripe::{StripeItem, StripeSale};

/// What somebody buys, and who they are.
#[derive(Debug, Clone, Deserialize)]
pub struct Purchase {
    pub storefront: Storefront,
    pub product_id: String,
    pub variant_id: Option<String>,
    pub email: String,
    /// Empty where the buyer gives none.
    pub name: String,
}

impl Sandbox {
    /// Sells a product, and gives the deliveries that tell of it, that of the order first.
    pub fn sell(&self, purchase: Purchase) -> Vec<Delivery> {
        let Purchase { storefront, product_id, variant_id, email, name } = purchase;
        let optional_name = Some(name.clone()).filter(|name| !name.is_empty());
        match storefront {
            Storefront::Gumroad => vec![self.sell_on_gumroad(GumroadSale {
                product_id: Some(product_id),
                email,
                full_name: optional_name,
                ..GumroadSale::default()
            })],
            Storefront::LemonSqueezy => self.sell_on_lemon_squeezy(LemonSqueezySale {
                product_id: Some(product_id),
                variant_id,
                email,
                name,
                ..LemonSqueezySale::default()
            }),
            Storefront::Paddle => vec![self.sell_on_paddle(PaddleSale {
                items: vec![PaddleItem::of(&product_id)],
                email: Some(email),
                name: optional_name,
                ..PaddleSale::default()
            })],
            Storefront::Polar => vec![self.sell_on_polar(PolarSale {
                product_id: Some(product_id),
                email: Some(email),
                name: optional_name,
                ..PolarSale::default()
            })],
            Storefront::Stripe => vec![self.sell_on_stripe(StripeSale {
                items: vec![StripeItem::of(&product_id)],
                email: Some(email),
                name: optional_name,
                ..StripeSale::default()
            })],
            Storefront::Standard => vec![self.sell_by_standard_webhooks(StandardSale {
                items: vec![(product_id, 1)],
                email,
                name,
                ..StandardSale::default()
            })],
        }
    }
}
