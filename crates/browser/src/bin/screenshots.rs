//! Pictures of every page for the documentation: `cargo xtask screenshots` runs it, with the folder in which they are kept.
//!
//! Each page is shown as it is met on the way from the mail to the repositories, and then at the console, as much of it as fits into the window: on a desk in the
//! light, and on a phone in the dark. A page is added by one line where the tour is at it, and one in `docs/pages.md`, which shows them all.
#![allow(clippy::print_stdout, reason = "it says what it has written")]

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use latchkey_browser::{BUYER, Browser, Extent, Look, Shop};
use latchkey_simulator::world::ADMIN_TOKEN;
use tokio::task::LocalSet;

/// The product that opens `acme/starter` and `acme/starter-docs` for a year.
const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

/// The product of which one repository is chosen.
const PICK_ONE: &str = "pickOne==";

/// How the pages are looked at, and what the names of the pictures end in.
const LOOKS: [(Look, &str); 2] = [
    (Look { width: 1280, scheme: "light", scripts: true }, ""),
    (Look { width: 320, scheme: "dark", scripts: true }, "-phone"),
];

/// More than a page of the documentation should load for one picture.
const MOST_BYTES: usize = 160 * 1000;

/// One way through the pages, and where its pictures go.
struct Tour {
    shop: Shop,
    browser: Browser,
    folder: PathBuf,
    ending: &'static str,
}

impl Tour {
    /// Keeps a picture of what is there, once the page says this.
    async fn keeps(&self, name: &str, words: &str) {
        self.browser.sees(words).await;
        let picture = self.browser.picture(Extent::Window).await;
        let file = self.folder.join(format!("{name}{}.png", self.ending));
        assert!(picture.len() <= MOST_BYTES, "{}: {} bytes", file.display(), picture.len());
        fs::write(&file, &picture).expect("a picture can be kept");
        println!("{} ({} KB)", file.display(), picture.len().div_ceil(1000));
    }

    /// Opens a page of the shop's, and keeps a picture of it.
    async fn visits(&self, name: &str, path: &str, words: &str) {
        self.browser.open(&format!("{}{path}", self.shop.url)).await;
        self.keeps(name, words).await;
    }

    /// The pages, in the order in which a buyer meets them.
    async fn goes(&self) {
        let Self { shop, browser, .. } = self;
        self.visits("home", "/", "Open your license").await;
        browser.types("license_key", "my key").await;
        browser.press("Open").await;
        self.keeps("home-refused", "This is no license key.").await;
        self.visits("not-found", "/licence", "There is nothing at this address.").await;
        browser.open(&shop.sell(PICK_ONE).await).await;
        self.keeps("license-choose", "Your license opens one of these").await;
        browser.open(&shop.sell(STARTER).await).await;
        self.keeps("license-new", "Continue with GitHub").await;
        browser.press("Enter your username instead").await;
        browser.types("github_username", "octocat").await;
        browser.press("Look it up").await;
        self.keeps("confirm", "Is this you?").await;
        browser.press("Yes, this is me").await;
        self.keeps("license-invited", "Accept everything at once").await;
        browser.press("Continue with GitHub").await;
        browser.press("Authorize as octocat").await;
        self.keeps("license-in", "You are in: the invitations are accepted for you.").await;
        shop.change(&grant("declined", "acme/starter"));
        shop.change(&grant("expired", "acme/starter-docs"));
        self.visits("license-declined", "/license", "The invitation was declined.").await;
        shop.change(&grant("member", "acme/starter"));
        shop.change(&grant("member", "acme/starter-docs"));
        self.visits("recover", "/recover", "Find your licenses").await;
        browser.types("email", BUYER).await;
        browser.press("Mail me a link").await;
        browser.sees("a mail with a link is on its way").await;
        browser.open(&shop.mailed_link().await).await;
        self.keeps("recover-link", "Your link is good.").await;
        browser.press("Show my licenses").await;
        self.keeps("recover-licenses", "Bought with").await;
        shop.change(&format!(
            "UPDATE licenses SET expires_at = {} WHERE license_key IN (SELECT license_key FROM license_activations)",
            shop.now() - 10 * 24 * 60 * 60 * 1000
        ));
        shop.change(&format!(
            "UPDATE products SET entry = json_set(entry, '$.renew_url', 'https://acme.example.com/renew')
             WHERE product_id = '{STARTER}'"
        ));
        shop.change("UPDATE catalogue SET version = version + 1");
        self.visits("license-over", "/license", "Renew Acme Starter Kit").await;
        shop.change("UPDATE licenses SET expires_at = NULL");
        self.goes_on_at_the_console().await;
    }

