//! What storefronts have sent, processing it again and dismissing it.

use latchkey_sandbox::GumroadSale;

use super::{CONSOLE, signed_in};
use crate::pages::form;
use crate::shop::{STARTER, Shop, catalogue, catalogue_of, run};

const HOSTILE: &str = "</td><script>alert(\"'&\")</script>";

/// A shop whose catalogue does not say what was sold, with the deliveries that wait for that.
async fn unmapped(shop: &Shop, sales: usize) -> Vec<String> {
    shop.stock(&catalogue_of(""));
    for _ in 0..sales {
        let sale = GumroadSale {
            product_id: Some(STARTER.to_owned()),
            email: "ada@example.com".to_owned(),
            ..GumroadSale::default()
        };
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await.status, 200);
    }
    let rows = shop.rows("SELECT id FROM webhook_events WHERE stuck_at > 0 ORDER BY id");
    assert_eq!(rows.len(), sales);
    rows.iter().map(|row| row.text("id").unwrap().to_owned()).collect()
}

#[test]
fn a_delivery_is_found_read_and_replayed() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let id = unmapped(&shop, 1).await.remove(0);
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/deliveries?state=needs_seller&source=&since=").await;
        assert!(seen.text().contains("the catalogue does not say what its product opens"), "{}", seen.text());
        let path = format!("/console/deliveries/{id}");
        assert!(seen.html.contains(&format!("href=\"{path}\"")));
        assert!(browser.look("/console/deliveries?state=fulfilled").await.text().contains("Nothing is here."));

        let seen = browser.look(&path).await;
        assert!(seen.text().contains("ada@example.com") && seen.text().contains("Show what was sent"));
        assert!(seen.html.contains(STARTER.trim_end_matches('=')), "the payload is there");
        let asked = browser.look(&format!("{path}/replay")).await;
        assert!(asked.text().contains("What was done already is not done twice."), "{}", asked.text());

        shop.stock(catalogue());
        let seen = browser.submit(&format!("{path}/replay"), &[("reason", "it is mapped")]).await;
        assert!(seen.text().contains("It is processed again."), "{}", seen.text());
        assert!(seen.text().contains("Ada replayed deliveries") && seen.text().contains("it is mapped"));
        let key = shop.take_key();
        assert!(!seen.html.contains(&key), "a key is shown masked");
        assert_eq!(shop.count("licenses"), 1);
        let seen = browser.post(&format!("{path}/replay"), &[("reason", "again")]).await;
        assert_eq!(seen.status, 409);
        assert!(seen.text().contains("This delivery is processed"), "{}", seen.text());
    });
}

#[test]
fn a_delivery_is_dismissed_for_a_reason_and_comes_to_nothing() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let id = unmapped(&shop, 1).await.remove(0);
        let browser = signed_in(&shop).await;
        let path = format!("/console/deliveries/{id}/dismiss");
        let seen = browser.look(&format!("/console/deliveries/{id}")).await;
        assert!(seen.html.contains(&format!("href=\"{path}\"")), "{}", seen.html);
        let asked = browser.look(&path).await;
        assert!(asked.html.contains("class=\"card narrow danger\""), "{}", asked.html);
        let seen = browser.post(&path, &[("reason", "")]).await;
        assert_eq!((seen.status, shop.count("webhook_events WHERE processed = 0")), (400, 1));
        assert!(seen.text().contains("This is needed."), "{}", seen.text());
        let seen = browser.submit(&path, &[("reason", "a test sale")]).await;
        assert!(seen.text().contains("It is dismissed") && seen.text().contains("a test sale"), "{}", seen.text());
        assert!(!seen.html.contains(&path), "what is dismissed is not dismissed again: {}", seen.html);
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "dismissed");
        assert_eq!(
            (shop.value("SELECT action FROM admin_actions").as_str(), shop.count("licenses")),
            ("event.dismiss", 0)
        );
        let late = browser.post(&path, &[("reason", "once more")]).await;
        assert_eq!((late.status, shop.count("admin_actions")), (409, 1), "{}", late.text());
        assert!(late.html.contains("value=\"once more\""), "{}", late.html);
    });
}

