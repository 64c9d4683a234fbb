//! The buyer's whole story in a real browser, under the policy of the pages, at every width, in both schemes, with scripts and without.
//! What each page answers is tested in `tests/host/pages`.
//!
//! `cargo xtask test --only browser` runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use latchkey_browser::{BUYER, Browser, Look, Shop};
use tokio::task::LocalSet;

/// The product that opens `acme/starter` and `acme/starter-docs` for a year.
const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

const MINUTE: Duration = Duration::from_secs(60);

const PHONE: Look = Look { width: 320, scheme: "light", scripts: true };
const DARK: Look = Look { width: 1280, scheme: "dark", scripts: true };
const NO_SCRIPT: Look = Look { width: 1280, scheme: "light", scripts: false };

/// Runs a story.
fn tell<F: Future>(story: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { story().await });
}

/// From the mail to the repositories, looking at each page on the way.
async fn from_the_mail_to_the_repositories(look: Look) {
    let shop = Shop::open(&[]).await;
    let link = shop.sell(STARTER).await;
    let browser = Browser::start(look).await;
    browser.open(&format!("{}/", shop.url)).await;
    browser.sees("Open your license").await;
    browser.looks_right("home").await;

    browser.open(&link).await;
    browser.sees("Continue with GitHub").await;
    assert_eq!(browser.address().await, format!("{}/license", shop.url), "the key is in no address");
    browser.looks_right("license-new").await;
    browser.press("Enter your username instead").await;
    browser.looks_right("license-new-typed").await;

    browser.press("Continue with GitHub").await;
    browser.sees("Repository invitations: accept and decline").await;
    browser.press("Authorize as octocat").await;
    browser.sees("You are in: the invitations are accepted for you.").await;
    browser.sees("git clone http://").await;
    browser.looks_right("license-in").await;
    assert_eq!(shop.sandbox().collaborators("acme/starter"), ["octocat"]);
    // Each time says as well how long ago that was, or is to come, and nothing on the page moves by that.
    browser.reload().await;
    browser.sees("git clone http://").await;
    let ago = "[...document.querySelectorAll('main time .ago')].map((ago) => ago.textContent).join(' ')";
    let ago = browser.value(ago).await;
    assert!(ago.as_str().is_some_and(|ago| ago.contains(" ago)") || ago.contains("(in ")), "{ago}");
    let shifts = "const done = arguments[0]; let sum = 0; \
                  const seen = (list) => list.getEntries().forEach((entry) => { sum += entry.value; }); \
                  new PerformanceObserver(seen).observe({ type: 'layout-shift', buffered: true }); \
                  setTimeout(() => done(sum), 200);";
    let shifted = browser.answer(shifts).await;
    assert_eq!(shifted.as_f64(), Some(0.0), "{shifted}");

    browser.press("Open at GitHub: acme/starter").await;
    browser.sees("You are signed in as octocat.").await;
    browser.sees("git clone http://").await;
    browser.open(&format!("{}/license", shop.url)).await;

    browser.press("Forget this license").await;
    browser.sees("This browser has forgotten your license.").await;
    browser.looks_right("home-left").await;
    browser.close().await;
}

#[test]
fn a_buyer_is_in_with_three_clicks_from_the_mail() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(STARTER).await;
        let browser = Browser::start(Look::default()).await;
        // The first of them is on the link in the mail.
        browser.open(&link).await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("You are in: the invitations are accepted for you.").await;
        assert_eq!(1 + browser.clicks(), 3);
        assert_eq!(shop.sandbox().collaborators("acme/starter"), ["octocat"]);
        browser.close().await;
    });
}

#[test]
fn every_page_from_the_mail_to_the_repositories_looks_right() {
    tell(|| from_the_mail_to_the_repositories(Look::default()));
}

#[test]
fn the_same_on_a_phone_of_320_pixels() {
    tell(|| from_the_mail_to_the_repositories(PHONE));
}

#[test]
fn the_same_in_the_dark() {
    tell(|| from_the_mail_to_the_repositories(DARK));
}

