//! The doctor: a shop in which everything is right, and each fault planted into it by itself.

use std::time::Duration;

use latchkey::api::codes::CheckCode;
use latchkey::model::Catalogue;
use latchkey::platform::{DbError, Platform};
use latchkey_sandbox::{
    AccountKind, Call, Fault, FaultKind, GITHUB_TOKEN, GUMROAD_ACCESS_TOKEN, GUMROAD_SECRET, GumroadSale,
    LEMON_SQUEEZY_API_KEY, LEMON_SQUEEZY_WEBHOOK_SECRET, LemonSqueezySale, Options, POSTMARK_TOKEN, ResendKeyAccess,
    SMTP2GO_API_KEY, Service, TokenAccess,
};
use serde_json::Value;

use crate::shop::{ADMIN_TOKEN, BY_BINDING, BY_RESEND, BY_SMTP2GO, Shop, catalogue_of, request, run};

const HOST: &str = "shop.example.com";

const OPEN: [(&str, &str); 2] =
    [("GUMROAD_ACCESS_TOKEN", GUMROAD_ACCESS_TOKEN), ("LEMON_SQUEEZY_API_KEY", LEMON_SQUEEZY_API_KEY)];

const RESOURCES: [&str; 8] = [
    "sale",
    "refund",
    "dispute",
    "dispute_won",
    "cancellation",
    "subscription_ended",
    "subscription_restarted",
    "subscription_updated",
];

/// What the sandbox sells, each product with what it opens there.
fn sold() -> Catalogue {
    catalogue_of(
        r#"
        [[gumroad]]
        product_id = "32-nPAicqbLj8B_WswVlMw=="
        name = "Acme Starter Kit"
        tier = "pro"
        repos = ["acme/starter", "acme/starter-docs"]
        [[lemonsqueezy]]
        product_id = "4"
        name = "Acme Kit"
        tier = "core"
        repos = ["acme/kit"]
        "#,
    )
}

fn with(more: &str) -> Catalogue {
    catalogue_of(&format!(
        "{}{more}",
        r#"
        [[gumroad]]
        product_id = "32-nPAicqbLj8B_WswVlMw=="
        name = "Acme Starter Kit"
        tier = "pro"
        repos = ["acme/starter"]
        "#
    ))
}

/// A shop in which everything is right, with these settings changed.
async fn healthy_with(changes: &[(&str, &str)]) -> Shop {
    let settings: Vec<_> = OPEN.iter().chain(changes).copied().collect();
    let shop = Shop::open_with(&settings.into_iter().rev().collect::<Vec<_>>());
    shop.stock(&sold());
    for resource in RESOURCES {
        shop.sandbox.add_gumroad_subscription(resource, &gumroad_url(GUMROAD_SECRET));
    }
    let events = [
        "order_created",
        "order_refunded",
        "license_key_created",
        "license_key_updated",
        "subscription_created",
        "subscription_updated",
        "subscription_cancelled",
        "subscription_resumed",
        "subscription_expired",
        "subscription_paused",
        "subscription_unpaused",
        "subscription_payment_success",
        "subscription_payment_failed",
        "subscription_payment_recovered",
        "subscription_payment_refunded",
    ];
    shop.sandbox.add_store_hook(
        &format!("https://{HOST}/webhooks/lemonsqueezy"),
        &events,
        LEMON_SQUEEZY_WEBHOOK_SECRET,
    );
    shop.sandbox.set_token_end(Some("2027-11-22 12:00:00 UTC"));
    shop.sandbox.show_plan("acme", 20, 3);
    shop.tick().await;
    shop
}

async fn healthy() -> Shop {
    healthy_with(&[]).await
}

fn gumroad_url(secret: &str) -> String {
    format!("https://{HOST}/webhooks/gumroad?secret={secret}")
}

