//! `/console/licenses`: what buyers are entitled to, found by whom they are or by what they have; the whole story of one; and what can
//! be changed about it.
//!
//! No key and no person stands in an address: see [`super::veil`].

use askama::Template;

use super::asking::{Asking, Filled, Input, Kind, Need, Weight, Wrong, filled};
use super::outbox;
use super::story::{self, Entry};
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use super::{Place, deliveries};
use crate::api::grants::GrantItem;
use crate::api::licenses::{LicenseDetail, LicenseItem, LicensesRequest};
use crate::api::orders::OrderItem;
use crate::http::{Code, Problem, Response, admin, read_pairs};
use crate::model::{GrantState, LicenseKey, LicenseStatus};
use crate::pages::answer::redirect;
use crate::pages::fields::Fields;
use crate::pages::words as pages;
use crate::pages::words::{Markup, Part, moment, standing};
use crate::platform::Platform;
use crate::words::{self as codes, State, Words};

pub(super) const PATH: &str = "/console/licenses";

/// By what a license is found.
const fn filters() -> [Input; 4] {
    [
        Input::text_filter("email", words::EMAIL),
        Input::text_filter("order", words::ORDER),
        Input::text_filter("key", words::LICENSE),
        Input::text_filter("github", words::ACCOUNT),
    ]
}

#[derive(Template)]
#[template(path = "pages/templates/console/licenses.html")]
struct Licenses<'a> {
    shell: Shell<'a>,
    /// What is searched for.
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    rows: Vec<story::License<'a>>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/templates/console/license.html")]
struct License<'a> {
    shell: Shell<'a>,
    path: String,
    item: &'a LicenseItem,
    masked: String,
    status: Markup,
    storefront: &'a str,
    issued_at: Markup,
    expires_at: Option<Markup>,
    returned: Option<Markup>,
    account: Option<Markup>,
    order: Option<&'a OrderItem>,
    paid: Option<String>,
    facts: Vec<(Markup, &'static str)>,
    grants: Vec<Grant<'a>>,
    rows: Vec<outbox::Row<'a>>,
    deliveries: Vec<deliveries::Row<'a>>,
    timeline: Vec<Entry>,
    changes: Vec<Change>,
}

/// What can be done, as a link to where it is asked for.
struct Change {
    act: Act,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "pages/templates/console/license_key.html")]
struct WholeKey<'a> {
    shell: Shell<'a>,
    key: &'a str,
    /// Of the license.
    path: String,
}

struct Grant<'a> {
    repo: &'a str,
    account: &'a str,
    state: Markup,
    since: Markup,
    until: Option<Markup>,
    reason: &'a str,
}

/// What can be done with a license.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Resend,
    CorrectEmail,
    Revoke,
    Reinstate,
    Transfer,
}

impl Act {
    pub(super) const fn segment(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::CorrectEmail => "correct-email",
            Self::Revoke => "revoke",
            Self::Reinstate => "reinstate",
            Self::Transfer => "transfer",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Resend => words::RESEND_BUTTON,
            Self::CorrectEmail => words::CORRECT_BUTTON,
            Self::Revoke => words::REVOKE_BUTTON,
            Self::Reinstate => words::REINSTATE_BUTTON,
            Self::Transfer => words::TRANSFER_BUTTON,
        }
    }
}

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let query = visit.asked();
    let find = match query.text("find") {
        "" => String::new(),
        covered => visit.veil.uncover(covered).ok_or_else(link_over)?,
    };
    let cursor = match query.text("cursor") {
        "" => None,
        covered => Some(visit.veil.uncover(covered).ok_or_else(link_over)?),
    };
    let mut asked = form_urlencoded::Serializer::new(find.clone());
    if let Some(cursor) = &cursor {
        asked.append_pair("cursor", cursor);
    }
    let request: LicensesRequest = read_pairs(&asked.finish())?;
    let page = admin::licenses::list(visit.engine, &request).await?;
    let next = page.next_cursor.as_deref().map(|cursor| visit.veil.cover(cursor));
    let (asked, filters) = (Fields::parse(find.as_bytes()), filters());
    let page_of = Licenses {
        shell: visit.shell(Place::Licenses, words::LICENSES_TITLE),
        inputs: filled(&filters, &asked, None),
        error: None,
        rows: page.items.iter().map(|item| story::license(visit, item)).collect(),
        next: visit.next(next.as_deref()),
    };
    Ok(visit.page(&page_of))
}

