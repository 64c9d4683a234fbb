//! A seller's shop: the engine with its world, and the verbs that the tests are written in.
//!
//! Its catalogue is `tests/fixtures/products.toml`. A shop that goes with mails or calls that no test took has failed.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use latchkey::config::WorkersPlan;
use latchkey::db::products::Replaced;
use latchkey::engine::{Engine, FollowUp, Ticked};
use latchkey::http::{self, Request, Response};
use latchkey::model::{Actor, AdminAction, Catalogue, PrivateKey, PublicKey, Reason, Timestamp};
use latchkey::platform::host::{Host, Sqlite};
use latchkey::platform::{
    BINDING, BoundMail, BoundMailError, CannotSign, DbError, HttpRequest, HttpResponse, Limit, LogLine, NoRandomness,
    Outcome, Platform, Row, SendError, Statement,
};
use latchkey_sandbox::{Delivery, Options, Sandbox};
use latchkey_simulator::world::{World, send};
use serde_json::{Value, json};

use crate::openapi::Asked;

pub(crate) use latchkey_simulator::world::{ADMIN_TOKEN, NOW, catalogue, catalogue_of, delivery_request, request};

/// The product that opens `acme/starter` and `acme/starter-docs` for a year.
pub(crate) const STARTER: &str = "32-nPAicqbLj8B_WswVlMw==";

/// The settings by which mails leave by another provider than usual.
pub(crate) const BY_RESEND: [(&str, &str); 4] = [
    ("POSTMARK_TOKEN", ""),
    ("RESEND_API_KEY", latchkey_sandbox::RESEND_API_KEY),
    ("RESEND_API_URL", "http://sandbox.localhost/resend"),
    ("RESEND_WEBHOOK_SECRET", latchkey_sandbox::RESEND_WEBHOOK_SECRET),
];
pub(crate) const BY_SMTP2GO: [(&str, &str); 3] = [
    ("POSTMARK_TOKEN", ""),
    ("SMTP2GO_API_KEY", latchkey_sandbox::SMTP2GO_API_KEY),
    ("SMTP2GO_API_URL", "http://sandbox.localhost/smtp2go"),
];
pub(crate) const BY_BINDING: [(&str, &str); 2] = [("POSTMARK_TOKEN", ""), ("EMAIL", BINDING)];

/// A shop in a world of its own.
pub(crate) struct Shop {
    pub(crate) host: Host,
    pub(crate) sandbox: Sandbox,
    world: World,
}

/// An answer as a client reads it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
    pub(crate) follow_up: Option<FollowUp>,
}

impl Shop {
    /// A shop with everything configured.
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    /// A shop with some settings changed. An empty value unsets one.
    pub(crate) fn open_with(changes: &[(&str, &str)]) -> Self {
        Self::open_on(Sqlite::migrated().unwrap(), changes)
    }

    /// A shop in a world that is not as usual.
    pub(crate) fn open_in(sandbox: Options, changes: &[(&str, &str)]) -> Self {
        let world = World::within(sandbox, catalogue(), Rc::new(Sqlite::migrated().unwrap()), 7, changes, send);
        Self { host: world.host.clone(), sandbox: world.sandbox.clone(), world }
    }

    /// A shop whose outside world answers in another way.
    pub(crate) fn open_sending(
        changes: &[(&str, &str)],
        send: fn(&Sandbox, &HttpRequest) -> Result<HttpResponse, SendError>,
    ) -> Self {
        let world = World::on(Rc::new(Sqlite::migrated().unwrap()), 7, changes, send);
        Self { host: world.host.clone(), sandbox: world.sandbox.clone(), world }
    }

    /// The same on a database that is there already.
    pub(crate) fn open_on(database: impl Into<Rc<Sqlite>>, changes: &[(&str, &str)]) -> Self {
        let world = World::on(database.into(), 7, changes, send);
        Self { host: world.host.clone(), sandbox: world.sandbox.clone(), world }
    }

    /// The same shop with another catalogue, as if it had always been there: nothing becomes due.
    pub(crate) fn stock(&self, catalogue: &Catalogue) {
        self.world.stock(catalogue);
    }

    /// Lets the next requests be an isolate's that does not know the catalogue yet.
    pub(crate) fn forget_catalogue(&self) {
        self.world.forget_catalogue();
    }

    /// Lets the next requests be an isolate's that remembers nothing: no token of a GitHub App's, and no probe.
    pub(crate) fn forget_memory(&self) {
        self.world.forget_memory();
    }

    /// Has the seller replace the catalogue, and gives how many deliveries became due by that.
    pub(crate) async fn map(&self, catalogue: &Catalogue) -> usize {
        let action = AdminAction {
            id: latchkey::platform::unique_id(&self.host).unwrap(),
            reason: Reason::parse("a new product").unwrap(),
            actor: Actor::parse("ada").unwrap(),
        };
        match self.engine().replace_catalogue(catalogue, None, &action).await.unwrap() {
            Replaced::Done { waiting, .. } => waiting,
            Replaced::OtherVersion { version } => panic!("any version is to be replaced, and not only {version}"),
        }
    }