/// Every check of the answer. None shows a secret, and asking has changed nothing.
async fn checks(shop: &Shop) -> Vec<Value> {
    let authorization = format!("Bearer {ADMIN_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("host", HOST)];
    let before = written(shop);
    shop.sandbox.take_calls();
    let answered = shop.request(request("GET", "/admin/doctor", &headers, b"")).await;
    assert_eq!(answered.status, 200, "{:?}", answered.body);
    assert_eq!(written(shop), before, "it changes nothing");
    let text = answered.body.to_string();
    for secret in
        [GITHUB_TOKEN, GUMROAD_ACCESS_TOKEN, GUMROAD_SECRET, LEMON_SQUEEZY_API_KEY, POSTMARK_TOKEN, ADMIN_TOKEN]
    {
        assert!(!text.contains(secret), "{text}");
    }
    let checks = answered.body["checks"].as_array().unwrap().clone();
    for code in CheckCode::ALL {
        assert!(checks.iter().any(|check| check["code"] == code.as_str()), "{code:?} is in every answer");
    }
    for check in &checks {
        assert_eq!(check["reason"].is_null(), check["status"] == "ok", "{check}");
        let is_wrong = check["status"] == "failed" || check["status"] == "warning";
        assert!(
            !is_wrong || check["remedy"].as_str().is_some_and(|text| text.len() > 10),
            "{check} says what mends it"
        );
    }
    let calls = shop.sandbox.take_calls();
    // At SMTP2GO every question is a POST.
    let asks = |call: &Call| call.method == "GET" || call.path == "/v3/stats/email_summary";
    assert!(calls.iter().all(asks), "nothing is asked to change");
    assert!(calls.len() <= 50, "{} calls", calls.len());
    checks
}

fn written(shop: &Shop) -> Vec<usize> {
    let rows = shop.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    rows.iter().map(|row| shop.count(row.text("name").unwrap())).collect()
}

/// What is not right, in short: `code status subject: reason`.
async fn found(shop: &Shop) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let short = |check: &Value| {
        let parts = ["code", "status", "subject"].map(|name| text(&check[name])).join(" ");
        format!("{parts}: {}", text(&check["reason"]))
    };
    // Nothing is sold at these here; what the doctor says of them is in the modules of their names.
    let elsewhere = ["paddle", "polar", "stripe", "standard"];
    let is_unused = |check: &Value| {
        check["subject"].as_str().is_some_and(|it| elsewhere.contains(&it)) && check["reason"] == "not_used"
    };
    checks(shop).await.iter().filter(|check| check["status"] != "ok" && !is_unused(check)).map(short).collect()
}

async fn remedy(shop: &Shop, code: &str) -> String {
    let checks = checks(shop).await;
    let check = checks.iter().find(|check| check["code"] == code && check["status"] != "ok").expect("it is found");
    check["remedy"].as_str().unwrap().to_owned()
}

#[test]
fn where_everything_is_right_every_check_is_ok() {
    run(async {
        let shop = healthy().await;
        assert_eq!(found(&shop).await, [""; 0]);
        let all = checks(&shop).await;
        assert_eq!(all.iter().filter(|check| check["code"] == "repository").count(), 3);
        let budget = all.iter().find(|check| check["code"] == "invitation_budget").unwrap();
        assert_eq!(budget["detail"], "0 of 45 in 24 hours");
    });
}

#[test]
fn the_doctor_takes_no_query_and_asks_nothing_that_changes() {
    run(async {
        let shop = healthy().await;
        let authorization = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", authorization.as_str())];
        assert_eq!(shop.request(request("GET", "/admin/doctor?x=1", &headers, b"")).await.status, 400);
        assert_eq!(shop.request(request("POST", "/admin/doctor", &headers, b"")).await.status, 405);
    });
}

#[test]
fn a_setting_that_is_missing_or_wrong_is_found() {
    run(async {
        let shop = healthy_with(&[("OPERATOR_EMAIL", "nobody"), ("LEMON_SQUEEZY_WEBHOOK_SECRET", "")]).await;
        let found = found(&shop).await;
        assert_eq!(
            found,
            [
                "configuration warning LEMON_SQUEEZY_WEBHOOK_SECRET: not_set",
                "configuration failed OPERATOR_EMAIL: invalid",
                "hooks failed lemonsqueezy: not_configured",
                "deliveries skipped lemonsqueezy: not_configured",
                "mapped_products skipped lemonsqueezy: not_configured",
            ]
        );
    });
}