#[test]
fn all_that_match_are_counted_before_anything_is_done_to_them() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        unmapped(&shop, 3).await;
        let browser = signed_in(&shop).await;
        let seen = browser.look("/console/deliveries?state=needs_seller&source=gumroad").await;
        let path = "/console/deliveries/dismiss?state=needs_seller&source=gumroad";
        assert!(seen.html.contains(&path.replace('&', "&#38;")), "{}", seen.html);
        let asked = browser.look(path).await;
        assert!(asked.text().contains("not processed: 3, each of somebody"), "{}", asked.text());
        assert!(asked.text().contains("Of the storefront Gumroad."), "{}", asked.text());
        assert!(asked.html.contains("<input type=\"hidden\" name=\"source\" value=\"gumroad\">"), "{}", asked.html);
        let other = browser.look("/console/deliveries/replay?source=lemonsqueezy").await;
        assert!(other.text().contains("not processed: 0."), "{}", other.text());

        let fields = [("state", "needs_seller"), ("source", "gumroad")];
        let seen = browser.post("/console/deliveries/dismiss", &fields).await;
        assert_eq!((seen.status, shop.count("webhook_events WHERE processed = 0")), (400, 3));
        assert!(seen.text().contains("This is needed.") && seen.text().contains("not processed: 3"));
        let fields = [fields.as_slice(), &[("reason", "test sales")]].concat();
        let seen = browser.submit("/console/deliveries/dismiss", &fields).await;
        assert!(seen.text().contains("Deliveries dismissed: 3."), "{}", seen.text());
        assert_eq!(shop.count("webhook_events WHERE reason = 'dismissed'"), 3);
        assert_eq!(shop.count("licenses"), 0);
    });
}

#[test]
fn a_delivery_that_cannot_be_processed_is_answered_by_hand() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let id = unmapped(&shop, 1).await.remove(0);
        shop.stock(catalogue());
        let browser = signed_in(&shop).await;
        let asked = browser.look(&format!("/console/licenses/issue?event_id={id}")).await;
        for filled in ["value=\"ada@example.com\"", &format!("value=\"{STARTER}\""), &format!("value=\"{id}\"")] {
            assert!(asked.html.contains(filled), "{filled}: {}", asked.html);
        }
        let fields = [
            ("section", "gumroad"),
            ("product_id", STARTER),
            ("variant_id", ""),
            ("email", "ada@example.com"),
            ("name", ""),
            ("event_id", &id),
            ("reason", "the storefront is down"),
        ];
        let seen = browser.submit("/console/licenses/issue", &fields).await;
        assert!(seen.text().contains("The license is issued"), "{}", seen.text());
        shop.tick().await;
        shop.take_key();
        assert_eq!(shop.value("SELECT reason FROM webhook_events"), "issued_by_hand");
        // Nothing else asks for what was typed once more.
        let wrong = [("section", "gumroad"), ("product_id", "none"), ("email", "ada@example.com"), ("reason", "x")];
        let seen = browser.post("/console/licenses/issue", &wrong).await;
        assert_eq!(seen.status, 409);
        assert!(seen.html.contains("value=\"none\"") && seen.text().contains("has no entry for this product"));
    });
}

