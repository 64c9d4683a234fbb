//! The operator's console in a real browser, under the policy of the pages, at every width, in both schemes, with scripts and without.
//! What each page answers is tested in `tests/host/console`.
//!
//! `cargo xtask test --only browser` runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use latchkey_browser::{Browser, Look, Shop};
use latchkey_simulator::world::ADMIN_TOKEN;
use tokio::task::LocalSet;

/// The product that opens `acme/starter` and `acme/starter-docs` for a year.
const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

const PHONE: Look = Look { width: 320, scheme: "light", scripts: true };
const DARK: Look = Look { width: 1280, scheme: "dark", scripts: true };
const NO_SCRIPT: Look = Look { width: 1280, scheme: "light", scripts: false };

/// Runs a story.
fn tell<F: Future>(story: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { story().await });
}

/// Whether a process is still there.
fn runs(id: i64) -> bool {
    let id = nix::unistd::Pid::from_raw(i32::try_from(id).unwrap());
    nix::sys::signal::kill(id, None).is_ok()
}

#[test]
fn a_test_that_panics_leaves_no_browser_behind() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let story = std::thread::spawn(move || {
        tell(async || {
            let browser = Browser::start(Look::default()).await;
            let processes = browser.processes();
            assert!(processes.into_iter().all(runs), "{processes:?}");
            sender.send(processes).unwrap();
            panic!("as a test does that fails");
        });
    });
    let processes = receiver.recv().unwrap();
    story.join().unwrap_err();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while processes.into_iter().any(runs) {
        assert!(std::time::Instant::now() < deadline, "{processes:?} are still there");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

async fn signs_in(browser: &Browser, shop: &Shop) {
    browser.open(&format!("{}/console", shop.url)).await;
    browser.sees("Sign in to the console").await;
    browser.types("name", "Ada").await;
    browser.types("token", ADMIN_TOKEN).await;
    browser.press("Sign in").await;
    browser.sees("Signed in as Ada").await;
}

/// A shop with a mail that was given up, and a delivery that nobody could read.
async fn shop_in_trouble() -> (Shop, String) {
    let shop = Shop::open(&[]).await;
    let link = shop.sell(STARTER).await;
    let (_, key) = link.split_once("#license=").unwrap();
    shop.change(
        "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL,
                           last_error = 'the mailbox does not exist'",
    );
    shop.change(
        "INSERT INTO webhook_events (id, source, event_type, payload, received_at, stuck_at, reason, error, email)
         SELECT '01KE0000000000000000000000', source, 'sale', payload, received_at + 1, received_at + 1, 'storefront_unavailable',
                'the storefront did not answer', 'grace@example.com' FROM webhook_events LIMIT 1",
    );
    (shop, key.to_owned())
}

async fn through_every_section(look: Look) {
    let (shop, key) = shop_in_trouble().await;
    let browser = Browser::start(look).await;
    browser.open(&format!("{}/console/deliveries?state=needs_seller", shop.url)).await;
    browser.sees("Sign in to the console").await;
    browser.looks_right("console-sign-in").await;
    browser.types("name", "Ada").await;
    browser.types("token", ADMIN_TOKEN).await;
    browser.press("Sign in").await;
    browser.sees("the storefront did not answer").await;
    assert!(
        browser.address().await.ends_with("/console/deliveries?state=needs_seller"),
        "it leads to what was asked for"
    );
    browser.looks_right("console-deliveries").await;

    browser.press("Attention").await;
    browser.sees("What needs attention").await;
    browser.sees("the mailbox does not exist").await;
    browser.looks_right("console-attention").await;
    browser.press("Replay").await;
    browser.sees("What was done already is not done twice.").await;
    browser.looks_right("console-replay").await;
    browser.types("reason", "it answers again").await;
    browser.press("Replay").await;
    browser.sees("It is processed again.").await;
    browser.looks_right("console-delivery").await;

    browser.press("Licenses").await;
    browser.types("key", &key).await;
    browser.press("Find").await;
    browser.sees("Licenses by key").await;
    browser.looks_right("console-licenses").await;
    browser.press("LK-").await;
    browser.sees("An active license").await;
    assert!(!browser.address().await.contains(&key));
    browser.looks_right("console-license").await;
    browser.press("Show the whole key").await;
    browser.sees("it is recorded that you have looked at it").await;
    browser.looks_right("console-license-key-asked").await;
    browser.types("reason", "she reads it to him").await;
    browser.press("Show it").await;
    browser.sees(&key).await;
    browser.looks_right("console-license-key").await;
    browser.press("Back to the license").await;
    browser.sees("Ada looked at the whole key").await;
    browser.press("Revoke").await;
    browser.sees("nobody loses access").await;
    browser.looks_right("console-revoke").await;
    browser.types("reason", "charged back").await;
    browser.press("Revoke").await;
    browser.sees("A revoked license").await;
    browser.sees("Ada revoked the license").await;

    browser.press("Outbox").await;
    browser.sees("given up").await;
    browser.looks_right("console-outbox").await;
    browser.press("Actions").await;
    browser.sees("charged back").await;
    browser.looks_right("console-actions").await;
    browser.press("Sign out").await;
    browser.sees("You are signed out in this browser.").await;
    browser.looks_right("console-signed-out").await;
    browser.close().await;
}

#[test]
fn an_operator_sees_what_is_wrong_replays_searches_and_revokes() {
    tell(|| through_every_section(Look::default()));
}

#[test]
fn the_same_on_a_phone_of_320_pixels() {
    tell(|| through_every_section(PHONE));
}

#[test]
fn the_same_in_the_dark() {
    tell(|| through_every_section(DARK));
}

#[test]
fn the_same_without_scripts() {
    tell(|| through_every_section(NO_SCRIPT));
}

#[test]
fn another_token_ends_every_session() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let browser = Browser::start(Look::default()).await;
        signs_in(&browser, &shop).await;
        // Cookies know no ports, so this browser shows its session there as well.
        let rotated = Shop::open(&[("ADMIN_TOKEN", "another-admin-token")]).await;
        browser.open(&format!("{}/console/actions", rotated.url)).await;
        browser.sees("Sign in to the console").await;
        browser.types("token", ADMIN_TOKEN).await;
        browser.press("Sign in").await;
        browser.sees("This is not the admin token.").await;
        browser.types("token", "another-admin-token").await;
        browser.press("Sign in").await;
        browser.sees("What was changed").await;
        browser.close().await;
    });
}

