//! The engine with the world around it, on the host: real SQLite, the sandbox in process, a virtual clock.
//!
//! The catalogue is the one in `tests/fixtures/products.toml`. The verbs of the host tests are in `tests/host/shop.rs`,
//! those of a simulated history in `history`.

use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use latchkey::config::Config;
use latchkey::engine::Engine;
use latchkey::http::{Body, Request};
use latchkey::model::{Catalogue, Choice, LicenseKind, Permission, Product, Repo, Storefront, Timestamp, TraceId};
use latchkey::platform::host::{Host, Sqlite};
use latchkey::platform::{HttpRequest, HttpResponse, Platform, SendError};
use latchkey_sandbox::{AccountKind, Delivery, Options, Sandbox, VirtualClock};

/// A Sunday in November 2026, 12:00 UTC.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_348_800_000);

/// The bearer token of `/admin`.
pub const ADMIN_TOKEN: &str = "shop-admin-token";

/// A deployment and what it talks to.
#[derive(Debug)]
pub struct World {
    pub host: Host,
    pub sandbox: Sandbox,
    /// The sandbox's clock, which [`World::advance`] keeps at the host's time.
    clock: VirtualClock,
    config: Rc<Config>,
    catalogue: Catalogue,
}

impl World {
    /// A world on this database, repeatable from the seed, in which `send` decides what reaches the sandbox. Everything is
    /// configured, with these settings changed; an empty value unsets one.
    pub fn on(
        database: Rc<Sqlite>,
        seed: u64,
        changes: &[(&str, &str)],
        send: impl Fn(&Sandbox, &HttpRequest) -> Result<HttpResponse, SendError> + 'static,
    ) -> Self {
        let clock = VirtualClock::at(NOW.as_millis());
        let sandbox = Sandbox::new(Options { clock: clock.clock(), ..Options::default() });
        for repo in catalogue_file()
            .products()
            .iter()
            .flat_map(|product| product.repos.iter().chain(product.choose.iter().flat_map(|choice| &choice.from)))
        {
            sandbox.add_repo(repo.as_str(), AccountKind::Organization);
        }
        let upstream = sandbox.clone();
        let host = Host::with_database(database, seed, NOW, move |request| send(&upstream, request));
        let config = Rc::new(Config::read(|name| setting(name, changes)));
        Self { host, sandbox, clock, config, catalogue: catalogue() }
    }

    /// The same world after a deployment with another catalogue.
    pub fn deploy(&mut self, catalogue: Catalogue) {
        self.catalogue = catalogue;
    }

    /// The engine for one request or tick, under a trace of its own.
    ///
    /// # Panics
    /// Never: the host always has randomness.
    pub fn engine(&self) -> Engine<Host> {
        self.engine_traced(latchkey::platform::unique_id(&self.host).expect("the host has randomness"))
    }

    /// The engine for one request or tick, under this trace.
    pub fn engine_traced(&self, trace: TraceId) -> Engine<Host> {
        self.engine_on(self.host.clone(), trace)
    }

    /// The same on another platform that stands for this host.
    pub fn engine_on<P: Platform>(&self, platform: P, trace: TraceId) -> Engine<P> {
        Engine::new(platform, Rc::clone(&self.config), self.catalogue, trace)
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.host.now()
    }

    /// Lets time pass, for the engine and for the world around it, which catches up with what the engine has slept.
    pub fn advance(&self, time: Duration) {
        self.host.advance(time);
        self.clock.set(self.host.now().as_millis());
    }
}

/// Any request to the Worker.
pub fn request(method: &str, path_and_query: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (path_and_query, None),
    };
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Body::whole(body.to_vec()),
    }
}

/// A storefront's delivery as the request that it is.
pub fn delivery_request(delivery: &Delivery) -> Request {
    let headers: Vec<_> = delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    request("POST", &delivery.path_and_query, &headers, &delivery.body)
}

/// The catalogue of `tests/fixtures/products.toml`.
pub fn catalogue() -> Catalogue {
    static PRODUCTS: OnceLock<Vec<Product>> = OnceLock::new();
    Catalogue::new(PRODUCTS.get_or_init(|| catalogue_file().products().iter().map(product).collect()))
}

/// A catalogue of these entries, in the words of `products.toml`.
///
/// # Panics
/// When they are none.
pub fn catalogue_of(entries: &str) -> Catalogue {
    let file = latchkey_catalogue::Catalogue::parse(entries).expect("entries of products.toml");
    Catalogue::new(file.products().iter().map(product).collect::<Vec<_>>().leak())
}

