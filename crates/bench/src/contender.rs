//! What is compared: Latchkey's Worker, and beside it the peer or another build of the same Worker. Each has a runtime, a
//! database and a sandbox of its own, and nothing to do while the other is measured.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey_sandbox::{AccountKind, License, Limits, Options, Product, Storefront};
use latchkey_testbed::{Testbed, TestbedOptions};
use tokio::time::{Instant, sleep};

/// How many products there are. GitHub takes 50 invitations a repository in 24 hours, and Latchkey begins at most 45, so
/// activations are spread over the repositories of as many products.
pub(crate) const PRODUCTS: usize = 50;

/// How many licenses of a product may be activated.
pub(crate) const ACTIVATIONS: usize = 45;

/// Longer than anything behind an answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing may happen for everything to be over.
const QUIET: Duration = Duration::from_millis(300);

/// What Latchkey is compared with.
#[derive(Debug)]
pub(crate) enum Other {
    Peer(PathBuf),
    Latchkey(PathBuf),
}

impl Other {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Peer(_) => "peer",
            Self::Latchkey(_) => "other",
        }
    }

    pub(crate) async fn start(&self) -> Testbed {
        match self {
            Self::Latchkey(build) => latchkey(build).await,
            Self::Peer(build) => {
                let tables = Some(include_str!("../peer/tables.sql").to_owned());
                start(TestbedOptions { tables, products: None, ..options(build) }).await
            }
        }
    }
}

/// Latchkey's Worker with the benchmark's products.
pub(crate) async fn latchkey(build: &Path) -> Testbed {
    start(options(build)).await
}

/// The same with these variables, and with V8's inspector.
pub(crate) async fn inspected(build: &Path, vars: &[(&str, &str)]) -> Testbed {
    let options = TestbedOptions { inspected: true, ..options(build) };
    start(vars.iter().fold(options, |options, (name, value)| options.with_var(name, value))).await
}

async fn start(options: TestbedOptions) -> Testbed {
    Testbed::start(options).await
}

fn options(build: &Path) -> TestbedOptions {
    let sandbox = Options { products: (0..PRODUCTS).map(sold).collect(), limits: Limits::NONE, ..Options::default() };
    let options = TestbedOptions {
        build_dir: build.to_owned(),
        products: Some(catalogue()),
        sandbox: Some(sandbox),
        ..TestbedOptions::default()
    };
    // All buyers call from one address.
    ["ACTIVATE_BY_ADDRESS", "ACTIVATE_BY_KEY", "LICENSE_API"].into_iter().fold(options, TestbedOptions::without)
}

/// The id of a product, here, in the sandbox and in `peer/products.js`.
pub(crate) fn product_id(number: usize) -> String {
    format!("bench-{number}==")
}

/// The repositories that it opens.
pub(crate) fn repos(number: usize) -> [String; 2] {
    [format!("acme/bench-{number}"), format!("acme/bench-{number}-docs")]
}

fn sold(number: usize) -> Product {
    Product {
        storefront: Storefront::Gumroad,
        product_id: product_id(number),
        variant_id: None,
        name: format!("Benchmark Kit {number}"),
        price_cents: 4_900,
        license: License::Minted,
        repos: repos(number).into(),
        choose: Vec::new(),
        choose_limit: 0,
    }
}

fn catalogue() -> String {
    let mut text = String::new();
    for number in 0..PRODUCTS {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "[[gumroad]]\nproduct_id = {:?}\nname = \"Benchmark Kit {number}\"\ntier = \"pro\"\nyears = 1\nrepos = {:?}\n\n",
            product_id(number),
            repos(number)
        );
    }
    text
}

/// The buyers have accounts at GitHub.
pub(crate) fn add_accounts(bed: &Testbed, logins: impl Iterator<Item = String>) {
    for login in logins {
        bed.sandbox().add_user(&login, AccountKind::User);
    }
}

/// Waits until so many mails have arrived, and takes them.
pub(crate) async fn mails(bed: &Testbed, count: usize) -> Vec<latchkey_sandbox::Mail> {
    let start = Instant::now();
    let mut mails = bed.sandbox().take_mails();
    while mails.len() < count {
        assert!(start.elapsed() < PATIENCE, "{} of {count} mails arrived; the log: {:#?}", mails.len(), bed.logs());
        sleep(Duration::from_millis(1)).await;
        mails.extend(bed.sandbox().take_mails());
    }
    mails
}

/// Waits for what is behind the answers: until nobody calls the outside world any more. Gives how often it was called
/// since this was asked last.
pub(crate) async fn until_quiet(bed: &Testbed) -> usize {
    let start = Instant::now();
    let mut calls = 0;
    loop {
        sleep(QUIET).await;
        match bed.sandbox().take_calls().len() {
            0 => return calls,
            more => calls += more,
        }
        assert!(start.elapsed() < PATIENCE, "it does not end; the log: {:#?}", bed.logs());
    }
}

/// The end of a measurement: nothing broke the Worker.
pub(crate) fn close(bed: &Testbed) {
    bed.sandbox().take_calls();
    bed.sandbox().take_mails();
    bed.sandbox().assert_drained();
    assert_eq!(bed.broken_lines(), Vec::<String>::new());
}

/// The status and the whole body.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    (response.status().as_u16(), response.text().await.expect("the whole answer"))
}
