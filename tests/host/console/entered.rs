//! What was entered stays where nothing came of it, with what is wrong beside it.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};

use super::{CONSOLE, signed_in};
use crate::pages::Browser;
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue_of, run};

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

#[test]
fn what_was_sent_after_the_session_ended_is_kept_through_the_sign_in_and_sent_by_a_button() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        let key = shop.sell_starter().await;
        shop.rows("UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL");
        let id = shop.value("SELECT id FROM outbox");
        let browser = signed_in(&shop).await;
        let path = format!("/console/outbox/{id}/retry");
        browser.look(&path).await;
        shop.advance(Duration::from_secs(12 * 3600));
        let hostile = "she wrote: \"</form><script>alert('&')</script>\"";
        let seen =
            browser.post(&path, &[("reason", hostile), ("to", "https://evil.example.com"), ("token", "typed")]).await;
        assert_eq!((seen.status, seen.header("location"), seen.header("set-cookie")), (403, None, None));
        assert!(seen.text().contains("Your session has ended, so nothing was changed."), "{}", seen.text());
        assert!(seen.html.contains(&format!("name=\"to\" value=\"{path}\"")) && !seen.html.contains("<script>alert"));
        assert_eq!(seen.html.matches("name=\"kept.").count(), 3, "{}", seen.html);

        // A wrong token loses nothing either.
        let kept = [("to", path.as_str()), ("kept.reason", hostile), ("kept.to", "https://evil.example.com")];
        let wrong = browser.post("/console/sign-in", &[&kept[..], &[("token", "wrong")]].concat()).await;
        assert_eq!((wrong.status, wrong.html.matches("name=\"kept.").count()), (403, 2), "{}", wrong.html);

        let given = [("token", ADMIN_TOKEN), ("name", "Grace")];
        let seen = browser.post("/console/sign-in", &[&kept[..], &given].concat()).await;
        assert_eq!((seen.status, seen.header("location")), (200, None));
        assert!(seen.text().contains("Not sent yet") && seen.text().contains("she wrote"), "{}", seen.text());
        assert!(seen.html.contains(&format!("<form method=\"post\" action=\"{path}\">")), "{}", seen.html);
        assert!(!seen.html.contains("<script>alert") && !seen.html.contains(ADMIN_TOKEN));
        assert_eq!(shop.count("admin_actions"), 0, "nothing is done that nobody has pressed a button for");
        let seen = browser.submit(&path, &[("reason", hostile)]).await;
        assert!(seen.text().contains("It is due"), "{}", seen.text());
        let action = shop.record("admin_actions", "true");
        assert_eq!(
            (&action["actor"], &action["reason"]),
            (&"Grace".into(), &hostile.into()),
            "in the name of who signed in"
        );
        assert!(!seen.html.contains(&key));
    });
}

#[test]
fn what_cannot_be_kept_is_said_to_have_changed_nothing() {
    run(async {
        let shop = Shop::open_with(&CONSOLE);
        for (path, body, to) in [
            ("/console/set-up/test-mail", String::new(), "/console/sign-in?note=session_over"),
            ("/console/sign-out", String::new(), "/console/sign-in"),
            ("/console/products/check", "text=x".to_owned(), "/console/sign-in"),
            (
                "/console/products/text",
                format!("text={}", "x".repeat(70_000)),
                "/console/sign-in?to=%2Fconsole%2Fproducts%2Ftext&note=session_over",
            ),
        ] {
            let headers = [("sec-fetch-site", "same-origin"), crate::pages::FORM];
            let seen = Browser::new(&shop).send("POST", path, &headers, &body).await;
            assert_eq!((seen.status, seen.header("location")), (303, Some(to)), "{path}");
        }
        let seen = Browser::new(&shop).get("/console/sign-in?note=session_over").await;
        assert!(seen.text().contains("Your session has ended, so nothing was changed."), "{}", seen.text());
        // What is carried to where no form goes is not shown, and leads nowhere else.
        for to in ["/console/actions", "https://evil.example.com", "/console/sign-in"] {
            let browser = Browser::new(&shop);
            let fields = [("token", ADMIN_TOKEN), ("to", to), ("kept.reason", "x")];
            let seen = browser.post("/console/sign-in", &fields).await;
            let expected = if to == "/console/actions" { to } else { "/console" };
            assert_eq!((seen.status, seen.header("location")), (303, Some(expected)), "{to}");
        }
        assert_eq!(shop.count("admin_actions"), 0);
    });
}
