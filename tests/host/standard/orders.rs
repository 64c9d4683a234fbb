//! Every order and every repetition of what a sender of Standard Webhooks can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::refunds::orders::sequences;

const SAYINGS: [&str; 6] = ["sale", "refund", "bounced", "dispute", "won", "lost"];

/// What a shop of the seller's own says of a sale, by name.
fn body(name: &str, number: usize) -> String {
    let fixture = match name {
        "sale" => include_str!("../../fixtures/standard/own_order_paid.json"),
        "refund" => include_str!("../../fixtures/standard/own_order_refunded.json"),
        "bounced" => include_str!("../../fixtures/standard/own_refund_bounced.json"),
        "dispute" => include_str!("../../fixtures/standard/own_order_disputed.json"),
        "won" => include_str!("../../fixtures/standard/own_dispute_won.json"),
        _ => include_str!("../../fixtures/standard/own_dispute_lost.json"),
    };
    fixture.replace("1017", &(10_000 + number).to_string())
}

#[test]
fn every_order_and_repetition_of_what_is_said_ends_in_one_state() {
    run(async {
        let shop = Shop::open_with(&[CONNECTED]);
        let own = include_str!("../../fixtures/standard/own.toml");
        shop.stock(&catalogue_of(&format!("{}\n{own}", entry("kit", "pro"))));
        // Up to three of all, and five of those of money that comes back and of those of one dispute: more would take minutes.
        let all = (1..=3).flat_map(|length| sequences(&SAYINGS, length));
        let refunds = sequences(&["sale", "refund", "bounced"], 5);
        let disputes = sequences(&["sale", "dispute", "won"], 5);
        let told: Vec<_> = all.chain(refunds).chain(disputes).collect();
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        for (number, said) in told.iter().enumerate() {
            for name in said {
                assert_eq!(deliver_body(&shop, body(name, number).as_bytes()).await.status, 200);
            }
            let of_it = format!("source = 'standard' AND order_id = '{}'", 10_000 + number);
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
