//! Use another account: a buyer moves a license to an account that they sign in with.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::GumroadSale;

use super::recover::{ask, mailed_link, sold_to, use_link};
use super::signing_in::{SIGN_IN, begun, entered, led, signed_in};
use super::{Browser, Seen};
use crate::shop::{STARTER, Shop, catalogue_of, run};

const MOVE: &[(&str, &str)] = &[("accept", "now"), ("account", "another")];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn moved(shop: &Shop, browser: &Browser<'_>, login: &str) -> Seen {
    let callback = begun(shop, browser, MOVE, Some(login)).await;
    led(browser, &callback).await
}

/// Whom a page offers to move the license.
#[derive(Debug, PartialEq, Eq)]
enum Offered {
    Yes,
    ToTheOwner,
    No,
}

fn offered(seen: &Seen) -> Offered {
    match (
        seen.html.contains("name=\"account\" value=\"another\""),
        seen.text().contains("Sign in with the present account"),
    ) {
        (true, false) => Offered::Yes,
        (false, true) => Offered::ToTheOwner,
        (false, false) => Offered::No,
        (true, true) => panic!("both: {}", seen.text()),
    }
}

fn bound_to(shop: &Shop) -> String {
    shop.value("SELECT github_username || ' ' || proof FROM license_activations")
}

#[test]
fn a_license_moves_to_the_account_that_is_signed_in_with_and_the_old_one_loses_access() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("Use another account"), "{}", seen.text());
        let seen = moved(&shop, &browser, "grace-hopper").await;
        assert!(seen.text().contains("You are in: the invitations are accepted"), "{}", seen.text());
        assert!(seen.text().contains("account grace-hopper."), "{}", seen.text());
        assert_eq!(bound_to(&shop), "grace-hopper signed_in");
        for _ in 0..5 {
            shop.tick_after(Duration::from_secs(60)).await;
        }
        for repo in ["acme/starter", "acme/starter-docs"] {
            assert_eq!(shop.sandbox.collaborators(repo), ["grace-hopper"], "{repo}");
            assert!(shop.sandbox.invitations(repo).is_empty(), "{repo}");
        }
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["actor"]), (&"license.transfer".into(), &"buyer".into()));
        assert!(action["detail"].as_str().unwrap().contains("\"from_username\":\"octocat\""), "{action}");
        shop.calls();
    });
}

#[test]
fn a_license_moves_once_in_thirty_days() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let key_is_entered_again = async |browser: &Browser<'_>| {
            let key = shop.value("SELECT license_key FROM licenses");
            browser.submit("/", &[("license_key", &key)]).await;
        };
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        moved(&shop, &browser, "grace-hopper").await;
        shop.advance(DAY * 29);
        key_is_entered_again(&browser).await;
        let seen = signed_in(&shop, &browser, "grace-hopper").await;
        assert_eq!(offered(&seen), Offered::No, "nobody is sent to GitHub for nothing: {}", seen.text());
        let said = "You can move it again from 22 December 2026, 12:00 UTC.";
        assert!(
            seen.text().contains(said) && seen.html.contains("<time datetime=\"2026-12-22T12:00:"),
            "{}",
            seen.text()
        );
        // Who has the form open from before is refused all the same.
        let seen = moved(&shop, &browser, "ada-lovelace").await;
        assert!(seen.text().contains("once in 30 days"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "grace-hopper signed_in");
        shop.advance(DAY + Duration::from_secs(60 * 60));
        key_is_entered_again(&browser).await;
        let seen = signed_in(&shop, &browser, "grace-hopper").await;
        assert_eq!(offered(&seen), Offered::Yes, "{}", seen.text());
        moved(&shop, &browser, "ada-lovelace").await;
        assert_eq!(bound_to(&shop), "ada-lovelace signed_in");
        assert_eq!(shop.count("admin_actions"), 2);
        shop.calls();
    });
}