#[test]
fn mails_that_can_link_nowhere_are_found() {
    run(async {
        let shop = healthy_with(&[("PORTAL_URL", "")]).await;
        assert_eq!(found(&shop).await, ["buyers_page failed PUBLIC_URL: not_set"]);
        let shop = healthy_with(&[("PORTAL_URL", ""), ("PUBLIC_URL", "https://shop.example.com")]).await;
        assert_eq!(found(&shop).await, [""; 0]);
    });
}

#[test]
fn a_product_that_asks_for_a_sign_in_which_nobody_can_do_is_found() {
    run(async {
        let asking = "proof = \"required\"";
        let shop = healthy_with(&[]).await;
        shop.stock(&with(asking));
        let all = checks(&shop).await;
        let sign_in = all.iter().find(|check| check["code"] == "sign_in").unwrap();
        assert_eq!(
            [&sign_in["status"], &sign_in["subject"], &sign_in["reason"], &sign_in["detail"]],
            ["failed", "GITHUB_OAUTH_CLIENT_ID", "not_set", "nobody can activate Acme Starter Kit"]
        );
        let id = ("GITHUB_OAUTH_CLIENT_ID", "Ov23liSandboxOfLatchkey");
        let secret = ("GITHUB_OAUTH_CLIENT_SECRET", "a-secret-of-the-app");
        let public = ("PUBLIC_URL", "https://shop.example.com");
        let shop = healthy_with(&[id, secret, public]).await;
        shop.stock(&with(asking));
        assert!(!found(&shop).await.iter().any(|found| found.starts_with("sign_in")));
        // Half an app is none, and its other half is named.
        for (half, missing) in [(id, secret.0), (secret, id.0)] {
            let shop = healthy_with(&[half, public]).await;
            shop.stock(&with(asking));
            let found = found(&shop).await;
            for expected in [
                format!("configuration warning {missing}: not_set"),
                "sign_in failed GITHUB_OAUTH_CLIENT_ID: not_set".to_owned(),
            ] {
                assert!(found.contains(&expected), "{expected}: {found:?}");
            }
        }
    });
}

#[test]
fn a_storefront_that_nothing_is_sold_at_is_skipped() {
    run(async {
        let shop = healthy_with(&[("LEMON_SQUEEZY_WEBHOOK_SECRET", "")]).await;
        shop.stock(&with(""));
        let found = found(&shop).await;
        assert!(found.contains(&"hooks skipped lemonsqueezy: not_used".to_owned()), "{found:?}");
    });
}

#[test]
fn a_value_of_the_sandbox_in_production_is_found() {
    run(async {
        let shop = healthy_with(&[("POSTMARK_API_URL", "https://api.postmarkapp.com")]).await;
        // Nothing is taken for a secret any more, so there is no operator either to ask; the settings are the same.
        let found = shop.engine().diagnose(None).await;
        let names: Vec<_> = found
            .checks
            .iter()
            .filter(|check| check.code == CheckCode::SandboxValues)
            .filter_map(|check| check.subject.as_deref())
            .collect();
        assert!(names.contains(&"GITHUB_TOKEN") && names.contains(&"GUMROAD_WEBHOOK_SECRET"), "{names:?}");
        shop.sandbox.take_unexpected();
    });
}

#[test]
fn test_purchases_that_open_repositories_are_warned_of() {
    run(async {
        let shop = healthy_with(&[("ALLOW_TEST_LICENSES", "true")]).await;
        assert_eq!(found(&shop).await, ["test_licenses warning ALLOW_TEST_LICENSES: tests_open_repositories"]);
    });
}

#[test]
fn another_schema_is_found_behind_and_ahead() {
    run(async {
        let shop = healthy().await;
        shop.rows("UPDATE d1_migrations SET name = '9999_later.sql' WHERE id = (SELECT max(id) FROM d1_migrations)");
        assert_eq!(found(&shop).await, ["schema failed -: schema_ahead"]);
        shop.rows("UPDATE d1_migrations SET name = '0000_first.sql' WHERE id = (SELECT max(id) FROM d1_migrations)");
        assert_eq!(found(&shop).await, ["schema failed -: schema_behind"]);
        assert!(remedy(&shop, "schema").await.contains("migrations apply"));
    });
}

