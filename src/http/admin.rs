//! `/admin/*`: what the operator sees and changes. Here is who may ask, and the table of routes; what each answers is in a
//! file by subject.
//!
//! What is asked and answered is typed, in `api`. What only looks goes to `db::reads`, through [`read`]; what changes
//! something goes through the engine, with an [`AdminAction`]. No answer here has CORS headers: no page is to call this.

pub(crate) mod access;
pub(crate) mod actions;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod events;
pub(crate) mod grants;
pub(crate) mod licenses;
pub(crate) mod outbox;
pub(crate) mod privacy;
pub(crate) mod products;
pub(crate) mod sales;
pub(crate) mod status;
pub(crate) mod test_mail;

use serde::de::DeserializeOwned;

use super::{API_BODY_MAX_BYTES, Code, Problem, Request, Response, read_body, read_query, segment};
use crate::db::reads::Read;
use crate::engine::{ActionError, ActionOutcome, Engine, Refusal, StorageError};
use crate::model::{Actor, AdminAction, EventId, LicenseKey, PresentedKey, Reason};
use crate::platform::{DbError, Level, Limit, LogValue, Platform};

/// Who acts where a request does not say.
pub(crate) const DEFAULT_ACTOR: &str = "operator";

/// What a method of a path does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Status,
    Attention,
    Doctor,
    Events,
    OutstandingEvents,
    Event,
    ReplayEvents,
    ReplayEvent,
    DismissEvents,
    DismissEvent,
    Sales,
    Licenses,
    IssueLicense,
    License,
    Resend,
    ShowKey,
    Revoke,
    Reinstate,
    Transfer,
    CorrectEmail,
    Grants,
    SyncGrants,
    ForgetEarlier,
    Drift,
    CheckDrift,
    Outbox,
    RetryAllOutbox,
    RetryOutbox,
    CancelOutbox,
    Actions,
    Products,
    ReplaceProducts,
    WaitingProducts,
    ProductChoices,
    Access,
    WaitingAccess,
    SalesCounts,
    TestMail,
    Export,
    Erase,
}

/// Every method and path; a segment in braces stands for one of any text, and paths without come first.
const ROUTES: [(&str, &str, Endpoint); 40] = [
    ("GET", "/admin/status", Endpoint::Status),
    ("GET", "/admin/attention", Endpoint::Attention),
    ("GET", "/admin/doctor", Endpoint::Doctor),
    ("GET", "/admin/events", Endpoint::Events),
    ("GET", "/admin/events/outstanding", Endpoint::OutstandingEvents),
    ("POST", "/admin/events/replay", Endpoint::ReplayEvents),
    ("POST", "/admin/events/dismiss", Endpoint::DismissEvents),
    ("GET", "/admin/events/{id}", Endpoint::Event),
    ("POST", "/admin/events/{id}/replay", Endpoint::ReplayEvent),
    ("POST", "/admin/events/{id}/dismiss", Endpoint::DismissEvent),
    ("GET", "/admin/sales", Endpoint::Sales),
    ("GET", "/admin/sales/counts", Endpoint::SalesCounts),
    ("GET", "/admin/licenses", Endpoint::Licenses),
    ("POST", "/admin/licenses", Endpoint::IssueLicense),
    ("GET", "/admin/licenses/{key}", Endpoint::License),
    ("POST", "/admin/licenses/{key}/resend", Endpoint::Resend),
    ("POST", "/admin/licenses/{key}/show-key", Endpoint::ShowKey),
    ("POST", "/admin/licenses/{key}/revoke", Endpoint::Revoke),
    ("POST", "/admin/licenses/{key}/reinstate", Endpoint::Reinstate),
    ("POST", "/admin/licenses/{key}/transfer", Endpoint::Transfer),
    ("POST", "/admin/licenses/{key}/correct-email", Endpoint::CorrectEmail),
    ("GET", "/admin/access", Endpoint::Access),
    ("GET", "/admin/access/waiting", Endpoint::WaitingAccess),
    ("GET", "/admin/grants", Endpoint::Grants),
    ("POST", "/admin/grants/sync", Endpoint::SyncGrants),
    ("POST", "/admin/grants/forget-earlier", Endpoint::ForgetEarlier),
    ("GET", "/admin/drift", Endpoint::Drift),
    ("POST", "/admin/drift/check", Endpoint::CheckDrift),
    ("GET", "/admin/outbox", Endpoint::Outbox),
    ("POST", "/admin/outbox/retry", Endpoint::RetryAllOutbox),
    ("POST", "/admin/outbox/{id}/retry", Endpoint::RetryOutbox),
    ("POST", "/admin/outbox/{id}/cancel", Endpoint::CancelOutbox),
    ("GET", "/admin/actions", Endpoint::Actions),
    ("GET", "/admin/products", Endpoint::Products),
    ("PUT", "/admin/products", Endpoint::ReplaceProducts),
    ("GET", "/admin/products/waiting", Endpoint::WaitingProducts),
    ("GET", "/admin/products/choices", Endpoint::ProductChoices),
    ("POST", "/admin/test-mail", Endpoint::TestMail),
    ("POST", "/admin/privacy/export", Endpoint::Export),
    ("POST", "/admin/privacy/erase", Endpoint::Erase),
];

