//! A GitHub username that was given at the checkout: it stands in the buyer's page, and where the catalogue says
//! `activate_at_checkout`, the license is activated for it.

use std::time::Duration;

use latchkey::platform::host::{Call, Fate};
use latchkey_sandbox::{
    Delivery, Fault, FaultKind, GumroadSale, LemonSqueezySale, STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, Service,
    StripeSale,
};

use crate::pages::{Browser, OWN_PAGES};
use crate::shop::{ADMIN_TOKEN, STARTER, Shop, catalogue_of, request, run};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A shop that activates at the checkout, with keys of its own and of the storefront's.
fn shop_with(changes: &[(&str, &str)]) -> Shop {
    let shop = Shop::open_with(changes);
    shop.stock(&catalogue_of(&format!(
        "[[gumroad]]\nproduct_id = \"{STARTER}\"\nname = \"Acme Starter Kit\"\ntier = \"pro\"\n\
         repos = [\"acme/starter\", \"acme/starter-docs\"]\nactivate_at_checkout = true\nper_quantity = true\n\
         [[lemonsqueezy]]\nproduct_id = \"4\"\nname = \"Acme Kit\"\ntier = \"core\"\nrepos = [\"acme/kit\"]\n\
         activate_at_checkout = true\n"
    )));
    shop
}

fn sale(shop: &Shop, username: &str) -> Delivery {
    let custom_fields = vec![("Your GitHub username".to_owned(), username.to_owned())];
    shop.sandbox.sell_on_gumroad(GumroadSale { custom_fields, ..GumroadSale::default() })
}

async fn sold(shop: &Shop, username: &str) -> String {
    assert_eq!(shop.deliver(&sale(shop, username)).await.status, 200);
    shop.take_key()
}

fn bound_to(shop: &Shop) -> String {
    shop.value("SELECT coalesce(max(github_username || ' ' || proof), 'nobody') FROM license_activations")
}

fn due(shop: &Shop) -> usize {
    shop.count("licenses WHERE activate_at IS NOT NULL")
}

fn invited(shop: &Shop, repo: &str) -> Vec<String> {
    shop.sandbox.invitations(repo).into_iter().map(|invitation| invitation.login).collect()
}

/// GitHub does not say whose a username is.
fn silence() -> Fault {
    Fault::new(Service::GitHub, FaultKind::status(500)).method("GET").path("/users/")
}

/// How often GitHub was asked whose a username is, since the last look.
fn questions(shop: &Shop) -> usize {
    shop.calls().iter().filter(|call| call.starts_with("GET /users/")).count()
}

#[test]
fn a_sale_with_a_username_is_activated_and_invited_behind_its_answer() {
    run(async {
        let shop = shop_with(&[]);
        let key = sold(&shop, "https://github.com/octocat").await;
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("octocat checkout", 0));
        assert_eq!(
            (invited(&shop, "acme/starter"), invited(&shop, "acme/starter-docs")),
            (vec!["octocat".into()], vec!["octocat".into()])
        );
        let again = shop.activate(&key, "octocat").await;
        assert_eq!((again.status, again.body["status"].as_str()), (200, Some("already_active")));
        // The storefront repeats itself, and ticks find nothing to do.
        shop.calls();
        shop.tick_after(MINUTE).await;
        assert!(shop.calls().is_empty());
        assert_eq!(
            shop.value("SELECT json_extract(value, '$.state') FROM grants, json_each(history) LIMIT 1"),
            "pending"
        );
    });
}

#[test]
fn without_a_username_that_can_be_one_nothing_is_tried() {
    run(async {
        for username in ["", "ada@example.com", "ada_acme"] {
            let shop = shop_with(&[]);
            sold(&shop, username).await;
            assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 0), "{username}");
            assert_eq!(questions(&shop), 0, "{username}");
        }
    });
}

#[test]
fn a_product_that_does_not_say_so_only_has_the_username_on_the_buyers_page() {
    run(async {
        let shop = Shop::open_with(&OWN_PAGES);
        let key = sold(&shop, "octocat").await;
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 0));
        let browser = Browser::new(&shop);
        let seen = browser.submit("/", &[("license_key", &key)]).await;
        assert!(
            seen.html.contains("name=\"github_username\"") && seen.html.contains("value=\"octocat\""),
            "{}",
            seen.html
        );
        shop.calls();
    });
}

