//! Every page there is, and every kind of error on one, in a real browser: nothing that axe finds, nothing wider than the window, no
//! error in the console. The stories of which they are part are in `buyer` and `operator`.
//!
//! `cargo xtask test --only browser` runs it.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use latchkey_browser::{BUYER, Browser, Look, Shop};
use latchkey_simulator::world::ADMIN_TOKEN;
use tokio::task::LocalSet;

/// The product that opens `acme/starter` and `acme/starter-docs` for a year.
const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

/// What is at these paths is no page: a style sheet, ways to another, and where only GitHub leads, which is met with an error below.
const NO_PAGES: [&str; 5] =
    ["/brand.css", "/auth/github", "/auth/github/callback", "/console", "/console/set-up/github-app/made"];

const PHONE: Look = Look { width: 320, scheme: "light", scripts: true };
const DARK: Look = Look { width: 1280, scheme: "dark", scripts: true };
const NO_SCRIPT: Look = Look { width: 320, scheme: "light", scripts: false };

/// Runs a story.
fn tell<F: Future>(story: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { story().await });
}

/// A shop, a browser, and what stands in the place of names in addresses.
struct Walk {
    shop: Shop,
    browser: Browser,
    key: String,
}

impl Walk {
    async fn begin(look: Look) -> Self {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(STARTER).await;
        let (_, key) = link.split_once("#license=").unwrap();
        let key = key.to_owned();
        Self { shop, browser: Browser::start(look).await, key }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.shop.url)).await;
    }

    /// Opens a page, and looks it through.
    async fn visits(&self, path: &str, name: &str, words: &str) {
        self.open(path).await;
        self.browser.sees(words).await;
        self.browser.looks_right(name).await;
    }

    /// The same of one that is answered with this status.
    async fn is_refused(&self, path: &str, name: &str, status: u16, words: &str) {
        self.open(path).await;
        self.shows(name, status, words).await;
    }

    /// Looks the page through that was answered with this status.
    async fn shows(&self, name: &str, status: u16, words: &str) {
        self.browser.sees(words).await;
        self.browser.looks_right_refused(name, status).await;
    }

    async fn enters_key(&self, key: &str) {
        self.open("/").await;
        self.browser.types("license_key", key).await;
        self.browser.press("Open").await;
    }

    async fn signs_in_at_the_console(&self) {
        self.open("/console/sign-in").await;
        self.browser.types("name", "Ada").await;
        self.browser.types("token", ADMIN_TOKEN).await;
        self.browser.press("Sign in").await;
        self.browser.sees("Signed in as Ada").await;
    }

    /// Lets there be something on every page of the console.
    async fn fills_the_console(&self) {
        self.shop.sell_unmapped("unknown-1==", "Acme Extra").await;
        self.shop.change(
            "UPDATE outbox SET state = 'dead', died_at = 1, next_attempt_at = NULL, done_at = NULL, outcome = NULL,
                                            lease_id = NULL, last_error = 'the mailbox does not exist'",
        );
        self.shop.change(
            "INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at)
             VALUES ('acme/starter', 7, 'extra', 'somebody', 1, 1)",
        );
    }

    /// The address of a page of the console's.
    async fn address(&self, path: &str) -> String {
        let product = form_urlencoded(&[("source", "gumroad"), ("product_id", STARTER)]);
        let path = match path {
            "/console/products/remove" | "/console/products/entry" => format!("{path}?{product}"),
            "/console/access/repository" | "/console/access/check" => format!("{path}?repo=acme%2Fstarter"),
            "/console/access/forget-earlier" => {
                let account = self.shop.value("SELECT github_user_id AS value FROM grants");
                format!("{path}?github_user_id={account}&repo=acme%2Fstarter")
            }
            path => path.to_owned(),
        };
        let (before, behind) = path.split_once("{id}").unwrap_or((&path, ""));
        match before {
            "/console/deliveries/" => {
                let id = self.shop.value("SELECT id AS value FROM webhook_events WHERE processed = 0");
                format!("{before}{id}{behind}")
            }
            "/console/outbox/" => format!("{before}{}{behind}", self.shop.value("SELECT id AS value FROM outbox")),
            "/console/licenses/" => {
                self.open("/console/licenses").await;
                format!("{}{behind}", self.browser.link("/console/licenses/").await)
            }
            _ => path,
        }
    }
}

fn form_urlencoded(pairs: &[(&str, &str)]) -> String {
    let mut url = url::Url::parse("http://localhost").unwrap();
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap().to_owned()
}

/// The name of a picture.
fn name_of(path: &str) -> String {
    let name = path.trim_matches('/').replace(['/', '{', '}'], "-").replace("--", "-");
    format!("every-{}", if name.is_empty() { "home" } else { &name })
}

