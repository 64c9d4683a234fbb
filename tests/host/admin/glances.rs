//! What the console tells at a glance, over the API: repositories, sales, products that wait, what there is to pick from, and whether mails
//! leave.

use latchkey::adapters::storefronts::SECTIONS;
use latchkey_sandbox::{Fault, FaultKind, GUMROAD_ACCESS_TOKEN, GumroadSale, Service};
use serde_json::{Value, json};

use super::{ask, change};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue_of, request, run};

#[test]
fn each_repository_is_told_with_who_is_in_and_who_waits_ten_a_page() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        shop.activate(&key, "octocat").await;
        let page = ask(&shop, "/admin/access").await;
        assert_eq!(page.status, 200);
        let of = |name: &str| page.body["items"].as_array().unwrap().iter().find(|item| item["repo"] == name).cloned();
        let starter = of("acme/starter").unwrap();
        for (member, expected) in
            [("invited", 1), ("members", 0), ("in_line", 0), ("invitations", 1), ("invitations_most", 45)]
        {
            assert_eq!(starter[member], expected, "{member}: {starter}");
        }
        let waiting = ask(&shop, "/admin/access/waiting?repo=Acme/Starter").await;
        assert_eq!((waiting.status, waiting.body["line"].as_array().unwrap().len()), (200, 0));
        assert_eq!(
            (&waiting.body["invited"][0]["github_username"], &waiting.body["invited"][0]["state"]),
            (&json!("octocat"), &json!("invited"))
        );
        assert_eq!(ask(&shop, "/admin/access/waiting?repo=nowhere").await.status, 404);
        assert_eq!(ask(&shop, "/admin/access/waiting").await.status, 400);

        for number in 0..25 {
            shop.rows(&format!("INSERT INTO repository_watches (repo) VALUES ('many/repo-{number:02}')"));
        }
        let mut names = Vec::new();
        let mut path = "/admin/access".to_owned();
        loop {
            let page = ask(&shop, &path).await.body;
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 10);
            names.extend(items.iter().map(|item| item["repo"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/admin/access?cursor={cursor}"),
                None => break,
            }
        }
        let expected = shop.count("repository_watches");
        assert_eq!(names.len(), expected);
        assert!(names.is_sorted());
        shop.calls();
    });
}

#[test]
fn sales_are_counted_by_day_and_by_product() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        for (id, day) in
            [("one", "2020-02-29T00:00:00Z"), ("two", "2020-02-28T23:59:59Z"), ("three", "2020-02-27T12:00:00Z")]
        {
            let sale = GumroadSale { sale_id: Some(id.to_owned()), ..GumroadSale::default() };
            shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
            shop.rows(&format!("UPDATE orders SET sold_at = 1000 * unixepoch('{day}') WHERE order_id = '{id}'"));
        }
        shop.sandbox.take_mails();
        shop.rows("INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'two', 'refunded', 1)");
        let counts = ask(&shop, "/admin/sales/counts?days=2&until=2020-02-29T20:00:00Z").await.body;
        assert_eq!(
            (&counts["since"], &counts["until"], &counts["cut"]),
            (&json!("2020-02-28T00:00:00Z"), &json!("2020-03-01T00:00:00Z"), &Value::Null)
        );
        let count = |sales, refunded, waiting| {
            json!({ "sales": sales, "tests": 0, "refunded": refunded, "refunded_in_part": 0, "waiting_on_buyer": waiting,
                    "amounts": { "usd": 4900 * sales } })
        };
        assert_eq!(counts["total"], count(2, 1, 1));
        let day = |day: &str, count: Value| {
            let mut day = json!({ "day": day });
            day.as_object_mut().unwrap().extend(count.as_object().unwrap().clone());
            day
        };
        let days = [day("2020-02-29T00:00:00Z", count(1, 0, 1)), day("2020-02-28T00:00:00Z", count(1, 1, 0))];
        assert_eq!(counts["days"], json!(days));
        assert_eq!(
            counts["products"],
            json!([{ "source": "gumroad", "product_id": STARTER, "name": "Acme Starter Kit", "sales": 2, "pieces": 2, "refunded": 1 }])
        );
        assert_eq!(ask(&shop, "/admin/sales/counts").await.body["total"]["sales"], 1, "thirty days up to now");
        // A refund that failed afterwards is none.
        let undone =
            "INSERT INTO order_facts (source, order_id, fact, said_at) VALUES ('gumroad', 'two', 'refund_undone', 2)";
        shop.rows(undone);
        let counts = ask(&shop, "/admin/sales/counts?days=2&until=2020-02-29T20:00:00Z").await.body;
        assert_eq!((&counts["total"]["sales"], &counts["total"]["refunded"]), (&json!(2), &json!(0)));
        for wrong in ["days=0", "days=91", "days=x", "until=2020-02-29"] {
            assert_eq!(ask(&shop, &format!("/admin/sales/counts?{wrong}")).await.status, 400, "{wrong}");
        }
    });
}