/// Leads to what a search finds, under an address that does not say what was searched for.
pub(super) fn search<P: Platform>(visit: &Visit<'_, P>) -> Response {
    let filters = filters();
    let given = visit
        .fields
        .pairs()
        .filter(|(name, value)| filters.iter().any(|filter| filter.name == *name) && !value.trim().is_empty());
    let find = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(given.map(|(name, value)| (name, value.trim())))
        .finish();
    if find.is_empty() {
        return redirect(PATH);
    }
    if let Err(problem) = read_pairs::<LicensesRequest>(&find) {
        let wrong = Wrong::of(&problem.detail, &filters);
        let page = Licenses {
            shell: visit.shell(Place::Licenses, words::LICENSES_TITLE).refused(),
            inputs: filled(&filters, &visit.fields, Some(&wrong)),
            error: Wrong::alone(Some(&wrong)),
            rows: Vec::new(),
            next: None,
        };
        return visit::html(&visit.frame, problem.code.status(), &page);
    }
    redirect(&format!("{PATH}?find={}", visit.veil.cover(&find)))
}

pub(super) async fn detail<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let detail = one(visit).await?;
    let LicenseDetail { license: item, order, facts, events, grants, outbox, actions: _, timeline } = &detail;
    let title = match item.status {
        LicenseStatus::Active => words::LICENSE_ACTIVE,
        LicenseStatus::Suspended => words::LICENSE_SUSPENDED,
        LicenseStatus::Revoked => words::LICENSE_REVOKED,
    };
    let page = License {
        shell: visit.shell(Place::Licenses, title),
        path: visit.license_path(&item.license_key),
        item,
        masked: words::masked(&item.license_key),
        status: standing(item.status.tone(), item.status.words()),
        storefront: codes::storefront(&item.source),
        issued_at: moment(item.issued_at),
        expires_at: item.expires_at.map(moment),
        returned: item.mail_returned.as_ref().map(|mail| {
            let parts = [("fate", Part::Name(mail.fate.words())), ("at", Part::Time(mail.since))];
            pages::filled(words::MAIL_RETURNED, &parts)
        }),
        account: item.activation.as_ref().map(|activation| {
            let parts = [
                ("account", Part::Name(&activation.github_username)),
                ("id", Part::Number(activation.github_user_id)),
                ("proof", Part::Name(activation.proof.words())),
                ("at", Part::Time(activation.activated_at)),
            ];
            pages::filled(words::ACTIVATED_BY, &parts)
        }),
        order: order.as_ref(),
        paid: order.as_ref().and_then(paid),
        facts: facts.iter().map(|fact| (moment(fact.said_at), fact.fact.words())).collect(),
        grants: grants.iter().map(grant).collect(),
        rows: outbox.iter().map(outbox::row).collect(),
        deliveries: events.iter().map(deliveries::row).collect(),
        timeline: timeline.iter().map(|entry| story::entry(visit, entry)).collect(),
        changes: changes(item).into_iter().map(|act| Change { act, name: act.name() }).collect(),
    };
    Ok(visit.page(&page))
}

/// What was paid, in the currency's minor unit as the storefront has said it.
fn paid(order: &OrderItem) -> Option<String> {
    Some(codes::amount(order.amount_cents?, order.currency.as_deref()?))
}

fn grant(item: &GrantItem) -> Grant<'_> {
    Grant {
        repo: &item.repo,
        account: &item.github_username,
        state: standing(item.state.tone(), item.state.words()),
        since: moment(item.since),
        until: item.until.map(moment),
        reason: item.reason.as_deref().unwrap_or_default(),
    }
}

/// What may change something. Whether it does is for the engine to say.
fn changes(item: &LicenseItem) -> Vec<Act> {
    let mut acts = Vec::new();
    if !item.email.is_empty() {
        acts.extend([Act::Resend, Act::CorrectEmail]);
    }
    if item.activation.is_some() && item.status == LicenseStatus::Active {
        acts.push(Act::Transfer);
    }
    if item.status != LicenseStatus::Active {
        acts.push(Act::Reinstate);
    }
    if !item.revoked_by_operator {
        acts.push(Act::Revoke);
    }
    acts
}

pub(super) async fn ask<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    Ok(asking(visit, &one(visit).await?, act).show(visit))
}