/// From a sale that opens nothing yet to the mail with its key, and through the pages beside it.
async fn maps_a_product_and_sees_the_sale_fulfilled(look: Look) {
    let shop = Shop::open(&[]).await;
    shop.sell_unmapped("unknown-1==", "Acme Extra").await;
    let browser = Browser::start(look).await;
    signs_in(&browser, &shop).await;
    browser.press("Products").await;
    browser.sees("Sold, and not in the catalogue").await;
    browser.looks_right("console-products").await;
    let before = browser.clicks();
    browser.press("Say what it opens").await;
    browser.sees("It was sold already.").await;
    browser.sees("Deliveries that wait for it, and will be processed: 1.").await;
    browser.looks_right("console-products-entry").await;
    browser.picks("acme/starter").await;
    browser.press("Save").await;
    assert_eq!(browser.clicks() - before, 3, "the link, what it opens, and the button");
    browser.sees("Deliveries that waited for it and are processed within a minute: 1.").await;
    browser.looks_right("console-products-saved").await;
    shop.tick().await;
    let mails = shop.sandbox().take_mails();
    assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["Your license for Acme Extra"]);

    browser.press("Edit it as text").await;
    browser.sees("The whole catalogue in TOML").await;
    browser.looks_right("console-products-text").await;
    browser.press("Sales").await;
    browser.sees("What you sold").await;
    browser.looks_right("console-sales").await;
    browser.press("Access").await;
    browser.sees("Who can get into what").await;
    browser.looks_right("console-access").await;
    browser.press("Bring licenses to the catalogue").await;
    browser.sees("Licenses that were looked at").await;
    browser.looks_right("console-access-sync").await;
    browser.press("Doctor").await;
    browser.sees("Is everything set up as it has to be?").await;
    browser.looks_right("console-doctor").await;
    browser.press("Set up").await;
    browser.sees("Set up your shop").await;
    browser.looks_right("console-set-up").await;
    browser.close().await;
}

#[test]
fn a_sale_of_an_unknown_product_is_mapped_with_three_clicks_and_fulfilled() {
    tell(|| maps_a_product_and_sees_the_sale_fulfilled(Look::default()));
}

#[test]
fn it_is_mapped_on_a_phone_of_320_pixels_too() {
    tell(|| maps_a_product_and_sees_the_sale_fulfilled(PHONE));
}

#[test]
fn it_is_mapped_in_the_dark_too() {
    tell(|| maps_a_product_and_sees_the_sale_fulfilled(DARK));
}

#[test]
fn it_is_mapped_without_scripts_too() {
    tell(|| maps_a_product_and_sees_the_sale_fulfilled(NO_SCRIPT));
}

