//! `/admin/*`: what the operator sees and changes. Who may ask, the table of routes, and what each answers.
//!
//! The JSON comes from the database as text. What a request says is read in `fields`; what a change does is in
//! `engine::admin` and `engine::access`. No answer here has CORS headers: no page is to call this.

mod fields;
#[allow(dead_code)]
mod products;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use self::fields::{Field, Fields, Kind};
pub use self::products::{CatalogueAnswer, InvalidCatalogue, ReplacedAnswer};
use super::{API_BODY_MAX_BYTES, Code, Problem, Request, Response, json_body};
use crate::db::admin::{self as reads, List, OutboxAct};
use crate::db::privacy::Person;
use crate::engine::{ActError, Acted, Engine, StorageError};
use crate::model::{Act, Actor, EventId, GithubLogin, LicenseKey, PresentedKey, Reason, Storefront};
use crate::platform::{DbError, Limit, Platform, Value};

/// The newest migration that this Worker was built with.
const EXPECTED_MIGRATION: &str = env!("LATCHKEY_MIGRATION");

/// What has only begun counts as late after this.
const LATE_MS: i64 = 15 * 60 * 1000;

/// What forms leave as it is: <https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set>
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

const STATES: &[&str] =
    &["fulfilled", "waiting_on_buyer", "waiting_on_github", "needs_seller", "ignored", "in_progress"];
const SOURCES: &[&str] = &[Storefront::Gumroad.as_str(), Storefront::LemonSqueezy.as_str()];

const LIMIT: Field = Field("limit", Kind::Limit);
const CURSOR: Field = Field("cursor", Kind::Cursor);
const REASON: Field = Field("reason", Kind::Text(500));
const ACTOR: Field = Field("actor", Kind::Text(100));
const SINCE: Field = Field("since", Kind::Since);
const SOURCE: Field = Field("source", Kind::OneOf(SOURCES));
const EMAIL: Field = Field("email", Kind::Email);

/// One path and method.
struct Route {
    method: &'static str,
    /// A segment in braces stands for one of any text; paths without come first.
    path: &'static str,
    /// What the query, or the body of a POST, may say.
    fields: &'static [Field],
    does: Does,
}

#[derive(Clone, Copy)]
enum Does {
    Status,
    Attention,
    /// A list with the filters that follow its limit and cursor.
    List(List),
    Licenses,
    Event,
    License,
    ReplayEvents,
    ReplayEvent,
    ActOnLicense(LicenseAct),
    ActOnOutbox(OutboxAct),
    Export,
    Erase,
}

#[derive(Clone, Copy)]
enum LicenseAct {
    Resend,
    Revoke,
    Reinstate,
    Transfer,
}

const fn get(path: &'static str, fields: &'static [Field], does: Does) -> Route {
    Route { method: "GET", path, fields, does }
}

const fn post(path: &'static str, fields: &'static [Field], does: Does) -> Route {
    Route { method: "POST", path, fields, does }
}