fn catalogue_file() -> &'static latchkey_catalogue::Catalogue {
    static FILE: OnceLock<latchkey_catalogue::Catalogue> = OnceLock::new();
    FILE.get_or_init(|| {
        let text = include_str!("../../../tests/fixtures/products.toml");
        latchkey_catalogue::Catalogue::parse(text).expect("the fixture is a catalogue")
    })
}

/// What the build would compile in for this entry.
fn product(entry: &latchkey_catalogue::Product) -> Product {
    fn kept(text: &str) -> &'static str {
        text.to_owned().leak()
    }
    fn repos(listed: &[latchkey_catalogue::Repo]) -> &'static [Repo] {
        let repo = |repo: &latchkey_catalogue::Repo| Repo::parse(repo.as_str()).expect("the catalogue was checked");
        listed.iter().map(repo).collect::<Vec<_>>().leak()
    }
    Product {
        storefront: match entry.storefront {
            latchkey_catalogue::Storefront::Gumroad => Storefront::Gumroad,
            latchkey_catalogue::Storefront::LemonSqueezy => Storefront::LemonSqueezy,
        },
        product_id: kept(&entry.product_id),
        variant_id: entry.variant_id.as_deref().map(kept),
        name: kept(&entry.name),
        tier: kept(&entry.tier),
        years: entry.years,
        repos: repos(&entry.repos),
        choose: entry.choose.as_ref().map(|choice| Choice { from: repos(&choice.from), limit: choice.limit }),
        permission: Permission::Pull,
        license: match entry.license {
            latchkey_catalogue::LicenseKind::Minted => LicenseKind::Minted,
            latchkey_catalogue::LicenseKind::Storefront => LicenseKind::Storefront,
        },
    }
}

fn setting(name: &str, changes: &[(&str, &str)]) -> Option<String> {
    let usual = match name {
        "GITHUB_TOKEN" => latchkey_sandbox::GITHUB_TOKEN,
        "GITHUB_API_URL" => "http://sandbox.localhost/github",
        "LEMON_SQUEEZY_WEBHOOK_SECRET" => latchkey_sandbox::LEMON_SQUEEZY_WEBHOOK_SECRET,
        "LEMON_SQUEEZY_STORE_ID" => "1",
        "LEMON_SQUEEZY_API_URL" => "http://sandbox.localhost/lemonsqueezy",
        "GUMROAD_WEBHOOK_SECRET" => latchkey_sandbox::GUMROAD_SECRET,
        "GUMROAD_API_URL" => "http://sandbox.localhost/gumroad",
        "POSTMARK_TOKEN" => latchkey_sandbox::POSTMARK_TOKEN,
        "POSTMARK_API_URL" => "http://sandbox.localhost/postmark",
        "EMAIL_FROM" => "Acme <hello@example.com>",
        "ADMIN_TOKEN" => ADMIN_TOKEN,
        "PORTAL_URL" => "https://portal.example.com/activate",
        _ => "",
    };
    let changed = changes.iter().find(|(changed, _)| *changed == name).map(|(_, value)| *value);
    Some(changed.unwrap_or(usual).to_owned()).filter(|value| !value.is_empty())
}

/// Hands a request of the engine's to the sandbox.
///
/// # Errors
/// As the edge's HTTP sender.
///
/// # Panics
/// When the engine asks for something that is no HTTP request.
pub fn send(sandbox: &Sandbox, request: &HttpRequest) -> Result<HttpResponse, SendError> {
    let mut forwarded = http::Request::builder().method(request.method.as_str()).uri(&request.url);
    for (name, value) in &request.headers {
        forwarded = forwarded.header(*name, value);
    }
    let body = request.body.clone().unwrap_or_default();
    let exchange = sandbox.handle(forwarded.body(body).expect("the engine sends HTTP"));
    if exchange.delay > request.timeout {
        return Err(SendError::Timeout);
    }
    let reply = exchange.reply.ok_or(SendError::Unreachable)?;
    if reply.body().len() > request.max_response_bytes {
        return Err(SendError::TooLarge);
    }
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    };
    Ok(HttpResponse {
        status: reply.status().as_u16(),
        headers: reply.headers().iter().map(header).collect(),
        body: reply.into_body(),
    })
}
