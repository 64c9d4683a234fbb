//! A Lemon Squeezy sale from the webhook to the repository and back, with a key of the storefront's own and with one that is minted.

use latchkey_sandbox::{Delivery, LemonSqueezySale};

use crate::shop::Shop;

fn sale(product_id: &str) -> LemonSqueezySale {
    LemonSqueezySale { product_id: Some(product_id.to_owned()), variant_id: None, ..LemonSqueezySale::default() }
}

async fn deliver(shop: &Shop, deliveries: &[Delivery]) {
    for delivery in deliveries {
        assert_eq!(shop.deliver(delivery).await, 200);
    }
    let kept = i64::try_from(deliveries.len()).unwrap();
    shop.until("webhook_events WHERE processed = 1", kept).await;
}

/// Activates a key, lets its buyer in, refunds the order, and sees the buyer out.
async fn is_let_in_and_removed_with_the_refund(shop: &Shop, key: &str, order: &str, repo: &str) {
    let sandbox = shop.bed.sandbox();
    let activated = shop.activate(key, "octocat").await;
    assert_eq!((activated.status, activated.body["repos"][0]["status"].as_str()), (200, Some("invited")));
    sandbox.accept_invitation("octocat", repo).unwrap();
    assert_eq!(sandbox.collaborators(repo), ["octocat"]);
    // A part of it back leaves everything as it is.
    assert_eq!(shop.deliver(&sandbox.lemon_squeezy_refund(order, Some(100))).await, 200);
    shop.until("order_facts WHERE fact = 'partially_refunded'", 1).await;
    assert_eq!(shop.count("licenses WHERE status = 'active'"), 1);
    assert_eq!(shop.deliver(&sandbox.lemon_squeezy_refund(order, None)).await, 200);
    shop.tick_until("grants WHERE state <> 'revoked'", 0).await;
    assert!(sandbox.collaborators(repo).is_empty());
    assert_eq!(shop.activate(key, "octocat").await.body["code"], "license_revoked");
    assert_eq!(shop.count("outbox WHERE state <> 'done'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_with_a_key_of_the_storefronts_is_licensed_and_invited_and_its_refund_removes_the_member() {
    let shop = Shop::open().await;
    let deliveries = shop.bed.sandbox().sell_on_lemon_squeezy(sale("4"));
    assert_eq!(deliveries.len(), 2, "the order and its key");
    deliver(&shop, &deliveries).await;
    assert_eq!(shop.count("licenses WHERE email = 'grace@example.com' AND storefront_key_id <> ''"), 1);
    // The storefront mails its own keys.
    let mailed = shop.bed.sandbox().storefront_mails();
    assert_eq!((mailed.len(), shop.bed.sandbox().take_mails().len()), (1, 0));
    let repo = "acme/kit";
    is_let_in_and_removed_with_the_refund(&shop, &mailed[0].license_key, &deliveries[0].reference, repo).await;
    assert_eq!(shop.bed.sandbox().key_activations(&mailed[0].license_key), 0, "none of the storefront's is used up");
    shop.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_with_a_minted_key_is_licensed_mailed_and_invited_and_its_refund_removes_the_member() {
    let shop = Shop::open().await;
    let deliveries = shop.bed.sandbox().sell_on_lemon_squeezy(LemonSqueezySale { license_keys: Some(0), ..sale("6") });
    deliver(&shop, &deliveries).await;
    shop.until("outbox WHERE kind = 'license_mail' AND state = 'done'", 1).await;
    let key = shop.take_key();
    assert_eq!(shop.bed.sandbox().storefront_mails().len(), 0);
    // The same order once more is the same sale.
    assert_eq!(shop.deliver(&deliveries[0]).await, 200);
    shop.until("webhook_events WHERE processed = 1", 2).await;
    assert_eq!((shop.count("licenses"), shop.bed.sandbox().take_mails().len()), (1, 0));
    is_let_in_and_removed_with_the_refund(&shop, &key, &deliveries[0].reference, "acme/minted").await;
    shop.close();
}
