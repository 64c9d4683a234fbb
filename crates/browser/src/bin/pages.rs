//! What the pages cost whoever looks at them: `cargo xtask bench --only pages` runs it. It prints how long it takes and how many clicks
//! from the link in the mail to being in, and the requests and bytes of each page.
//!
//! A click on the link in the mail is counted as well. The seconds are the machine's: nobody reads meanwhile, and the network is this machine. Bytes are of bodies, as
//! the Worker gives them and compressed by gzip, which Cloudflare or the browser may do better; what is kept by the browser from the page before is the difference to the bytes of
//! a second visit.
#![allow(clippy::print_stdout, reason = "it says what it has measured")]

use std::cell::Cell;
use std::time::Instant;

use latchkey_browser::{BUYER, Browser, Look, Shop};
use latchkey_simulator::world::ADMIN_TOKEN;
use tokio::task::LocalSet;

/// The product that opens two repositories.
const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

/// The product of which one repository is chosen.
const PICK_ONE: &str = "pickOne==";

/// Gives of the page that is there: its requests, its bytes, these compressed, and what was transferred of them.
const MEASURE: &str = "
    const done = arguments[arguments.length - 1];
    const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const sum = (sizes) => sizes.reduce((one, other) => one + other, 0);
    const zipped = async ({ name }) => {
      if (!name.startsWith(location.origin)) return 0;
      const whole = await (await fetch(name)).blob();
      const stream = whole.stream().pipeThrough(new CompressionStream('gzip'));
      return (await new Response(stream).arrayBuffer()).byteLength;
    };
    const own = sum(all.map((one) => one.encodedBodySize));
    const moved = sum(all.map((one) => one.transferSize));
    Promise.all(all.map(zipped)).then((sizes) => done([all.length, own, sum(sizes), moved]), (error) => done(String(error)));";

/// One way from a mail to the repositories.
struct Way<'a> {
    name: &'static str,
    browser: &'a Browser,
    begun: Instant,
    clicks: Cell<u32>,
    typed: Cell<u32>,
}

impl<'a> Way<'a> {
    /// Follows the link in a mail.
    async fn begin(name: &'static str, browser: &'a Browser, link: &str) -> Self {
        let begun = Instant::now();
        browser.open(link).await;
        Self { name, browser, begun, clicks: Cell::new(1), typed: Cell::new(0) }
    }

    async fn presses(&self, words: &str) {
        self.browser.press(words).await;
        self.clicks.set(self.clicks.get() + 1);
    }

    async fn picks(&self, value: &str) {
        self.browser.sees("Your license opens one of these").await;
        self.browser.picks(value).await;
        self.clicks.set(self.clicks.get() + 1);
        self.presses("Go on").await;
    }

    async fn types(&self, name: &str, text: &str) {
        self.browser.types(name, text).await;
        self.typed.set(self.typed.get() + 1);
    }

    async fn ends(&self, words: &str) {
        self.browser.sees(words).await;
        let (seconds, clicks, typed) = (self.begun.elapsed().as_secs_f64(), self.clicks.get(), self.typed.get());
        println!("| {} | {seconds:.1} | {clicks} | {typed} |", self.name);
    }
}

async fn ways() {
    println!("| from the mail to \"you are in\" | seconds | clicks | fields typed |\n|---|---|---|---|");
    for (name, product) in [
        ("signed in at GitHub, two repositories", STARTER),
        ("signed in at GitHub, one repository chosen", PICK_ONE),
        ("username typed, one repository chosen, accepted at GitHub", PICK_ONE),
    ] {
        let shop = Shop::open(&[]).await;
        let link = shop.sell(product).await;
        let browser = Browser::start(Look::default()).await;
        let way = Way::begin(name, &browser, &link).await;
        if product == PICK_ONE {
            way.picks("acme/stack-next").await;
        }
        if name.starts_with("signed in") {
            way.presses("Continue with GitHub").await;
            way.presses("Authorize as octocat").await;
            way.ends("You are in: the invitations are accepted for you.").await;
        } else {
            way.presses("Enter your username instead").await;
            way.types("github_username", "octocat").await;
            way.presses("Look it up").await;
            way.presses("Yes, this is me").await;
            way.presses("Accept at GitHub").await;
            way.presses("Accept as octocat").await;
            way.ends("You are in acme/stack-next").await;
        }
        browser.close().await;
    }
}

/// Says what a page costs that shows these words: with nothing kept, and once more.
async fn costs(browser: &Browser, name: &str, words: &str) {
    browser.sees(words).await;
    let cost = browser.answer(MEASURE).await;
    let number = |place: usize| cost[place].as_f64().unwrap_or_else(|| panic!("{name}: {cost}"));
    browser.reload().await;
    browser.sees(words).await;
    let again = browser.answer(MEASURE).await;
    let kb = |bytes: f64| bytes / 1000.0;
    println!(
        "| {name} | {} | {:.1} | {:.1} | {:.1} |",
        number(0),
        kb(number(1)),
        kb(number(2)),
        kb(again[3].as_f64().unwrap_or_default())
    );
}

async fn pages() {
    println!("\n| page | requests | KB | KB compressed | KB of a second visit, with headers |\n|---|---|---|---|---|");
    let (shop, browser) = (Shop::open(&[]).await, Browser::start(Look::default()).await);
    browser.open(&format!("{}/", shop.url)).await;
    costs(&browser, "/", "Open your license").await;
    browser.open(&shop.sell(PICK_ONE).await).await;
    costs(&browser, "/license, to choose", "Your license opens one of these").await;
    browser.open(&shop.sell(STARTER).await).await;
    costs(&browser, "/license, not activated", "Continue with GitHub").await;
    browser.press("Continue with GitHub").await;
    browser.press("Authorize as octocat").await;
    browser.sees("You are in: the invitations are accepted for you.").await;
    costs(&browser, "/license, activated", "git clone").await;
    browser.open(&format!("{}/recover", shop.url)).await;
    costs(&browser, "/recover", "Find your licenses").await;
    browser.types("email", BUYER).await;
    browser.press("Mail me a link").await;
    browser.sees("a mail with a link is on its way").await;
    browser.open(&shop.mailed_link().await).await;
    costs(&browser, "/recover/link", "Your link is good.").await;
    browser.press("Show my licenses").await;
    costs(&browser, "/recover/licenses", "Bought with").await;
    browser.open(&format!("{}/console", shop.url)).await;
    costs(&browser, "/console/sign-in", "Sign in to the console").await;
    browser.types("name", "Ada").await;
    browser.types("token", ADMIN_TOKEN).await;
    browser.press("Sign in").await;
    for page in
        ["attention", "sales", "deliveries", "licenses", "access", "outbox", "products", "doctor", "actions", "set-up"]
    {
        let path = format!("/console/{page}");
        browser.sees("Signed in as Ada").await;
        browser.open(&format!("{}{path}", shop.url)).await;
        costs(&browser, &path, "Signed in as Ada").await;
    }
    browser.close().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        ways().await;
        pages().await;
    });
}
