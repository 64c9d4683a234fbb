//! `/console/access`: who can get into which repository, who is about to, and where GitHub says otherwise.
//!
//! What is changed of it is in [`bringing`]: access from before a license, and bringing licenses to what the catalogue says.

pub(super) mod bringing;

use askama::Template;

use super::asking::{Asking, Filled, Input, Kind, Need, Weight, Wrong, filled as filled_in, options};
use super::filters::Listed;
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use super::{Place, path};
use crate::api::access::{RepositoryAccess, WaitingAccount, WaitingRequest};
use crate::api::codes::{DriftKind, DriftPlace};
use crate::api::drift::{DriftEvidence, DriftItem, DriftRequest};
use crate::api::grants::{GrantChange, GrantItem, GrantsRequest};
use crate::db::reads::access::MANY;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::model::{GrantState, Permission};
use crate::pages::words::{Markup, Part, filled, moment, standing};
use crate::platform::Platform;
use crate::words::{State, Tone, Words, storefront};

pub(super) const PATH: &str = "/console/access";
const REPOSITORY_PATH: &str = "/console/access/repository";
const GRANTS_PATH: &str = "/console/access/grants";
const DRIFT_PATH: &str = "/console/access/drift";
const CHECK_PATH: &str = "/console/access/check";
const FORGET_PATH: &str = "/console/access/forget-earlier";
const SYNC_PATH: &str = "/console/access/sync";

#[derive(Template)]
#[template(path = "pages/templates/console/access.html")]
struct Access<'a> {
    shell: Shell<'a>,
    rows: Vec<RepoRow>,
    next: Option<String>,
}

struct RepoRow {
    repo: String,
    path: String,
    members: Markup,
    invited: Markup,
    expiring: Markup,
    in_line: Markup,
    budget: Markup,
    paused_until: Option<Markup>,
    compared: Markup,
    error: Option<String>,
    differences: Markup,
    differences_path: Option<String>,
    check_path: String,
}

#[derive(Template)]
#[template(path = "pages/templates/console/access_repository.html")]
struct Repository<'a> {
    shell: Shell<'a>,
    name: &'a str,
    lists: [(&'static str, &'static str, &'static str, Vec<WaitingRow<'a>>); 2],
    grants_path: String,
    drift_path: String,
    check_path: String,
}

struct WaitingRow<'a> {
    who: &'a WaitingAccount,
    path: String,
    state: Markup,
    since: Markup,
    at: Option<Markup>,
}

#[derive(Template)]
#[template(path = "pages/templates/console/access_grants.html")]
struct Grants<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    rows: Vec<GrantRow<'a>>,
    next: Option<String>,
}

struct GrantRow<'a> {
    grant: &'a GrantItem,
    state: Markup,
    permission: &'static str,
    since: Markup,
    until: Option<Markup>,
    licenses: Vec<Markup>,
    earlier: Option<Markup>,
    forget_path: String,
    history: Vec<Markup>,
}

#[derive(Template)]
#[template(path = "pages/templates/console/access_drift.html")]
struct Drift<'a> {
    shell: Shell<'a>,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
    rows: Vec<DriftRow<'a>>,
    next: Option<String>,
}

struct DriftRow<'a> {
    item: &'a DriftItem,
    kind: Markup,
    since: Markup,
    found_at: Markup,
    /// What GitHub said, and what is on record: who let the account in, when and for which order.
    evidence: Vec<Markup>,
    history: Vec<Markup>,
    forget_path: Option<String>,
}

/// Every repository at a glance.
pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let found = admin::access::list(visit.engine, &visit.query()?).await?;
    let page = Access {
        shell: visit.shell(Place::Access, words::ACCESS_TITLE),
        rows: found.items.into_iter().map(repo_row).collect(),
        next: visit.next(found.next_cursor.as_deref()),
    };
    Ok(visit.page(&page))
}

fn repo_row(repo: RepositoryAccess) -> RepoRow {
    let of = |path_of| path(path_of, [("repo", repo.repo.as_str())]);
    let compared = match (repo.comparing, repo.compared_at) {
        (true, _) => filled(words::BEING_COMPARED, &[]),
        (false, Some(at)) => moment(at),
        (false, None) => filled(words::NEVER_COMPARED, &[]),
    };
    let budget = [("begun", Part::Number(repo.invitations)), ("most", Part::Number(repo.invitations_most))];
    RepoRow {
        path: of(REPOSITORY_PATH),
        members: counted(repo.members),
        invited: counted(repo.invited),
        expiring: counted(repo.expiring),
        in_line: counted(repo.in_line),
        budget: filled(words::BUDGET, &budget),
        paused_until: repo.paused_until.map(|until| filled(words::PAUSED_UNTIL, &[("until", Part::Time(until))])),
        compared,
        differences: if repo.differences == 0 {
            standing(Tone::Good, words::NO_DIFFERENCES)
        } else {
            counted(repo.differences)
        },
        differences_path: (repo.differences > 0).then(|| of(DRIFT_PATH)),
        check_path: of(CHECK_PATH),
        error: repo.error,
        repo: repo.repo,
    }
}