async fn every_page(look: Look) {
    let walk = Walk::begin(look).await;
    let Walk { shop, browser, key } = &walk;
    walk.enters_key(key).await;
    browser.press("Continue with GitHub").await;
    browser.press("Authorize as octocat").await;
    browser.sees("You are in: the invitations are accepted for you.").await;
    let mut is_signed_in = false;
    for (path, methods) in latchkey::pages::paths() {
        if !methods.contains(&"GET") || NO_PAGES.contains(&path) {
            continue;
        }
        let name = name_of(path);
        match path {
            "/" => walk.visits("/", &name, "Open your license").await,
            "/license" => walk.visits("/license", &name, "git clone").await,
            "/recover" => walk.visits("/recover", &name, "Find your licenses").await,
            "/recover/link" => {
                walk.open("/recover").await;
                browser.types("email", BUYER).await;
                browser.press("Mail me a link").await;
                browser.sees("a mail with a link is on its way").await;
                browser.open(&shop.mailed_link().await).await;
                browser.sees("Your link is good.").await;
                browser.looks_right(&name).await;
                browser.press("Show my licenses").await;
                browser.sees("Bought with").await;
            }
            "/recover/licenses" => walk.visits(path, &name, "Bought with").await,
            "/console/sign-in" => walk.visits(path, &name, "Sign in to the console").await,
            path if path.starts_with("/console/") => {
                if !is_signed_in {
                    is_signed_in = true;
                    walk.fills_the_console().await;
                    walk.signs_in_at_the_console().await;
                }
                let address = walk.address(path).await;
                walk.visits(&address, &name, "Signed in as Ada").await;
            }
            path => panic!("{path} is a page that this test does not know how to open"),
        }
    }
    assert!(is_signed_in);
    walk.browser.close().await;
}

#[test]
fn every_page_looks_right() {
    tell(|| every_page(Look::default()));
}

#[test]
fn every_page_looks_right_on_a_phone_of_320_pixels() {
    tell(|| every_page(PHONE));
}

#[test]
fn every_page_looks_right_in_the_dark() {
    tell(|| every_page(DARK));
}

#[test]
fn every_page_looks_right_without_scripts() {
    tell(|| every_page(NO_SCRIPT));
}

async fn every_error_of_a_buyer(look: Look) {
    let walk = Walk::begin(look).await;
    let Walk { shop, browser, key } = &walk;
    walk.is_refused("/nothing-here", "error-not-found", 404, "There is nothing at this address.").await;
    walk.is_refused("/license/choose", "error-method", 405, "There is nothing to see at this address.").await;
    let foreign = format!("<form method=post action={}/license/leave><button>Go</button></form>", shop.url);
    browser.open(&format!("data:text/html,{foreign}")).await;
    browser.press("Go").await;
    walk.shows("error-foreign-form", 403, "This form did not come from our own page.").await;

    walk.enters_key("two words").await;
    walk.shows("error-home", 400, "This is no license key.").await;
    shop.limit_to(0);
    walk.enters_key(key).await;
    walk.shows("error-home-limit", 429, "Too many attempts.").await;
    shop.limit_to(1000);

    walk.enters_key(key).await;
    browser.press("Enter your username instead").await;
    browser.types("github_username", "nobody has this").await;
    browser.press("Look it up").await;
    walk.shows("error-typed", 400, "This is no GitHub username").await;
    walk.is_refused("/auth/github/callback?code=a&state=b", "error-not-begun", 400, "This sign-in was not begun").await;
    walk.open("/license").await;
    browser.press("Continue with GitHub").await;
    browser.press("Cancel").await;
    browser.sees("You have not signed in, and nothing was changed.").await;
    browser.looks_right("error-canceled").await;
    browser.press("Sign in only, I accept at GitHub").await;
    browser.press("Authorize as octocat").await;
    browser.sees("Your license is activated.").await;
    // Another session knows nothing of the account.
    walk.enters_key(key).await;
    browser.types("github_username", "not a name").await;
    browser.press("Send again").await;
    walk.shows("error-again", 400, "This is no GitHub username").await;

    shop.change("UPDATE licenses SET status = 'revoked'");
    walk.is_refused("/license", "error-revoked", 403, "This license was revoked.").await;
    shop.change("UPDATE licenses SET status = 'active', expires_at = 1");
    let renewable = "UPDATE products SET entry = json_set(entry, '$.renew_url', 'https://acme.example.com/renew')";
    shop.change(renewable);
    shop.change("UPDATE catalogue SET version = version + 1");
    walk.is_refused("/license", "error-expired", 403, "Renew Acme Starter Kit").await;
    walk.enters_key(key).await;
    walk.shows("error-home-expired", 403, "Renew Acme Starter Kit").await;

    walk.open("/recover").await;
    browser.types("email", "ada").await;
    browser.presses_unchecked("Mail me a link").await;
    walk.shows("error-recover", 400, "This is not a mail address.").await;
    browser.types("email", BUYER).await;
    browser.press("Mail me a link").await;
    browser.sees("a mail with a link is on its way").await;
    let link = shop.mailed_link().await;
    browser.open(&link).await;
    browser.sees("Your link is good.").await;
    shop.limit_to(0);
    browser.press("Show my licenses").await;
    walk.shows("error-recover-link", 429, "Too many attempts.").await;
    shop.limit_to(1000);
    browser.press("Show my licenses").await;
    browser.sees("Renew Acme Starter Kit").await;
    browser.looks_right("recover-expired").await;

    shop.change("UPDATE licenses SET expires_at = NULL");
    let link = shop.sell("pickOne==").await;
    let (_, key) = link.split_once("#license=").unwrap();
    walk.enters_key(key).await;
    browser.sees("Your license opens one of these").await;
    browser.presses_unchecked("Go on").await;
    walk.shows("error-choose", 400, "Choose at least one").await;
    walk.browser.close().await;
}