#[test]
fn who_has_corrected_the_account_of_the_checkout_still_has_their_move() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        shop.stock(&catalogue_of(&format!(
            "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
             repos = [\"acme/starter\"]\nactivate_at_checkout = true\n"
        )));
        let custom_fields = vec![("Your GitHub username".to_owned(), "octocat".to_owned())];
        let sale = shop.sandbox.sell_on_gumroad(GumroadSale { custom_fields, ..GumroadSale::default() });
        assert_eq!(shop.deliver(&sale).await.status, 200);
        let key = shop.take_key();
        assert_eq!(bound_to(&shop), "octocat checkout");
        assert_eq!(shop.activate(&key, "grace-hopper").await.body["status"], "activated");
        let browser = Browser::new(&shop);
        browser.submit("/", &[("license_key", &key)]).await;
        signed_in(&shop, &browser, "grace-hopper").await;
        moved(&shop, &browser, "ada-lovelace").await;
        assert_eq!(bound_to(&shop), "ada-lovelace signed_in");
        // That was the one.
        let seen = moved(&shop, &browser, "octocat").await;
        assert!(seen.text().contains("once in 30 days"), "{}", seen.text());
        assert_eq!(
            shop.value("SELECT group_concat(detail ->> 'correction' IS NOT NULL) FROM admin_actions"),
            "1,0",
            "the record tells which was which"
        );
        shop.calls();
    });
}

#[test]
fn nobody_moves_a_license_who_knows_no_more_than_its_key() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        let key = shop.value("SELECT license_key FROM licenses");
        let thief = Browser::new(&shop);
        let seen = thief.submit("/", &[("license_key", &key)]).await;
        assert_eq!(offered(&seen), Offered::ToTheOwner, "{}", seen.text());
        let seen = moved(&shop, &thief, "grace-hopper").await;
        assert!(seen.text().contains("activated for another GitHub account"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "octocat signed_in");
        assert_eq!(shop.count("admin_actions"), 0);
        shop.calls();
    });
}

#[test]
fn nobody_moves_a_license_who_knows_its_key_and_the_public_name_of_its_account() {
    run(async {
        for proof in ["optional", "required"] {
            let shop = Shop::open_with(&SIGN_IN);
            shop.stock(&catalogue_of(&format!(
                "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
                 repos = [\"acme/starter\"]\nproof = \"{proof}\"\n"
            )));
            let browser = entered(&shop, STARTER).await;
            signed_in(&shop, &browser, "octocat").await;
            let key = shop.value("SELECT license_key FROM licenses");
            let thief = Browser::new(&shop);
            thief.submit("/", &[("license_key", &key)]).await;
            for path in ["/license/again", "/license/activate"] {
                let seen = thief.submit(path, &[("github_username", "octocat")]).await;
                assert_eq!(offered(&seen), Offered::ToTheOwner, "{proof} {path}: {}", seen.text());
                moved(&shop, &thief, "grace-hopper").await;
                assert_eq!(bound_to(&shop), "octocat signed_in", "{proof} {path}");
            }
            // Who signs in as the owner is the owner, in this browser as well, and having the name sent again changes nothing about it.
            let seen = signed_in(&shop, &thief, "octocat").await;
            assert_eq!(offered(&seen), Offered::Yes, "{}", seen.text());
            let seen = thief.submit("/license/again", &[("github_username", "octocat")]).await;
            assert_eq!(offered(&seen), Offered::Yes, "{}", seen.text());
            assert_eq!(shop.count("admin_actions"), 0);
            shop.calls();
        }
    });
}

#[test]
fn whoever_activates_a_license_may_move_it_in_that_session_and_later_only_as_its_owner() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        let seen = browser.submit("/license/activate", &[("github_username", "octocat")]).await;
        assert_eq!(offered(&seen), Offered::Yes, "they have mistyped it, and see that now: {}", seen.text());
        let key = shop.value("SELECT license_key FROM licenses");
        let seen = browser.submit("/", &[("license_key", &key)]).await;
        assert_eq!(offered(&seen), Offered::ToTheOwner, "{}", seen.text());
        moved(&shop, &browser, "grace-hopper").await;
        assert_eq!(bound_to(&shop), "octocat typed");
        shop.calls();
    });
}