/// A number that is not counted beyond [`MANY`].
fn counted(count: i64) -> Markup {
    let sentence = if count >= MANY { words::OR_MORE } else { "{count}" };
    filled(sentence, &[("count", Part::Number(count))])
}

/// Who waits for one of them.
pub(super) async fn repository<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let request: WaitingRequest = visit.query()?;
    let waiting = admin::access::waiting(visit.engine, &request).await?;
    let repo = request.repo.as_str();
    let of = |path_of| path(path_of, [("repo", repo)]);
    let page = Repository {
        shell: visit.shell(Place::Access, words::REPOSITORY_TITLE),
        name: repo,
        lists: [
            ("line", words::LINE_CAPTION, words::TURN, waiting.line.iter().map(waiting_row).collect()),
            ("invited", words::INVITED_CAPTION, words::ENDS, waiting.invited.iter().map(waiting_row).collect()),
        ],
        grants_path: of(GRANTS_PATH),
        drift_path: of(DRIFT_PATH),
        check_path: of(CHECK_PATH),
    };
    Ok(visit.page(&page))
}

fn waiting_row(who: &WaitingAccount) -> WaitingRow<'_> {
    WaitingRow {
        who,
        path: path(GRANTS_PATH, [("github", who.github_username.as_str())]),
        state: standing(who.state.tone(), who.state.words()),
        since: moment(who.since),
        at: who.at.map(moment),
    }
}

/// Who has access to what, by filters.
pub(super) async fn grants<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let filters = [
        Input::text_filter("github", words::ACCOUNT),
        Input::text_filter("repo", words::REPOSITORY),
        Input::filter("state", words::STATE, options(&GrantState::ALL, GrantState::as_str)),
    ];
    let asked = visit.asked();
    let listed = Listed::of(match visit.query_of_few::<GrantsRequest>() {
        Ok(request) => admin::grants::list(visit.engine, &request).await,
        Err(problem) => Err(problem),
    })?;
    let wrong = listed.wrong(&filters);
    let page = Grants {
        shell: listed.shell(visit, Place::Access, words::GRANTS_TITLE),
        inputs: filled_in(&filters, &asked, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
        rows: listed.found().iter().flat_map(|page| &page.items).map(|grant| grant_row(visit, grant)).collect(),
        next: visit.next(listed.found().and_then(|page| page.next_cursor.as_deref())),
    };
    Ok(listed.page(visit, &page))
}

fn grant_row<'a, P: Platform>(visit: &Visit<'_, P>, grant: &'a GrantItem) -> GrantRow<'a> {
    GrantRow {
        grant,
        state: standing(grant.state.tone(), grant.state.words()),
        permission: grant.permission.as_ref().map(Permission::words).unwrap_or_default(),
        since: moment(grant.since),
        until: grant.until.map(moment),
        licenses: grant.licenses.iter().map(|key| license_link(visit, key)).collect(),
        earlier: grant.earlier.map(had_before),
        forget_path: forget_path(grant.github_user_id, &grant.repo),
        history: grant.history.iter().map(change).collect(),
    }
}

fn license_link<P: Platform>(visit: &Visit<'_, P>, key: &str) -> Markup {
    words::license_link(&visit.license_path(key), key)
}

fn had_before(permission: Permission) -> Markup {
    filled(words::HAD_BEFORE, &[("permission", Part::Plain(permission.words()))])
}

fn forget_path(account: i64, repo: &str) -> String {
    path(FORGET_PATH, [("github_user_id", account.to_string().as_str()), ("repo", repo)])
}

/// A state that a grant came into: when, by what, and for which order.
fn change(change: &GrantChange) -> Markup {
    let parts = [
        ("at", Part::Time(change.at)),
        ("state", Part::Plain(change.state.words())),
        ("cause", Part::Plain(change.cause.words())),
        ("order", Part::Name(change.order_id.as_deref().unwrap_or_default())),
        ("storefront", Part::Plain(change.source.as_deref().map(storefront).unwrap_or_default())),
    ];
    filled(if change.order_id.is_some() { words::CAME_FOR_ORDER } else { words::CAME }, &parts)
}

