//! What a buyer is told of invitations that nobody accepts: of each that is made anew, and of the end.

use latchkey::model::{GithubLogin, LicenseKey};
use latchkey_sandbox::Mail;

use super::*;
use crate::admin::change;
use crate::license_actions::action;

const LINK: &str = "/acme/starter/invitations";

/// The mails about invitations of so many hours.
async fn told_in(shop: &Shop, hours: u32) -> Vec<Mail> {
    for _ in 0..hours {
        shop.tick_after(HOUR - MINUTE).await;
        shop.tick_after(MINUTE).await;
    }
    let mut mails = shop.sandbox.take_mails();
    mails.retain(|mail| mail.subject.contains("Your invitation"));
    mails
}

fn text(mail: &Mail) -> &str {
    mail.text.as_deref().unwrap()
}

/// The rest of the sixth day, after which an invitation is made anew.
const UNTIL_RENEWED: u32 = 24 * 6 + 5;

#[test]
fn a_buyer_is_told_of_each_renewal_and_of_the_end() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        assert!(told_in(&shop, 24 * 5).await.is_empty());
        for renewal in 1..=3 {
            let mails = told_in(&shop, if renewal == 1 { 24 + 6 } else { UNTIL_RENEWED }).await;
            let [mail] = &mails[..] else { panic!("{renewal}: {mails:?}") };
            assert!(mail.subject.ends_with("is waiting at GitHub"), "{}", mail.subject);
            for part in ["octocat", "acme/starter", LINK] {
                assert!(text(mail).contains(part), "{part}: {}", text(mail));
            }
            assert!(!text(mail).contains("expired"), "{}", text(mail));
        }
        let mails = told_in(&shop, 24 * 8).await;
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        assert!(mail.subject.ends_with("has expired") && text(mail).contains("To get another"), "{}", text(mail));
        assert!(told_in(&shop, 24 * 8).await.is_empty());
        let row = "SELECT kind || ' ' || (subject = github_user_id) || ' ' || json_array_length(outbox.history)
                   FROM outbox, license_activations WHERE kind = 'invitation_mail'";
        assert_eq!(shop.value(row), "invitation_mail 1 3");
    });
}

#[test]
fn nobody_is_left_untold_where_the_clock_moves_on_while_it_is_written_down() {
    run(async {
        let shop = shop_of_one_with(&[("OPERATOR_EMAIL", "operator@example.com")]);
        invite(&shop, "octocat").await;
        for _ in 0..24 * 32 {
            for time in [HOUR - MINUTE, MINUTE] {
                shop.advance(time);
                shop.engine_on_restless_clock().tick().await.unwrap();
            }
        }
        let mails = shop.sandbox.take_mails();
        let told = |part: &str| mails.iter().filter(|mail| mail.subject.contains(part)).count();
        assert_eq!(
            (told("is waiting at GitHub"), told("Your invitation"), told("Invitations to")),
            (3, 4, 1),
            "{mails:?}"
        );
    });
}

#[test]
fn what_is_renewed_together_is_told_of_in_one_mail() {
    run(async {
        let shop = Shop::open();
        assert_eq!(shop.deliver(&shop.sandbox.sell_on_gumroad(GumroadSale::default())).await.status, 200);
        let key = shop.take_key();
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(shop.count("grants WHERE state = 'invited'"), 2);
        let mails = told_in(&shop, UNTIL_RENEWED).await;
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!(text(mail).matches("accept until").count(), shop.count("grants"), "{}", text(mail));
    });
}

#[test]
fn nobody_is_told_of_what_they_accepted_before_the_mail_went_out() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        while shop.count("outbox WHERE kind = 'invitation_mail'") == 0 {
            shop.tick_after(MINUTE * 10).await;
        }
        shop.rows("UPDATE outbox SET next_attempt_at = next_attempt_at + 12 * 3600000 WHERE kind = 'invitation_mail'");
        shop.sandbox.accept_invitation("octocat", REPO).unwrap();
        assert!(told_in(&shop, 24).await.is_empty());
        assert_eq!(states(&shop), "member");
        assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'invitation_mail'"), "skipped");
    });
}

#[test]
fn a_buyer_who_asks_again_by_themselves_needs_no_mail() {
    run(async {
        let shop = shop_of_one();
        let key = invite(&shop, "octocat").await;
        assert_eq!(told_in(&shop, UNTIL_RENEWED).await.len(), 1);
        shop.sandbox.decline_invitation("octocat", REPO).unwrap();
        told_in(&shop, 2).await;
        assert_eq!(shop.activate(&key, "octocat").await.status, 200);
        assert_eq!(states(&shop), "invited");
        assert!(told_in(&shop, 2).await.is_empty());
    });
}

#[test]
fn the_mail_waits_while_the_license_is_suspended_and_is_over_with_the_license() {
    run(async {
        for (status, waits) in [("suspended", "due"), ("revoked", "done")] {
            let shop = shop_of_one();
            invite(&shop, "octocat").await;
            while shop.count("outbox WHERE kind = 'invitation_mail'") == 0 {
                shop.tick_after(MINUTE * 10).await;
            }
            shop.rows(&format!("UPDATE licenses SET status = '{status}'"));
            assert!(told_in(&shop, 3).await.is_empty(), "{status}");
            assert_eq!(shop.value("SELECT state FROM outbox WHERE kind = 'invitation_mail'"), waits);
            shop.rows("UPDATE licenses SET status = 'active'");
            assert_eq!(told_in(&shop, 2).await.len(), usize::from(status == "suspended"), "{status}");
        }
    });
}

#[test]
fn an_account_that_has_no_license_any_more_is_told_nothing() {
    run(async {
        let shop = shop_of_one();
        let key = invite(&shop, "octocat").await;
        while shop.count("outbox WHERE kind = 'invitation_mail'") == 0 {
            shop.tick_after(MINUTE * 10).await;
        }
        let (key, to) = (LicenseKey::from_record(&key).unwrap(), GithubLogin::parse("grace-hopper").unwrap());
        shop.engine().transfer(&key, &to, &action(&shop)).await.unwrap();
        assert!(told_in(&shop, 2).await.is_empty());
        assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'invitation_mail'"), "skipped");
    });
}

#[test]
fn an_erased_person_is_told_nothing() {
    run(async {
        let shop = shop_of_one();
        invite(&shop, "octocat").await;
        while shop.count("outbox WHERE kind = 'invitation_mail'") == 0 {
            shop.tick_after(MINUTE * 10).await;
        }
        let email = shop.value("SELECT email FROM licenses");
        let body = json!({ "email": email, "reason": "asked for it" });
        let erased = change(&shop, "/admin/privacy/erase", &body).await;
        assert_eq!(erased.status, 200);
        assert!(told_in(&shop, 2).await.is_empty());
        assert_eq!(shop.value("SELECT outcome FROM outbox WHERE kind = 'invitation_mail'"), "canceled");
        assert!(told_in(&shop, 24 * 30).await.is_empty());
    });
}