#[test]
fn without_scripts_the_key_is_pasted_and_everything_works() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let link = shop.sell("pickOne==").await;
        let (address, key) = link.split_once("#license=").unwrap();
        let browser = Browser::start(NO_SCRIPT).await;
        browser.open(address).await;
        browser.types("license_key", key).await;
        browser.press("Open").await;
        browser.sees("Your license opens one of these").await;
        browser.looks_right("license-choose").await;
        browser.picks("acme/stack-next").await;
        browser.press("Go on").await;
        browser.press("Enter your username instead").await;
        browser.types("github_username", "@octocat").await;
        browser.press("Look it up").await;
        browser.sees("The Octocat").await;
        browser.looks_right("confirm").await;
        browser.press("Yes, this is me").await;
        browser.sees("Activated for the GitHub account octocat.").await;
        browser.sees("Invited").await;
        browser.looks_right("license-invited").await;

        browser.press("Accept at GitHub").await;
        browser.press("Accept as octocat").await;
        browser.sees("You are in acme/stack-next").await;
        assert_eq!(shop.sandbox().collaborators("acme/stack-next"), ["octocat"]);
        browser.close().await;
    });
}

#[test]
fn a_choice_a_typed_name_and_the_question_whose_it_is_look_right() {
    tell(async || {
        for look in [Look::default(), PHONE, DARK] {
            let shop = Shop::open(&[("BRAND_ACCENT", "#ffd400")]).await;
            let link = shop.sell("pickOne==").await;
            let browser = Browser::start(look).await;
            browser.open(&link).await;
            browser.sees("Your license opens one of these").await;
            browser.looks_right("license-choose").await;
            browser.picks("acme/stack-next").await;
            browser.press("Go on").await;
            browser.press("Enter your username instead").await;
            browser.types("github_username", "nobody has this").await;
            browser.press("Look it up").await;
            browser.sees("This is no GitHub username").await;
            // That the page is answered with 400 is a line in the console, and nothing else is.
            browser.types("github_username", "octocat").await;
            browser.press("Look it up").await;
            browser.sees("Is this you?").await;
            browser.press("Yes, this is me").await;
            browser.sees("Accept everything at once").await;
            browser.close().await;

            let browser = Browser::start(look).await;
            browser.open(&link).await;
            browser.sees("Activated for a GitHub account.").await;
            browser.looks_right("license-invited").await;
            browser.close().await;
        }
    });
}

#[test]
fn whoever_cancels_or_is_somebody_else_is_told_what_helps() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(STARTER).await;
        let browser = Browser::start(Look::default()).await;
        browser.open(&link).await;
        browser.press("Continue with GitHub").await;
        browser.press("Cancel").await;
        browser.sees("You have not signed in, and nothing was changed.").await;
        browser.looks_right("license-canceled").await;
        browser.press("Sign in only, I accept at GitHub").await;
        browser.sees("Public data only").await;
        browser.press("Authorize as octocat").await;
        browser.sees("Your license is activated.").await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as grace-hopper").await;
        browser.sees("activated for another GitHub account than the one you signed in with").await;
        browser.looks_right("license-other-account").await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("You are in: the invitations are accepted for you.").await;
        browser.looks_right("license-in-movable").await;
        browser.press("Sign in with the other account").await;
        browser.press("Authorize as grace-hopper").await;
        browser.sees("Activated for the GitHub account grace-hopper.").await;
        browser.close().await;
        shop.tick().await;
        assert_eq!(shop.sandbox().collaborators("acme/starter"), ["grace-hopper"]);
    });
}

#[test]
fn the_question_whose_account_it_is_looks_right() {
    tell(async || {
        for look in [Look::default(), PHONE, DARK] {
            let shop = Shop::open(&[]).await;
            let link = shop.sell(STARTER).await;
            let browser = Browser::start(look).await;
            browser.open(&link).await;
            browser.press("Enter your username instead").await;
            browser.types("github_username", "octocat").await;
            browser.press("Look it up").await;
            browser.sees("Is this you?").await;
            browser.looks_right("confirm").await;
            browser.close().await;
        }
    });
}