#[test]
fn whoever_reads_the_mail_of_the_order_moves_a_license_that_went_to_a_stranger() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let stranger = entered(&shop, STARTER).await;
        stranger.submit("/license/activate", &[("github_username", "octocat")]).await;
        shop.calls();
        let key = shop.value("SELECT license_key FROM licenses");
        // Somebody else who has bought here as well reads their own mail, which makes them the owner of no other license.
        sold_to(&shop, "grace@example.com").await;
        let other = Browser::new(&shop);
        let link = link_for(&shop, "grace@example.com").await;
        use_link(&other, &link).await;
        let seen = other.submit("/", &[("license_key", &key)]).await;
        assert_eq!(offered(&seen), Offered::ToTheOwner, "{}", seen.text());

        let buyer = Browser::new(&shop);
        let link =
            link_for(&shop, &shop.value(&format!("SELECT email FROM licenses WHERE license_key = '{key}'"))).await;
        use_link(&buyer, &link).await;
        let seen = buyer.submit("/", &[("license_key", &key)]).await;
        assert_eq!(offered(&seen), Offered::Yes, "{}", seen.text());
        moved(&shop, &buyer, "ada-lovelace").await;
        let bound = format!("SELECT github_username FROM license_activations WHERE license_key = '{key}'");
        assert_eq!(shop.value(&bound), "ada-lovelace");
        shop.calls();
    });
}

/// A link by mail to every license of an address.
async fn link_for(shop: &Shop, email: &str) -> String {
    ask(shop, email).await;
    mailed_link(shop)
}

#[test]
fn a_seller_can_keep_the_moving_of_licenses_to_themselves() {
    run(async {
        let shop = Shop::open_with(&[SIGN_IN.as_slice(), &[("ALLOW_ACCOUNT_CHANGE", "false")]].concat());
        let browser = entered(&shop, STARTER).await;
        let seen = signed_in(&shop, &browser, "octocat").await;
        assert_eq!(offered(&seen), Offered::No, "{}", seen.text());
        let seen = moved(&shop, &browser, "grace-hopper").await;
        assert!(seen.text().contains("The seller can move it"), "{}", seen.text());
        assert_eq!(bound_to(&shop), "octocat signed_in");
        shop.calls();
    });
}

#[test]
fn a_license_that_ends_meanwhile_or_an_account_that_it_has_is_not_moved() {
    run(async {
        let shop = Shop::open_with(&SIGN_IN);
        let browser = entered(&shop, STARTER).await;
        signed_in(&shop, &browser, "octocat").await;
        moved(&shop, &browser, "octocat").await;
        assert_eq!(shop.count("admin_actions"), 0, "it is theirs already");
        let callback = begun(&shop, &browser, MOVE, Some("grace-hopper")).await;
        shop.rows("UPDATE licenses SET status = 'suspended'");
        browser.get(&callback).await;
        assert_eq!((bound_to(&shop).as_str(), shop.count("admin_actions")), ("octocat signed_in", 0));
        shop.calls();
    });
}

#[test]
fn a_database_that_fails_at_any_batch_of_a_move_moves_it_once_or_not_at_all() {
    run(async {
        for fate in [Fate::FailBefore, Fate::FailAfter] {
            for nth in 0..6 {
                let shop = Shop::open_with(&SIGN_IN);
                let browser = entered(&shop, STARTER).await;
                signed_in(&shop, &browser, "octocat").await;
                let callback = begun(&shop, &browser, MOVE, Some("grace-hopper")).await;
                let batches = std::cell::Cell::new(0);
                shop.host.inject(move |call| match call {
                    Call::Batch(_) => {
                        batches.set(batches.get() + 1);
                        if batches.get() == nth + 1 { fate } else { Fate::Proceed }
                    }
                    Call::Send(_) => Fate::Proceed,
                });
                assert_eq!(browser.get(&callback).await.status, 303, "{fate:?} {nth}");
                shop.host.inject(|_| Fate::Proceed);
                assert_eq!(shop.sandbox.open_user_tokens(), 0, "{fate:?} {nth}");
                shop.let_answers_age();
                moved(&shop, &browser, "grace-hopper").await;
                for _ in 0..40 {
                    shop.tick_after(Duration::from_secs(60)).await;
                }
                assert_eq!(bound_to(&shop), "grace-hopper signed_in", "{fate:?} {nth}");
                assert_eq!(shop.count("admin_actions"), 1, "{fate:?} {nth}");
                assert_eq!(shop.sandbox.collaborators("acme/starter"), ["grace-hopper"], "{fate:?} {nth}");
                shop.calls();
            }
        }
    });
}
