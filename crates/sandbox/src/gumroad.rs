//! Gumroad: the sales of the seller's products. The verbs that make and change them are in `sale`, what a ping holds in
//! `ping`, how it is written as a form in `form`, the API that lists sales in `api`, and resource subscriptions and products in `setup`.

mod api;
mod form;
mod ping;
mod sale;
mod setup;

use crate::ids::{Counter, obfuscated};
use crate::options::{Options, Product, Storefront};

pub(crate) use api::{credentials, respond};
pub use ping::PingFormat;
pub use sale::{Gift, GumroadSale};
pub use setup::Subscription;

/// The seller's id, in pings and in the API.
const SELLER_ID: &str = "kL0psVL2admJSYRNs-OCMg==";

/// Gumroad's state.
#[derive(Debug)]
pub(crate) struct Gumroad {
    products: Vec<Product>,
    sales: Vec<Sale>,
    sale_numbers: Counter,
    format: PingFormat,
    subscriptions: Vec<Subscription>,
    subscription_numbers: Counter,
}

/// A sale as Gumroad keeps it.
#[derive(Debug, Clone)]
struct Sale {
    id: String,
    order_number: u64,
    product_id: String,
    product_name: String,
    price_cents: u64,
    /// What was asked for, with everything that needs no look-up.
    of: GumroadSale,
    partially_refunded: bool,
    refunded: bool,
    disputed: bool,
    dispute_won: bool,
    created_at: i64,
}

impl Gumroad {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::Gumroad);
        Self {
            products: products.cloned().collect(),
            sales: Vec::new(),
            sale_numbers: Counter::from(options.first_number),
            format: PingFormat::default(),
            subscriptions: Vec::new(),
            subscription_numbers: Counter::from(options.first_number),
        }
    }

    /// Records a sale: its position.
    fn sell(&mut self, of: GumroadSale, now: i64) -> usize {
        let product = match &of.product_id {
            None => self.products.first(),
            Some(id) => self.products.iter().find(|product| product.product_id == *id),
        };
        let number = self.sale_numbers.next();
        let unlisted = "Unlisted product";
        let listed = product.map(|product| product.product_id.clone());
        let sale = Sale {
            id: of.sale_id.clone().unwrap_or_else(|| obfuscated("sale", number)),
            order_number: of.order_number.unwrap_or(524_000_000 + number),
            product_id: of.product_id.clone().or(listed).expect("the sandbox sells nothing on Gumroad"),
            product_name: of
                .product_name
                .clone()
                .unwrap_or_else(|| product.map_or(unlisted, |product| &product.name).to_owned()),
            price_cents: of
                .price_cents
                .unwrap_or_else(|| product.map_or(4_900, |product| product.price_cents) * of.quantity),
            partially_refunded: false,
            refunded: of.refunded,
            disputed: of.disputed,
            dispute_won: of.dispute_won,
            created_at: now,
            of,
        };
        self.sales.push(sale);
        self.sales.len() - 1
    }

    /// The sale that a verb names.
    #[track_caller]
    fn named_sale(&mut self, id: &str) -> &mut Sale {
        let found = self.sales.iter_mut().find(|sale| sale.id == id);
        found.unwrap_or_else(|| panic!("Gumroad has no sale {id}"))
    }
}

#[cfg(test)]
mod tests;
