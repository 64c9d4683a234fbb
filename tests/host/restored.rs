//! A database that was set back in time (D1's Time Travel): what it forgot comes back from outside, and nobody who paid
//! is worse off than before. Keys are random and not derived, so a sale that was forgotten gets a new one.

use latchkey_sandbox::GumroadSale;

use crate::shop::{STARTER, Shop, run};

/// Sets the database back to before its first row.
fn restore(shop: &Shop) {
    for table in ["outbox", "license_activations", "licenses", "sales", "order_facts", "webhook_events"] {
        shop.rows(&format!("DELETE FROM {table}"));
    }
}

#[test]
fn a_sale_that_a_restored_database_forgot_is_sent_again_and_its_new_key_opens_everything() {
    run(async {
        let shop = Shop::open();
        let sale = GumroadSale { product_id: Some(STARTER.to_owned()), ..GumroadSale::default() };
        let delivery = shop.sandbox.sell_on_gumroad(sale);
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        let forgotten = shop.take_key();
        restore(&shop);
        assert_eq!(shop.activate(&forgotten, "octocat").await.problem(), (404, "license_not_found"));
        assert_eq!(shop.deliver(&delivery).await.status, 200);
        let key = shop.take_key();
        assert_ne!(key, forgotten);
        assert_eq!(shop.count("licenses"), 1);
        assert_eq!(shop.activate(&key, "octocat").await.body["status"], "activated");
    });
}

#[test]
fn a_buyer_whose_activation_was_forgotten_activates_again_and_keeps_the_access() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        shop.sandbox.accept_invitation("octocat", "acme/starter").unwrap();
        // Between the sale and the activation.
        shop.rows("DELETE FROM outbox WHERE kind = 'invitation'");
        shop.rows("DELETE FROM license_activations");
        let answered = shop.activate(&key, "octocat").await;
        assert_eq!((answered.status, &answered.body["status"]), (200, &"activated".into()));
        assert_eq!(answered.repos(), [("acme/starter", "member"), ("acme/starter-docs", "invited")]);
    });
}