#[test]
fn a_database_that_fails_is_told_and_the_rest_is_looked_at_all_the_same() {
    run(async {
        let shop = healthy().await;
        for error in [DbError::Unavailable("canary".to_owned()), DbError::Refused("canary".to_owned())] {
            let found = shop.engine_with(0, Some(error)).diagnose(Some(HOST)).await;
            let of = |code| found.checks.iter().find(|check| check.code == code).unwrap();
            assert_eq!(of(CheckCode::Database).status.as_str(), "failed");
            for code in [CheckCode::Schema, CheckCode::Cron, CheckCode::UnmappedProducts, CheckCode::InvitationBudget] {
                assert_eq!(of(code).status.as_str(), "skipped", "{code:?}");
            }
            assert_eq!(of(CheckCode::GithubToken).status.as_str(), "ok");
            assert!(!serde_json::to_string(&found).unwrap().contains("canary"));
        }
    });
}

#[test]
fn ticks_that_do_not_come_are_found() {
    run(async {
        let shop = healthy().await;
        shop.advance(Duration::from_secs(301));
        assert_eq!(found(&shop).await, ["cron failed -: no_tick"]);
        shop.rows("DELETE FROM cron");
        assert_eq!(found(&shop).await, ["cron failed -: no_tick"]);
    });
}

#[test]
fn mails_that_do_not_leave_are_found() {
    run(async {
        let shop = healthy_with(&[("POSTMARK_TOKEN", ""), ("EMAIL_FROM", "")]).await;
        let expected = [
            "mail_provider failed -: not_set",
            "mail_sender failed EMAIL_FROM: not_set",
            "mail_hooks skipped -: not_used",
        ];
        assert!(found(&shop).await.iter().filter(|line| line.starts_with("mail")).eq(&expected));
        let shop = healthy_with(&[("POSTMARK_TOKEN", "sandbox-another")]).await;
        assert_eq!(found(&shop).await, ["mail_provider failed -: refused"]);
        assert_eq!(shop.sandbox.take_unexpected().len(), 1);
        let shop = healthy().await;
        shop.sandbox.deliver_nothing();
        assert_eq!(found(&shop).await, ["mail_provider failed -: delivers_nothing"]);
        let shop = healthy_with(&[("SMTP2GO_API_KEY", SMTP2GO_API_KEY)]).await;
        assert_eq!(
            found(&shop).await,
            [
                "configuration failed POSTMARK_TOKEN: several",
                "mail_provider failed -: several",
                "mail_hooks skipped -: not_used"
            ]
        );
        let shop = healthy_with(&[("POSTMARK_WEBHOOK_SECRET", "")]).await;
        assert_eq!(found(&shop).await, ["mail_hooks warning POSTMARK_WEBHOOK_SECRET: not_set"]);
    });
}

#[test]
fn each_mail_provider_is_looked_at_as_far_as_its_least_key_lets_it_be() {
    run(async {
        let shop = healthy_with(&BY_RESEND).await;
        assert!(found(&shop).await.is_empty());
        shop.sandbox.give_resend_key(ResendKeyAccess::Full);
        assert!(found(&shop).await.is_empty());
        shop.sandbox.unconfirm_sender("licenses@example.com");
        assert_eq!(found(&shop).await, ["mail_sender failed EMAIL_FROM: not_verified"]);
        for (settings, key, others) in [
            (&BY_RESEND[..], "RESEND_API_KEY", &[][..]),
            (&BY_SMTP2GO[..], "SMTP2GO_API_KEY", &["mail_hooks skipped -: not_used"][..]),
        ] {
            let shop = healthy_with(settings).await;
            assert_eq!(found(&shop).await, others, "{key}");
            let shop = healthy_with(&[settings, &[(key, "sandbox-another")]].concat()).await;
            assert_eq!(found(&shop).await, [&["mail_provider failed -: refused"][..], others].concat());
            assert_eq!(shop.sandbox.take_unexpected().len(), 1);
        }
        let shop = healthy_with(&BY_BINDING).await;
        assert_eq!(found(&shop).await, ["mail_provider skipped -: cannot_tell", "mail_hooks skipped -: not_used"]);
    });
}

