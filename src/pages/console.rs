//! `/console`: what the operator sees and does, from a phone as from a desk.
//!
//! A page here can do nothing that `/admin` cannot: it calls the functions that answer there, with the same types, so its address has
//! the same filters and its forms have the same members. What is in a form and left empty is absent.
//!
//! How a page is added: a [`Place`], its row in [`ROUTES`], its arm in [`show`] or [`change`]; a module for the subject with its
//! templates in `templates/console/`; its words in `words::console`; its row in [`SECTIONS`], once there is something to see.
//!
//! | module | holds |
//! |---|---|
//! | [`operator`] | who is there: the session, and how one begins and ends |
//! | [`sign_in`] | the form for that |
//! | [`visit`] | one request of an operator's, and what every page needs of it |
//! | [`attention`], [`sales`], [`deliveries`], [`licenses`], [`access`], [`outbox`], [`products`], [`doctor`], [`actions`], [`set_up`] | a section each |
//! | [`github_app`] | a step of the set-up: an App from a manifest |
//! | [`story`] | what deliveries and licenses have in common |
//! | [`veil`] | what must not be read in an address |
//! | [`asking`] | the form with which anything is changed |
//! | [`filters`] | a list whose address has filters |

mod access;
mod actions;
mod asking;
mod attention;
mod deliveries;
mod doctor;
mod filters;
mod github_app;
mod licenses;
mod operator;
mod outbox;
mod products;
mod sales;
mod set_up;
mod sign_in;
mod story;
mod veil;
mod visit;

use self::operator::Operator;
use self::veil::Veil;
use self::visit::Visit;
use super::fields::{self, Fields};
use super::frame::Frame;
use super::words::console as words;
use super::{answer, guard};
use crate::engine::Engine;
use crate::http::{Problem, Request, Response, admin, segment};
use crate::platform::Platform;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Start,
    SignIn,
    SignOut,
    Attention,
    Deliveries,
    Delivery,
    ReplayDelivery,
    DismissDelivery,
    ReplayDeliveries,
    DismissDeliveries,
    Licenses,
    License,
    IssueLicense,
    ResendLicense,
    CorrectEmail,
    RevokeLicense,
    ReinstateLicense,
    TransferLicense,
    LicenseKey,
    Outbox,
    RetryAllOutbox,
    RetryOutbox,
    CancelOutbox,
    Actions,
    Products,
    ProductsText,
    CheckProducts,
    ProductsEntry,
    RemoveProduct,
    Access,
    Repository,
    Grants,
    ForgetEarlier,
    Drift,
    CheckDrift,
    SyncGrants,
    Doctor,
    Sales,
    SetUp,
    TestMail,
    GithubApp,
    GithubAppMade,
}

