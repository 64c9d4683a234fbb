//! Every order and every repetition of what a storefront can say about one sale ends in one state for each set of them.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_sandbox::{Fault, FaultKind, Service};

use crate::every_order::{self, in_every_order};
use crate::shop::{Shop, post, run};

/// What Gumroad really sends of one sale, its copies from later days included.
const SAYINGS: [(&str, &str); 4] = [
    ("sale", include_str!("../../fixtures/gumroad/sale.form")),
    ("refund", include_str!("../../fixtures/gumroad/refund.form")),
    ("dispute", include_str!("../../fixtures/gumroad/dispute.form")),
    ("dispute_won", include_str!("../../fixtures/gumroad/dispute_won.form")),
];

/// The sale as it is sent once more when something became of it.
const RESENT: [(&str, &str); 2] = [
    ("sale after a refund", include_str!("../../fixtures/gumroad/sale_resent_after_refund.form")),
    ("sale after a dispute", include_str!("../../fixtures/gumroad/sale_resent_after_dispute.form")),
];

/// The id of the sale in those files.
const SALE_ID: &str = "FO8TXN-dbxYaBdahG97Y-Q%3D%3D";

/// Has this said about the sale.
async fn say(shop: &Shop, (name, body): (&str, &str)) {
    assert!(body.contains(SALE_ID), "{name}");
    let path = format!("/webhooks/gumroad?secret={}", latchkey_sandbox::GUMROAD_SECRET);
    let sent = shop.request(post(&path, "application/x-www-form-urlencoded", body.trim_end().as_bytes())).await;
    assert_eq!(sent.status, 200);
}

/// All that is left to tell apart once everything is quiet: which facts there are, how the license stands, and whether
/// its key has been mailed.
fn state(shop: &Shop) -> String {
    let of_it = "source = 'gumroad'";
    shop.value(&format!(
        "SELECT json_object('facts', (SELECT json_group_array(fact)
                                      FROM (SELECT fact FROM order_facts WHERE {of_it} ORDER BY fact)),
                            'orders', (SELECT count(*) FROM orders WHERE {of_it}),
                            'items', (SELECT count(*) FROM order_items WHERE {of_it}),
                            'licenses', (SELECT group_concat(status) FROM licenses WHERE {of_it}),
                            'mails', (SELECT count(*) FROM outbox o JOIN licenses ON license_key = o.subject
                                      WHERE {of_it} AND o.kind = 'license_mail' AND outcome = 'sent'),
                            'unprocessed', (SELECT count(*) FROM webhook_events WHERE {of_it} AND processed = 0))"
    ))
}

/// What was said, each once, in alphabetical order.
fn set(sayings: &[(&str, &str)]) -> String {
    let names: Vec<_> = sayings.iter().map(|(name, _)| *name).collect();
    every_order::set(&names).join(", ")
}

#[test]
fn every_order_and_repetition_of_what_is_said_ends_in_one_state() {
    run(async {
        let shop = Shop::open();
        let mut ends: BTreeMap<String, String> = BTreeMap::new();
        // The mail goes out once all is said: that one may have gone out before a refund is no difference in the end.
        let fail = || shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)));
        fail();
        let told = in_every_order(
            &shop,
            &SAYINGS,
            5,
            async |saying| say(&shop, saying).await,
            async |sayings| {
                shop.host.database().mark().unwrap();
                shop.sandbox.clear_faults();
                shop.tick_after(Duration::from_secs(60)).await;
                let end = format!("{} {}", state(&shop), shop.sandbox.take_mails().len());
                let expected = ends.entry(set(sayings)).or_insert_with(|| end.clone());
                assert_eq!(*expected, end, "{:?}", sayings.iter().map(|(name, _)| *name).collect::<Vec<_>>());
                shop.host.database().go_back().unwrap();
                fail();
            },
        )
        .await;
        shop.sandbox.clear_faults();
        assert_eq!(told, 4 + 16 + 64 + 256 + 1024);
        assert_eq!(ends.len(), 15, "one for each set of what is said");
        for (said, end) in &ends {
            let sold = said.contains("sale");
            let status = match (said.contains("refund"), said.contains("dispute"), said.contains("dispute_won")) {
                _ if !sold => "null",
                (true, ..) => r#""revoked""#,
                (false, true, false) => r#""suspended""#,
                (false, ..) => r#""active""#,
            };
            let mails = usize::from(status == r#""active""#);
            assert!(
                end.contains(&format!("\"licenses\":{status},\"mails\":{mails},\"unprocessed\":0")),
                "{said}: {end}"
            );
            assert!(end.ends_with(&format!(" {mails}")), "{said}: {end}");
        }
    });
}

#[test]
fn a_sale_sent_again_later_says_what_the_refund_or_the_dispute_says() {
    run(async {
        let shop = Shop::open();
        let all = [SAYINGS.as_slice(), RESENT.as_slice()].concat();
        let mut ends: BTreeMap<String, String> = BTreeMap::new();
        in_every_order(
            &shop,
            &all,
            3,
            async |saying| say(&shop, saying).await,
            async |sayings| {
                shop.host.database().mark().unwrap();
                shop.tick().await;
                shop.sandbox.take_mails();
                let standing = shop.value("SELECT status FROM licenses");
                let unprocessed = shop.count("webhook_events WHERE processed = 0");
                let open = shop.count("outbox WHERE state <> 'done'");
                assert_eq!((unprocessed, open), (0, 0));
                // A copy is the sale, and what had become of it.
                let said = set(sayings)
                    .replace("sale after a refund", "refund, sale")
                    .replace("sale after a dispute", "dispute, sale");
                let mut words: Vec<_> = said.split(", ").collect();
                words.sort_unstable();
                words.dedup();
                let expected = ends.entry(words.join(", ")).or_insert_with(|| standing.clone());
                assert_eq!(*expected, standing, "{:?}", sayings.iter().map(|(name, _)| *name).collect::<Vec<_>>());
                shop.host.database().go_back().unwrap();
            },
        )
        .await;
        assert_eq!(ends.len(), 15);
    });
}