#[test]
fn of_several_pieces_the_first_is_the_buyers_and_the_others_are_given_on() {
    run(async {
        let shop = shop_with(&[]);
        let custom_fields = vec![("github".to_owned(), "octocat".to_owned())];
        let sale = GumroadSale { custom_fields, quantity: 3, ..GumroadSale::default() };
        shop.deliver(&shop.sandbox.sell_on_gumroad(sale)).await;
        assert_eq!((shop.count("licenses"), shop.count("license_activations"), due(&shop)), (3, 1, 0));
        assert_eq!(shop.value("SELECT l.piece FROM license_activations a JOIN licenses l USING (license_key)"), "1");
        shop.sandbox.take_mails();
        shop.calls();
    });
}

#[test]
fn a_storefronts_own_key_is_activated_whichever_of_key_and_order_comes_first() {
    run(async {
        for reversed in [false, true] {
            let shop = shop_with(&[]);
            let custom_data = vec![("github_username".to_owned(), "octocat".to_owned())];
            let product_id = Some("4".to_owned());
            let sale =
                LemonSqueezySale { product_id, license_keys: Some(1), custom_data, ..LemonSqueezySale::default() };
            let mut deliveries = shop.sandbox.sell_on_lemon_squeezy(sale);
            if reversed {
                deliveries.reverse();
            }
            for delivery in &deliveries {
                assert_eq!(shop.deliver(delivery).await.status, 200);
            }
            for _ in 0..20 {
                shop.tick_after(MINUTE).await;
            }
            assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("octocat checkout", 0), "reversed: {reversed}");
            assert_eq!(invited(&shop, "acme/kit"), ["octocat"], "reversed: {reversed}");
            shop.calls();
        }
    });
}

#[test]
fn a_username_that_nobody_has_or_that_cannot_be_invited_is_left_to_the_buyer() {
    run(async {
        for username in ["nobody-has-this", "acme"] {
            let shop = shop_with(&OWN_PAGES);
            let key = sold(&shop, username).await;
            assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 0), "{username}");
            assert!(shop.log_text().contains("not_activated_at_checkout"), "{username}");
            let answered = shop.activate(&key, "octocat").await;
            assert_eq!((answered.status, bound_to(&shop).as_str()), (200, "octocat typed"), "{username}");
            shop.calls();
        }
    });
}

#[test]
fn while_github_does_not_answer_it_is_tried_for_a_day_at_growing_distances_and_then_left_to_the_buyer() {
    run(async {
        let shop = shop_with(&[]);
        shop.sandbox.inject(silence());
        sold(&shop, "octocat").await;
        shop.calls();
        let mut tries = Vec::new();
        for minute in 1..=(26 * 60) {
            shop.tick_after(MINUTE).await;
            tries.extend((questions(&shop) > 0).then_some(minute));
        }
        assert_eq!(tries, [5, 10, 20, 40, 80, 160, 320, 640, 1280]);
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 0));
        shop.sandbox.take_mails();
    });
}

#[test]
fn once_github_answers_again_a_later_tick_activates() {
    run(async {
        let shop = shop_with(&[]);
        shop.sandbox.inject(silence().times(1));
        sold(&shop, "octocat").await;
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 1));
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("octocat checkout", 0));
        assert_eq!(invited(&shop, "acme/starter"), ["octocat"]);
        shop.calls();
    });
}

#[test]
fn while_github_is_left_alone_nobody_is_asked_about() {
    run(async {
        let shop = shop_with(&[]);
        shop.rows("INSERT INTO github_pauses (scope, until_at, reason) VALUES ('', 9007199254740991, 'a limit')");
        sold(&shop, "octocat").await;
        for _ in 0..20 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("nobody", 1));
        assert_eq!(questions(&shop), 0);
    });
}

#[test]
fn whoever_activates_first_has_the_license() {
    run(async {
        let shop = shop_with(&[]);
        shop.sandbox.inject(silence().times(1));
        let key = sold(&shop, "octocat").await;
        let answered = shop.activate(&key, "grace-hopper").await;
        assert_eq!(answered.status, 200, "{:?}", answered.body);
        for _ in 0..10 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("grace-hopper typed", 0));
        assert_eq!(invited(&shop, "acme/starter"), ["grace-hopper"]);
        shop.calls();
    });
}

#[test]
fn a_license_that_was_refunded_or_erased_meanwhile_is_activated_for_nobody() {
    run(async {
        for change in [
            "UPDATE licenses SET status = 'revoked', revoked_by_operator = 1",
            "UPDATE orders SET custom_fields = '[]'",
            "DELETE FROM order_items",
        ] {
            let shop = shop_with(&[]);
            shop.sandbox.inject(silence().times(1));
            sold(&shop, "octocat").await;
            shop.rows(change);
            let expected = if change.starts_with("DELETE") { "octocat checkout" } else { "nobody" };
            for _ in 0..10 {
                shop.tick_after(MINUTE).await;
            }
            assert_eq!((bound_to(&shop).as_str(), due(&shop)), (expected, 0), "{change}");
            shop.calls();
        }
    });
}

