//! Versions of one product: which entry of the catalogue a sale is fulfilled by, where entries name a variant.

use latchkey::model::Catalogue;
use latchkey_sandbox::{GUMROAD_ACCESS_TOKEN, GumroadSale};
use serde_json::json;

use super::{sell, stuck};
use crate::shop::{STARTER, Shop, catalogue_of, run};

/// An entry for a variant of the starter kit, or for the whole of it, of this tier.
fn entry(variant: Option<&str>, tier: &str) -> String {
    let variant = variant.map(|variant| format!("variant = {variant:?}\n")).unwrap_or_default();
    format!(
        "[[gumroad]]\nproduct_id = \"{STARTER}\"\n{variant}name = \"Kit, {tier}\"\ntier = \"{tier}\"\nrepos = [\"acme/{tier}\"]\n"
    )
}

fn of(entries: &[String]) -> Catalogue {
    catalogue_of(&entries.concat())
}

fn sale(picked: &[(&str, &str)]) -> GumroadSale {
    let variants = picked.iter().map(|(category, option)| ((*category).to_owned(), (*option).to_owned())).collect();
    GumroadSale { variants, ..GumroadSale::default() }
}

/// What the only license is for.
fn licensed(shop: &Shop) -> (String, String) {
    (shop.value("SELECT tier FROM licenses"), shop.value("SELECT variant_id FROM licenses"))
}

#[test]
fn the_entry_of_a_variant_wins_over_the_one_of_its_product() {
    let catalogue = of(&[entry(None, "core"), entry(Some("Tier: Team (5 seats)"), "team")]);
    for (picked, tier, variant) in [
        (&[("Tier", "Team (5 seats)")][..], "team", "Tier: Team (5 seats)"),
        (&[("Tier", "Solo")], "core", "Tier: Solo"),
        (&[("Tier", "team (5 seats)")], "core", "Tier: team (5 seats)"),
        (&[], "core", "NULL"),
    ] {
        run(async {
            let shop = Shop::open();
            shop.stock(&catalogue);
            sell(&shop, sale(picked)).await;
            assert_eq!(licensed(&shop), (tier.to_owned(), variant.to_owned()), "{picked:?}");
            let mail = shop.sandbox.mails().remove(0);
            assert_eq!(mail.subject, format!("Your license for Kit, {tier}"));
            shop.sandbox.add_repo(&format!("acme/{tier}"), latchkey_sandbox::AccountKind::Organization);
            let answered = shop.activate(&shop.take_key(), "octocat").await;
            assert_eq!(answered.repos(), [(format!("acme/{tier}").as_str(), "invited")], "{picked:?}");
        });
    }
}

#[test]
fn a_variant_without_an_entry_is_unmapped_and_named_until_it_has_one() {
    run(async {
        let shop = Shop::open();
        shop.stock(&of(&[entry(Some("Tier: Solo"), "core")]));
        sell(&shop, sale(&[("Tier", "Team"), ("Color", "grün & blau")])).await;
        let (reason, error) = stuck(&shop);
        assert_eq!(reason, "unmapped_product");
        let named = format!("unmapped product {STARTER}, variant Tier: Team, variant Color: grün & blau of gumroad: ");
        assert!(error.starts_with(&named), "{error}");

        let another = of(&[entry(Some("Tier: Solo"), "core"), entry(Some("Tier: Family"), "family")]);
        assert_eq!(shop.map(&another).await, 0, "an entry for another variant frees nothing");
        // Either of them will do.
        let mapped = of(&[entry(Some("Tier: Solo"), "core"), entry(Some("Color: grün & blau"), "color")]);
        assert_eq!(shop.map(&mapped).await, 1);
        assert_eq!(shop.tick().await.deliveries, 1);
        assert_eq!(licensed(&shop), ("color".to_owned(), "Color: grün & blau".to_owned()));
        shop.take_key();
        // What it might have been mapped by is forgotten with the next change.
        let all = of(&[entry(Some("Tier: Team"), "team"), entry(Some("Color: grün & blau"), "color")]);
        assert_eq!(shop.map(&all).await, 0);
        assert_eq!(shop.count("unmapped_lines"), 0);
    });
}

#[test]
fn of_several_variants_the_first_that_has_an_entry_decides() {
    let entries = [entry(None, "core"), entry(Some("Color: Blue"), "color"), entry(Some("Size: L"), "size")];
    for (picked, tier, variant) in [
        (&[("Tier", "Team"), ("Color", "Blue"), ("Size", "L")][..], "color", "Color: Blue"),
        (&[("Size", "L"), ("Color", "Blue")], "size", "Size: L"),
        (&[("Tier", "Team"), ("Color", "Red")], "core", "Tier: Team"),
    ] {
        run(async {
            let shop = Shop::open();
            shop.stock(&of(&entries));
            sell(&shop, sale(picked)).await;
            assert_eq!(licensed(&shop), (tier.to_owned(), variant.to_owned()), "{picked:?}");
            shop.take_key();
        });
    }
}