/// Every path with the methods that it takes. A segment in braces stands for one of any text, and paths without come first. Whoever
/// has not signed in is led to the sign-in from any of them.
const ROUTES: [(&str, Place, &[&str]); 42] = [
    ("/console", Place::Start, GET),
    ("/console/sign-in", Place::SignIn, GET_POST),
    ("/console/sign-out", Place::SignOut, POST),
    ("/console/attention", Place::Attention, GET),
    ("/console/deliveries", Place::Deliveries, GET),
    ("/console/deliveries/replay", Place::ReplayDeliveries, GET_POST),
    ("/console/deliveries/dismiss", Place::DismissDeliveries, GET_POST),
    ("/console/deliveries/{id}", Place::Delivery, GET),
    ("/console/deliveries/{id}/replay", Place::ReplayDelivery, GET_POST),
    ("/console/deliveries/{id}/dismiss", Place::DismissDelivery, GET_POST),
    ("/console/licenses", Place::Licenses, GET_POST),
    ("/console/licenses/issue", Place::IssueLicense, GET_POST),
    ("/console/licenses/{id}", Place::License, GET),
    ("/console/licenses/{id}/key", Place::LicenseKey, GET_POST),
    ("/console/licenses/{id}/resend", Place::ResendLicense, GET_POST),
    ("/console/licenses/{id}/correct-email", Place::CorrectEmail, GET_POST),
    ("/console/licenses/{id}/revoke", Place::RevokeLicense, GET_POST),
    ("/console/licenses/{id}/reinstate", Place::ReinstateLicense, GET_POST),
    ("/console/licenses/{id}/transfer", Place::TransferLicense, GET_POST),
    ("/console/outbox", Place::Outbox, GET),
    ("/console/outbox/retry", Place::RetryAllOutbox, GET_POST),
    ("/console/outbox/{id}/retry", Place::RetryOutbox, GET_POST),
    ("/console/outbox/{id}/cancel", Place::CancelOutbox, GET_POST),
    ("/console/actions", Place::Actions, GET),
    ("/console/products", Place::Products, GET),
    ("/console/products/text", Place::ProductsText, GET_POST),
    ("/console/products/check", Place::CheckProducts, POST),
    ("/console/products/entry", Place::ProductsEntry, GET_POST),
    ("/console/products/remove", Place::RemoveProduct, GET_POST),
    ("/console/access", Place::Access, GET),
    ("/console/access/repository", Place::Repository, GET),
    ("/console/access/grants", Place::Grants, GET),
    ("/console/access/forget-earlier", Place::ForgetEarlier, GET_POST),
    ("/console/access/drift", Place::Drift, GET),
    ("/console/access/check", Place::CheckDrift, GET_POST),
    ("/console/access/sync", Place::SyncGrants, GET_POST),
    ("/console/doctor", Place::Doctor, GET),
    ("/console/sales", Place::Sales, GET),
    ("/console/set-up", Place::SetUp, GET),
    ("/console/set-up/test-mail", Place::TestMail, POST),
    ("/console/set-up/github-app", Place::GithubApp, GET),
    ("/console/set-up/github-app/made", Place::GithubAppMade, GET_ONLY),
];

const GET: &[&str] = &["GET", "HEAD"];
/// What uses something up is not asked for its headers alone.
const GET_ONLY: &[&str] = &["GET"];
const POST: &[&str] = &["POST"];
const GET_POST: &[&str] = &["GET", "HEAD", "POST"];

/// The sections, in the order in which they are led to. The first is where the console begins.
const SECTIONS: [(Place, &str, &str); 10] = [
    (Place::Attention, "/console/attention", words::ATTENTION),
    (Place::Sales, sales::PATH, words::SALES),
    (Place::Deliveries, deliveries::PATH, words::DELIVERIES),
    (Place::Licenses, licenses::PATH, words::LICENSES),
    (Place::Access, access::PATH, words::ACCESS),
    (Place::Outbox, outbox::PATH, words::OUTBOX),
    (Place::Products, products::PATH, words::PRODUCTS),
    (Place::Doctor, doctor::PATH, words::DOCTOR),
    (Place::Actions, "/console/actions", words::ACTIONS),
    (Place::SetUp, set_up::PATH, words::SET_UP),
];

impl Place {
    /// Whether a path is the console's, there or not.
    pub(crate) fn has(path: &str) -> bool {
        path == "/console" || path.starts_with("/console/")
    }

    /// What is at a path, with what the segment in braces stands for.
    fn of(path: &str) -> Option<(Self, String)> {
        ROUTES.iter().find_map(|(pattern, place, _)| Some((*place, segment(pattern, path)?)))
    }

    /// The most bytes of a form that is sent there.
    const fn largest_form(self) -> usize {
        match self {
            // A file of the catalogue, each byte of which may be written in three.
            Self::ProductsText | Self::CheckProducts => 3 * admin::products::BODY_MAX_BYTES,
            _ => fields::MAX_BYTES,
        }
    }

    fn methods(self) -> &'static [&'static str] {
        ROUTES.iter().find(|(_, place, _)| *place == self).map_or(&[], |(.., methods)| methods)
    }
}