#[test]
fn a_sender_whom_the_provider_refuses_is_found_by_the_mail_that_waits() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.unconfirm_sender("hello@example.com");
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.deliver(&delivery).await;
        shop.tick().await;
        assert_eq!(found(&shop).await, ["mail_sender failed EMAIL_FROM: mails_wait"]);
    });
}

#[test]
fn webhooks_that_are_missing_incomplete_or_doubled_are_found() {
    run(async {
        let shop = Shop::open_with(&OPEN);
        shop.stock(&sold());
        shop.tick().await;
        let hooks = async |shop: &Shop| {
            let found = found(shop).await;
            found.into_iter().filter(|line| line.starts_with("hooks")).collect::<Vec<_>>()
        };
        assert_eq!(
            hooks(&shop).await,
            ["hooks failed gumroad: hook_missing", "hooks failed lemonsqueezy: hook_missing"]
        );
        assert!(remedy(&shop, "hooks").await.contains("cargo latchkey connect gumroad"));
        shop.sandbox.add_gumroad_subscription("sale", &gumroad_url(GUMROAD_SECRET));
        let here = format!("https://{HOST}/webhooks/lemonsqueezy");
        shop.sandbox.add_store_hook(&here, &["order_created"], LEMON_SQUEEZY_WEBHOOK_SECRET);
        assert_eq!(
            hooks(&shop).await,
            ["hooks failed gumroad: events_missing", "hooks failed lemonsqueezy: events_missing"]
        );
        let shop = healthy().await;
        shop.sandbox.add_gumroad_subscription("sale", &gumroad_url(GUMROAD_SECRET));
        assert_eq!(hooks(&shop).await, ["hooks warning gumroad: hook_twice"]);
    });
}

#[test]
fn webhooks_that_lead_elsewhere_or_bring_another_secret_are_found() {
    run(async {
        let shop = Shop::open_with(&[
            OPEN[0],
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", ""),
            ("GUMROAD_WEBHOOK_SECRET_PREVIOUS", "sandbox-old"),
        ]);
        shop.stock(&with(""));
        let hooks = async || {
            let found = found(&shop).await;
            found.into_iter().filter(|line| line.starts_with("hooks") && line.contains("gumroad")).collect::<Vec<_>>()
        };
        for resource in RESOURCES {
            shop.sandbox.add_gumroad_subscription(resource, "https://old.example.com/webhooks/gumroad?secret=x");
        }
        assert_eq!(hooks().await, ["hooks failed gumroad: hook_elsewhere"]);
        shop.sandbox.add_gumroad_subscription("sale", &gumroad_url("canary"));
        assert_eq!(hooks().await, ["hooks failed gumroad: hook_secret_wrong"]);
        for resource in RESOURCES {
            shop.sandbox.add_gumroad_subscription(resource, &gumroad_url("sandbox-old"));
        }
        assert_eq!(
            hooks().await,
            ["hooks failed gumroad: hook_secret_wrong", "hooks warning gumroad: hook_secret_previous"]
        );
    });
}

#[test]
fn without_credentials_a_storefront_is_skipped_with_what_to_put() {
    run(async {
        let shop = healthy_with(&[("GUMROAD_ACCESS_TOKEN", "")]).await;
        let expected =
            ["hooks", "deliveries", "mapped_products"].map(|code| format!("{code} skipped gumroad: no_credentials"));
        assert_eq!(found(&shop).await, expected);
        assert!(remedy(&shop, "hooks").await.contains("GUMROAD_ACCESS_TOKEN"));
    });
}

#[test]
fn credentials_that_a_storefront_refuses_are_found() {
    run(async {
        let shop = healthy_with(&[("GUMROAD_ACCESS_TOKEN", "sandbox-another")]).await;
        let found = found(&shop).await;
        let expected = [
            "hooks failed gumroad: refused",
            "deliveries failed gumroad: refused",
            "mapped_products skipped gumroad: refused",
        ];
        assert_eq!(found, expected);
        assert!(remedy(&shop, "hooks").await.contains("GUMROAD_ACCESS_TOKEN"));
        shop.sandbox.take_unexpected();
    });
}