/// Where GitHub and what is recorded differ.
pub(super) async fn drift<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let filters = [
        Input::filter("kind", words::KIND, options(DriftKind::ALL, DriftKind::as_str)),
        Input::text_filter("repo", words::REPOSITORY),
        Input::text_filter("github", words::ACCOUNT),
    ];
    let asked = visit.asked();
    let listed = Listed::of(match visit.query_of_few::<DriftRequest>() {
        Ok(request) => admin::drift::list(visit.engine, &request).await,
        Err(problem) => Err(problem),
    })?;
    let wrong = listed.wrong(&filters);
    let page = Drift {
        shell: listed.shell(visit, Place::Access, words::DRIFT_TITLE),
        inputs: filled_in(&filters, &asked, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
        rows: listed.found().iter().flat_map(|page| &page.items).map(|item| drift_row(visit, item)).collect(),
        next: visit.next(listed.found().and_then(|page| page.next_cursor.as_deref())),
    };
    Ok(listed.page(visit, &page))
}

fn drift_row<'a, P: Platform>(visit: &Visit<'_, P>, item: &'a DriftItem) -> DriftRow<'a> {
    let tone = match item.kind {
        DriftKind::Missing | DriftKind::Renamed => Tone::Waits,
        DriftKind::Extra | DriftKind::RemovedByHand | DriftKind::WrongPermission | DriftKind::AccountGone => Tone::Bad,
    };
    DriftRow {
        item,
        kind: standing(tone, item.kind.words()),
        since: moment(item.since),
        found_at: moment(item.found_at),
        evidence: evidence(visit, item.kind, &item.evidence),
        history: item.evidence.history.iter().map(change).collect(),
        forget_path: item
            .github_user_id
            .filter(|_| item.evidence.earlier.is_some())
            .map(|account| forget_path(account, &item.repo)),
    }
}

fn evidence<P: Platform>(visit: &Visit<'_, P>, kind: DriftKind, evidence: &DriftEvidence) -> Vec<Markup> {
    let mut found = Vec::new();
    let role = evidence.role.as_ref().map(Permission::words).unwrap_or_default();
    match evidence.place {
        Some(DriftPlace::Collaborator) => {
            let sentence = if role.is_empty() { words::SEEN_INSIDE } else { words::SEEN_INSIDE_WITH };
            found.push(filled(sentence, &[("role", Part::Plain(role))]));
        }
        Some(DriftPlace::Invitation) => {
            let inviter = Part::Name(evidence.inviter.as_deref().unwrap_or_default());
            found.push(match (&evidence.inviter, evidence.invited_at) {
                (Some(_), Some(at)) => filled(words::INVITED_BY_AT, &[("inviter", inviter), ("at", Part::Time(at))]),
                _ => filled(words::INVITED_BY_NOBODY, &[]),
            });
        }
        None => {}
    }
    if let Some(name) = &evidence.name {
        found.push(filled(words::OTHER_NAME, &[("name", Part::Name(name))]));
    }
    if let Some(permission) = &evidence.permission {
        found.push(filled(words::LICENSES_ASK, &[("permission", Part::Plain(permission.words()))]));
    }
    found.extend(evidence.earlier.map(had_before));
    match &evidence.let_in {
        Some(by) => found.push(filled(words::LET_IN, &[("change", Part::Marked(&change(by)))])),
        None if kind != DriftKind::Renamed => found.push(filled(words::LET_IN_BY_NOBODY, &[])),
        None => {}
    }
    for license in &evidence.licenses {
        let key = license_link(visit, &license.license_key);
        let parts = [
            ("key", Part::Marked(&key)),
            ("storefront", Part::Plain(storefront(&license.source))),
            ("order", Part::Name(&license.order_id)),
            ("status", Part::Plain(license.status.words())),
        ];
        found.push(filled(words::LICENSE_OF_ORDER, &parts));
    }
    found
}

/// Asks whether repositories are to be compared now.
pub(super) fn ask_check<P: Platform>(visit: &Visit<'_, P>) -> Response {
    checking(visit.asked().text("repo")).show(visit)
}

/// Has them compared.
pub(super) async fn check<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let checked = match visit.form() {
        Ok(request) => admin::drift::check(visit.engine, request).await,
        Err(problem) => Err(problem),
    };
    match checked {
        Ok((check, work)) => Ok(visit::done_to(PATH, Notice::ComparedNow, check.repos.len()).followed_by(Some(work))),
        Err(problem) => Ok(checking(visit.fields.text("repo")).again(visit, &problem)),
    }
}

fn checking(repo: &str) -> Asking {
    let which = if repo.is_empty() { words::COMPARE_ALL } else { words::COMPARE_ONE };
    Asking {
        section: Place::Access,
        title: words::COMPARE_TITLE,
        lead: vec![filled(which, &[("repo", Part::Name(repo))]), filled(words::COMPARE_LEAD, &[])],
        inputs: vec![Input::hidden("repo", repo)],
        button: words::COMPARE_BUTTON,
        weight: Weight::Light,
        back: PATH.to_owned(),
    }
}