const ROUTES: &[Route] = &[
    get("/admin/status", &[], Does::Status),
    get("/admin/attention", &[LIMIT, CURSOR], Does::Attention),
    get(
        "/admin/events",
        &[LIMIT, CURSOR, SINCE, SOURCE, Field("status", Kind::OneOf(STATES))],
        Does::List(reads::EVENTS),
    ),
    post(
        "/admin/events/replay",
        &[
            REASON,
            ACTOR,
            SINCE,
            SOURCE,
            Field("status", Kind::OneOf(&["needs_seller", "in_progress"])),
            Field("error", Kind::Text(200)),
        ],
        Does::ReplayEvents,
    ),
    get("/admin/events/{id}", &[], Does::Event),
    post("/admin/events/{id}/replay", &[REASON, ACTOR], Does::ReplayEvent),
    get(
        "/admin/licenses",
        &[
            LIMIT,
            CURSOR,
            EMAIL,
            Field("order", Kind::Text(260)),
            Field("key", Kind::Key),
            Field("github", Kind::Text(39)),
        ],
        Does::Licenses,
    ),
    get("/admin/licenses/{key}", &[], Does::License),
    post("/admin/licenses/{key}/resend", &[REASON, ACTOR], Does::ActOnLicense(LicenseAct::Resend)),
    post("/admin/licenses/{key}/revoke", &[REASON, ACTOR], Does::ActOnLicense(LicenseAct::Revoke)),
    post("/admin/licenses/{key}/reinstate", &[REASON, ACTOR], Does::ActOnLicense(LicenseAct::Reinstate)),
    post(
        "/admin/licenses/{key}/transfer",
        &[REASON, ACTOR, Field("to", Kind::Login)],
        Does::ActOnLicense(LicenseAct::Transfer),
    ),
    get(
        "/admin/outbox",
        &[
            LIMIT,
            CURSOR,
            Field("state", Kind::OneOf(&["due", "leased", "done", "dead"])),
            Field("kind", Kind::OneOf(&["license_mail", "invitation", "removal", "alert_mail"])),
        ],
        Does::List(reads::OUTBOX),
    ),
    post("/admin/outbox/{id}/retry", &[REASON, ACTOR], Does::ActOnOutbox(OutboxAct::Retry)),
    post("/admin/outbox/{id}/cancel", &[REASON, ACTOR], Does::ActOnOutbox(OutboxAct::Cancel)),
    get("/admin/actions", &[LIMIT, CURSOR], Does::List(reads::ACTIONS)),
    post("/admin/privacy/export", &[REASON, ACTOR, EMAIL], Does::Export),
    post("/admin/privacy/erase", &[REASON, ACTOR, EMAIL], Does::Erase),
];

/// Every method and path here.
pub(super) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.method, route.path))
}

pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request) -> Response {
    let Some(token) = &engine.config().admin_token else { return Problem::not_found().into() };
    if !engine.platform().within_limit(Limit::Admin, &request.network()).await {
        return Problem::new(Code::RateLimited, "Too many requests. Please wait a minute.")
            .retry_after(Limit::PERIOD_S)
            .into();
    }
    let presented = request.header("authorization").and_then(|value| value.split_once(' '));
    let admitted = presented
        .is_some_and(|(scheme, presented)| scheme.eq_ignore_ascii_case("bearer") & token.matches(presented.trim()));
    if !admitted {
        let problem = Problem::new(Code::Unauthorized, "Send the admin token as `Authorization: Bearer …`.");
        return Response::from(problem).header("www-authenticate", "Bearer");
    }
    let Some((path, id)) = ROUTES.iter().find_map(|route| Some((route.path, segment(route.path, &request.path)?)))
    else {
        return Problem::not_found().into();
    };
    let here = || ROUTES.iter().filter(|route| route.path == path);
    let Some(route) = here().find(|route| route.method == request.method) else {
        let allowed: Vec<_> = here().map(|route| route.method).collect();
        return Response::from(Problem::new(Code::MethodNotAllowed, "This path does not take that method."))
            .header("allow", allowed.join(", "));
    };
    answer(engine, route, &id, request).await.unwrap_or_else(Response::from)
}

/// What the segment in braces stands for, percent-decoded, or nothing where the pattern has none; `None` when the path
/// is another one.
fn segment(pattern: &str, path: &str) -> Option<String> {
    let mut found = String::new();
    let mut given = path.split('/');
    for expected in pattern.split('/') {
        let segment = given.next()?;
        if expected.starts_with('{') {
            found = percent_decode_str(segment).decode_utf8().ok()?.into_owned();
        } else if expected != segment {
            return None;
        }
    }
    given.next().is_none().then_some(found)
}

