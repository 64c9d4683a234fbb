//! The engine with the world around it, on the host: real SQLite, the sandbox in process, a virtual clock.
//!
//! The catalogue is the one in `tests/fixtures/products.toml`. The verbs of the host tests are in `tests/host/shop.rs`,
//! those of a run of the simulator in `run`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::config::Config;
use latchkey::engine::{Engine, Memory};
use latchkey::http::{Body, Request};
use latchkey::model::catalogue::Form;
use latchkey::model::{Catalogue, Timestamp, TraceId};
use latchkey::platform::host::{Host, Sqlite};
use latchkey::platform::{HttpRequest, HttpResponse, Platform, SendError, Value};
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
    /// The newest that the engine's isolate knows.
    catalogue: RefCell<Rc<Catalogue>>,
    /// What else the isolate remembers.
    memory: RefCell<Rc<Memory>>,
}

impl World {
    /// A world on this database, repeatable from the seed, in which `send` decides what reaches the sandbox, and [`catalogue`] is
    /// sold. Everything is configured, with these settings changed; an empty value unsets one.
    pub fn on(
        database: Rc<Sqlite>,
        seed: u64,
        changes: &[(&str, &str)],
        send: impl Fn(&Sandbox, &HttpRequest) -> Result<HttpResponse, SendError> + 'static,
    ) -> Self {
        Self::within(Options::default(), catalogue(), database, seed, changes, send)
    }

    /// The same with a sandbox of these options, whose clock is the world's, and another catalogue.
    pub fn within(
        options: Options,
        catalogue: &Catalogue,
        database: Rc<Sqlite>,
        seed: u64,
        changes: &[(&str, &str)],
        send: impl Fn(&Sandbox, &HttpRequest) -> Result<HttpResponse, SendError> + 'static,
    ) -> Self {
        let clock = VirtualClock::at(NOW.as_millis());
        let sandbox = Sandbox::new(Options { clock: clock.clock(), ..options });
        for product in catalogue.products() {
            for repo in product.repos.iter().chain(product.choose.iter().flat_map(|choice| &choice.from)) {
                sandbox.add_repo(repo.as_str(), AccountKind::Organization);
            }
        }
        let upstream = sandbox.clone();
        let host = Host::with_database(database, seed, NOW, move |request| send(&upstream, request));
        let config = Rc::new(Config::read(|name| setting(name, changes)));
        let world = Self { host, sandbox, clock, config, catalogue: RefCell::default(), memory: RefCell::default() };
        world.stock(catalogue);
        world
    }

    /// Puts another catalogue into the database, as if it had always been there: nobody is told, and nothing becomes due.
    /// The engine's isolate knows it already.
    ///
    /// # Panics
    /// When the database refuses it.
    pub fn stock(&self, catalogue: &Catalogue) {
        let database = self.host.database();
        let run = |sql: &str, params: &[Value]| database.query_with(sql, params).expect("a catalogue can be stored");
        let update = "UPDATE catalogue SET version = version + 1, descriptions = ?1 RETURNING version";
        let version = run(update, &[catalogue.described().into()]);
        let version = version[0].integer("version").expect("a version");
        run("DELETE FROM products", &[]);
        let insert = "INSERT INTO products (position, source, product_id, variant_id, entry)
                      SELECT key, value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value -> '$[3]' FROM json_each(?1)";
        run(insert, &[catalogue.to_rows().into()]);
        *self.catalogue.borrow_mut() = Rc::new(catalogue.clone().with_version(version));
    }

    /// Forgets the catalogue that the engine's isolate knows, as a fresh isolate does.
    pub fn forget_catalogue(&self) {
        self.catalogue.take();
    }

    /// Forgets what else the engine's isolate remembers.
    pub fn forget_memory(&self) {
        self.memory.take();
    }

    /// Keeps the catalogue that an engine has learned of, as the isolate does after each event.
    pub fn keep_catalogue<P: Platform>(&self, engine: &Engine<P>) {
        *self.catalogue.borrow_mut() = engine.catalogue();
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
        let engine = self.engine_knowing(platform, Rc::clone(&self.catalogue.borrow()), trace);
        engine.remembering(Rc::clone(&self.memory.borrow()))
    }

    /// The same in an isolate of its own, which knows this catalogue.
    pub fn engine_knowing<P: Platform>(&self, platform: P, catalogue: Rc<Catalogue>, trace: TraceId) -> Engine<P> {
        Engine::new(platform, Rc::clone(&self.config), catalogue, trace)
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
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| catalogue_of(include_str!("../../../tests/fixtures/products.toml")))
}

/// A catalogue of these entries, in the words of `products.toml`.
///
/// # Panics
/// When they are none.
pub fn catalogue_of(entries: &str) -> Catalogue {
    Catalogue::read(entries, Form::Toml, SECTIONS).expect("entries of products.toml")
}

fn setting(name: &str, changes: &[(&str, &str)]) -> Option<String> {
    let usual = match name {
        "GITHUB_TOKEN" => latchkey_sandbox::GITHUB_TOKEN,
        "GITHUB_WEBHOOK_SECRET" => latchkey_sandbox::GITHUB_WEBHOOK_SECRET,
        "GITHUB_API_URL" => "http://sandbox.localhost/github",
        "LEMON_SQUEEZY_WEBHOOK_SECRET" => latchkey_sandbox::LEMON_SQUEEZY_WEBHOOK_SECRET,
        "LEMON_SQUEEZY_STORE_ID" => "1",
        "LEMON_SQUEEZY_API_URL" => "http://sandbox.localhost/lemonsqueezy",
        "GUMROAD_WEBHOOK_SECRET" => latchkey_sandbox::GUMROAD_SECRET,
        "GUMROAD_API_URL" => "http://sandbox.localhost/gumroad",
        "PADDLE_API_URL" => "http://sandbox.localhost/paddle",
        "POLAR_API_URL" => "http://sandbox.localhost/polar",
        "STRIPE_API_URL" => "http://sandbox.localhost/stripe",
        "POSTMARK_TOKEN" => latchkey_sandbox::POSTMARK_TOKEN,
        "POSTMARK_API_URL" => "http://sandbox.localhost/postmark",
        "POSTMARK_WEBHOOK_SECRET" => latchkey_sandbox::POSTMARK_WEBHOOK_SECRET,
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
