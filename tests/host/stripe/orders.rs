//! Every order and every repetition of what Stripe can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::every_order::{in_every_order, set};

const SAYINGS: [&str; 6] = ["sale", "refund", "refund failed", "dispute", "won", "lost"];

/// What Stripe says of a sale of its own, by name.
fn sayings(shop: &Shop, id: &str) -> BTreeMap<&'static str, Delivery> {
    let sale = shop.sandbox.sell_on_stripe(StripeSale { id: Some(id.to_owned()), ..StripeSale::default() });
    let refund = shop.sandbox.stripe_refund(id, None);
    let failed = shop.sandbox.stripe_refund_fails(id);
    let dispute = |status| shop.sandbox.stripe_dispute(id, status);
    let all = [sale, refund, failed, dispute("needs_response"), dispute("won"), dispute("lost")];
    SAYINGS.into_iter().zip(all).collect()
}

#[test]
fn every_order_and_repetition_of_what_is_said_ends_in_one_state() {
    run(async {
        let shop = open();
        let id = format!("cs_live_{:026}", 1);
        let deliveries = sayings(&shop, &id);
        let of_it = format!("source = 'stripe' AND order_id = '{id}'");
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        let say = async |name| deliver(&shop, &deliveries[name]).await;
        let told = in_every_order(&shop, &SAYINGS, 5, say, async |said| {
            let end = shop.value(&format!(
                "SELECT json_array((SELECT group_concat(fact) FROM (SELECT fact FROM order_facts WHERE {of_it} ORDER BY fact)),
                                   (SELECT count(*) FROM orders WHERE {of_it}),
                                   (SELECT group_concat(status) FROM licenses WHERE {of_it}),
                                   (SELECT count(*) FROM webhook_events WHERE {of_it} AND processed = 0))"
            ));
            assert_eq!(*ends.entry(set(said)).or_insert_with(|| end.clone()), end, "{said:?}");
            shop.sandbox.take_mails();
            shop.sandbox.take_calls();
        })
        .await;
        assert_eq!(told, 6 + 36 + 216 + 1_296 + 7_776);
        assert_eq!(ends.len(), 62, "each set of up to five, but what nothing was said of");
        for (said, end) in &ends {
            let has = |name| said.contains(&name);
            let refunded = has("refund") && !has("refund failed");
            let status = match (refunded || has("lost"), has("dispute") && !has("won")) {
                _ if !has("sale") => "null",
                (true, _) => r#""revoked""#,
                (false, true) => r#""suspended""#,
                (false, false) => r#""active""#,
            };
            assert!(end.ends_with(&format!(",{status},0]")), "{said:?}: {end}");
        }
    });
}