/// From the form to every license of the address.
async fn without_the_key(look: Look) {
    let shop = Shop::open(&[]).await;
    shop.sell(STARTER).await;
    shop.sell("pickOne==").await;
    let browser = Browser::start(look).await;
    browser.open(&shop.url).await;
    browser.press("Lost your key?").await;
    browser.sees("We mail you a link to every license").await;
    browser.looks_right("recover").await;
    browser.types("email", BUYER).await;
    browser.press("Mail me a link").await;
    browser.sees("a mail with a link is on its way").await;
    browser.looks_right("recover-asked").await;
    browser.close().await;

    // In any browser.
    let link = shop.mailed_link().await;
    let browser = Browser::start(look).await;
    browser.open(&link).await;
    browser.sees("Your link is good.").await;
    browser.looks_right("recover-link").await;
    browser.press("Show my licenses").await;
    browser.sees("Not activated yet").await;
    assert_eq!(
        browser.address().await,
        format!("{}/recover/licenses", shop.url),
        "the token is in no address any more"
    );
    browser.looks_right("recover-licenses").await;
    browser.press("Open: Acme Starter Kit").await;
    browser.sees("Continue with GitHub").await;
    browser.looks_right("license-new").await;
    browser.press("Continue with GitHub").await;
    browser.press("Authorize as octocat").await;
    browser.sees("You are in: the invitations are accepted for you.").await;
    browser.open(&format!("{}/recover/licenses", shop.url)).await;
    browser.sees("Activated").await;

    browser.open(&link).await;
    browser.sees("This link was used already, or is too old").await;
    browser.looks_right("recover-over").await;
    browser.press("Mail me a link").await;
    browser.sees("a mail with a link is on its way").await;
    browser.open(&format!("{}/recover/licenses", shop.url)).await;
    browser.press("Forget these licenses on this device").await;
    browser.sees("This browser has forgotten your license.").await;
    browser.close().await;
}

#[test]
fn a_buyer_without_the_key_gets_to_every_license_by_mail() {
    tell(async || {
        for look in [Look::default(), PHONE, DARK] {
            without_the_key(look).await;
        }
    });
}

#[test]
fn without_scripts_a_lost_key_is_found_and_signing_in_works() {
    tell(|| without_the_key(NO_SCRIPT));
}

#[test]
fn an_invitation_that_was_declined_or_has_expired_is_sent_again() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(STARTER).await;
        let browser = Browser::start(Look::default()).await;
        browser.open(&link).await;
        browser.press("Sign in only, I accept at GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("Your license is activated.").await;
        browser.looks_right("license-to-accept").await;
        browser.press("Accept at GitHub: acme/starter-docs").await;
        browser.press("Decline as octocat").await;
        browser.sees("The invitation is declined.").await;
        shop.advance(16 * MINUTE);
        // A tick reads the storefronts' lists, or looks at invitations.
        for _ in 0..5 {
            shop.tick().await;
            shop.advance(MINUTE);
        }
        browser.open(&format!("{}/license", shop.url)).await;
        browser.sees("The invitation was declined.").await;
        browser.looks_right("license-declined").await;
        browser.press("Send again").await;
        browser.sees("Every invitation that was missing has been asked for again.").await;
        browser.sees("Invited").await;
        assert_eq!(shop.sandbox().invitations("acme/starter-docs").len(), 1);

        // A week later, with no tick that would have made them anew.
        shop.advance(8 * 24 * 60 * MINUTE);
        browser.open(&link).await;
        browser.sees("Invitation expired").await;
        browser.looks_right("license-expired").await;
        browser.types("github_username", "octocat").await;
        browser.press("Send again").await;
        browser.sees("Every invitation that was missing has been asked for again.").await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("You are in: the invitations are accepted for you.").await;
        browser.close().await;
        assert_eq!(shop.sandbox().collaborators("acme/starter-docs"), ["octocat"]);
    });
}

#[test]
fn an_invitation_that_somebody_else_opens_is_accepted_with_the_right_account() {
    tell(async || {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(STARTER).await;
        let browser = Browser::start(Look::default()).await;
        browser.open(&link).await;
        browser.press("Sign in only, I accept at GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("Your license is activated.").await;
        browser.press("Accept at GitHub: acme/starter").await;
        browser.press("Accept as grace-hopper").await;
        browser.sees("This invitation is invalid.").await;
        assert!(shop.sandbox().collaborators("acme/starter").is_empty());
        browser.open(&format!("{}/license", shop.url)).await;
        browser.sees("An invitation that GitHub calls invalid is almost always another account's").await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as octocat").await;
        browser.sees("You are in: the invitations are accepted for you.").await;
        browser.close().await;
    });
}
