//! Products of the seller's of which the catalogue says that nothing is to be done: an e-book, a free sample. Their sales are known,
//! and nobody hears of them.

use std::time::Duration;

use latchkey::model::Catalogue;
use latchkey_sandbox::{
    Delivery, GUMROAD_ACCESS_TOKEN, GumroadSale, KeyStatus, LEMON_SQUEEZY_API_KEY, LemonSqueezySale, LicenseKeySeed,
};
use serde_json::json;

use crate::shop::{Shop, catalogue_of, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The id of the e-book at both storefronts.
const EBOOK: &str = "77";

const OPERATOR: (&str, &str) = ("OPERATOR_EMAIL", "operator@example.com");
const TOKENS: [(&str, &str); 3] =
    [("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN), ("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY), OPERATOR];

/// What the seller says of the e-book.
fn ebook() -> Catalogue {
    catalogue_of(
        "[[gumroad]]\nproduct_id = '77'\nname = 'Book'\nlicense = 'none'\n
         [[lemonsqueezy]]\nproduct_id = '77'\nname = 'Book'\nlicense = 'none'\n",
    )
}

/// What no entry is for.
fn nothing() -> Catalogue {
    catalogue_of("[[gumroad]]\nproduct_id = 'kit'\nname = 'Kit'\ntier = 'core'\nrepos = ['acme/kit']\n")
}

fn on_gumroad(shop: &Shop) -> Delivery {
    shop.sandbox.sell_on_gumroad(GumroadSale { product_id: Some(EBOOK.to_owned()), ..GumroadSale::default() })
}

/// An order with a key that Lemon Squeezy issued.
fn on_lemon_squeezy(shop: &Shop) -> Vec<Delivery> {
    shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale {
        product_id: Some(EBOOK.to_owned()),
        variant_id: Some("1".to_owned()),
        license_keys: Some(1),
        ..LemonSqueezySale::default()
    })
}

/// The e-book sold at both storefronts: the sale, the order and its key.
async fn sell_everywhere(shop: &Shop) {
    assert_eq!(shop.deliver(&on_gumroad(shop)).await.status, 200);
    for delivery in on_lemon_squeezy(shop) {
        assert_eq!(shop.deliver(&delivery).await.status, 200);
    }
}

/// Nothing came of anything, and nobody was told.
async fn assert_quiet(shop: &Shop, deliveries: usize) {
    shop.tick_after(MINUTE).await;
    shop.tick_after(DAY).await;
    assert_eq!(shop.count("sale_states WHERE state = 'ignored'"), deliveries);
    assert_eq!(shop.count("webhook_events"), deliveries);
    assert_eq!((shop.count("licenses"), shop.count("outbox"), shop.count("alerts")), (0, 0, 0));
    assert_eq!((shop.count("unmapped_lines"), shop.count("unmapped_products")), (0, 0));
    assert!(shop.sandbox.take_mails().is_empty());
}

#[test]
fn a_sale_of_what_asks_for_nothing_is_known_and_nobody_hears_of_it() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        shop.stock(&ebook());
        sell_everywhere(&shop).await;
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND reason = 'nothing_to_deliver'"), 3);
        assert_eq!((shop.count("orders"), shop.count("order_items")), (2, 2), "it is in the books");
        assert_quiet(&shop, 3).await;
        shop.tick_after(31 * DAY).await;
        assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 0, "erased as any that is processed");
    });
}

#[test]
fn what_becomes_of_such_an_order_changes_nothing() {
    run(async {
        let shop = Shop::open_with(&[OPERATOR]);
        shop.stock(&ebook());
        sell_everywhere(&shop).await;
        let sale = shop.value("SELECT order_id FROM orders WHERE source = 'gumroad'");
        let order = shop.value("SELECT order_id FROM orders WHERE source = 'lemonsqueezy'");
        let key = shop.sandbox.storefront_mails()[0].license_key.clone();
        for delivery in [
            shop.sandbox.gumroad_partial_refund(&sale),
            shop.sandbox.gumroad_dispute(&sale),
            shop.sandbox.gumroad_dispute_won(&sale),
            shop.sandbox.gumroad_refund(&sale),
            shop.sandbox.gumroad_resend(&sale),
            shop.sandbox.lemon_squeezy_refund(&order, None),
            shop.sandbox.set_key_status(&key, KeyStatus::Disabled),
        ] {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        assert_eq!(shop.count("webhook_events WHERE processed = 0 OR error IS NOT NULL"), 0);
        assert_quiet(&shop, 10).await;
    });
}

#[test]
fn what_waited_as_unmapped_ends_once_the_entry_says_that_nothing_is_to_be_done() {
    run(async {
        let shop = Shop::open();
        shop.stock(&nothing());
        sell_everywhere(&shop).await;
        assert_eq!(shop.count("sale_states WHERE state = 'needs_seller' AND reason = 'unmapped_product'"), 3);
        assert_eq!(shop.map(&ebook()).await, 3, "all of them are due");
        shop.tick_after(MINUTE).await;
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.count("webhook_events WHERE processed = 1 AND reason = 'nothing_to_deliver'"), 3);
        assert_quiet(&shop, 3).await;
    });
}

#[test]
fn a_storefronts_key_of_what_opens_nothing_is_told_so() {
    run(async {
        let shop = Shop::open();
        shop.stock(&ebook());
        let seed = LicenseKeySeed { product_id: 77, variant_id: 1, ..LicenseKeySeed::default() };
        let key = shop.sandbox.add_license_key(seed);
        for _ in 0..2 {
            let answer = shop.activate(&key, "octocat").await;
            assert_eq!(answer.problem(), (404, "license_not_found"));
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains("opens no repository"), "{detail}");
        }
        assert_eq!((shop.count("licenses"), shop.count("license_activations")), (0, 0));
        assert_eq!(shop.count("unmapped_products"), 0, "the seller has said what it opens: nothing");
    });
}

#[test]
fn what_a_list_has_of_it_is_found_once_and_nothing_comes_of_it() {
    run(async {
        let shop = Shop::open_with(&TOKENS);
        shop.stock(&ebook());
        // What was sold before the first delivery is none of ours.
        assert_eq!(shop.deliver(&on_gumroad(&shop)).await.status, 200);
        on_gumroad(&shop);
        on_lemon_squeezy(&shop);
        shop.advance(20 * MINUTE);
        for _ in 0..60 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(shop.count("webhook_events WHERE list IS NOT NULL"), 2, "the sale and the order, and no key");
        assert_eq!(shop.count("sale_states WHERE state = 'ignored' AND reason = 'nothing_to_deliver'"), 3);
        assert_eq!((shop.count("licenses"), shop.count("orders")), (0, 3));
        assert_eq!(shop.count("alerts WHERE cause <> 'found_by_reconciliation'"), 0);
        shop.sandbox.take_mails();
    });
}

#[test]
fn nothing_of_it_is_given_by_hand() {
    run(async {
        let shop = Shop::open();
        shop.stock(&ebook());
        let body = json!({ "reason": "x", "section": "gumroad", "product_id": EBOOK, "email": "ada@example.com" });
        let bearer = format!("Bearer {}", crate::shop::ADMIN_TOKEN);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let request = crate::shop::request("POST", "/admin/licenses", &headers, body.to_string().as_bytes());
        assert_eq!(shop.request(request).await.problem(), (409, "refused"));
        assert_eq!(shop.count("licenses"), 0);
    });
}