/// Every method and path here.
pub(super) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(method, path, _)| (*method, *path))
}

/// Answers a request, if it may ask.
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
    let found = ROUTES.iter().find_map(|(_, path, _)| Some((*path, segment(path, &request.path)?)));
    let Some((path, id)) = found else { return Problem::not_found().into() };
    let here = || ROUTES.iter().filter(|(_, candidate, _)| *candidate == path);
    let Some((.., endpoint)) = here().find(|(method, ..)| *method == request.method) else {
        let allowed: Vec<_> = here().map(|(method, ..)| *method).collect();
        return Response::from(Problem::new(Code::MethodNotAllowed, "This path does not take that method."))
            .header("allow", allowed.join(", "));
    };
    answer(engine, *endpoint, &id, request).await.unwrap_or_else(Response::from)
}

/// What each endpoint takes and gives. `id` is the segment of the path that stands for any text.
async fn answer<P: Platform>(
    engine: &Engine<P>,
    endpoint: Endpoint,
    id: &str,
    request: Request,
) -> Result<Response, Problem> {
    if request.method == "POST" {
        no_query(&request)?;
    }
    Ok(match endpoint {
        Endpoint::Status => {
            no_query(&request)?;
            Response::json(200, &status::status(engine).await?)
        }
        Endpoint::Attention => Response::json(200, &status::attention(engine, &read_query(&request)?).await?),
        Endpoint::Doctor => {
            no_query(&request)?;
            Response::json(200, &doctor::diagnose(engine, &request).await)
        }
        Endpoint::Events => Response::json(200, &events::list(engine, &read_query(&request)?).await?),
        Endpoint::OutstandingEvents => Response::json(200, &events::outstanding(engine, &read_query(&request)?).await?),
        Endpoint::Event => {
            no_query(&request)?;
            Response::json(200, &events::detail(engine, &event_id(id)?).await?)
        }
        Endpoint::ReplayEvents => Response::json(202, &events::replay_many(engine, body(request).await?).await?),
        Endpoint::ReplayEvent => {
            let id = event_id(id)?;
            let (event, work) = events::replay(engine, &id, body(request).await?).await?;
            Response::json(202, &event).followed_by(Some(work))
        }
        Endpoint::DismissEvents => Response::json(200, &events::dismiss_many(engine, body(request).await?).await?),
        Endpoint::DismissEvent => {
            Response::json(200, &events::dismiss(engine, &event_id(id)?, body(request).await?).await?)
        }
        Endpoint::Sales => Response::json(200, &sales::list(engine, &read_query(&request)?).await?),
        Endpoint::Licenses => Response::json(200, &licenses::list(engine, &read_query(&request)?).await?),
        Endpoint::License => {
            no_query(&request)?;
            Response::json(200, &licenses::detail(engine, &license_key(id)?).await?)
        }
        Endpoint::Resend => {
            Response::json(200, &licenses::resend(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::ShowKey => {
            Response::json(200, &licenses::show_key(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::Revoke => {
            Response::json(200, &licenses::revoke(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::Reinstate => {
            Response::json(200, &licenses::reinstate(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::Transfer => {
            Response::json(200, &licenses::transfer(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::IssueLicense => Response::json(200, &licenses::issue(engine, body(request).await?).await?),
        Endpoint::CorrectEmail => {
            Response::json(200, &licenses::correct_email(engine, &license_key(id)?, body(request).await?).await?)
        }
        Endpoint::Grants => Response::json(200, &grants::list(engine, &read_query(&request)?).await?),
        Endpoint::SyncGrants => Response::json(200, &grants::sync(engine, body(request).await?).await?),
        Endpoint::ForgetEarlier => Response::json(200, &grants::forget_earlier(engine, body(request).await?).await?),
        Endpoint::Drift => Response::json(200, &drift::list(engine, &read_query(&request)?).await?),
        Endpoint::CheckDrift => {
            let (check, work) = drift::check(engine, body(request).await?).await?;
            Response::json(202, &check).followed_by(Some(work))
        }
        Endpoint::Outbox => Response::json(200, &outbox::list(engine, &read_query(&request)?).await?),
        Endpoint::RetryAllOutbox => Response::json(200, &outbox::retry_many(engine, body(request).await?).await?),
        Endpoint::RetryOutbox => Response::json(200, &outbox::retry(engine, row_id(id)?, body(request).await?).await?),
        Endpoint::CancelOutbox => {
            Response::json(200, &outbox::cancel(engine, row_id(id)?, body(request).await?).await?)
        }
        Endpoint::Actions => Response::json(200, &actions::list(engine, &read_query(&request)?).await?),
        Endpoint::Products => {
            no_query(&request)?;
            products::read(engine, &request).await?
        }
        Endpoint::ReplaceProducts => products::replace(engine, request).await?,
        Endpoint::Access => Response::json(200, &access::list(engine, &read_query(&request)?).await?),
        Endpoint::WaitingAccess => Response::json(200, &access::waiting(engine, &read_query(&request)?).await?),
        Endpoint::SalesCounts => Response::json(200, &sales::counts(engine, &read_query(&request)?).await?),
        Endpoint::TestMail => Response::json(200, &test_mail::send(engine).await?),
        Endpoint::WaitingProducts => {
            no_query(&request)?;
            Response::json(200, &products::waiting(engine).await?)
        }
        Endpoint::ProductChoices => {
            no_query(&request)?;
            Response::json(200, &products::choices(engine).await?)
        }
        Endpoint::Export => Response::json(200, &privacy::export(engine, body(request).await?).await?),
        Endpoint::Erase => Response::json(200, &privacy::erase(engine, body(request).await?).await?),
    })
}

/// The body of a request to change something.
async fn body<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    read_body(request, API_BODY_MAX_BYTES).await
}

fn no_query(request: &Request) -> Result<(), Problem> {
    match request.query.as_deref() {
        None | Some("") => Ok(()),
        Some(_) => Err(Problem::new(Code::InvalidRequest, "This takes no query.")),
    }
}

/// Reads what somebody looks at.
pub(crate) async fn read<P: Platform, T>(engine: &Engine<P>, read: Read<T>) -> Result<T, Problem> {
    engine.read(read).await.map_err(unavailable(engine))
}

/// Names a change.
fn action<P: Platform>(engine: &Engine<P>, reason: Reason, actor: Option<Actor>) -> Result<AdminAction, Problem> {
    let actor = actor.or_else(|| Actor::parse(DEFAULT_ACTOR));
    let actor = actor.ok_or_else(Problem::storage_unavailable)?;
    engine.new_action(reason, actor).map_err(|error| failed(engine, &error))
}

/// What became of a change: nothing to tell, or why it did not happen.
fn done(outcome: ActionOutcome) -> Result<(), Problem> {
    match outcome {
        ActionOutcome::Done => Ok(()),
        ActionOutcome::NotFound => Err(absent()),
        ActionOutcome::Refused(refusal) => Err(refused(refusal)),
    }
}

fn not_done<P: Platform>(engine: &Engine<P>) -> impl FnOnce(ActionError) -> Problem {
    |error| match error {
        ActionError::Upstream(failure) => Problem::upstream_unavailable(&failure),
        ActionError::Storage(error) => failed(engine, &error),
    }
}

fn refused(refusal: Refusal) -> Problem {
    let (code, detail) = match refusal {
        Refusal::RevokedAlready => {
            (Code::Refused, "Nothing was changed: the license is revoked by the operator already.")
        }
        Refusal::ActiveAlready => (Code::Refused, "Nothing was changed: the license is active."),
        Refusal::NotActive => (Code::Refused, "Nothing was changed: the license is not active."),
        Refusal::NotActivated => (Code::Refused, "Nothing was changed: nobody has activated the license yet."),
        Refusal::BoundToThisAccount => {
            (Code::Refused, "Nothing was changed: the license belongs to this account already.")
        }
        Refusal::NoSuchUser => (Code::Refused, "Nothing was changed: no such GitHub user exists."),
        Refusal::NotInvitable => (Code::Refused, "Nothing was changed: only a personal GitHub account can be invited."),
        Refusal::MailedByStorefront => (Code::Refused, "Nothing was changed: the storefront mails its own keys."),
        Refusal::AddressErased => (Code::Refused, "Nothing was changed: who bought is erased."),
        Refusal::AddressAlready => (Code::Refused, "Nothing was changed: the license has this address already."),
        Refusal::WaitsForAddress => (
            Code::Refused,
            "Nothing was issued: this sale has its license, which waits for the buyer's address. Correct that instead.",
        ),
        Refusal::NotMapped => {
            (Code::ProductNotMapped, "Nothing was issued: the catalogue has no entry for this product. Add it first.")
        }
        Refusal::NothingToDeliver => {
            (Code::Refused, "Nothing was issued: the catalogue says that this product needs no license.")
        }
        Refusal::ProcessedAlready => {
            (Code::AlreadyProcessed, "This delivery is processed, and doing that again would change nothing.")
        }
        Refusal::PayloadErased => {
            (Code::PayloadErased, "The payload of this delivery is erased: there is nothing to replay.")
        }
        Refusal::BeingTried => (Code::InProgress, "This is being tried right now. Look again in a minute."),
        Refusal::DoneAlready => (Code::AlreadyDone, "This is done, and nothing of it is to be done any more."),
    };
    Problem::new(code, detail)
}

pub(crate) fn absent() -> Problem {
    Problem::new(Code::NotFound, "There is no such thing.")
}

fn unavailable<P: Platform>(engine: &Engine<P>) -> impl FnOnce(DbError) -> Problem {
    |error| failed(engine, &StorageError::from(error))
}

/// The database's own words are for the log alone. They name tables and columns, and nothing that is in them.
fn failed<P: Platform>(engine: &Engine<P>, error: &StorageError) -> Problem {
    engine.log(Level::Error, "admin_request_failed", [("error", LogValue::text(error.to_string()))]);
    Problem::storage_unavailable()
}

/// The id of a delivery in a path.
pub(crate) fn event_id(text: &str) -> Result<EventId, Problem> {
    EventId::parse(text).ok_or_else(absent)
}

/// The license key in a path, in any of its spellings.
pub(crate) fn license_key(text: &str) -> Result<LicenseKey, Problem> {
    match PresentedKey::parse(text) {
        Ok(PresentedKey::Minted(key) | PresentedKey::Storefront(key)) => Ok(key),
        Ok(PresentedKey::Mistyped) | Err(_) => Err(absent()),
    }
}

/// The id of a row of the outbox in a path.
pub(crate) fn row_id(text: &str) -> Result<i64, Problem> {
    text.parse().ok().filter(|id| (1..=9_007_199_254_740_991).contains(id)).ok_or_else(absent)
}