#[test]
fn what_was_sold_and_not_delivered_is_found() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.sandbox.sell_on_lemon_squeezy(LemonSqueezySale::default());
        assert_eq!(found(&shop).await, [""; 0], "it may still come");
        for _ in 0..4 {
            shop.tick_after(Duration::from_secs(240)).await;
        }
        shop.sandbox.take_mails();
        let expected = ["deliveries failed gumroad: not_delivered", "deliveries failed lemonsqueezy: not_delivered"];
        assert_eq!(found(&shop).await, expected);
        let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
        shop.deliver(&delivery).await;
        shop.sandbox.take_mails();
        assert_eq!(found(&shop).await, expected[1..]);
    });
}

#[test]
fn a_product_that_the_storefront_does_not_have_is_found() {
    run(async {
        let shop = healthy().await;
        shop.stock(&with(
            "[[gumroad]]\nproduct_id = \"gone==\"\nname = \"G\"\ntier = \"t\"\nrepos = [\"acme/starter\"]",
        ));
        let found = found(&shop).await;
        assert!(found.contains(&"mapped_products warning gumroad gone==: not_at_storefront".to_owned()), "{found:?}");
    });
}

#[test]
fn a_product_that_was_sold_and_is_not_mapped_is_found() {
    run(async {
        let shop = healthy().await;
        let sale = GumroadSale { product_id: Some("unknown==".to_owned()), ..GumroadSale::default() };
        let delivery = shop.sandbox.sell_on_gumroad(sale);
        shop.deliver(&delivery).await;
        assert_eq!(found(&shop).await, ["unmapped_products failed gumroad unknown==: not_mapped"]);
    });
}

#[test]
fn a_token_that_github_refuses_or_that_is_missing_is_found() {
    run(async {
        let shop = healthy_with(&[("GITHUB_TOKEN", "sandbox-another")]).await;
        let found_of = async |shop: &Shop| {
            let found = found(shop).await;
            found.into_iter().filter(|line| line.starts_with("github_token")).collect::<Vec<_>>()
        };
        assert_eq!(found_of(&shop).await, ["github_token failed -: refused", "github_token_end skipped -: refused"]);
        shop.sandbox.take_unexpected();
        let shop = healthy_with(&[("GITHUB_TOKEN", "")]).await;
        let expected = ["github_token failed -: not_set", "github_token_end skipped -: no_credentials"];
        assert_eq!(found_of(&shop).await, expected);
    });
}

#[test]
fn a_token_that_ends_soon_is_warned_of_and_one_that_is_over_is_found() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.set_token_end(Some("2026-12-21 12:00:00 +0100"));
        assert_eq!(found(&shop).await, ["github_token_end warning -: expires_soon"]);
        shop.sandbox.set_token_end(Some("2026-11-22 11:00:00 UTC"));
        assert_eq!(found(&shop).await, ["github_token_end failed -: expired"]);
        shop.sandbox.set_token_end(None);
        assert_eq!(found(&shop).await, ["github_token_end skipped -: not_shown"]);
    });
}

#[test]
fn a_permission_that_the_token_lacks_is_found() {
    run(async {
        for access in [TokenAccess::Metadata, TokenAccess::Write] {
            let shop = healthy().await;
            shop.sandbox.limit_token("acme/kit", access);
            assert_eq!(found(&shop).await, ["repository_permission failed acme/kit: no_permission"], "{access:?}");
        }
    });
}

#[test]
fn a_repository_that_is_renamed_archived_or_missing_is_found() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.rename_repo("acme/kit", "kit-2");
        shop.sandbox.archive_repo("acme/starter");
        shop.sandbox.remove_repo("acme/starter-docs");
        assert_eq!(
            found(&shop).await,
            [
                "repository failed acme/starter: archived",
                "repository failed acme/starter-docs: missing",
                "repository_permission skipped acme/starter-docs: missing",
                "repository_owner skipped acme/starter-docs: missing",
                "repository failed acme/kit: renamed",
            ]
        );
        let renamed = checks(&shop).await.into_iter().find(|check| check["reason"] == "renamed").unwrap();
        assert_eq!(renamed["detail"], "acme/kit-2");
    });
}

