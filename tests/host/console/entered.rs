//! What was entered stays where nothing came of it, with what is wrong beside it.

use latchkey::platform::host::{Call, Fate};

use super::{CONSOLE, signed_in};
use crate::shop::{STARTER, Shop, catalogue_of, run};

#[test]
fn a_filter_that_cannot_be_read_stays_in_its_field_with_what_is_wrong() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let browser = signed_in(&shop).await;
        let long = "a".repeat(600);
        let long = long.as_str();
        for (path, name, typed) in [
            ("/console/sales", "until", "yesterday"),
            ("/console/access/grants", "repo", long),
            ("/console/access/grants", "github", long),
            ("/console/access/drift", "repo", long),
            ("/console/access/drift", "github", long),
            ("/console/access/sync", "product", long),
            ("/console/deliveries", "since", "yesterday"),
            ("/console/deliveries", "state", "lost"),
            ("/console/outbox", "kind", "lost"),
        ] {
            let seen = browser.get(&format!("{path}?{name}={typed}")).await;
            assert_eq!(seen.status, 400, "{path} {name}: {}", seen.text());
            let html = &seen.html;
            for marked in [
                format!("id=\"{name}-error\""),
                format!("aria-invalid=\"true\" aria-describedby=\"{name}-error"),
                "<title>This did not work: ".to_owned(),
                format!("<form class=\"filters\" method=\"get\" action=\"{path}\">"),
            ] {
                assert!(html.contains(&marked), "{path}: {marked}: {html}");
            }
            assert_eq!(html.matches("autofocus").count(), 1, "{path}: {html}");
            if !["state", "since", "kind"].contains(&name) {
                assert!(html.contains(&format!("value=\"{typed}\"")), "{path}: {html}");
            }
            assert!(!html.contains("<caption") || html.contains("Nothing is here."), "{path}: {html}");
        }
        let found = browser.post("/console/licenses", &[("email", "ada lovelace"), ("order", "7")]).await;
        assert_eq!(found.status, 400);
        assert!(found.html.contains("id=\"email-error\""), "{}", found.html);
        assert!(found.html.contains("value=\"ada lovelace\"") && found.html.contains("value=\"7\""), "{}", found.html);
    });
}

#[test]
fn a_form_outlasts_a_database_that_does_not_answer() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        shop.stock(&catalogue_of(""));
        shop.deliver(&shop.sandbox.sell_on_gumroad(latchkey_sandbox::GumroadSale::default())).await;
        let browser = signed_in(&shop).await;
        let key = "/console/licenses/issue";
        for (path, fields) in [
            ("/console/deliveries/dismiss", vec![("state", "needs_seller"), ("reason", "test \"sales\"")]),
            ("/console/products/entry", vec![("source", "gumroad"), ("product_id", STARTER), ("do", "look")]),
            (key, vec![("section", "gumroad"), ("email", "ada@example.com"), ("reason", "lost")]),
        ] {
            shop.host.inject(|call| if matches!(call, Call::Batch(_)) { Fate::FailBefore } else { Fate::Proceed });
            let seen = browser.post(path, &fields).await;
            shop.host.inject(|_| Fate::Proceed);
            if path == key {
                // What is missing is said first: it costs no look at the database.
                assert_eq!(seen.status, 400, "{}", seen.text());
                continue;
            }
            assert_eq!((seen.status, seen.header("retry-after")), (503, Some("10")), "{path}: {}", seen.text());
            assert!(seen.html.contains(&format!("<form method=\"post\" action=\"{path}\">")), "{path}: {}", seen.html);
            for (name, value) in fields {
                let value = value.replace('"', "&#34;");
                let hidden = format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
                assert!(seen.html.contains(&hidden), "{path}: {name}: {}", seen.html);
            }
        }
        let fields = [("state", "needs_seller"), ("reason", "test \"sales\"")];
        let seen = browser.submit("/console/deliveries/dismiss", &fields).await;
        assert!(seen.text().contains("Deliveries dismissed: 1."), "{}", seen.text());
    });
}

#[test]
fn all_that_match_are_asked_about_once_more_where_only_the_change_fails() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        shop.stock(&catalogue_of(""));
        shop.deliver(&shop.sandbox.sell_on_gumroad(latchkey_sandbox::GumroadSale::default())).await;
        let browser = signed_in(&shop).await;
        for act in ["replay", "dismiss"] {
            let failed = std::cell::Cell::new(false);
            shop.host.inject(move |call| match call {
                Call::Batch(_) if !failed.replace(true) => Fate::FailBefore,
                _ => Fate::Proceed,
            });
            let path = format!("/console/deliveries/{act}");
            let seen = browser.post(&path, &[("state", "needs_seller"), ("reason", "once more")]).await;
            shop.host.inject(|_| Fate::Proceed);
            assert_eq!(seen.status, 503, "{act}");
            let html = &seen.html;
            assert!(html.contains("value=\"once more\"") && html.contains("not processed: 1"), "{act}: {html}");
            assert!(html.contains("<title>This did not work: ") && html.contains("autofocus"), "{act}: {html}");
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}