#[test]
fn whatever_a_buyer_or_a_storefront_says_is_shown_as_text() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let id = unmapped(&shop, 1).await.remove(0);
        shop.stock(catalogue());
        let browser = signed_in(&shop).await;
        browser.submit(&format!("/console/deliveries/{id}/replay"), &[("reason", HOSTILE)]).await;
        shop.take_key();
        shop.activate(&shop.value("SELECT license_key FROM licenses"), "octocat").await;
        let hostile = HOSTILE.replace('\'', "''");
        shop.rows(&format!(
            "UPDATE webhook_events SET payload = '{hostile}', event_type = '{hostile}', trace_id = '{hostile}'"
        ));
        shop.rows(&format!(
            "UPDATE orders SET name = '{hostile}', email = '{hostile}', currency = NULL, amount_cents = NULL"
        ));
        shop.rows(&format!(
            "UPDATE licenses SET name = '{hostile}', email = '{hostile}', tier = '{hostile}', product_id = '{hostile}'"
        ));
        shop.rows(&format!("UPDATE license_activations SET github_username = '{}'", hostile.get(..30).unwrap()));
        shop.rows(&format!(
            "UPDATE grants SET github_username = '{}', reason = '{hostile}'",
            hostile.get(..30).unwrap()
        ));
        shop.rows(&format!(
            "UPDATE outbox SET state = 'dead', died_at = 1, done_at = NULL, next_attempt_at = NULL, outcome = NULL,
             lease_id = NULL, last_error = '{hostile}'"
        ));
        // What the catalogue, GitHub and its accounts say.
        let name = serde_json::json!(HOSTILE).to_string().replace('\'', "''");
        shop.rows(&format!(
            "UPDATE products SET entry = json_set(entry, '$.name', json('{name}'), '$.tier', json('{name}'))"
        ));
        shop.rows("UPDATE catalogue SET version = version + 1");
        shop.forget_catalogue();
        shop.rows("UPDATE orders SET currency = '<b>', amount_cents = 4900");
        shop.rows(&format!("UPDATE order_items SET product_id = '{hostile}'"));
        shop.rows(&format!("UPDATE repository_watches SET compare_error = '{hostile}'"));
        let event = shop.value("SELECT id FROM webhook_events LIMIT 1");
        shop.rows(&format!("INSERT INTO unmapped_lines VALUES ('{event}', 'gumroad', '{hostile}', '{hostile}')"));
        shop.rows(
            "UPDATE webhook_events SET processed = 0, processed_at = NULL, stuck_at = 1, reason = 'unmapped_product'",
        );
        shop.rows(&format!(
            "INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at)
             VALUES ('acme/starter', 7, 'extra', '{hostile}', 1, 1)"
        ));
        let license = link(&browser.look("/console/licenses").await.html, "/console/licenses/");
        let row = shop.value("SELECT id FROM outbox LIMIT 1");
        for path in [
            "/console/attention",
            "/console/deliveries",
            &format!("/console/deliveries/{id}"),
            "/console/licenses",
            &license,
            &format!("{license}/revoke"),
            &format!("{license}/correct-email"),
            &format!("{license}/transfer"),
            "/console/outbox",
            &format!("/console/outbox/{row}/retry"),
            "/console/actions",
            "/console/sales",
            "/console/access",
            "/console/access/repository?repo=acme%2Fstarter",
            "/console/access/grants",
            "/console/access/drift",
            "/console/access/sync",
            "/console/products",
            "/console/products/text",
            &format!("/console/products/entry?{}", form(&[("source", "gumroad"), ("product_id", STARTER)])),
            &format!(
                "/console/products/entry?{}",
                form(&[("source", "gumroad"), ("product_id", HOSTILE), ("sold", HOSTILE)])
            ),
            &format!("/console/products/remove?{}", form(&[("source", "gumroad"), ("product_id", STARTER)])),
            &format!("/console/access/check?{}", form(&[("repo", HOSTILE)])),
            "/console/doctor",
            "/console/set-up",
        ] {
            let seen = browser.look(path).await;
            if !["/console/set-up", "/console/access/sync", "/console/access/repository?repo=acme%2Fstarter"]
                .contains(&path)
            {
                assert!(seen.html.contains("alert("), "{path} shows what is hostile: {}", seen.html);
            }
            assert!(!seen.html.contains("<script>"), "{path}: {}", seen.html);
            assert!(!seen.html.contains("</td><script"), "{path}");
        }
        shop.calls();
    });
}

/// The first link to a page whose address begins so.
pub(super) fn link(html: &str, begins: &str) -> String {
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut links = links.filter(|link| link.starts_with(begins) && !link.ends_with("/issue"));
    links.next().unwrap_or_else(|| panic!("no link to {begins}: {html}")).to_owned()
}
