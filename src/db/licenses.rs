//! `sales` and `licenses`: what was bought, and what it entitles to.

use super::Sql;
use crate::defect::{self, Defect};
use crate::model::{EventId, IssuedKey, LicenseKey, OrderId, Product, ProductRef, Sale, Storefront, Timestamp};
use crate::platform::{Statement, Value};

pub(super) const ALL: &[Sql] =
    &[RECORD_SALE, MINT, RECORD_ISSUED_KEY, RECORD_VERIFIED_KEY, RECORD_UNMAPPED, SALE_VARIANT];

const RECORD_SALE: Sql = Sql {
    name: "record_sale",
    text: "INSERT INTO sales (source, source_order_id, product_id, variant_id, email, name, amount_cents, currency,
                              quantity, offer_code, variants, custom_fields, country, subscription_id, test, sold_at,
                              event_id)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
           ON CONFLICT (source, source_order_id) DO NOTHING",
};

/// One license an order: of any number of copies of a sale, the first one's key stays.
const MINT: Sql = Sql {
    name: "mint",
    text: "INSERT INTO licenses (license_key, kind, source, source_order_id, product_id, variant_id, tier, email, name,
                                 test, issued_at, expires_at, event_id)
           VALUES (?1, 'minted', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
           ON CONFLICT DO NOTHING",
};

/// A storefront's key, from its webhook.
const RECORD_ISSUED_KEY: Sql = Sql {
    name: "record_issued_key",
    text: "INSERT INTO licenses (license_key, kind, source, source_order_id, product_id, variant_id, tier, email, name,
                                 test, issued_at, expires_at, event_id)
           VALUES (?1, 'storefront', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
           ON CONFLICT DO NOTHING",
};

/// A storefront's key, from the storefront's word when the key was used. That is the latest: it moves the end of a
/// license that the webhook brought earlier, unless the storefront names none and the catalogue does (`?14`).
const RECORD_VERIFIED_KEY: Sql = Sql {
    name: "record_verified_key",
    text: "INSERT INTO licenses (license_key, kind, source, source_order_id, product_id, variant_id, tier, email, name,
                                 test, issued_at, expires_at, event_id)
           VALUES (?1, 'storefront', ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
           ON CONFLICT (license_key) DO UPDATE SET
             expires_at = CASE WHEN ?13 IS NULL AND ?14 = 1 THEN licenses.expires_at ELSE ?13 END
           ON CONFLICT DO NOTHING",
};

/// A product that a license was good for and that the catalogue does not know: once a product, with a count.
const RECORD_UNMAPPED: Sql = Sql {
    name: "record_unmapped",
    text: "INSERT INTO unmapped_products (source, product_id, variant_id, first_seen_at, last_seen_at)
           VALUES (?1, ?2, ?3, ?4, ?4)
           ON CONFLICT (source, product_id, variant_id) DO UPDATE SET
             last_seen_at = excluded.last_seen_at, times = unmapped_products.times + 1",
};

const SALE_VARIANT: Sql =
    Sql { name: "sale_variant", text: "SELECT variant_id FROM sales WHERE source = ?1 AND source_order_id = ?2" };

/// A license that a sale causes.
#[derive(Debug)]
pub struct MintedLicense<'a> {
    pub key: &'a LicenseKey,
    pub storefront: Storefront,
    pub sale: &'a Sale,
    pub product: &'a Product,
    pub issued_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// Records what was sold, once an order.
pub fn record_sale(storefront: Storefront, sale: &Sale, received_at: Timestamp, event: &EventId) -> Statement {
    RECORD_SALE.with([
        storefront.as_str().into(),
        sale.order.as_str().into(),
        sale.bought.product_id.as_str().into(),
        sale.bought.variant_id.as_deref().into(),
        sale.email.as_str().into(),
        sale.name.as_str().into(),
        sale.amount.cents.into(),
        sale.amount.currency.as_str().into(),
        i64::from(sale.quantity).into(),
        sale.offer_code.as_deref().into(),
        super::json_text(&sale.variants),
        super::json_text(&sale.custom_fields),
        sale.country.as_deref().into(),
        sale.subscription_id.as_deref().into(),
        sale.test.into(),
        sale.sold_at.unwrap_or(received_at).into(),
        event.as_str().into(),
    ])
}

/// Mints the license of a sale, unless its order has one.
pub fn mint(license: &MintedLicense<'_>, event: &EventId) -> Statement {
    let MintedLicense { key, storefront, sale, product, issued_at, expires_at } = license;
    let order = match sale.order.as_str() {
        order if defect::is(Defect::MintedPerDelivery) => [order, event.as_str()].concat().into(),
        order => order.into(),
    };
    MINT.with([
        key.as_str().into(),
        storefront.as_str().into(),
        order,
        sale.bought.product_id.as_str().into(),
        sale.bought.variant_id.as_deref().into(),
        product.tier.into(),
        sale.email.as_str().into(),
        sale.name.as_str().into(),
        sale.test.into(),
        (*issued_at).into(),
        (*expires_at).into(),
        event.as_str().into(),
    ])
}

/// Records a key that the storefront's webhook brought.
pub fn record_issued_key(
    storefront: Storefront,
    issued: &IssuedKey,
    product: &Product,
    now: Timestamp,
    event: &EventId,
) -> Statement {
    RECORD_ISSUED_KEY.with(key_params(storefront, issued, product, now, Some(event)))
}

/// Records a key that the storefront vouched for when it was used.
pub fn record_verified_key(storefront: Storefront, issued: &IssuedKey, product: &Product, now: Timestamp) -> Statement {
    let mut statement = RECORD_VERIFIED_KEY.with(key_params(storefront, issued, product, now, None));
    statement.params.extend([issued.expires_at.into(), product.years.is_some().into()]);
    statement
}

/// Records that a good license was for a product that the catalogue does not know.
pub fn record_unmapped(storefront: Storefront, bought: &ProductRef, now: Timestamp) -> Statement {
    RECORD_UNMAPPED.with([
        storefront.as_str().into(),
        bought.product_id.as_str().into(),
        bought.variant_id.as_deref().unwrap_or_default().into(),
        now.into(),
    ])
}

/// The variant that an order bought, once its sale is recorded.
pub fn sale_variant(storefront: Storefront, order: &OrderId) -> Statement {
    SALE_VARIANT.with([storefront.as_str().into(), order.as_str().into()])
}

fn key_params(
    storefront: Storefront,
    issued: &IssuedKey,
    product: &Product,
    now: Timestamp,
    event: Option<&EventId>,
) -> [Value; 12] {
    // The storefront's end wins; where it names none, the catalogue's years count.
    let expires_at = issued.expires_at.or_else(|| product.expiry_from(now));
    [
        issued.key.as_str().into(),
        storefront.as_str().into(),
        issued.license_order().into(),
        issued.bought.product_id.as_str().into(),
        issued.bought.variant_id.as_deref().into(),
        product.tier.into(),
        issued.email.as_str().into(),
        issued.name.as_str().into(),
        issued.test.into(),
        now.into(),
        expires_at.into(),
        event.map(EventId::as_str).into(),
    ]
}