#[test]
fn sales_beyond_the_newest_are_counted_by_cursors_each_once() {
    run(async {
        let shop = Shop::open();
        shop.sell_starter().await;
        shop.sandbox.take_mails();
        shop.rows("UPDATE orders SET sold_at = 0");
        // Ten a second, so that many have the same time.
        for (day, sales) in [("2020-02-29T12:00:00", 250), ("2020-02-28T12:00:00", 30), ("2020-02-27T12:00:00", 90)] {
            shop.rows(&format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sales})
                 INSERT INTO orders (source, order_id, email, name, amount_cents, currency, variants, custom_fields, test, sold_at, event_id)
                 SELECT 'gumroad', 'or der/' || unixepoch('{day}') || '-' || i, 'a@example.com', 'A', 100, 'usd', '[]', '[]', 0,
                        1000 * (unixepoch('{day}') + i / 10), (SELECT id FROM webhook_events) FROM n"
            ));
        }
        let mut path = "/admin/sales/counts?days=3&until=2020-02-29T00:00:00Z".to_owned();
        let (mut sales, mut cuts, mut by_day) = (0, Vec::new(), std::collections::BTreeMap::new());
        loop {
            let counts = ask(&shop, &path).await.body;
            sales += counts["total"]["sales"].as_i64().unwrap();
            cuts.push(counts["cut"].as_str().unwrap_or("none").to_owned());
            for day in counts["days"].as_array().unwrap() {
                *by_day.entry(day["day"].to_string()).or_insert(0) += day["sales"].as_i64().unwrap();
            }
            let Some(cursor) = counts["next_cursor"].as_str() else { break };
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            path = format!("/admin/sales/counts?days=3&until=2020-02-29T00:00:00Z&{query}");
        }
        assert_eq!(sales, 370);
        assert_eq!(by_day.into_values().collect::<Vec<_>>(), [90, 30, 250]);
        assert_eq!(cuts, ["within_a_day", "within_a_day", "between_days", "none"]);
        let begun = ask(&shop, "/admin/sales/counts?days=3&until=2020-02-29T00:00:00Z&cursor=x").await.body;
        assert_eq!(begun["total"]["sales"], 0, "a cursor that no answer gave is behind everything");
    });
}

#[test]
fn a_dry_run_tells_what_was_sold_of_each_entry_that_it_would_change() {
    run(async {
        let shop = Shop::open();
        for _ in 0..3 {
            shop.sell_starter().await;
        }
        shop.rows(
            "UPDATE licenses SET variant_id = 'Team' WHERE license_key = (SELECT min(license_key) FROM licenses)",
        );
        let rehearsed = async |text: &str| {
            let token = format!("Bearer {ADMIN_TOKEN}");
            let headers = [("authorization", token.as_str()), ("content-type", "application/toml")];
            shop.request(request("PUT", "/admin/products?dry_run=true", &headers, text.as_bytes())).await.body
        };
        let removed = rehearsed("").await;
        let of_starter = |body: &Value, variant: Option<&str>| -> Value {
            let sold = body["sold"].as_array().unwrap();
            let is_it = |one: &&Value| one["product_id"] == STARTER && one["variant_id"].as_str() == variant;
            sold.iter().find(is_it).map(|one| json!([one["licenses"], one["people"], one["more"]])).unwrap_or_default()
        };
        assert_eq!(of_starter(&removed, None), json!([3, 1, false]));
        let others = removed["sold"].as_array().unwrap().iter().filter(|one| one["product_id"] != STARTER);
        assert!(others.clone().all(|one| one["licenses"] == 0) && others.count() > 0);
        assert_eq!(
            rehearsed(&shop.engine().newest_catalogue().await.unwrap().to_toml(SECTIONS)).await.get("sold"),
            None
        );

        // An entry for a variant has its own.
        let both = format!(
            "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"acme/starter\"]\n
             [[gumroad]]\nproduct_id = \"{STARTER}\"\nvariant = \"Team\"\nname = \"Kit\"\ntier = \"pro\"\nrepos = [\"acme/starter\"]\n"
        );
        shop.map(&catalogue_of(&both)).await;
        let removed = rehearsed("").await;
        assert_eq!(
            (of_starter(&removed, None), of_starter(&removed, Some("Team"))),
            (json!([2, 1, false]), json!([1, 1, false]))
        );

        shop.rows(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
             INSERT INTO licenses (license_key, source, order_id, product_id, tier, email, name, test, issued_at, event_id)
             SELECT 'K-' || i, 'gumroad', 'o-' || i, '{STARTER}', 'pro', 'b' || i || '@example.com', 'B', 0, 1,
                    (SELECT min(id) FROM webhook_events) FROM n"
        ));
        assert_eq!(of_starter(&rehearsed("").await, None)[2], true);
    });
}

