//! Every order and every repetition of what Polar can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;

use super::*;
use crate::every_order::{in_every_order, sequences, set};

const SAYINGS: [&str; 4] = ["sale", "part", "refund", "refund failed"];

/// What Polar says of a sale of its own by webhooks, by name.
fn sayings(shop: &Shop, id: &str) -> BTreeMap<&'static str, Delivery> {
    let sale = shop.sandbox.sell_on_polar(PolarSale { id: Some(id.to_owned()), ..PolarSale::default() });
    let part = shop.sandbox.polar_refund(id, Some(1_000));
    let refund = shop.sandbox.polar_refund(id, None);
    let failed = shop.sandbox.polar_refund_becomes(id, "failed");
    SAYINGS.into_iter().zip([sale, part, refund, failed]).collect()
}

/// What is known of an order in the end, with the status of its license last.
fn end(shop: &Shop, id: &str) -> String {
    let of_it = format!("source = 'polar' AND order_id = '{id}'");
    shop.value(&format!(
        "SELECT json_array((SELECT group_concat(fact) FROM (SELECT fact FROM order_facts WHERE {of_it} ORDER BY fact)),
                           (SELECT count(*) FROM orders WHERE {of_it}),
                           (SELECT count(*) FROM webhook_events WHERE {of_it} AND processed = 0),
                           (SELECT group_concat(status) FROM licenses WHERE {of_it}))"
    ))
}

#[test]
fn every_order_and_repetition_of_what_webhooks_say_ends_in_one_state() {
    run(async {
        let shop = open();
        let id = "9d2f0e4a-0000-4000-8000-000000000001";
        let deliveries = sayings(&shop, id);
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        let say = async |name| deliver(&shop, &deliveries[name]).await;
        let told = in_every_order(&shop, &SAYINGS, 5, say, async |said| {
            let end = end(&shop, id);
            assert_eq!(*ends.entry(set(said)).or_insert_with(|| end.clone()), end, "{said:?}");
            shop.sandbox.take_mails();
            shop.sandbox.take_calls();
        })
        .await;
        assert_eq!(told, 4 + 16 + 64 + 256 + 1_024);
        for (said, end) in &ends {
            let has = |name| said.contains(&name);
            let status = match has("refund") && !has("refund failed") {
                _ if !has("sale") => "null",
                true => r#""revoked""#,
                false => r#""active""#,
            };
            assert!(end.ends_with(&format!(",0,{status}]")), "{said:?}: {end}");
        }
        assert_eq!(ends.len(), 15, "each set, but what nothing was said of");
    });
}

#[test]
fn every_order_of_a_refund_and_what_the_list_of_disputes_says_ends_in_one_state() {
    run(async {
        let mut ends: BTreeMap<Vec<&str>, String> = BTreeMap::new();
        for said in (1..=3).flat_map(|length| sequences(&["refund", "needs_response", "won", "lost"], length)) {
            let shop = open();
            let sale = shop.sandbox.sell_on_polar(PolarSale::default());
            deliver(&shop, &sale).await;
            let mut refund = None;
            for saying in &said {
                match *saying {
                    "refund" => {
                        let refund =
                            refund.get_or_insert_with(|| shop.sandbox.polar_refund(&sale.reference, None)).clone();
                        deliver(&shop, &refund).await;
                    }
                    status => {
                        shop.sandbox.polar_dispute(&sale.reference, status);
                        read_lists(&shop).await;
                    }
                }
            }
            let end = end(&shop, &sale.reference);
            assert_eq!(*ends.entry(set(&said)).or_insert_with(|| end.clone()), end, "{said:?}");
            shop.sandbox.take_mails();
            shop.calls();
        }
        for (said, end) in &ends {
            let has = |name| said.contains(&name);
            let status = match (has("refund") || has("lost"), has("needs_response") && !has("won")) {
                (true, _) => "revoked",
                (false, true) => "suspended",
                (false, false) => "active",
            };
            assert!(end.ends_with(&format!(r#",0,"{status}"]"#)), "{said:?}: {end}");
        }
    });
}
