//! Mails that come back: as their provider tells, and what the seller and the operator's pages make of it.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{Delivery, GumroadSale, Mail, MailFate, POSTMARK_WEBHOOK_SECRET, RESEND_WEBHOOK_SECRET};
use serde_json::{Value, json};

use super::{operator_asks, operator_sees};
use crate::shop::{BY_RESEND, Shop, delivery_request, run};

const MINUTE: Duration = Duration::from_secs(60);
const OPERATOR: (&str, &str) = ("OPERATOR_EMAIL", "operator@example.com");

/// A shop of each provider that tells, with somebody to tell.
fn shops() -> [Shop; 2] {
    [Shop::open_with(&[OPERATOR]), Shop::open_with(&[&BY_RESEND[..], &[OPERATOR]].concat())]
}

/// Sells the starter kit, and gives the key and the mail that brought it.
async fn sell(shop: &Shop) -> (String, Mail) {
    let delivery = shop.sandbox.sell_on_gumroad(GumroadSale::default());
    assert_eq!(shop.deliver(&delivery).await.status, 200);
    let mails = shop.sandbox.take_mails();
    assert_eq!(mails.len(), 1);
    (shop.value("SELECT license_key FROM licenses"), mails[0].clone())
}

async fn tell(shop: &Shop, mail: &Mail, fate: MailFate) {
    assert_eq!(shop.deliver(&shop.sandbox.tell_of_mail(mail, fate)).await.status, 200);
}

fn reasons(shop: &Shop) -> String {
    shop.value("SELECT group_concat(reason) FROM webhook_events WHERE source IN ('postmark', 'resend')")
}

#[test]
fn the_license_shows_that_its_mail_came_back_and_the_seller_is_told_once() {
    run(async {
        for shop in shops() {
            for (fate, code) in [(MailFate::Bounced, "bounced"), (MailFate::Complained, "complained")] {
                let shop = if fate == MailFate::Bounced { &shop } else { &shops()[0] };
                let (key, mail) = sell(shop).await;
                let delivery = shop.sandbox.tell_of_mail(&mail, fate);
                for _ in 0..3 {
                    assert_eq!(shop.deliver(&delivery).await.status, 200);
                }
                assert_eq!(reasons(shop), "mail_returned,mail_returned,mail_returned");

                let license = operator_sees(shop, &format!("/admin/licenses/{key}")).await;
                assert_eq!(license["mail_returned"]["fate"], code);
                assert_eq!(
                    license["mail_returned"]["since"],
                    license["timeline"].as_array().unwrap().last().unwrap()["at"]
                );
                let list = operator_sees(shop, "/admin/licenses").await;
                assert_eq!(list["items"][0]["mail_returned"]["fate"], code);
                let found = operator_sees(shop, "/admin/licenses?email=buyer@example.com").await;
                assert_eq!(found["items"][0]["mail_returned"]["fate"], code);

                let attention = operator_sees(shop, "/admin/attention").await;
                let item = &attention["items"][0];
                assert_eq!((&item["kind"], &item["state"]), (&json!("license_mail"), &json!("needs_seller")));
                assert_eq!((&item["mail_returned"], &item["remedy"]), (&json!(code), &json!("correct_email")));
                assert_eq!((&item["license_key"], &item["email"]), (&json!(key), &json!("buyer@example.com")));
                let events = operator_sees(shop, "/admin/events").await;
                let sale =
                    events["items"].as_array().unwrap().iter().find(|event| event["source"] == "gumroad").unwrap();
                assert_eq!((&sale["state"], &sale["reason"]), (&json!("needs_seller"), &json!("mail_bounced")));

                for _ in 0..10 {
                    shop.tick_after(MINUTE).await;
                }
                let alerts = shop.sandbox.take_mails();
                assert_eq!(alerts.len(), 1, "{alerts:?}");
                assert_eq!(alerts[0].to, "operator@example.com");
                assert!(!alerts[0].text.as_deref().unwrap().contains("buyer@"));
                assert!(!shop.log_text().contains("buyer@example.com"));
            }
        }
    });
}

