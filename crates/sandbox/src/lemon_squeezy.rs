//! Lemon Squeezy: orders and license keys, and the verbs that make and change them. The License API is in
//! `license_api`, the API that lists orders in `main_api`, what both and the webhooks show of an order or a key in
//! `resources`, the webhooks in `webhook`, and how they are set up in `setup`, with the products.

mod license_api;
mod main_api;
mod resources;
mod sale;
mod setup;
mod webhook;

use crate::calls::Credentials;
use crate::ids::{Counter, lemon_squeezy_license_key};
use crate::incoming::Incoming;
use crate::options::{License, Options, Product, Storefront};
use crate::reply::Reply;
use crate::sandbox::World;

pub use sale::{KeyStatus, LemonSqueezySale, LemonSqueezySubscription, LicenseKeySeed, OrderStatus, StorefrontMail};
pub use setup::StoreHook;
pub use webhook::sign;

/// The variant of a product for which the options name none.
const DEFAULT_VARIANT: u64 = 1;

/// Lemon Squeezy's state.
#[derive(Debug)]
pub(crate) struct LemonSqueezy {
    store_id: u64,
    products: Vec<Product>,
    orders: Vec<Order>,
    keys: Vec<LicenseKey>,
    mails: Vec<StorefrontMail>,
    order_numbers: Counter,
    key_numbers: Counter,
    instance_numbers: Counter,
    webhook_numbers: Counter,
    /// Set by [`crate::Sandbox::answer_about_keys_as_in_2023`].
    answers_of_2023: bool,
    license_api_quota: license_api::Quota,
    hooks: Vec<StoreHook>,
}

#[derive(Debug, Clone)]
struct Order {
    id: u64,
    item_id: u64,
    store_id: u64,
    customer_id: u64,
    product_id: u64,
    product_name: String,
    variant_id: u64,
    variant_name: String,
    email: String,
    name: String,
    currency: String,
    quantity: u64,
    total_cents: u64,
    refunded_cents: u64,
    refunded_at: Option<i64>,
    status: OrderStatus,
    custom_data: Vec<(String, String)>,
    test_mode: bool,
    created_at: i64,
    updated_at: i64,
}

#[derive(Debug, Clone)]
struct LicenseKey {
    id: u64,
    key: String,
    store_id: u64,
    customer_id: u64,
    order_id: u64,
    order_item_id: u64,
    product_id: u64,
    product_name: String,
    variant_id: u64,
    variant_name: String,
    name: String,
    email: String,
    activation_limit: Option<u64>,
    instances: Vec<Instance>,
    /// Set by [`crate::Sandbox::set_key_status`]; otherwise the status follows from the rest.
    forced: Option<KeyStatus>,
    expires_at: Option<i64>,
    test_mode: bool,
    created_at: i64,
    updated_at: i64,
}

#[derive(Debug, Clone)]
struct Instance {
    id: String,
    name: String,
    created_at: i64,
}

impl LicenseKey {
    fn status(&self, now: i64) -> KeyStatus {
        match (self.forced, self.expires_at) {
            (Some(forced), _) => forced,
            (None, Some(expires_at)) if expires_at <= now => KeyStatus::Expired,
            (None, _) if self.instances.is_empty() => KeyStatus::Inactive,
            (None, _) => KeyStatus::Active,
        }
    }
}

impl LemonSqueezy {
    pub(crate) fn new(options: &Options) -> Self {
        let products = options.products.iter().filter(|product| product.storefront == Storefront::LemonSqueezy);
        let products: Vec<Product> = products.cloned().collect();
        for product in &products {
            for id in std::iter::once(&product.product_id).chain(&product.variant_id) {
                assert!(id.parse::<u64>().is_ok(), "a Lemon Squeezy id is a number, not {id:?}");
            }
        }
        let counter = || Counter::from(options.first_number);
        Self {
            store_id: options.lemon_squeezy_store_id,
            products,
            orders: Vec::new(),
            keys: Vec::new(),
            mails: Vec::new(),
            order_numbers: counter(),
            key_numbers: counter(),
            instance_numbers: counter(),
            webhook_numbers: counter(),
            answers_of_2023: false,
            license_api_quota: license_api::Quota::default(),
            hooks: Vec::new(),
        }
    }