#[test]
fn a_sale_that_is_found_in_the_list_has_its_variant_as_well() {
    run(async {
        let shop = Shop::open_with(&[("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN)]);
        shop.stock(&of(&[entry(Some("Tier: Team"), "team")]));
        shop.sandbox.sell_on_gumroad(sale(&[("Tier", "Team")]));
        shop.sandbox.sell_on_gumroad(sale(&[("Tier", "Solo")]));
        shop.tick_after(std::time::Duration::from_secs(20 * 60)).await;
        assert_eq!(licensed(&shop), ("team".to_owned(), "Tier: Team".to_owned()));
        let waiting = shop.record("webhook_events", "processed = 0");
        assert_eq!((&waiting["list"], &waiting["reason"]), (&json!("sales"), &json!("unmapped_product")));
        shop.take_key();
    });
}

#[test]
fn an_option_without_a_title_is_named_by_itself() {
    run(async {
        for picked in [&[("", "Pro")][..], &[("", "Basic"), ("", "Pro")]] {
            let shop = Shop::open();
            shop.stock(&of(&[entry(None, "core"), entry(Some("Pro"), "pro")]));
            sell(&shop, sale(picked)).await;
            assert_eq!(licensed(&shop), ("pro".to_owned(), "Pro".to_owned()), "{picked:?}");
            shop.take_key();
        }
        let shop = Shop::open();
        shop.stock(&of(&[entry(Some("Pro"), "pro")]));
        sell(&shop, sale(&[("", "Basic")])).await;
        let (reason, error) = stuck(&shop);
        assert_eq!(reason, "unmapped_product");
        assert!(error.starts_with(&format!("unmapped product {STARTER}, variant Basic of gumroad: ")), "{error}");
    });
}

#[test]
fn of_many_unmapped_variants_only_the_first_are_named() {
    run(async {
        let shop = Shop::open();
        shop.stock(&of(&[entry(Some("Tier: Solo"), "core")]));
        let many: Vec<(String, String)> = (1..=500).map(|n| (n.to_string(), "x".to_owned())).collect();
        sell(&shop, GumroadSale { variants: many, ..GumroadSale::default() }).await;
        let (_, error) = stuck(&shop);
        assert!(
            error.contains(", variant 1: x, variant 2: x, variant 3: x, variant 4: x, variant 5: x and 495 more of")
        );
        assert_eq!(shop.map(&of(&[entry(Some("Tier: Solo"), "core"), entry(Some("300: x"), "late")])).await, 1);
        assert_eq!(shop.tick().await.deliveries, 1);
        assert_eq!(licensed(&shop), ("late".to_owned(), "300: x".to_owned()));
        shop.take_key();
    });
}

#[test]
fn what_cannot_be_told_of_a_variant_stops_only_where_the_catalogue_asks() {
    run(async {
        // The buyer's answer stands in the place of what was picked.
        let asked = GumroadSale {
            variants: vec![("Tier".to_owned(), "Solo".to_owned())],
            custom_fields: vec![("variants".to_owned(), "Team".to_owned())],
            ..GumroadSale::default()
        };
        let shop = Shop::open();
        shop.stock(&of(&[entry(None, "core")]));
        sell(&shop, asked.clone()).await;
        assert_eq!(licensed(&shop), ("core".to_owned(), "NULL".to_owned()));
        shop.take_key();

        for entries in [vec![entry(None, "core"), entry(Some("Tier: Team"), "team")], vec![entry(Some("Team"), "team")]]
        {
            let shop = Shop::open();
            shop.stock(&of(&entries));
            sell(&shop, asked.clone()).await;
            let (reason, error) = stuck(&shop);
            assert_eq!(reason, "malformed");
            assert!(error.starts_with("custom field \"variants\" overwrites Gumroad's own field"), "{error}");
            let event = shop.record("webhook_events", "1");
            assert_eq!((&event["event_type"], &event["email"]), (&json!("sale"), &json!("buyer@example.com")));
            assert_eq!(shop.value("SELECT order_id FROM orders"), event["order_id"].as_str().unwrap());
        }
    });
}

#[test]
fn a_version_that_is_a_free_sample_asks_for_nothing() {
    run(async {
        let shop = Shop::open();
        let sample = format!(
            "[[gumroad]]\nproduct_id = \"{STARTER}\"\nvariant = \"Tier: Sample\"\nname = \"Sample\"\nlicense = \"none\"\n"
        );
        shop.stock(&of(&[entry(None, "core"), sample]));
        sell(&shop, sale(&[("Tier", "Sample")])).await;
        let event = shop.record("webhook_events", "1");
        assert_eq!((&event["processed"], &event["reason"]), (&json!(1), &json!("nothing_to_deliver")));
        assert_eq!((shop.count("orders"), shop.count("licenses"), shop.count("outbox")), (1, 0, 0));
    });
}
