//! A sale by each provider, several at once, and none.

use std::rc::Rc;
use std::time::Duration;

use latchkey::platform::BINDING;
use latchkey::platform::host::Sqlite;
use latchkey_sandbox::{Fault, FaultKind, GumroadSale, RESEND_API_KEY, Service};

use super::operator_asks;
use crate::shop::{BY_BINDING, BY_RESEND, BY_SMTP2GO, Shop, request, run};

const HOUR: Duration = Duration::from_secs(60 * 60);

type Settings = &'static [(&'static str, &'static str)];

/// Every provider but the usual one, with the path that takes its mails.
const OTHERS: [(Settings, Service, &str); 3] = [
    (&BY_RESEND, Service::Resend, "POST /emails"),
    (&BY_SMTP2GO, Service::Smtp2go, "POST /v3/email/send"),
    (&BY_BINDING, Service::Email, "POST /send"),
];

#[test]
fn a_key_is_mailed_by_whichever_provider_is_set() {
    run(async {
        for (settings, service, path) in OTHERS {
            let shop = Shop::open_with(settings);
            let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
            assert_eq!(shop.deliver(&delivery).await.status, 200);
            let mails = shop.sandbox.take_mails();
            assert_eq!((mails.len(), mails[0].service, mails[0].to.as_str()), (1, service, "buyer@example.com"));
            assert_eq!(mails[0].from, "Acme <hello@example.com>");
            assert!(mails[0].html.is_some() && mails[0].text.as_deref().unwrap().contains("LK-"));
            assert_eq!(shop.calls(), [path]);
            let sent = shop.record("outbox", "kind = 'license_mail'");
            assert_eq!((&sent["outcome"], &sent["reference"]), (&"sent".into(), &mails[0].id.as_str().into()));
        }
    });
}

#[test]
fn an_address_that_takes_no_mail_is_left_to_the_operator_by_each_provider_that_says_so() {
    run(async {
        for (settings, service, _) in OTHERS {
            if service == Service::Resend {
                continue;
            }
            let shop = Shop::open_with(settings);
            shop.sandbox.suppress("buyer@example.com");
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            let row = shop.record("outbox", "kind = 'license_mail'");
            assert_eq!(row["state"], "dead", "{service}");
            let error = row["last_error"].as_str().unwrap();
            assert!(error.starts_with("correct the address: ") && !error.contains("buyer@"), "{error}");
        }
    });
}

#[test]
fn a_sender_that_is_not_verified_stops_every_mail_until_it_is() {
    run(async {
        for (settings, service, _) in OTHERS {
            let shop = Shop::open_with(settings);
            shop.sandbox.unconfirm_sender("hello@example.com");
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            let row = shop.record("outbox", "kind = 'license_mail'");
            assert_eq!((&row["state"], &row["person_needed"]), (&"due".into(), &1.into()), "{service}");
            assert!(row["last_error"].as_str().unwrap().contains("EMAIL_FROM"), "{service}: {row}");
            shop.sandbox.confirm_sender("hello@example.com");
            shop.tick_after(HOUR).await;
            shop.take_key();
        }
    });
}

#[test]
fn a_mail_whose_answer_was_lost_leaves_once_by_the_provider_that_knows_it_again() {
    run(async {
        for (settings, service, _) in OTHERS {
            let shop = Shop::open_with(settings);
            shop.sandbox.inject(Fault::new(service, FaultKind::LostAfter).nth(1));
            shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
            shop.tick_after(Duration::from_secs(60)).await;
            let mails = shop.sandbox.take_mails();
            let expected = if service == Service::Resend { 1 } else { 2 };
            assert_eq!(mails.len(), expected, "{service}");
            assert_eq!(shop.count("outbox WHERE state = 'done' AND outcome = 'sent' AND attempts = 2"), 1, "{service}");
        }
    });
}

#[test]
fn what_the_operator_has_sent_again_is_another_mail() {
    run(async {
        let shop = Shop::open_with(&BY_RESEND);
        let key = shop.sell_starter().await;
        for _ in 0..2 {
            let path = format!("/admin/licenses/{key}/resend");
            operator_asks(&shop, &path, br#"{ "reason": "the buyer lost it" }"#).await;
            shop.tick_after(Duration::from_secs(60)).await;
            assert_eq!(shop.take_key(), key);
        }
    });
}

#[test]
fn a_quota_is_waited_for_and_burns_no_attempt() {
    run(async {
        let shop = Shop::open_with(&BY_RESEND);
        let body = br#"{"statusCode":429,"name":"daily_quota_exceeded","message":"You have reached your quota."}"#;
        let quota = FaultKind::Status { status: 429, headers: Vec::new(), body: body.to_vec() };
        shop.sandbox.inject(Fault::new(Service::Resend, quota));
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        for _ in 0..24 {
            shop.tick_after(HOUR).await;
        }
        let row = shop.record("outbox", "kind = 'license_mail'");
        assert_eq!((&row["state"], &row["attempts"], &row["person_needed"]), (&"due".into(), &0.into(), &0.into()));
        shop.sandbox.clear_faults();
        shop.tick_after(HOUR).await;
        shop.take_key();
    });
}

#[test]
fn two_providers_stop_mails_and_nothing_else_until_one_is_left() {
    run(async {
        let settings =
            [("OPERATOR_EMAIL", "operator@example.com"), ("RESEND_API_KEY", RESEND_API_KEY), ("EMAIL", BINDING)];
        let database = Rc::new(Sqlite::migrated().unwrap());
        let shop = Shop::open_on(Rc::clone(&database), &settings);
        let health = shop.request(request("GET", "/healthz", &[], b"")).await;
        assert_eq!((health.status, &health.body["dependencies"]["mail"]), (200, &"ambiguous".into()));
        let told = "POSTMARK_TOKEN and RESEND_API_KEY and EMAIL are set, and only one mail provider can be: delete the others, \
                    since no mail is sent before";
        assert_eq!(health.body["problems"], serde_json::json!([told]));
        shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await;
        let key = shop.value("SELECT license_key FROM licenses");
        assert_eq!(shop.activate(&key, "octocat").await.status, 200, "who has the key needs no mail");
        let row = shop.record("outbox", "kind = 'license_mail'");
        assert_eq!(
            (&row["state"], &row["person_needed"], &row["last_error"]),
            (&"due".into(), &1.into(), &told.into())
        );
        assert!(shop.sandbox.take_mails().is_empty());

        let chosen = Shop::open_on(database, &[]);
        chosen.advance(2 * HOUR);
        chosen.tick().await;
        chosen.take_key();
    });
}