pub(super) async fn act<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Response, Problem> {
    match change(visit, act).await {
        Ok(notice) => Ok(visit::done(&visit.license_path(key(visit)?.as_str()), notice)),
        Err(problem) => Ok(asking(visit, &one(visit).await?, act).again(visit, &problem)),
    }
}

async fn change<P: Platform>(visit: &Visit<'_, P>, act: Act) -> Result<Notice, Problem> {
    let (engine, key) = (visit.engine, key(visit)?);
    match act {
        Act::Resend => admin::licenses::resend(engine, &key, visit.form()?).await.map(|_| Notice::Resent),
        Act::CorrectEmail => {
            admin::licenses::correct_email(engine, &key, visit.form()?).await.map(|_| Notice::Corrected)
        }
        Act::Revoke => admin::licenses::revoke(engine, &key, visit.form()?).await.map(|_| Notice::Revoked),
        Act::Reinstate => admin::licenses::reinstate(engine, &key, visit.form()?).await.map(|_| Notice::Reinstated),
        Act::Transfer => admin::licenses::transfer(engine, &key, visit.form()?).await.map(|_| Notice::Transferred),
    }
}

fn asking<P: Platform>(visit: &Visit<'_, P>, detail: &LicenseDetail, act: Act) -> Asking {
    let item = &detail.license;
    let account = item.activation.as_ref().map(|activation| activation.github_username.as_str());
    let repos = detail.grants.iter().filter(|grant| is_open(grant.state)).count();
    let repos = Part::Number(i64::try_from(repos).unwrap_or(i64::MAX));
    let touched = |nobody: &str, somebody: &str| match account {
        None => pages::filled(nobody, &[]),
        Some(account) => pages::filled(somebody, &[("account", Part::Name(account)), ("count", repos)]),
    };
    let (title, consequence, inputs, weight) = match act {
        Act::Resend => (words::RESEND_TITLE, pages::filled(words::RESEND_LEAD, &[]), Vec::new(), Weight::Light),
        Act::CorrectEmail => {
            let to = Input {
                name: "to",
                label: words::NEW_ADDRESS,
                hint: None,
                kind: Kind::Email,
                value: item.email.clone(),
                need: Need::Required,
            };
            (words::CORRECT_TITLE, pages::filled(words::CORRECT_LEAD, &[]), vec![to], Weight::Light)
        }
        Act::Revoke => {
            let lead = touched(words::REVOKE_NOBODY, words::REVOKE_SOMEBODY);
            (words::REVOKE_TITLE, lead, Vec::new(), Weight::Dangerous)
        }
        Act::Reinstate => {
            let lead = touched(words::REINSTATE_NOBODY, words::REINSTATE_SOMEBODY);
            (words::REINSTATE_TITLE, lead, Vec::new(), Weight::Light)
        }
        Act::Transfer => {
            let to = Input {
                name: "to",
                label: words::NEW_ACCOUNT,
                hint: Some(pages::LOGIN_HINT),
                kind: Kind::Text,
                value: String::new(),
                need: Need::Required,
            };
            let lead = touched(words::TRANSFER_NOBODY, words::TRANSFER_SOMEBODY);
            (words::TRANSFER_TITLE, lead, vec![to], Weight::Dangerous)
        }
    };
    Asking {
        section: Place::Licenses,
        title,
        lead: vec![which(detail), consequence],
        inputs,
        button: act.name(),
        weight,
        back: visit.license_path(&item.license_key),
    }
}

/// The license that a form is about.
fn which(detail: &LicenseDetail) -> Markup {
    let item = &detail.license;
    let masked = words::masked(&item.license_key);
    let parts = [
        ("license", Part::Name(&masked)),
        ("product", Part::Name(&item.product_id)),
        ("email", Part::Name(&item.email)),
    ];
    pages::filled(words::LICENSE_LEAD, &parts)
}

/// Asks why the whole key is to be seen.
pub(super) async fn ask_key<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    Ok(asking_for_key(visit, &one(visit).await?).show(visit))
}