    /// The operator's pages, of the shop in which that happened.
    async fn goes_on_at_the_console(&self) {
        let Self { shop, browser, .. } = self;
        browser.open(&format!("{}/console", shop.url)).await;
        self.keeps("console-sign-in", "Sign in to the console").await;
        browser.types("name", "Ada").await;
        browser.types("token", ADMIN_TOKEN).await;
        browser.press("Sign in").await;
        self.keeps("console-attention", "Signed in as Ada").await;
        shop.sell_unmapped("unknown-1==", "Acme Extra").await;
        shop.change(
            "INSERT INTO drift (repo, github_user_id, kind, github_username, since_at, found_at)
             SELECT repo, 7, 'extra', 'grace-hopper', since_at, since_at FROM grants WHERE repo = 'acme/starter'",
        );
        for page in ["sales", "deliveries", "licenses", "access", "outbox", "products", "doctor", "actions", "set-up"] {
            self.visits(&format!("console-{page}"), &format!("/console/{page}"), "Signed in as Ada").await;
        }
        let delivery = shop.value("SELECT id AS value FROM webhook_events WHERE processed = 0");
        self.visits("console-delivery", &format!("/console/deliveries/{delivery}"), "Show what was sent").await;
        self.visits("console-replay-all", "/console/deliveries/replay?state=needs_seller", "not processed: 1").await;
        let license = shop.value("SELECT license_key AS value FROM license_activations");
        browser.open(&format!("{}/console/licenses", shop.url)).await;
        browser.types("key", &license).await;
        browser.press("Find").await;
        // The list from before has links as well.
        while !browser.address().await.contains("?find=") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let license = browser.link("/console/licenses/").await;
        self.visits("console-license", &license, "An active license").await;
        self.visits("console-revoke", &format!("{license}/revoke"), "octocat").await;
        self.visits("console-issue", "/console/licenses/issue", "Issue").await;
        for (name, path) in [
            ("repository", "/console/access/repository?repo=acme%2Fstarter"),
            ("grants", "/console/access/grants"),
            ("drift", "/console/access/drift"),
            ("sync", "/console/access/sync"),
            ("text", "/console/products/text"),
            ("github-app", "/console/set-up/github-app"),
        ] {
            self.visits(&format!("console-{name}"), path, "Signed in as Ada").await;
        }
        browser.open(&format!("{}/console/products", shop.url)).await;
        browser.press("Say what it opens").await;
        browser.sees("It was sold already.").await;
        self.keeps("console-entry", "Deliveries that wait for it, and will be processed: 1.").await;
        self.visits("console-filter", "/console/sales?until=yesterday", "is no day such as").await;
        self.visits("console-refused", "/console/nothing", "There is nothing at this address.").await;
    }
}

/// Has GitHub have said so of the account's access.
fn grant(state: &str, repo: &str) -> String {
    format!(
        "UPDATE grants SET state = '{state}', until_at = NULL,
                           history = json_array(json_object('at', since_at, 'state', '{state}', 'cause', 'look'))
         WHERE repo = '{repo}'"
    )
}

fn main() {
    let folder = PathBuf::from(env::args_os().nth(1).expect("the folder for the pictures"));
    fs::create_dir_all(&folder).expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (look, ending) in LOOKS {
        LocalSet::new().block_on(&runtime, async {
            let (shop, browser) = (Shop::open(&[]).await, Browser::start(look).await);
            // How long ago something was is not to depend on when the pictures are taken.
            browser.stops_the_clock(shop.now()).await;
            let tour = Tour { shop, browser, folder: folder.clone(), ending };
            tour.goes().await;
            tour.browser.close().await;
        });
    }
}