#[test]
fn the_catalogue_is_checked_while_it_is_written() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let browser = Browser::start(Look::default()).await;
        signs_in(&browser, &shop).await;
        browser.open(&format!("{}/console/products/text", shop.url)).await;
        browser.sees("The whole catalogue in TOML").await;
        browser.types("text", "[[gumroad]]\nproduct_id = \"x\"\n").await;
        browser.sees("Something is wrong with it").await;
        browser.sees("line 1").await;
        browser.looks_right("console-products-mistakes").await;

        // So is the form of an entry, once there is something in a field.
        browser.open(&format!("{}/console/products/entry", shop.url)).await;
        browser.types("product_id", "new==").await;
        browser.types("years", "two").await;
        browser.sees("Something is wrong with it").await;
        browser.sees("`years`").await;
        browser.looks_right("console-products-entry-mistakes").await;
        browser.types("years", "2").await;
        browser.sees("Nothing is wrong with it").await;
        browser.close().await;
    });
}

/// From the set-up to the file with the App's secrets.
async fn makes_a_github_app(look: Look) {
    let shop = Shop::open(&[]).await;
    let browser = Browser::start(look).await;
    signs_in(&browser, &shop).await;
    browser.open(&format!("{}/console/set-up/github-app", shop.url)).await;
    browser.sees("GitHub opens with a form that is filled in.").await;
    browser.looks_right("console-github-app").await;
    browser.press("Make an App of acme at GitHub").await;
    browser.sees("Create GitHub App for acme").await;
    browser.press("Create GitHub App").await;
    browser.sees("Your GitHub App is made").await;
    browser.press("Show the file").await;
    browser.sees("GITHUB_APP_PRIVATE_KEY").await;
    browser.looks_right("console-github-app-made").await;
    let made = browser.address().await;
    browser.open(&made).await;
    browser.sees("This was not begun in this browser, or is over").await;
    browser.close().await;
}

#[test]
fn a_github_app_is_made_at_github_and_its_secrets_are_shown_once() {
    tell(|| makes_a_github_app(Look::default()));
}

#[test]
fn a_github_app_is_made_on_a_phone_of_320_pixels_too() {
    tell(|| makes_a_github_app(PHONE));
}

#[test]
fn a_github_app_is_made_in_the_dark_without_scripts_too() {
    tell(|| makes_a_github_app(Look { scripts: false, ..DARK }));
}

/// Two mails that were given up are tried again at once; the session ends before the form is sent, and what was entered is not lost.
async fn tries_again_what_an_outage_has_left(look: Look) {
    let shop = Shop::open(&[]).await;
    for _ in 0..2 {
        shop.sell(STARTER).await;
    }
    shop.change(
        "UPDATE outbox SET state = 'dead', died_at = done_at, done_at = NULL, outcome = NULL, last_error = 'Postmark answered 500'",
    );
    let browser = Browser::start(look).await;
    signs_in(&browser, &shop).await;
    browser.sees("Postmark answered 500").await;
    browser.press("Try all that match again").await;
    browser.sees("and matching: 2. People affected: 1.").await;
    browser.looks_right("console-outbox-retry-all").await;
    shop.advance(Duration::from_secs(12 * 60 * 60));
    browser.types("reason", "Postmark is back").await;
    browser.press("Try all that match again").await;
    browser.sees("Your session has ended, so nothing was changed.").await;
    browser.looks_right_refused("console-sign-in-kept", 403).await;
    browser.types("name", "Grace").await;
    browser.types("token", ADMIN_TOKEN).await;
    browser.press("Sign in").await;
    browser.sees("Postmark is back").await;
    browser.looks_right("console-kept").await;
    assert_eq!(shop.value("SELECT count(*) AS value FROM admin_actions"), "0");
    browser.press("Send it now").await;
    browser.sees("Made due: 2.").await;
    browser.looks_right("console-outbox-retried").await;
    let recorded = shop.value("SELECT actor || ': ' || reason AS value FROM admin_actions");
    assert_eq!(recorded, "Grace: Postmark is back");
    browser.close().await;
}

#[test]
fn what_an_outage_has_left_is_tried_again_though_the_session_ended() {
    tell(|| tries_again_what_an_outage_has_left(Look::default()));
}

#[test]
fn it_is_tried_again_on_a_phone_of_320_pixels_too() {
    tell(|| tries_again_what_an_outage_has_left(PHONE));
}

#[test]
fn it_is_tried_again_in_the_dark_without_scripts_too() {
    tell(|| tries_again_what_an_outage_has_left(Look { scheme: "dark", ..NO_SCRIPT }));
}