#[test]
fn a_license_activated_at_the_checkout_is_mailed_once_its_address_is_known() {
    run(async {
        let settings = [("STRIPE_API_KEY", STRIPE_API_KEY), ("STRIPE_WEBHOOK_SECRET", STRIPE_WEBHOOK_SECRET)];
        let shop = Shop::open_with(&settings);
        shop.stock(&catalogue_of(
            "[[stripe]]\nproduct_id = \"prod_1SandboxForge\"\nname = \"Forge\"\ntier = \"pro\"\nrepos = [\"acme/forge\"]\n\
             activate_at_checkout = true\n",
        ));
        let metadata = vec![("github".to_owned(), "octocat".to_owned())];
        let sale = shop.sandbox.sell_on_stripe(StripeSale { email: None, metadata, ..StripeSale::default() });
        // Suspended at first, it is owed no mail; and nobody knows to whom one would go when it is good again.
        for delivery in [shop.sandbox.stripe_dispute(&sale.reference, "needs_response"), sale.clone()] {
            assert_eq!(shop.deliver(&delivery).await.status, 200);
        }
        assert_eq!(shop.deliver(&shop.sandbox.stripe_dispute(&sale.reference, "won")).await.status, 200);
        for _ in 0..10 {
            shop.tick_after(MINUTE).await;
        }
        assert_eq!(
            (bound_to(&shop).as_str(), shop.count("outbox WHERE kind = 'license_mail'")),
            ("octocat checkout", 0)
        );
        let key = shop.value("SELECT license_key FROM licenses");
        let authorization = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let body = br#"{ "reason": "the buyer wrote", "to": "buyer@example.com" }"#;
        let path = format!("/admin/licenses/{key}/correct-email");
        assert_eq!(shop.request(request("POST", &path, &headers, body)).await.status, 200);
        shop.tick_after(MINUTE).await;
        assert_eq!(shop.take_key(), key);
        shop.calls();
    });
}

#[test]
fn for_a_day_whoever_has_the_key_names_another_account_and_the_first_loses_access() {
    run(async {
        let shop = shop_with(&[]);
        let key = sold(&shop, "octocat").await;
        let corrected = shop.activate(&key, "grace-hopper").await;
        assert_eq!(
            (corrected.status, corrected.body["status"].as_str()),
            (200, Some("activated")),
            "{:?}",
            corrected.body
        );
        assert_eq!(bound_to(&shop), "grace-hopper typed");
        for _ in 0..5 {
            shop.tick_after(MINUTE).await;
        }
        for repo in ["acme/starter", "acme/starter-docs"] {
            assert_eq!(invited(&shop, repo), ["grace-hopper"], "{repo}");
        }
        let action = shop.record("admin_actions", "true");
        assert_eq!((&action["action"], &action["actor"]), (&"license.transfer".into(), &"buyer".into()));
        // Now the buyer has said which account it is, and that stays.
        let back = shop.activate(&key, "octocat").await;
        assert_eq!(back.problem(), (400, "license_bound_to_another_account"));
        shop.calls();
    });
}

#[test]
fn nobody_corrects_the_account_that_the_operator_has_given() {
    run(async {
        let shop = shop_with(&[]);
        let key = sold(&shop, "octocat").await;
        let transfer = serde_json::json!({ "reason": "asked by mail", "to": "ada-lovelace" });
        let bearer = format!("Bearer {}", crate::shop::ADMIN_TOKEN);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let path = format!("/admin/licenses/{key}/transfer");
        let moved = shop.request(crate::shop::request("POST", &path, &headers, transfer.to_string().as_bytes())).await;
        assert_eq!(moved.status, 200, "{:?}", moved.body);
        assert_eq!(bound_to(&shop), "ada-lovelace checkout");
        let other = shop.activate(&key, "grace-hopper").await;
        assert_eq!(other.problem(), (400, "license_bound_to_another_account"));
        assert_eq!(bound_to(&shop), "ada-lovelace checkout");
        shop.calls();
    });
}

#[test]
fn after_a_day_the_account_of_the_checkout_stays() {
    run(async {
        let shop = shop_with(&[]);
        let key = sold(&shop, "octocat").await;
        shop.advance(DAY);
        let late = shop.activate(&key, "grace-hopper").await;
        assert_eq!(late.problem(), (400, "license_bound_to_another_account"));
        assert_eq!(bound_to(&shop), "octocat checkout");
        shop.calls();
    });
}