#[test]
fn what_was_sold_without_an_entry_and_what_there_is_to_pick_from_is_told() {
    run(async {
        let shop = Shop::open_with(&[("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN)]);
        assert_eq!(ask(&shop, "/admin/products/waiting").await.body, json!({ "items": [] }));
        let sale = GumroadSale {
            product_id: Some("new==".to_owned()),
            product_name: Some("New".to_owned()),
            ..GumroadSale::default()
        };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        let waiting = ask(&shop, "/admin/products/waiting").await.body;
        let event = shop.value("SELECT id FROM webhook_events");
        assert_eq!(
            waiting,
            json!({ "items": [{ "source": "gumroad", "product_id": "new==", "variant_id": null, "name": "New",
                                "deliveries": 1, "keys": 0, "event_id": event }] })
        );
        shop.map(&catalogue_of("")).await;
        let choices = ask(&shop, "/admin/products/choices").await.body;
        assert!(choices["repos"].as_array().unwrap().contains(&json!("acme/starter")), "{choices}");
        let kit = json!({ "source": "gumroad", "product_id": STARTER, "name": "Acme Starter Kit" });
        assert!(choices["products"].as_array().unwrap().contains(&kit), "{choices}");
        assert_eq!(choices["missing"], json!([]));
        shop.sandbox.inject(Fault::new(Service::GitHub, FaultKind::status(500)));
        let choices = ask(&shop, "/admin/products/choices").await;
        assert_eq!(choices.status, 200, "who does not say is left out");
        assert_eq!(choices.body["missing"], json!([{ "service": "github", "reason": "GitHub answered 500" }]));
        shop.calls();
    });
}

#[test]
fn a_test_mail_is_sent_and_changes_nothing() {
    run(async {
        let shop = Shop::open_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        let sent = change(&shop, "/admin/test-mail", &json!({})).await;
        assert_eq!((sent.status, &sent.body), (200, &json!({ "outcome": "sent" })));
        assert_eq!(shop.sandbox.take_mails().len(), 1);
        assert_eq!(shop.count("admin_actions") + shop.count("outbox"), 0);
        shop.sandbox.inject(Fault::new(Service::Postmark, FaultKind::status(500)).method("POST"));
        let failed = change(&shop, "/admin/test-mail", &json!({})).await;
        assert_eq!(failed.problem(), (502, "upstream_unavailable"));

        let silent = Shop::open();
        assert_eq!(change(&silent, "/admin/test-mail", &json!({})).await.problem(), (409, "refused"));
        let logging = Shop::open_with(&[("OPERATOR_EMAIL", "operator@example.com"), ("POSTMARK_TOKEN", "")]);
        let logged = change(&logging, "/admin/test-mail", &json!({})).await;
        assert_eq!(logged.body, json!({ "outcome": "logged" }));
    });
}

#[test]
fn whoever_looks_at_a_whole_key_is_recorded() {
    run(async {
        let shop = Shop::open();
        let key = shop.sell_starter().await;
        let path = format!("/admin/licenses/{}/show-key", key.to_lowercase());
        assert_eq!(change(&shop, &path, &json!({})).await.status, 400, "a reason is demanded");
        assert_eq!(shop.count("admin_actions"), 0);
        let shown = change(&shop, &path, &json!({ "reason": "she reads it to him", "actor": "ada" })).await;
        assert_eq!((shown.status, &shown.body), (200, &json!({ "license_key": key })));
        let action = shop.record("admin_actions", "true");
        for (member, value) in
            [("action", "license.show_key"), ("target", &key), ("reason", "she reads it to him"), ("actor", "ada")]
        {
            assert_eq!(action[member], value, "{member}");
        }
        let story = ask(&shop, &format!("/admin/licenses/{key}")).await.body;
        assert_eq!(story["actions"][0]["action"], "license.show_key");
        let unknown = change(&shop, "/admin/licenses/unknown/show-key", &json!({ "reason": "x" })).await;
        assert_eq!((unknown.status, shop.count("admin_actions")), (404, 1));
    });
}