    /// Records an order, and the keys that the storefront issues with it: their positions.
    fn sell(&mut self, sale: LemonSqueezySale, now: i64) -> (usize, Vec<usize>) {
        let product = self.listed(sale.product_id.as_ref(), sale.variant_id.as_ref()).cloned();
        let named = |id: Option<&String>, what: &str| {
            id.map(|id| {
                id.parse::<u64>().unwrap_or_else(|_| panic!("a Lemon Squeezy {what} id is a number, not {id:?}"))
            })
        };
        let product_id = sale.product_id.as_ref().or(product.as_ref().map(|product| &product.product_id));
        let variant_id = sale.variant_id.as_ref().or(product.as_ref().and_then(|product| product.variant_id.as_ref()));
        let product_id = named(product_id, "product").expect("the sandbox sells nothing on Lemon Squeezy");
        let price = product.as_ref().map_or(1_199, |product| product.price_cents);
        let id = self.order_numbers.next();
        let order = Order {
            id,
            item_id: id,
            store_id: sale.store_id.unwrap_or(self.store_id),
            customer_id: id,
            product_id,
            product_name: product.as_ref().map_or("Unlisted product", |product| &product.name).to_owned(),
            variant_id: named(variant_id, "variant").unwrap_or(DEFAULT_VARIANT),
            variant_name: "Default".to_owned(),
            email: sale.email,
            name: sale.name,
            currency: sale.currency,
            quantity: sale.quantity,
            total_cents: sale.total_cents.unwrap_or(price * sale.quantity),
            refunded_cents: 0,
            refunded_at: None,
            status: sale.status,
            custom_data: sale.custom_data,
            test_mode: sale.test_mode,
            created_at: now,
            updated_at: now,
        };
        let issues = product.is_some_and(|product| product.license == License::Storefront);
        let keys = sale.license_keys.unwrap_or(usize::from(issues));
        let keys = if order.status == OrderStatus::Paid { keys } else { 0 };
        let keys = (0..keys).map(|_| self.issue_key(&order, now)).collect();
        self.orders.push(order);
        (self.orders.len() - 1, keys)
    }

    /// The product of the options that is meant: without an id the first, without a variant the entry for all variants
    /// before that for one of them, and with a variant the other way round.
    fn listed(&self, id: Option<&String>, variant: Option<&String>) -> Option<&Product> {
        let mut entries = self.products.iter().filter(|product| id.is_none_or(|id| *id == product.product_id));
        if id.is_none() && variant.is_none() {
            return entries.next();
        }
        let exact = entries.clone().find(|product| product.variant_id.as_ref() == variant);
        exact.or_else(|| entries.find(|product| variant.is_none() || product.variant_id.is_none()))
    }

    fn issue_key(&mut self, order: &Order, now: i64) -> usize {
        let id = self.key_numbers.next();
        let key = lemon_squeezy_license_key(id);
        self.mails.push(StorefrontMail {
            to: order.email.clone(),
            product: order.product_name.clone(),
            license_key: key.clone(),
            at: now,
        });
        self.keys.push(LicenseKey {
            id,
            key,
            store_id: order.store_id,
            customer_id: order.customer_id,
            order_id: order.id,
            order_item_id: order.item_id,
            product_id: order.product_id,
            product_name: order.product_name.clone(),
            variant_id: order.variant_id,
            variant_name: order.variant_name.clone(),
            name: order.name.clone(),
            email: order.email.clone(),
            activation_limit: Some(5),
            instances: Vec::new(),
            forced: None,
            expires_at: None,
            test_mode: order.test_mode,
            created_at: now,
            updated_at: now,
        });
        self.keys.len() - 1
    }

    /// The order that a verb names.
    #[track_caller]
    fn named_order(&self, id: &str) -> usize {
        let found = self.orders.iter().position(|order| order.id.to_string() == id);
        found.unwrap_or_else(|| panic!("Lemon Squeezy has no order {id}"))
    }

    /// The key that a verb names.
    #[track_caller]
    fn named_key(&self, key: &str) -> usize {
        let found = self.keys.iter().position(|known| known.key == key);
        found.unwrap_or_else(|| panic!("Lemon Squeezy has no such license key"))
    }
}

/// The License API needs no credentials: whoever holds the key may ask.
pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    request.bearer(&options.lemon_squeezy_api_key)
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    match request.segments.as_slice() {
        [version, licenses, action] if version == "v1" && licenses == "licenses" => {
            license_api::respond(world, action, request, now)
        }
        [version, resource, ..] if version == "v1" && matches!(resource.as_str(), "webhooks" | "products") => {
            setup::respond(world, request, now)
        }
        _ => main_api::respond(world, request, now),
    }
}

#[cfg(test)]
mod tests;
