//! `GET /healthz`: what it says of the database and of the settings.

use std::rc::Rc;
use std::time::Duration;

use latchkey::engine::Memory;
use latchkey::platform::host::Fate;

use super::storage_fails;
use crate::shop::{Shop, request, run};

#[test]
fn health_is_good_while_the_database_answers() {
    run(async {
        let shop = Shop::open();
        for method in ["GET", "HEAD"] {
            let answered = shop.request(request(method, "/healthz", &[], b"")).await;
            assert_eq!((answered.status, &answered.body["status"]), (200, &"ok".into()));
            assert_eq!(answered.body["version"], env!("CARGO_PKG_VERSION"));
            assert_eq!(answered.body["problems"], serde_json::json!([]));
            let dependencies = &answered.body["dependencies"];
            assert_eq!((&dependencies["database"], &dependencies["mail"]), (&"ok".into(), &"configured".into()));
            for configured in ["github", "gumroad", "lemonsqueezy", "rate_limit"] {
                assert_eq!(dependencies[configured], "configured", "{configured}");
            }
        }
    });
}

#[test]
fn health_is_bad_while_the_database_fails_or_does_not_answer_at_all() {
    run(async {
        let shop = Shop::open();
        for fate in [Fate::FailBefore, Fate::HangBefore] {
            storage_fails(&shop, fate);
            let answered = shop.request(request("GET", "/healthz", &[], b"")).await;
            assert_eq!((answered.status, &answered.body["status"]), (503, &"unavailable".into()));
            assert_eq!(answered.body["dependencies"]["database"], "unreachable");
            // What was found is believed for a moment.
            shop.advance(Duration::from_secs(6));
        }
        storage_fails(&shop, Fate::Proceed);
        assert_eq!(shop.request(request("GET", "/healthz", &[], b"")).await.status, 200);
    });
}

#[test]
fn health_names_every_setting_that_is_missing_or_wrong_and_repeats_no_value() {
    run(async {
        let shop = Shop::open_with(&[
            ("GITHUB_TOKEN", ""),
            ("GUMROAD_WEBHOOK_SECRET", ""),
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", ""),
            ("LEMON_SQUEEZY_STORE_ID", "canary-store"),
            ("POSTMARK_TOKEN", ""),
            ("EMAIL_FROM", "canary-sender"),
            ("PORTAL_URL", "canary-portal"),
            ("ALLOW_TEST_LICENSES", "canary-flag"),
        ]);
        let answered = shop.request(request("GET", "/healthz", &[], b"")).await;
        assert_eq!(answered.status, 200);
        let problems = answered.body["problems"].as_array().unwrap();
        let named: Vec<_> =
            problems.iter().map(|problem| problem.as_str().unwrap().split(' ').next().unwrap()).collect();
        assert_eq!(
            named,
            [
                "GITHUB_TOKEN",
                "GUMROAD_WEBHOOK_SECRET",
                "LEMON_SQUEEZY_WEBHOOK_SECRET",
                "LEMON_SQUEEZY_STORE_ID",
                "POSTMARK_TOKEN",
                "EMAIL_FROM",
                "PORTAL_URL",
                "ALLOW_TEST_LICENSES",
            ]
        );
        for missing in ["github", "gumroad", "lemonsqueezy"] {
            assert_eq!(answered.body["dependencies"][missing], "missing", "{missing}");
        }
        assert_eq!(answered.body["dependencies"]["mail"], "logging");
        assert!(!answered.body.to_string().contains("canary"));
    });
}

#[test]
fn the_database_is_asked_every_few_seconds_however_often_somebody_asks() {
    run(async {
        let shop = Shop::open();
        let memory = Rc::new(Memory::default());
        let ask = async || {
            let engine = shop.engine().remembering(Rc::clone(&memory));
            latchkey::http::handle(&engine, request("GET", "/healthz", &[], b"")).await.status
        };
        for _ in 0..100 {
            assert_eq!(ask().await, 200);
            shop.advance(Duration::from_millis(40));
        }
        assert_eq!(shop.host.take_batches(), 1);
        storage_fails(&shop, Fate::FailBefore);
        shop.advance(Duration::from_secs(1));
        for _ in 0..10 {
            assert_eq!(ask().await, 503);
        }
        assert_eq!(shop.host.take_batches(), 1);
    });
}