/// Every path and its methods.
pub(super) fn paths() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ROUTES.iter().map(|(path, _, methods)| (*path, *methods))
}

/// Answers a request for anything of the console's.
pub(super) async fn respond<P: Platform>(engine: &Engine<P>, request: Request, frame: Frame) -> Response {
    let config = engine.config();
    let Some(token) = &config.admin_token else { return super::nothing_at(config, &request) };
    let operator = Operator::of(engine, &request, token).await;
    let found = Place::of(&request.path);
    if let Some((place, _)) = &found {
        if !place.methods().contains(&request.method.as_str()) {
            return visit::refused(&frame, operator.as_ref(), 405, words::NO_SUCH_METHOD)
                .header("allow", place.methods().join(", "));
        }
        if request.method == "POST" && !guard::is_from_our_own_page(&request, config) {
            return visit::refused(&frame, operator.as_ref(), 403, words::FOREIGN_FORM);
        }
    }
    match (found, operator) {
        (Some((Place::SignIn, _)), operator) => {
            sign_in::respond(engine, request, &frame, token, operator.as_ref()).await
        }
        (Some((place, _)), None) if request.method == "POST" => sign_in::keep(engine, request, &frame, place).await,
        (_, None) => answer::redirect(&sign_in::path(&request)),
        (None, operator) => visit::refused(&frame, operator.as_ref(), 404, words::NOTHING_HERE),
        (Some((place, id)), Some(operator)) => {
            let (head, changes) = (request.head(), request.method == "POST");
            let fields =
                if changes { Fields::read_up_to(request, place.largest_form()).await } else { Ok(Fields::default()) };
            let fields = match fields {
                Ok(fields) => fields,
                Err(status) => return visit::refused(&frame, Some(&operator), status, words::UNREADABLE_FORM),
            };
            let visit = Visit { engine, request: head, id, fields, operator, frame, veil: Veil::new(token) };
            let answered = if changes { change(&visit, place).await } else { show(&visit, place).await };
            answered.unwrap_or_else(|problem| visit.refused(&problem))
        }
    }
}

/// What is seen at a place.
async fn show<P: Platform>(visit: &Visit<'_, P>, place: Place) -> Result<Response, Problem> {
    match place {
        Place::Start => Ok(answer::redirect(SECTIONS.first().map_or("/", |(_, path, _)| path))),
        Place::Attention => attention::list(visit).await,
        Place::Deliveries => deliveries::list(visit).await,
        Place::Delivery => deliveries::detail(visit).await,
        Place::ReplayDelivery => deliveries::ask(visit, deliveries::Act::Replay).await,
        Place::DismissDelivery => deliveries::ask(visit, deliveries::Act::Dismiss).await,
        Place::ReplayDeliveries => deliveries::ask_all(visit, deliveries::Act::Replay).await,
        Place::DismissDeliveries => deliveries::ask_all(visit, deliveries::Act::Dismiss).await,
        Place::Licenses => licenses::list(visit).await,
        Place::License => licenses::detail(visit).await,
        Place::IssueLicense => licenses::ask_issue(visit).await,
        Place::ResendLicense => licenses::ask(visit, licenses::Act::Resend).await,
        Place::CorrectEmail => licenses::ask(visit, licenses::Act::CorrectEmail).await,
        Place::RevokeLicense => licenses::ask(visit, licenses::Act::Revoke).await,
        Place::ReinstateLicense => licenses::ask(visit, licenses::Act::Reinstate).await,
        Place::TransferLicense => licenses::ask(visit, licenses::Act::Transfer).await,
        Place::LicenseKey => licenses::ask_key(visit).await,
        Place::Outbox => outbox::list(visit).await,
        Place::RetryAllOutbox => outbox::ask_all(visit).await,
        Place::RetryOutbox => outbox::ask(visit, outbox::Act::Retry).await,
        Place::CancelOutbox => outbox::ask(visit, outbox::Act::Cancel).await,
        Place::Actions => actions::list(visit).await,
        Place::Products => products::list(visit).await,
        Place::ProductsText => products::text::show(visit).await,
        Place::ProductsEntry => products::entry::show(visit).await,
        Place::RemoveProduct => products::ask_removal(visit).await,
        Place::Access => access::list(visit).await,
        Place::Repository => access::repository(visit).await,
        Place::Grants => access::grants(visit).await,
        Place::ForgetEarlier => access::bringing::ask_forget(visit).await,
        Place::Drift => access::drift(visit).await,
        Place::CheckDrift => Ok(access::ask_check(visit)),
        Place::SyncGrants => access::bringing::plan(visit).await,
        Place::Doctor => doctor::show(visit).await,
        Place::Sales => sales::show(visit).await,
        Place::SetUp => set_up::show(visit).await,
        Place::GithubApp => github_app::show(visit).await,
        Place::GithubAppMade => github_app::made(visit).await,
        Place::SignIn | Place::SignOut | Place::CheckProducts | Place::TestMail => Err(Problem::not_found()),
    }
}

