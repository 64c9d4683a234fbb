//! Every order and every repetition of what Stripe can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::refunds::orders::sequences;

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
        // Up to three of all, up to four of those of money that comes back, and five of those of one dispute: more would take minutes.
        let shop = open();
        let all = (1..=3).flat_map(|length| sequences(&SAYINGS, length));
        let refunds = sequences(&["sale", "refund", "refund failed", "dispute"], 4);
        let disputes = sequences(&["sale", "refund failed", "dispute", "won"], 5);
        let told: Vec<_> = all.chain(refunds).chain(disputes).collect();
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        for (number, said) in told.iter().enumerate() {
            let id = format!("cs_live_{number:026}");
            let deliveries = sayings(&shop, &id);
            for name in said {
                deliver(&shop, &deliveries[name]).await;
            }
            let of_it = format!("source = 'stripe' AND order_id = '{id}'");
            let end = shop.value(&format!(
                "SELECT json_array((SELECT group_concat(fact) FROM (SELECT fact FROM order_facts WHERE {of_it} ORDER BY fact)),
                                   (SELECT count(*) FROM orders WHERE {of_it}),
                                   (SELECT group_concat(status) FROM licenses WHERE {of_it}),
                                   (SELECT count(*) FROM webhook_events WHERE {of_it} AND processed = 0))"
            ));
            let mut set = said.clone();
            set.sort_unstable();
            set.dedup();
            let expected = ends.entry(set).or_insert_with(|| end.clone());
            assert_eq!(*expected, end, "{said:?}");
            shop.sandbox.take_mails();
            shop.sandbox.take_calls();
        }
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
