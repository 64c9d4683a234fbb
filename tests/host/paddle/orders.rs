//! Every order and every repetition of what Paddle can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::refunds::orders::sequences;

const SAYINGS: [&str; 5] = ["sale", "refund", "refund approved", "chargeback", "reverse"];

/// What Paddle says of a sale of its own, by name.
fn sayings(shop: &Shop, id: &str) -> BTreeMap<&'static str, Delivery> {
    let sale = shop.sandbox.sell_on_paddle(PaddleSale { id: Some(id.to_owned()), ..PaddleSale::default() });
    let adjust = |action: &str| {
        let adjustment = PaddleAdjustment { action: action.to_owned(), ..PaddleAdjustment::default() };
        shop.sandbox.paddle_adjust(id, adjustment)
    };
    let waiting = shop.sandbox.paddle_adjust(id, refund(None, "pending_approval"));
    let approved = shop.sandbox.paddle_settle(&waiting.reference, "approved");
    let all = [sale, waiting, approved, adjust("chargeback"), adjust("chargeback_reverse")];
    SAYINGS.into_iter().zip(all).collect()
}

#[test]
fn every_order_and_repetition_of_what_is_said_ends_in_one_state() {
    run(async {
        // Up to four of all, and five of those that change anything: more would take minutes.
        let shop = open();
        let all = (1..=4).flat_map(|length| sequences(&SAYINGS, length));
        let telling = sequences(&["sale", "refund approved", "chargeback", "reverse"], 5);
        let told: Vec<_> = all.chain(telling).collect();
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        for (number, said) in told.iter().enumerate() {
            let id = format!("txn_{number:026}");
            let deliveries = sayings(&shop, &id);
            for name in said {
                deliver(&shop, &deliveries[name]).await;
            }
            let of_it = format!("source = 'paddle' AND order_id = '{id}'");
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
            let status = match (has("refund approved"), has("chargeback"), has("reverse")) {
                _ if !has("sale") => "null",
                (true, ..) => r#""revoked""#,
                (false, true, false) => r#""suspended""#,
                (false, ..) => r#""active""#,
            };
            assert!(end.ends_with(&format!(",{status},0]")), "{said:?}: {end}");
        }
        assert_eq!(ends.len(), 30, "each set of up to four, and what nothing was said of");
    });
}