async fn answer<P: Platform>(
    engine: &Engine<P>,
    route: &Route,
    id: &str,
    request: Request,
) -> Result<Response, Problem> {
    let mut fields = Fields::of_query(route.fields, request.query.as_deref(), route.method == "GET")?;
    if route.method == "POST" {
        fields = Fields::of_body(route.fields, &json_body(request, API_BODY_MAX_BYTES).await?)?;
    }
    let act = || {
        let parsed =
            (Reason::parse(fields.required("reason")?), Actor::parse(fields.text("actor").unwrap_or("operator")));
        let (Some(reason), Some(actor)) = parsed else {
            return Err(Problem::new(Code::InvalidRequest, "`reason` and `actor` must not be blank."));
        };
        engine.new_act(reason, actor).map_err(storage)
    };
    match route.does {
        Does::Status => status(engine).await,
        Does::Attention => {
            let late = engine.platform().now().plus_millis(-LATE_MS);
            page(engine, reads::ATTENTION, &fields, vec![late.into()]).await
        }
        Does::List(list) => {
            let filters = route.fields.iter().skip(2).map(|field| fields.value(field.0)).collect();
            page(engine, list, &fields, filters).await
        }
        Does::Licenses => {
            let mut filters: Vec<_> = route.fields.iter().skip(2).map(|field| fields.value(field.0)).collect();
            let list = if filters.iter().all(|value| *value == Value::Null) {
                filters.clear();
                reads::LICENSES
            } else {
                filters.push(json_list(SOURCES));
                reads::FOUND_LICENSES
            };
            page(engine, list, &fields, filters).await
        }
        Does::Event => one(engine.look(vec![reads::event_detail(id)]).await),
        Does::License => license(engine, &key(id)?).await,
        Does::ReplayEvents => {
            let filters = ["since", "source", "status", "error"].map(|name| fields.value(name));
            let count = engine.replay_events(filters, &act()?).await.map_err(unavailable)?;
            // As many as one call takes: there may be more.
            let more = count >= reads::REPLAYED_AT_MOST;
            Ok(Response::json_text(202, format!("{{\"replayed\":{count},\"more\":{more}}}")))
        }
        Does::ReplayEvent => replay(engine, id, &act()?).await,
        Does::ActOnLicense(what) => act_on_license(engine, what, &key(id)?, &fields, &act()?).await,
        Does::ActOnOutbox(what) => act_on_outbox(engine, what, id, &act()?).await,
        Does::Export => {
            let text = engine.export(&person(fields.required("email")?), &act()?).await;
            Ok(Response::json_text(200, text.map_err(unavailable)?))
        }
        Does::Erase => {
            let erased = engine.erase(&person(fields.required("email")?), &act()?).await;
            Ok(Response::json_text(200, format!("{{\"erased\":{}}}", erased.map_err(unavailable)?)))
        }
    }
}

async fn status<P: Platform>(engine: &Engine<P>) -> Result<Response, Problem> {
    let problems: Vec<String> = engine.config().problems.iter().map(ToString::to_string).collect();
    let problems: Vec<&str> = problems.iter().map(String::as_str).collect();
    let now = engine.platform().now();
    let version = env!("CARGO_PKG_VERSION");
    one(engine
        .look(vec![reads::status(version, json_list(&problems), EXPECTED_MIGRATION, now, json_list(SOURCES))])
        .await)
}