#[test]
fn a_repository_of_a_person_is_warned_of_loudly() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.add_repo("ada-lovelace/kit", AccountKind::User);
        shop.stock(&with(
            "[[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"K\"\ntier = \"t\"\nrepos = [\"ada-lovelace/kit\"]",
        ));
        assert_eq!(found(&shop).await, ["repository_owner warning ada-lovelace/kit: personal_account"]);
        assert!(remedy(&shop, "repository_owner").await.contains("EVERY COLLABORATOR CAN WRITE"));
    });
}

#[test]
fn an_organization_without_seats_is_found_where_that_may_be_seen() {
    run(async {
        let shop = healthy().await;
        shop.sandbox.show_plan("acme", 10, 8);
        assert_eq!(found(&shop).await, ["seats warning acme: few_left"]);
        shop.sandbox.show_plan("acme", 10, 10);
        assert_eq!(found(&shop).await, ["seats failed acme: none_left"]);
        shop.sandbox.show_plan("acme", 0, 30);
        assert_eq!(found(&shop).await, [""; 0]);
        let shop = Shop::open_with(&OPEN);
        let seats = found(&shop).await.into_iter().find(|line| line.starts_with("seats")).unwrap();
        assert_eq!(seats, "seats skipped acme: not_shown");
    });
}

#[test]
fn a_budget_of_invitations_that_is_used_up_is_warned_of() {
    run(async {
        let shop = healthy().await;
        let now = Platform::now(&shop.host).as_millis();
        for number in 0..45 {
            shop.rows(&format!(
                "INSERT INTO invitation_reservations (repo, reserved_at, grant_id, lease_id)
                 VALUES ('Acme/Kit', {now} - 1000, '{number}', 'l')"
            ));
        }
        assert_eq!(found(&shop).await, ["invitation_budget warning acme/kit: none_left"]);
    });
}

#[test]
fn a_service_that_does_not_answer_is_skipped_and_the_rest_is_told() {
    run(async {
        for service in [Service::GitHub, Service::Gumroad, Service::LemonSqueezy, Service::Postmark] {
            for kind in
                [FaultKind::status(500), FaultKind::Junk, FaultKind::LostBefore, FaultKind::retry_after(429, 60)]
            {
                let shop = healthy().await;
                shop.sandbox.inject(Fault::new(service, kind.clone()));
                let found = found(&shop).await;
                assert!(!found.is_empty(), "{service} {kind:?}");
                let skipped = |line: &&String| line.contains(" skipped ") && !line.ends_with("-: -");
                assert_eq!(found.iter().filter(skipped).count(), found.len(), "{service} {kind:?}: {found:?}");
            }
        }
    });
}

#[test]
fn no_more_is_asked_than_the_free_plan_allows_and_the_rest_is_named() {
    run(async {
        let repos: Vec<_> = (0..30).map(|number| format!("owner-{number}/kit")).collect();
        let list = repos.iter().map(|repo| format!("\"{repo}\"")).collect::<Vec<_>>().join(", ");
        let catalogue =
            with(&format!("[[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"K\"\ntier = \"t\"\nrepos = [{list}]"));
        let shop = healthy().await;
        repos.iter().for_each(|repo| shop.sandbox.add_repo(repo, AccountKind::Organization));
        for repo in &repos {
            shop.sandbox.rename_repo(repo, "other");
        }
        shop.stock(&catalogue);
        let free = checks(&shop).await;
        let beyond = |checks: &[Value]| {
            checks.iter().filter(|check| check["code"] == "repository" && check["reason"] == "beyond_bound").count()
        };
        assert_eq!(beyond(&free), 21);
        let paid = Shop::open_in(Options::default(), &[OPEN[0], OPEN[1], ("WORKERS_PLAN", "paid")]);
        repos.iter().for_each(|repo| paid.sandbox.add_repo(repo, AccountKind::Organization));
        paid.stock(&catalogue);
        let found = paid.engine().diagnose(Some(HOST)).await;
        assert!(
            found.checks.iter().filter(|check| check.code == CheckCode::Repository).all(|check| check.reason.is_none())
        );
    });
}