/// Shows the whole key, and records that. The answer to the form is the page itself: no address leads to the key.
pub(super) async fn show_key<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let key = key(visit)?;
    let shown = match visit.form() {
        Ok(request) => admin::licenses::show_key(visit.engine, &key, request).await,
        Err(problem) => Err(problem),
    };
    match shown {
        Ok(shown) => Ok(visit.page(&WholeKey {
            shell: visit.shell(Place::Licenses, words::WHOLE_KEY_TITLE),
            key: &shown.license_key,
            path: visit.license_path(&shown.license_key),
        })),
        Err(problem) => Ok(asking_for_key(visit, &one(visit).await?).again(visit, &problem)),
    }
}

fn asking_for_key<P: Platform>(visit: &Visit<'_, P>, detail: &LicenseDetail) -> Asking {
    Asking {
        section: Place::Licenses,
        title: words::SHOW_KEY_TITLE,
        lead: vec![which(detail), pages::filled(words::SHOW_KEY_LEAD, &[])],
        inputs: Vec::new(),
        button: words::SHOW_KEY_BUTTON,
        weight: Weight::Light,
        back: visit.license_path(&detail.license.license_key),
    }
}

/// Whether somebody has access, or is getting it.
const fn is_open(state: GrantState) -> bool {
    matches!(state, GrantState::Pending | GrantState::Invited | GrantState::Waiting | GrantState::Member)
}

pub(super) async fn ask_issue<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    Ok(issuing(visit, &visit.asked()).await?.show(visit))
}

pub(super) async fn issue<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let issued = match visit.form() {
        Ok(request) => admin::licenses::issue(visit.engine, request).await,
        Err(problem) => Err(problem),
    };
    match issued {
        Ok(detail) => Ok(visit::done(&visit.license_path(&detail.license.license_key), Notice::Issued)),
        Err(problem) => Ok(issuing(visit, &visit.fields).await?.again(visit, &problem)),
    }
}

/// The form for a license by hand, for a delivery where one is named.
async fn issuing<P: Platform>(visit: &Visit<'_, P>, given: &Fields) -> Result<Asking, Problem> {
    let event_id = given.text("event_id");
    let event = match event_id {
        "" => None,
        id => Some(admin::events::detail(visit.engine, &admin::event_id(id)?).await?.event),
    };
    let text = |name, label, hint, value: Option<&str>, need| Input {
        name,
        label,
        hint,
        kind: Kind::Text,
        value: value.unwrap_or_default().to_owned(),
        need,
    };
    let email = event.as_ref().and_then(|event| event.email.clone()).unwrap_or_default();
    let product = event.as_ref().and_then(|event| event.product_id.as_deref());
    let mut inputs = vec![
        Input {
            name: "section",
            label: words::STOREFRONT,
            hint: None,
            kind: Kind::Choice(deliveries::storefronts()),
            value: event.as_ref().map_or("", |event| &event.source).to_owned(),
            need: Need::Required,
        },
        text("product_id", words::PRODUCT_ID, Some(words::PRODUCT_HINT), product, Need::Required),
        text("variant_id", words::VARIANT_ID, Some(words::VARIANT_HINT), None, Need::Optional),
        Input {
            name: "email",
            label: words::EMAIL,
            hint: Some(words::EMAIL_HINT),
            kind: Kind::Email,
            value: email,
            need: Need::Required,
        },
        text("name", words::BUYER, None, None, Need::Optional),
    ];
    let mut lead = vec![pages::filled(words::ISSUE_LEAD, &[])];
    if let Some(event) = &event {
        inputs.push(Input::hidden("event_id", &event.id));
        lead.push(pages::filled(words::ISSUE_FOR_DELIVERY, &[("type", Part::Name(&event.event_type))]));
    }
    Ok(Asking {
        section: Place::Licenses,
        title: words::ISSUE_TITLE,
        lead,
        inputs,
        button: words::ISSUE_BUTTON,
        weight: Weight::Light,
        back: event.map_or_else(|| PATH.to_owned(), |event| format!("{}/{}", deliveries::PATH, event.id)),
    })
}

async fn one<P: Platform>(visit: &Visit<'_, P>) -> Result<LicenseDetail, Problem> {
    admin::licenses::detail(visit.engine, &key(visit)?).await
}

/// The key that the address stands for.
fn key<P: Platform>(visit: &Visit<'_, P>) -> Result<LicenseKey, Problem> {
    admin::license_key(&visit.veil.uncover(&visit.id).ok_or_else(link_over)?)
}

fn link_over() -> Problem {
    Problem::new(Code::NotFound, words::LINK_OVER)
}