#[test]
fn a_correction_to_nobody_or_of_a_revoked_license_changes_nothing() {
    run(async {
        let shop = shop_with(&[]);
        let key = sold(&shop, "octocat").await;
        let refused = shop.activate(&key, "nobody-has-this").await;
        assert_eq!(refused.problem(), (422, "github_user_not_found"));
        shop.rows("UPDATE licenses SET status = 'revoked', revoked_by_operator = 1");
        let refused = shop.activate(&key, "grace-hopper").await;
        assert_eq!(refused.problem(), (403, "license_revoked"));
        assert_eq!((bound_to(&shop).as_str(), shop.count("admin_actions")), ("octocat checkout", 0));
        shop.calls();
    });
}

#[test]
fn the_buyers_page_names_the_account_and_takes_another_for_a_day() {
    run(async {
        let shop = shop_with(&OWN_PAGES);
        let key = sold(&shop, "octocat").await;
        let browser = Browser::new(&shop);
        let seen = browser.submit("/", &[("license_key", &key)]).await;
        assert!(
            seen.text().contains("Activated for the GitHub account octocat, which was given at the checkout."),
            "{}",
            seen.text()
        );
        assert!(seen.text().contains("Not your account?"), "{}", seen.text());
        let seen = browser.post("/license/account", &[("github_username", "grace-hopper")]).await;
        assert!(seen.text().contains("grace-hopper"), "{}", seen.text());
        let seen = browser.submit("/license/activate", &[("github_username", "grace-hopper")]).await;
        assert!(seen.text().contains("Activated for the GitHub account grace-hopper."), "{}", seen.text());
        assert!(!seen.text().contains("Not your account?"), "{}", seen.text());
        let other = Browser::new(&shop);
        let seen = other.submit("/", &[("license_key", &key)]).await;
        assert!(!seen.text().contains("grace-hopper"), "whoever has found the key is not told: {}", seen.text());
        shop.calls();
    });
}

#[test]
fn whichever_batch_fails_before_or_after_its_effect_the_license_is_activated_once_in_the_end() {
    run(async {
        for fate in [Fate::FailBefore, Fate::FailAfter] {
            for nth in 1..=7 {
                let shop = shop_with(&[]);
                let delivery = sale(&shop, "octocat");
                let batches = std::cell::Cell::new(0);
                shop.host.inject(move |call| match call {
                    Call::Batch(_) => {
                        batches.set(batches.get() + 1);
                        if batches.get() == nth { fate } else { Fate::Proceed }
                    }
                    Call::Send(_) => Fate::Proceed,
                });
                assert_eq!(shop.deliver(&delivery).await.status, 200, "{fate:?} {nth}");
                shop.host.inject(|_| Fate::Proceed);
                for _ in 0..15 {
                    shop.tick_after(MINUTE).await;
                }
                assert_eq!((bound_to(&shop).as_str(), due(&shop)), ("octocat checkout", 0), "{fate:?} {nth}");
                assert_eq!(shop.count("license_activations"), 1, "{fate:?} {nth}");
                assert_eq!(invited(&shop, "acme/starter"), ["octocat"], "{fate:?} {nth}");
                shop.sandbox.take_mails();
                shop.calls();
            }
        }
    });
}

#[test]
fn a_correction_that_a_database_fails_at_any_batch_is_made_once_or_not_at_all() {
    run(async {
        for fate in [Fate::FailBefore, Fate::FailAfter] {
            for nth in 1..=4 {
                let shop = shop_with(&[]);
                let key = sold(&shop, "octocat").await;
                let batches = std::cell::Cell::new(0);
                shop.host.inject(move |call| match call {
                    Call::Batch(_) => {
                        batches.set(batches.get() + 1);
                        if batches.get() == nth { fate } else { Fate::Proceed }
                    }
                    Call::Send(_) => Fate::Proceed,
                });
                shop.activate(&key, "grace-hopper").await;
                shop.host.inject(|_| Fate::Proceed);
                shop.let_answers_age();
                assert_eq!(shop.activate(&key, "grace-hopper").await.status, 200, "{fate:?} {nth}");
                for _ in 0..40 {
                    shop.tick_after(MINUTE).await;
                }
                assert_eq!(bound_to(&shop), "grace-hopper typed", "{fate:?} {nth}");
                assert_eq!(shop.count("admin_actions"), 1, "{fate:?} {nth}");
                assert_eq!(invited(&shop, "acme/starter"), ["grace-hopper"], "{fate:?} {nth}");
                shop.sandbox.take_mails();
                shop.calls();
            }
        }
    });
}
