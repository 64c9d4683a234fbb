//! A shop on this machine.

use std::convert::Infallible;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use latchkey::http::{self as worker, Body, Request};
use latchkey::platform::Platform;
use latchkey::platform::host::Sqlite;
use latchkey_sandbox::{GITHUB_OAUTH_CLIENT_ID, GITHUB_OAUTH_CLIENT_SECRET, GumroadSale, Sandbox};
use latchkey_simulator::world::{World, delivery_request, send};
use tokio::net::TcpListener;
use tokio::task::spawn_local;

/// Who buys.
pub const BUYER: &str = "ada@example.com";

/// A shop whose pages a browser can open. Its tasks end with the local set in which it was opened.
#[derive(Debug)]
pub struct Shop {
    world: Rc<World>,
    /// Without a slash at its end.
    pub url: String,
}

impl Shop {
    /// Opens a shop with these settings changed. Buyers can sign in.
    ///
    /// # Panics
    /// When this machine has no port left.
    pub async fn open(changes: &[(&str, &str)]) -> Self {
        let (worker, sandbox) = (listener().await, listener().await);
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        // A secure cookie is taken without HTTPS from `localhost` alone.
        let url = format!("http://localhost:{}", port(&worker));
        let web_url = format!("http://127.0.0.1:{}/github", port(&sandbox));
        let settings = [
            ("PORTAL_URL", ""),
            ("PUBLIC_URL", url.as_str()),
            ("GITHUB_WEB_URL", web_url.as_str()),
            ("GITHUB_OAUTH_CLIENT_ID", GITHUB_OAUTH_CLIENT_ID),
            ("GITHUB_OAUTH_CLIENT_SECRET", GITHUB_OAUTH_CLIENT_SECRET),
            ("BRAND_NAME", "Acme Tools"),
            ("SUPPORT_URL", "mailto:help@example.com"),
        ];
        let settings: Vec<_> = changes.iter().copied().chain(settings).collect();
        let world = Rc::new(World::on(Rc::new(Sqlite::migrated().expect("a database")), 7, &settings, send));
        spawn_local(world.sandbox.serve(sandbox));
        let served = Rc::clone(&world);
        spawn_local(async move {
            while let Ok((stream, _)) = worker.accept().await {
                let world = Rc::clone(&served);
                let service = service_fn(move |request| answer(Rc::clone(&world), request));
                spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { world, url }
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.world.sandbox
    }

    /// Changes what is in the database, for what takes long to come by.
    ///
    /// # Panics
    /// When SQLite refuses.
    pub fn change(&self, sql: &str) {
        self.world.host.database().query(sql).expect("a change");
    }

    /// What a statement gives in the first column of its first row, as text.
    ///
    /// # Panics
    /// When SQLite refuses, or there is none.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.world.host.database().query(&format!("SELECT CAST(value AS TEXT) AS value FROM ({sql})"));
        let rows = rows.expect("rows");
        rows.first().and_then(|row| row.text("value").ok()).expect("a value").to_owned()
    }

    /// Lets everybody do so much within a minute.
    pub fn limit_to(&self, uses: u32) {
        self.world.host.limit_to(uses);
    }

    /// The time at this shop, in milliseconds.
    pub fn now(&self) -> i64 {
        self.world.host.now().as_millis()
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.world.advance(time);
    }

    /// Lets cron run once.
    ///
    /// # Panics
    /// When the tick fails.
    pub async fn tick(&self) {
        self.world.engine().tick().await.expect("a tick");
    }

    /// Sells a product that the catalogue does not name: nothing comes of it yet.
    pub async fn sell_unmapped(&self, product_id: &str, name: &str) {
        let sale = GumroadSale {
            product_id: Some(product_id.to_owned()),
            product_name: Some(name.to_owned()),
            ..GumroadSale::default()
        };
        let engine = self.world.engine();
        let mut response = worker::handle(&engine, delivery_request(&self.sandbox().sell_on_gumroad(sale))).await;
        if let Some(work) = response.follow_up.take() {
            engine.follow_up(work).await;
        }
    }

    /// Sells a product, and gives the link in the mail.
    ///
    /// # Panics
    /// When no mail comes of it.
    pub async fn sell(&self, product_id: &str) -> String {
        let product_id = Some(product_id.to_owned());
        let sale = GumroadSale { product_id, email: BUYER.to_owned(), ..GumroadSale::default() };
        let engine = self.world.engine();
        let mut response = worker::handle(&engine, delivery_request(&self.sandbox().sell_on_gumroad(sale))).await;
        if let Some(work) = response.follow_up.take() {
            engine.follow_up(work).await;
        }
        self.mailed_link().await
    }

    /// The link to our pages in the mail that comes next, or has come. What sends it may be behind an answer.
    ///
    /// # Panics
    /// When none comes.
    pub async fn mailed_link(&self) -> String {
        for _ in 0..200 {
            if let Some(mail) = self.sandbox().take_mails().pop() {
                let text = mail.text.expect("a mail has a text");
                let link = text.split_whitespace().find(|word| word.starts_with(&self.url));
                return link.expect("a link to the buyer's pages").to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no mail has come")
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.expect("a port")
}

async fn answer(
    world: Rc<World>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path.starts_with("/assets/") {
        return Ok(file(path));
    }
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().map(str::to_owned),
        headers: parts.headers.iter().map(header).collect(),
        body: Body::whole(body),
    };
    let engine = world.engine();
    let mut response = worker::handle(&engine, request).await;
    world.keep_catalogue(&engine);
    if let Some(work) = response.follow_up.take() {
        spawn_local(async move { engine.follow_up(work).await });
    }
    let mut answer = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(*name, value);
    }
    Ok(answer.body(Full::from(response.body)).expect("a response has valid headers"))
}

/// A file of `assets/`, with the headers that `_headers` gives it.
fn file(path: &str) -> hyper::Response<Full<Bytes>> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
    let kind = match path.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        _ => "image/svg+xml",
    };
    let rules = include_str!("../../../assets/_headers");
    let mut answer = hyper::Response::builder().header("content-type", kind);
    for (name, value) in rules.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": ")) {
        answer = answer.header(name, value);
    }
    let found = if path.contains("..") { None } else { std::fs::read(assets.join(path.trim_start_matches('/'))).ok() };
    let status = if found.is_some() { 200 } else { 404 };
    answer.status(status).body(Full::from(found.unwrap_or_default())).expect("a response has valid headers")
}
