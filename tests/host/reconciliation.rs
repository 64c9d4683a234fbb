//! Reading the storefronts' own lists back: what no webhook told of is found and fulfilled all the same.
//!
//! | module | what it promises |
//! |---|---|
//! | `found` | what is found, and what is none of our business |
//! | `passes` | which part of a list is read when |
//! | `failing` | lists that cannot be read, and processes that die over them |
//! | `blackouts` | a day without a webhook, a day without a database |

mod blackouts;
mod failing;
mod found;
mod passes;

use std::time::Duration;

use latchkey_sandbox::{GUMROAD_ACCESS_TOKEN, GumroadSale, LEMON_SQUEEZY_API_KEY, LemonSqueezySale};

use crate::shop::Shop;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long after a sale its webhooks may still be on their way.
const SETTLED: Duration = Duration::from_secs(20 * 60);

const TOKENS: [(&str, &str); 2] =
    [("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN), ("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY)];

/// A shop that may read every list.
fn open() -> Shop {
    Shop::open_with(&TOKENS)
}

/// A shop that may read every list, to which something was delivered before: what is older is another shop system's.
pub(crate) async fn open_after_a_sale() -> Shop {
    let shop = open();
    shop.sell_starter().await;
    shop
}

/// Reads every list, of which all has settled by now, and tries what was found as often as it takes.
pub(crate) async fn read_every_list(shop: &Shop) {
    shop.advance(SETTLED);
    for _ in 0..40 {
        shop.tick_after(MINUTE).await;
    }
}

/// A shop that may read Gumroad's list alone.
fn open_on_gumroad() -> Shop {
    Shop::open_with(&TOKENS[..1])
}

/// A shop that may read Lemon Squeezy's lists alone.
fn open_on_lemon_squeezy() -> Shop {
    Shop::open_with(&TOKENS[1..])
}

/// A sale of the starter kit, by somebody of this name.
fn sale_to(name: &str) -> GumroadSale {
    GumroadSale { email: format!("{name}@example.com"), ..GumroadSale::default() }
}

/// An order of a Lemon Squeezy product.
fn order_of(product_id: &str, variant_id: &str) -> LemonSqueezySale {
    LemonSqueezySale {
        product_id: Some(product_id.to_owned()),
        variant_id: Some(variant_id.to_owned()),
        ..LemonSqueezySale::default()
    }
}

/// Sells this many starter kits, whose pings arrive.
async fn sell_known(shop: &Shop, count: usize) {
    for number in 0..count {
        let delivery = shop.sandbox.sell_on_gumroad(sale_to(&format!("known-{number}")));
        assert_eq!(shop.deliver(&delivery).await.status, 200);
    }
    shop.sandbox.take_mails();
}

/// A tick a minute for this long.
async fn tick_for(shop: &Shop, time: Duration) {
    for _ in 0..time.as_secs() / 60 {
        shop.tick_after(MINUTE).await;
    }
}

/// How many sales were found.
fn found(shop: &Shop) -> usize {
    shop.count("webhook_events WHERE list IS NOT NULL")
}

/// Takes the calls that asked for a list, as path and query.
fn lists_read(shop: &Shop) -> Vec<String> {
    let calls = shop.sandbox.take_calls();
    let lists = ["/v2/sales", "/v1/orders", "/v1/license-keys"];
    let is_list = |path: &str| lists.iter().any(|list| path.contains(list));
    calls.iter().filter(|call| is_list(&call.path)).map(|call| call.path.clone()).collect()
}