/// What is changed there, for a form that came from one of our own pages.
async fn change<P: Platform>(visit: &Visit<'_, P>, place: Place) -> Result<Response, Problem> {
    match place {
        Place::SignOut => Ok(operator::leave(&visit.operator, &visit::noted(sign_in::PATH, words::Notice::SignedOut))),
        Place::ReplayDelivery => deliveries::act(visit, deliveries::Act::Replay).await,
        Place::DismissDelivery => deliveries::act(visit, deliveries::Act::Dismiss).await,
        Place::ReplayDeliveries => deliveries::act_on_all(visit, deliveries::Act::Replay).await,
        Place::DismissDeliveries => deliveries::act_on_all(visit, deliveries::Act::Dismiss).await,
        Place::Licenses => Ok(licenses::search(visit)),
        Place::IssueLicense => licenses::issue(visit).await,
        Place::ResendLicense => licenses::act(visit, licenses::Act::Resend).await,
        Place::CorrectEmail => licenses::act(visit, licenses::Act::CorrectEmail).await,
        Place::RevokeLicense => licenses::act(visit, licenses::Act::Revoke).await,
        Place::ReinstateLicense => licenses::act(visit, licenses::Act::Reinstate).await,
        Place::TransferLicense => licenses::act(visit, licenses::Act::Transfer).await,
        Place::LicenseKey => licenses::show_key(visit).await,
        Place::RetryAllOutbox => outbox::act_on_all(visit).await,
        Place::RetryOutbox => outbox::act(visit, outbox::Act::Retry).await,
        Place::CancelOutbox => outbox::act(visit, outbox::Act::Cancel).await,
        Place::ProductsText => products::text::change(visit).await,
        Place::CheckProducts => products::text::check(visit).await,
        Place::ProductsEntry => products::entry::change(visit).await,
        Place::RemoveProduct => products::remove(visit).await,
        Place::ForgetEarlier => access::bringing::forget(visit).await,
        Place::CheckDrift => access::check(visit).await,
        Place::SyncGrants => access::bringing::sync(visit).await,
        Place::TestMail => set_up::send_test_mail(visit).await,
        Place::Start
        | Place::SignIn
        | Place::Attention
        | Place::Deliveries
        | Place::Delivery
        | Place::License
        | Place::Outbox
        | Place::Actions
        | Place::Products
        | Place::Access
        | Place::Repository
        | Place::Grants
        | Place::Drift
        | Place::Doctor
        | Place::Sales
        | Place::SetUp
        | Place::GithubApp
        | Place::GithubAppMade => Err(Problem::not_found()),
    }
}

/// A path with a query, without what is empty.
fn path<'a>(path: &str, query: impl IntoIterator<Item = (&'static str, &'a str)>) -> String {
    let given = query.into_iter().filter(|(_, value)| !value.is_empty());
    format!("{path}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish())
}