    /// The engine for one request.
    pub(crate) fn engine(&self) -> Engine<Host> {
        self.world.engine()
    }

    /// The engine on a machine of its own, whose clock is off by this much, and on which the database fails like this.
    pub(crate) fn engine_with(&self, skew_ms: i64, database: Option<DbError>) -> Engine<Machine> {
        let trace = latchkey::platform::unique_id(&self.host).unwrap();
        let machine = Machine { host: self.host.clone(), skew_ms, database, is_restless: false };
        self.world.engine_on(machine, trace)
    }

    /// The engine on a machine whose clock moves on with each look at it, as one does that nobody stops.
    pub(crate) fn engine_on_restless_clock(&self) -> Engine<Machine> {
        let trace = latchkey::platform::unique_id(&self.host).unwrap();
        let machine = Machine { host: self.host.clone(), skew_ms: 0, database: None, is_restless: true };
        self.world.engine_on(machine, trace)
    }

    /// Sends a request, and runs what is behind the response.
    pub(crate) async fn request(&self, request: Request) -> Answered {
        let engine = self.engine();
        let asked = Asked::of(&request);
        let mut response = http::handle(&engine, request).await;
        if let Some(work) = response.follow_up.take() {
            engine.follow_up(work).await;
        }
        asked.check(response)
    }

    /// Sends a request, and leaves what is behind the response undone.
    pub(crate) async fn request_only(&self, request: Request) -> Answered {
        let asked = Asked::of(&request);
        asked.check(http::handle(&self.engine(), request).await)
    }