async fn every_error_of_an_operator(look: Look) {
    let walk = Walk::begin(look).await;
    let Walk { shop, browser, .. } = &walk;
    walk.open("/console/sign-in").await;
    browser.types("token", "wrong").await;
    browser.press("Sign in").await;
    walk.shows("error-console-sign-in", 403, "This is not the admin token.").await;
    walk.signs_in_at_the_console().await;
    let long = "a".repeat(600);
    for (path, name, status, words) in [
        ("/console/nothing", "not-found", 404, "There is nothing"),
        ("/console/sign-out", "method", 405, "Signed in as Ada"),
        ("/console/deliveries/01", "no-delivery", 404, "Signed in as Ada"),
        ("/console/sales?until=yesterday", "sales", 400, "is no day"),
        ("/console/deliveries?since=yesterday", "deliveries", 400, "must be a date"),
        ("/console/outbox?kind=lost", "outbox", 400, "must be one of"),
        (&format!("/console/access/grants?repo={long}"), "grants", 400, "must be a repository"),
        (&format!("/console/access/drift?repo={long}"), "drift", 400, "must be a repository"),
        (&format!("/console/access/sync?product={long}"), "sync", 400, "Bring licenses"),
        ("/console/set-up/github-app?owner=a+b", "github-app", 400, "GitHub opens with a form"),
        (
            "/console/set-up/github-app/made?code=a&state=b",
            "github-app-made",
            400,
            "This was not begun in this browser",
        ),
    ] {
        walk.is_refused(path, &format!("error-console-{name}"), status, words).await;
    }
    walk.open("/console/licenses").await;
    browser.types("email", "a b").await;
    browser.press("Find").await;
    walk.shows("error-console-licenses", 400, "Licenses").await;
    walk.open("/console/licenses/issue").await;
    browser.presses_unchecked("Issue it").await;
    walk.shows("error-console-asking", 400, "This is needed.").await;
    walk.open("/console/products/entry").await;
    browser.presses_unchecked("Show the difference").await;
    walk.shows("error-console-entry", 422, "What is wrong with it").await;
    walk.open("/console/products/text").await;
    shop.change("UPDATE catalogue SET version = version + 1");
    browser.press("Show the difference").await;
    walk.shows("error-console-overtaken", 409, "What you wrote is kept").await;
    browser.types("text", "[[gumroad]]").await;
    browser.press("Show the difference").await;
    walk.shows("error-console-text", 422, "What is wrong with it").await;
    walk.browser.close().await;
}

#[test]
fn every_error_looks_right() {
    tell(|| every_error_of_a_buyer(Look::default()));
    tell(|| every_error_of_an_operator(Look::default()));
}

#[test]
fn every_error_looks_right_on_a_phone_of_320_pixels() {
    tell(|| every_error_of_a_buyer(PHONE));
    tell(|| every_error_of_an_operator(PHONE));
}

#[test]
fn every_error_looks_right_in_the_dark() {
    tell(|| every_error_of_a_buyer(DARK));
    tell(|| every_error_of_an_operator(DARK));
}

#[test]
fn every_error_looks_right_without_scripts() {
    tell(|| every_error_of_a_buyer(NO_SCRIPT));
    tell(|| every_error_of_an_operator(NO_SCRIPT));
}