#[test]
fn what_a_provider_told_and_the_seller_dismissed_names_nobody() {
    for all in [false, true] {
        run(async {
            for shop in shops() {
                let (_, mail) = sell(&shop).await;
                tell(&shop, &mail, MailFate::Bounced).await;
                // As if it could not be read, and waited for the seller.
                let stuck = "processed = 0, processed_at = NULL, reason = NULL, error = 'unreadable', stuck_at = 1,
                             payload = '{\"to\":\"buyer@example.com\"}'";
                shop.rows(&format!("UPDATE webhook_events SET {stuck} WHERE source IN ('postmark', 'resend')"));
                let id = shop.value("SELECT id FROM webhook_events WHERE stuck_at = 1");
                let path = if all { "/admin/events/dismiss".to_owned() } else { format!("/admin/events/{id}/dismiss") };
                operator_asks(&shop, &path, br#"{ "reason": "it is nobody's mail" }"#).await;
                assert_eq!(shop.count("webhook_events WHERE reason = 'dismissed' AND payload IS NULL"), 1);
                assert_eq!(shop.count("webhook_events WHERE payload IS NOT NULL"), 1, "that of the sale");
            }
        });
    }
}

#[test]
fn a_corrected_address_gets_the_key_and_the_old_bounce_says_nothing_of_it() {
    run(async {
        for shop in shops() {
            let (key, mail) = sell(&shop).await;
            tell(&shop, &mail, MailFate::Bounced).await;
            let body = json!({ "reason": "the buyer wrote to us", "to": "buyer@example.org" }).to_string();
            operator_asks(&shop, &format!("/admin/licenses/{key}/correct-email"), body.as_bytes()).await;
            shop.tick_after(MINUTE).await;
            let mails = shop.sandbox.take_mails();
            let to_buyer: Vec<_> = mails.iter().filter(|mail| mail.to == "buyer@example.org").collect();
            assert_eq!(to_buyer.len(), 1);
            // The provider tells of the first mail once more, and of both that they were delivered somewhere.
            tell(&shop, &mail, MailFate::Bounced).await;
            tell(&shop, to_buyer[0], MailFate::Delivered).await;
            assert_eq!(shop.count("outbox WHERE kind = 'license_mail' AND state = 'done' AND outcome = 'sent'"), 1);
            let license = operator_sees(&shop, &format!("/admin/licenses/{key}")).await;
            assert_eq!(license["mail_returned"], Value::Null);
            // The new address takes no mail either.
            tell(&shop, to_buyer[0], MailFate::Bounced).await;
            let license = operator_sees(&shop, &format!("/admin/licenses/{key}")).await;
            assert_eq!(license["mail_returned"]["fate"], "bounced");
        }
    });
}

#[test]
fn a_mail_that_is_tried_again_at_the_same_address_really_leaves_again() {
    run(async {
        for shop in shops() {
            let (key, mail) = sell(&shop).await;
            tell(&shop, &mail, MailFate::Bounced).await;
            let id = shop.value("SELECT id FROM outbox WHERE kind = 'license_mail'");
            operator_asks(&shop, &format!("/admin/outbox/{id}/retry"), br#"{ "reason": "the mailbox was full" }"#)
                .await;
            let license = operator_sees(&shop, &format!("/admin/licenses/{key}")).await;
            assert_eq!(license["mail_returned"], Value::Null, "while it is tried again, nothing is known");
            shop.tick_after(MINUTE).await;
            let again = shop.sandbox.take_mails();
            let again: Vec<_> = again.iter().filter(|mail| mail.to == "buyer@example.com").collect();
            assert_eq!(again.len(), 1);
            assert_ne!(again[0].id, mail.id);
        }
    });
}

#[test]
fn a_mail_that_comes_back_before_its_row_is_done_is_known_once_it_is() {
    run(async {
        // Resend gives the mail that is sent again the id that it had, since it is the same.
        let shop = Shop::open_with(&[&BY_RESEND[..], &[OPERATOR]].concat());
        let struck = std::cell::Cell::new(false);
        shop.host.inject(move |call| match call {
            Call::Batch(batch) if batch.iter().any(|one| one.name == "outbox/complete") && !struck.replace(true) => {
                Fate::FailBefore
            }
            _ => Fate::Proceed,
        });
        let (_, mail) = sell(&shop).await;
        assert_eq!(shop.count("outbox WHERE state = 'leased'"), 1);
        tell(&shop, &mail, MailFate::Bounced).await;
        assert_eq!(shop.count("outbox WHERE state = 'leased'"), 1, "whoever is at it is not disturbed");
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        let row = shop.record("outbox", "kind = 'license_mail'");
        assert_eq!((&row["state"], &row["reference"]), (&json!("dead"), &json!(mail.id)));
        assert!(row["last_error"].as_str().unwrap().starts_with("correct the address: the mail bounced"));
        let mails = shop.sandbox.take_mails();
        assert_eq!((mails.len(), mails[0].to.as_str()), (1, "operator@example.com"));
    });
}

#[test]
fn what_is_late_delivered_or_of_another_sender_changes_nothing() {
    run(async {
        for shop in shops() {
            let (_, mail) = sell(&shop).await;
            tell(&shop, &mail, MailFate::Delivered).await;
            tell(&shop, &mail, MailFate::Delayed).await;
            let mut other = mail.clone();
            other.metadata.clear();
            tell(&shop, &other, MailFate::Bounced).await;
            // Another deployment sends by the same account, and has rows of the same numbers.
            let stranger = Mail { id: "of-another-deployment".to_owned(), ..mail };
            tell(&shop, &stranger, MailFate::Bounced).await;
            assert!(reasons(&shop).ends_with(",another_mail,mail_returned"), "{}", reasons(&shop));
            assert_eq!(shop.count("outbox WHERE state = 'done' AND outcome = 'sent'"), 1);
            for _ in 0..5 {
                shop.tick_after(MINUTE).await;
            }
            assert_eq!(shop.count("alerts"), 0);
        }
    });
}

#[test]
fn a_mail_that_was_never_sent_is_to_be_sent_again_and_not_to_another_address() {
    run(async {
        let shop = Shop::open_with(&BY_RESEND);
        let (_, mail) = sell(&shop).await;
        tell(&shop, &mail, MailFate::Failed).await;
        let attention = operator_sees(&shop, "/admin/attention").await;
        let item = &attention["items"][0];
        assert_eq!((&item["mail_returned"], &item["remedy"]), (&json!("failed"), &json!("retry_outbox")));
        assert!(item["error"].as_str().unwrap().contains("reached_daily_quota"));
    });
}

#[test]
fn without_a_secret_there_is_no_such_path_and_a_wrong_one_leaves_no_row() {
    run(async {
        let rotated: [&[(&str, &str)]; 2] = [
            &[("POSTMARK_WEBHOOK_SECRET", "new"), ("POSTMARK_WEBHOOK_SECRET_PREVIOUS", POSTMARK_WEBHOOK_SECRET)],
            &[
                ("RESEND_WEBHOOK_SECRET", "whsec_AAAAAAAAAAAAAAAAAAAAAAAA"),
                ("RESEND_WEBHOOK_SECRET_PREVIOUS", RESEND_WEBHOOK_SECRET),
            ],
        ];
        let closed: [&[(&str, &str)]; 2] = [&[("POSTMARK_WEBHOOK_SECRET", "")], &[("RESEND_WEBHOOK_SECRET", "")]];
        let wrong: [&[(&str, &str)]; 2] =
            [&[("POSTMARK_WEBHOOK_SECRET", "another")], &[("RESEND_WEBHOOK_SECRET", "whsec_AAAAAAAAAAAAAAAAAAAAAAAA")]];
        let usual: [&[(&str, &str)]; 2] = [&[], &BY_RESEND];
        let refused = [(404, "not_found"), (401, "invalid_signature")];
        for provider in 0..2 {
            let open = |changes: &[(&str, &str)]| Shop::open_with(&[changes, usual[provider]].concat());
            let shop = open(&[]);
            let (_, mail) = sell(&shop).await;
            let genuine = shop.sandbox.tell_of_mail(&mail, MailFate::Bounced);
            for (changes, expected) in [(closed[provider], (404, "not_found")), (wrong[provider], refused[provider])] {
                let shop = open(changes);
                assert_eq!(shop.deliver(&genuine).await.problem(), expected, "{changes:?}");
                assert_eq!(shop.count("webhook_events"), 0);
            }
            assert_eq!(open(rotated[provider]).deliver(&genuine).await.status, 200);
            let bare = Delivery { headers: Vec::new(), ..genuine.clone() };
            assert_eq!(shop.deliver(&bare).await.problem(), refused[provider]);
            assert_eq!(shop.count("webhook_events WHERE source <> 'gumroad'"), 0);
        }
        // What is signed is not to be changed, nor played back later.
        let shop = Shop::open_with(&BY_RESEND);
        let (_, mail) = sell(&shop).await;
        let genuine = shop.sandbox.tell_of_mail(&mail, MailFate::Bounced);
        let tampered = Delivery { body: [genuine.body.as_slice(), b" "].concat(), ..genuine.clone() };
        assert_eq!(shop.deliver(&tampered).await.problem(), (401, "invalid_signature"));
        shop.advance(6 * MINUTE);
        assert_eq!(shop.deliver(&genuine).await.problem(), (401, "invalid_signature"));
        assert_eq!(shop.count("webhook_events WHERE source = 'resend'"), 0);
    });
}

#[test]
fn a_word_of_a_mail_is_kept_though_the_process_dies_behind_the_answer() {
    run(async {
        for shop in shops() {
            let (_, mail) = sell(&shop).await;
            let delivery = shop.sandbox.tell_of_mail(&mail, MailFate::Bounced);
            assert_eq!(shop.request_only(delivery_request(&delivery)).await.status, 200);
            assert_eq!(shop.payloads().last(), Some(&delivery.body), "as it came, before anybody looks at it");
            shop.tick_after(Duration::from_secs(61)).await;
            assert_eq!(shop.count("outbox WHERE kind = 'license_mail' AND state = 'dead'"), 1);
            shop.sandbox.take_mails();
        }
    });
}

#[test]
fn an_erased_buyer_is_told_of_by_nobody_and_leaves_no_address() {
    run(async {
        for shop in shops() {
            let (_, mail) = sell(&shop).await;
            tell(&shop, &mail, MailFate::Complained).await;
            let body = br#"{ "reason": "asked to be", "email": "buyer@example.com" }"#;
            operator_asks(&shop, "/admin/privacy/erase", body).await;
            assert_eq!(shop.count("webhook_events WHERE instr(CAST(payload AS TEXT), 'buyer@example.com')"), 0);
            assert_eq!(shop.count("outbox WHERE state = 'dead'"), 0);
        }
        for shop in shops() {
            let (_, mail) = sell(&shop).await;
            let delivery = shop.sandbox.tell_of_mail(&mail, MailFate::Bounced);
            let body = br#"{ "reason": "asked to be", "email": "buyer@example.com" }"#;
            operator_asks(&shop, "/admin/privacy/erase", body).await;
            assert_eq!(shop.deliver(&delivery).await.status, 200);
            assert_eq!(shop.count("outbox WHERE state = 'dead'"), 0);
        }
    });
}

#[test]
fn what_a_provider_tells_after_an_erasure_leaves_no_address() {
    run(async {
        for fate in [MailFate::Bounced, MailFate::Complained, MailFate::Delayed, MailFate::Delivered] {
            for shop in shops() {
                let (_, mail) = sell(&shop).await;
                let body = br#"{ "reason": "asked to be", "email": "buyer@example.com" }"#;
                operator_asks(&shop, "/admin/privacy/erase", body).await;
                tell(&shop, &mail, fate).await;
                let told = "webhook_events WHERE source IN ('postmark', 'resend') AND processed = 1";
                assert_eq!(shop.count(told), 1, "{fate:?}");
                let named = "webhook_events WHERE instr(CAST(payload AS TEXT), 'buyer@example.com')";
                assert_eq!(shop.count(named), 0, "{fate:?}");
            }
        }
    });
}
