//! Every order and every repetition of what a sender of Standard Webhooks can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::every_order::{in_every_order, set};

const SAYINGS: [&str; 6] = ["sale", "refund", "bounced", "dispute", "won", "lost"];

/// What a shop of the seller's own says of the sale 1017, by name.
fn body(name: &str) -> &'static str {
    match name {
        "sale" => include_str!("../../fixtures/standard/own_order_paid.json"),
        "refund" => include_str!("../../fixtures/standard/own_order_refunded.json"),
        "bounced" => include_str!("../../fixtures/standard/own_refund_bounced.json"),
        "dispute" => include_str!("../../fixtures/standard/own_order_disputed.json"),
        "won" => include_str!("../../fixtures/standard/own_dispute_won.json"),
        _ => include_str!("../../fixtures/standard/own_dispute_lost.json"),
    }
}

#[test]
fn every_order_and_repetition_of_what_is_said_ends_in_one_state() {
    run(async {
        let shop = Shop::open_with(&[CONNECTED]);
        let own = include_str!("../../fixtures/standard/own.toml");
        shop.stock(&catalogue_of(&format!("{}\n{own}", entry("kit", "pro"))));
        let of_it = "source = 'standard' AND order_id = '1017'";
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        let say = async |name| assert_eq!(deliver_body(&shop, body(name).as_bytes()).await.status, 200);
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
            let refunded = has("refund") && !has("bounced");
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