async fn page<P: Platform>(
    engine: &Engine<P>,
    list: List,
    fields: &Fields,
    filters: Vec<Value>,
) -> Result<Response, Problem> {
    let limit = fields.text("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let outcomes = engine.look(list.statements(fields.text("cursor"), limit, filters)).await.map_err(unavailable)?;
    Ok(Response::json_text(200, reads::page_text(&outcomes, limit).map_err(unavailable)?))
}

fn one(outcomes: Result<Vec<crate::platform::Outcome>, DbError>) -> Result<Response, Problem> {
    let item = outcomes.and_then(|outcomes| reads::item(&outcomes, 0)).map_err(unavailable)?;
    item.map(|item| Response::json_text(200, item)).ok_or_else(absent)
}

async fn license<P: Platform>(engine: &Engine<P>, key: &LicenseKey) -> Result<Response, Problem> {
    one(engine.look(vec![reads::license_detail(key.as_str())]).await)
}

async fn replay<P: Platform>(engine: &Engine<P>, id: &str, act: &Act) -> Result<Response, Problem> {
    let id = EventId::parse(id).ok_or_else(absent)?;
    match engine.replay_event(&id, act).await.map_err(storage)? {
        (Acted::Done, Some((item, work))) => Ok(Response::json_text(202, item).followed_by(Some(work))),
        (Acted::Refused("payload_erased"), _) => Err(Problem::new(
            Code::PayloadErased,
            "The payload of this delivery is erased: there is nothing to replay.",
        )),
        (Acted::Refused(_), _) => Err(Problem::new(
            Code::AlreadyProcessed,
            "This delivery is processed, and doing that again would change nothing.",
        )),
        _ => Err(absent()),
    }
}

async fn act_on_license<P: Platform>(
    engine: &Engine<P>,
    what: LicenseAct,
    key: &LicenseKey,
    fields: &Fields,
    act: &Act,
) -> Result<Response, Problem> {
    let acted = match what {
        LicenseAct::Resend => engine.resend(key, act).await,
        LicenseAct::Revoke => engine.revoke(key, act).await,
        LicenseAct::Reinstate => engine.reinstate(key, act).await,
        LicenseAct::Transfer => {
            let to = GithubLogin::parse(fields.required("to")?).map_err(|error| fields::invalid("to", error))?;
            engine.transfer(key, &to, act).await
        }
    };
    match acted {
        Ok(Acted::Done) => license(engine, key).await,
        Ok(Acted::NotFound) => Err(absent()),
        Ok(Acted::Refused(why)) => Err(Problem::new(Code::Refused, format!("Nothing was changed: {why}."))),
        Err(ActError::Upstream(failure)) => Err(Problem::upstream_unavailable(&failure)),
        Err(ActError::Storage(error)) => Err(storage(error)),
    }
}

async fn act_on_outbox<P: Platform>(
    engine: &Engine<P>,
    what: OutboxAct,
    id: &str,
    act: &Act,
) -> Result<Response, Problem> {
    let id = id.parse().ok().filter(|id| (1..=9_007_199_254_740_991).contains(id)).ok_or_else(absent)?;
    match engine.act_on_outbox(what, id, act).await.map_err(unavailable)? {
        Some((item, _, true)) => Ok(Response::json_text(200, item)),
        Some((_, state, false)) if state == "leased" => {
            Err(Problem::new(Code::InProgress, "This is being tried right now. Look again in a minute."))
        }
        Some(_) => Err(Problem::new(Code::AlreadyDone, "This is done, and nothing of it is owed any more.")),
        None => Err(absent()),
    }
}

/// The license key of a path, in any of its spellings.
fn key(text: &str) -> Result<LicenseKey, Problem> {
    match PresentedKey::parse(text) {
        Ok(PresentedKey::Minted(key) | PresentedKey::Storefront(key)) => Ok(key),
        Ok(PresentedKey::Mistyped) | Err(_) => Err(absent()),
    }
}

fn person(email: &str) -> Person {
    let digest = Sha256::digest(email.as_bytes());
    Person {
        encoded: utf8_percent_encode(email, FORM).to_string().to_ascii_lowercase(),
        hash: digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect(),
        email: email.to_owned(),
    }
}

fn json_list(texts: &[&str]) -> Value {
    Value::Text(serde_json::to_string(texts).unwrap_or_default())
}

fn absent() -> Problem {
    Problem::new(Code::NotFound, "There is no such thing.")
}

fn unavailable(_: DbError) -> Problem {
    Problem::storage_unavailable()
}

fn storage(_: StorageError) -> Problem {
    Problem::storage_unavailable()
}
