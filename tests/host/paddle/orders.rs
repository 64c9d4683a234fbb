//! Every order and every repetition of what Paddle can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::every_order::{in_every_order, set};

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
        let shop = open();
        let id = format!("txn_{:026}", 1);
        let deliveries = sayings(&shop, &id);
        let of_it = format!("source = 'paddle' AND order_id = '{id}'");
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
        assert_eq!(told, 5 + 25 + 125 + 625 + 3_125);
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
        assert_eq!(ends.len(), 31, "each set, but what nothing was said of");
    });
}