    /// Has a storefront's delivery delivered.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Answered {
        self.request(delivery_request(delivery)).await
    }

    /// Activates on the portal.
    pub(crate) async fn activate(&self, key: &str, login: &str) -> Answered {
        self.activate_body(&json!({ "license_key": key, "github_username": login })).await
    }

    /// Activates on the portal, choosing repositories.
    pub(crate) async fn activate_choosing(&self, key: &str, login: &str, repos: &[&str]) -> Answered {
        self.activate_body(&json!({ "license_key": key, "github_username": login, "repos": repos })).await
    }

    /// Posts this body to the activation endpoint.
    pub(crate) async fn activate_body(&self, body: &Value) -> Answered {
        self.request(post("/api/activate", "application/json", body.to_string().as_bytes())).await
    }

    /// Rows that the engine left.
    pub(crate) fn rows(&self, sql: &str) -> Vec<Row> {
        self.host.database().query(sql).unwrap()
    }

    /// The one value of a query, as text.
    pub(crate) fn value(&self, sql: &str) -> String {
        let rows = self.rows(&format!("SELECT CAST(({sql}) AS TEXT) AS value"));
        rows[0].optional_text("value").unwrap().unwrap_or("NULL").to_owned()
    }

    /// The number of rows of a table that meet a condition.
    pub(crate) fn count(&self, table_and_condition: &str) -> usize {
        self.value(&format!("SELECT count(*) FROM {table_and_condition}")).parse().unwrap()
    }

    /// Sells the starter kit, reads the mail, and gives the key.
    pub(crate) async fn sell_starter(&self) -> String {
        let delivery = self.sandbox.sell_on_gumroad(latchkey_sandbox::GumroadSale::default());
        assert_eq!(self.deliver(&delivery).await.status, 200);
        self.take_key()
    }

    /// The key in the one mail that has arrived.
    pub(crate) fn take_key(&self) -> String {
        let mails = self.sandbox.take_mails();
        assert_eq!(mails.len(), 1, "one mail is expected");
        let text = mails[0].text.as_deref().unwrap();
        let key = text.split_whitespace().find(|word| word.starts_with("LK-"));
        key.expect("a key in the mail").to_owned()
    }

    /// Takes the calls that reached a service since the last look, as `METHOD path`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.sandbox.take_calls().iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    /// Lets so much time pass that an activation is tried again, and not answered from what is on record.
    pub(crate) fn let_answers_age(&self) {
        self.advance(Duration::from_secs(5 * 60));
    }

    /// Leaves unknown what becomes of the invitations that were sent so far.
    pub(crate) fn look_away(&self) {
        self.rows("UPDATE repository_watches SET look_at = NULL");
    }

    /// Lets time pass, for the engine and for the world around it.
    pub(crate) fn advance(&self, time: Duration) {
        self.world.advance(time);
    }

    /// Lets cron run once, now, within what the plan allows.
    pub(crate) async fn tick(&self) -> Ticked {
        let engine = self.engine();
        let ticked = engine.tick().await.unwrap();
        let most = if engine.config().workers_plan == WorkersPlan::Free { 50 } else { 1000 };
        assert!(engine.spent().statements <= most, "{} statements", engine.spent().statements);
        ticked
    }

    /// Sends a request under the trace that it has at the edge, and runs what is behind the response.
    pub(crate) async fn request_traced(&self, request: Request) -> Answered {
        let trace = http::trace_of(&request, &self.host);
        let engine = self.world.engine_traced(trace);
        let mut response = http::handle(&engine, request).await;
        if let Some(work) = response.follow_up.take() {
            engine.follow_up(work).await;
        }
        response.into()
    }

    /// Has the operator replay a delivery, and runs what is behind the response.
    pub(crate) async fn replay(&self, event: &str) -> Answered {
        let authorization = format!("Bearer {ADMIN_TOKEN}");
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        let path = format!("/admin/events/{event}/replay");
        self.request(request("POST", &path, &headers, br#"{ "reason": "what kept it is mended" }"#)).await
    }

    /// Lets this much time pass, and runs the tick that comes then.
    pub(crate) async fn tick_after(&self, time: Duration) -> Ticked {
        self.advance(time);
        self.tick().await
    }

    /// The one row of a table that meets a condition, with every column. A blob is given in hex.
    pub(crate) fn record(&self, table: &str, condition: &str) -> Value {
        let columns = self.rows(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let member = |row: &Row| {
            let name = row.text("name").unwrap();
            format!("'\"{name}\":' || json_quote(CASE typeof({name}) WHEN 'blob' THEN hex({name}) ELSE {name} END)")
        };
        let members: Vec<_> = columns.iter().map(member).collect();
        // In parts, since an expression may be no more than 100 deep, and one `||` is one deeper than the one before.
        let parts: Vec<_> = members.chunks(16).map(|part| format!("({})", part.join(" || ',' || "))).collect();
        let sql =
            format!("SELECT '{{' || {} || '}}' AS record FROM {table} WHERE {condition}", parts.join(" || ',' || "));
        let rows = self.rows(&sql);
        assert_eq!(rows.len(), 1, "one row of {table} with {condition} is expected");
        serde_json::from_str(rows[0].text("record").unwrap()).unwrap()
    }

    /// The stored deliveries' bodies, in the order of arrival.
    pub(crate) fn payloads(&self) -> Vec<Vec<u8>> {
        let rows = self.rows("SELECT payload FROM webhook_events ORDER BY rowid");
        rows.iter().map(|row| row.bytes("payload").unwrap().unwrap()).collect()
    }

    /// The log since the last look, as it would be written.
    pub(crate) fn log_text(&self) -> String {
        let lines = self.host.take_log();
        lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n").collect()
    }
}

/// The same world, seen by a machine with a fault of its own.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    host: Host,
    skew_ms: i64,
    database: Option<DbError>,
    is_restless: bool,
}

impl Platform for Machine {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DbError> {
        match &self.database {
            Some(error) => Err(error.clone()),
            None => self.host.batch(statements).await,
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        self.host.send(request).await
    }

    async fn send_mail(&self, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
        self.host.send_mail(mail).await
    }

    async fn sleep(&self, time: Duration) {
        self.host.sleep(time).await;
    }

    fn now(&self) -> Timestamp {
        if self.is_restless {
            self.host.advance(Duration::from_millis(1));
        }
        self.host.now().plus_millis(self.skew_ms)
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.host.fill_random(bytes)
    }

    async fn verify_rs256(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.host.verify_rs256(key, message, signature).await
    }

    async fn sign_rs256(&self, key: &PrivateKey, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        self.host.sign_rs256(key, message).await
    }

    async fn within_limit(&self, limit: Limit, key: &str) -> bool {
        self.host.within_limit(limit, key).await
    }

    fn has_limit(&self, limit: Limit) -> bool {
        self.host.has_limit(limit)
    }

    fn log(&self, line: &LogLine) {
        self.host.log(line);
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.sandbox.take_calls();
            self.sandbox.assert_drained();
        }
    }
}

impl From<Response> for Answered {
    fn from(response: Response) -> Self {
        let body = if response.body.is_empty() { Value::Null } else { serde_json::from_slice(&response.body).unwrap() };
        Self { status: response.status, headers: response.headers, body, follow_up: response.follow_up }
    }
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The status and the code, which is what programs go by.
    pub(crate) fn problem(&self) -> (u16, &str) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["status"], self.status);
        (self.status, self.body["code"].as_str().unwrap())
    }

    /// Status by repository.
    pub(crate) fn repos(&self) -> Vec<(&str, &str)> {
        let repos = self.body["repos"].as_array().unwrap();
        repos.iter().map(|repo| (repo["repo"].as_str().unwrap(), repo["status"].as_str().unwrap())).collect()
    }
}

/// Runs a test's future. Several that are joined in it interleave at every call into the world.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

/// A `POST` with this body.
pub(crate) fn post(path: &str, content_type: &str, body: &[u8]) -> Request {
    request("POST", path, &[("content-type", content_type)], body)
}

/// The columns of a grant that is in this state since when it was in another, as a statement sets them.
pub(crate) fn seen_as(state: &str) -> String {
    format!("state = '{state}', history = json_array(json_object('at', since_at, 'state', '{state}', 'cause', 'look'))")
}
