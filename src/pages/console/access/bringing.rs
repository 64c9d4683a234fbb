//! Taking access that an account had before a license, and bringing licenses to what the catalogue says by now.

use askama::Template;
use serde::Deserialize;

use super::{PATH, SYNC_PATH};
use crate::api::grants::{ForgetRequest, GrantItem, SyncAnswer, SyncRequest};
use crate::api::values::RepoFilter;
use crate::db::reads;
use crate::http::admin;
use crate::http::{Code, Problem, Response};
use crate::model::{Actor, GithubUserId, Reason, Repo};
use crate::pages::answer::redirect;
use crate::pages::console::asking::{Asking, Filled, Input, Kind, Need, Weight, Wrong, filled as filled_in};
use crate::pages::console::filters::Listed;
use crate::pages::console::visit::{self, Shell, Visit, html};
use crate::pages::console::words::{self, Notice};
use crate::pages::console::{Place, path};
use crate::pages::fields::Fields;
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;
use crate::words::Words;

#[derive(Template)]
#[template(path = "pages/templates/console/access_sync.html")]
struct Sync<'a> {
    shell: Shell<'a>,
    filters: Vec<Filled<'a>>,
    /// What is wrong with them, where no single one can be told.
    filters_error: Option<&'a str>,
    /// What it would come to, line by line; nothing where the filters ask for what cannot be.
    lines: Vec<Markup>,
    repos: Vec<RepoRow<'a>>,
    changes: bool,
    goes_on: bool,
    inputs: Vec<Filled<'a>>,
    error: Option<&'a str>,
}

struct RepoRow<'a> {
    repo: &'a str,
    counts: [usize; 4],
}

/// The API's request as a form has it, where every number is text.
#[derive(Deserialize)]
struct Forget {
    reason: Reason,
    actor: Option<Actor>,
    github_user_id: i64,
    repo: RepoFilter,
}

/// Asks whether access from before a license is to be taken.
pub(in crate::pages::console) async fn ask_forget<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    Ok(forgetting(&grant(visit, &visit.asked()).await?).show(visit))
}

/// Takes it.
pub(in crate::pages::console) async fn forget<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let done = match visit.form::<Forget>() {
        Ok(Forget { reason, actor, github_user_id, repo }) => {
            let request = ForgetRequest { reason, actor, github_user_id, repo };
            admin::grants::forget_earlier(visit.engine, request).await
        }
        Err(problem) => Err(problem),
    };
    match done {
        Ok(_) => Ok(visit::done(PATH, Notice::EarlierForgotten)),
        Err(problem) => Ok(forgetting(&grant(visit, &visit.fields).await?).again(visit, &problem)),
    }
}

async fn grant<P: Platform>(visit: &Visit<'_, P>, named: &Fields) -> Result<GrantItem, Problem> {
    let account = named.text("github_user_id").parse().ok().and_then(GithubUserId::new).ok_or_else(admin::absent)?;
    let repo = Repo::parse(named.text("repo")).map_err(|_| admin::absent())?;
    admin::read(visit.engine, reads::grants::one(account, &repo)).await?.ok_or_else(admin::absent)
}

fn forgetting(grant: &GrantItem) -> Asking {
    let earlier = grant.earlier.as_ref().map(Words::words);
    let parts = [
        ("account", Part::Name(grant.github_username.as_str())),
        ("repo", Part::Name(&grant.repo)),
        ("permission", Part::Plain(earlier.unwrap_or_default())),
    ];
    let what = if earlier.is_some() { words::FORGET_WHAT } else { words::FORGET_NOTHING };
    Asking {
        section: Place::Access,
        title: words::FORGET_TITLE,
        lead: vec![filled(what, &parts), filled(words::FORGET_LEAD, &[])],
        inputs: vec![
            Input::hidden("github_user_id", &grant.github_user_id.to_string()),
            Input::hidden("repo", &grant.repo),
        ],
        button: words::FORGET_BUTTON,
        weight: Weight::Dangerous,
        back: PATH.to_owned(),
    }
}

/// Shows what bringing licenses to the catalogue would come to.
pub(in crate::pages::console) async fn plan<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let asked = visit.asked();
    planned(visit, &asked, None).await
}

/// Does so for those that were shown, and goes on to the next.
pub(in crate::pages::console) async fn sync<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    const MEMBERS: [&str; 4] = ["reason", "product", "expected_version", "cursor"];
    let done = match visit.form_of::<SyncRequest>(&MEMBERS) {
        Ok(request) if request.reason.is_none() => Err(Problem::new(Code::InvalidRequest, "`reason` is missing.")),
        Ok(request) => admin::grants::sync(visit.engine, request).await,
        Err(problem) => Err(problem),
    };
    let answer = match done {
        Ok(answer) => answer,
        Err(problem) => return planned(visit, &visit.fields, Some(&problem)).await,
    };
    let count = answer.counts.people;
    Ok(match &answer.next_cursor {
        None => visit::done_to(PATH, Notice::Synced, count),
        Some(cursor) => {
            let (product, reason) = (visit.fields.text("product"), visit.fields.text("reason"));
            let count = count.to_string();
            let told = [("note", Notice::SyncedSome.code()), ("count", &count)];
            redirect(&path(
                SYNC_PATH,
                [("product", product), ("cursor", cursor), ("reason", reason)].into_iter().chain(told),
            ))
        }
    })
}

async fn planned<P: Platform>(
    visit: &Visit<'_, P>,
    given: &Fields,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let listed = Listed::of(match visit::members::<SyncRequest>(given, &["product", "cursor"]) {
        Ok(asked) => admin::grants::sync(visit.engine, SyncRequest { dry_run: true, ..asked }).await,
        Err(problem) => Err(problem),
    })?;
    let answer = listed.found();
    let version = answer.map(|answer| answer.version.to_string()).unwrap_or_default();
    let inputs = [
        Input::hidden("product", given.text("product")),
        Input::hidden("cursor", given.text("cursor")),
        Input::hidden("expected_version", &version),
        Input::reason(),
    ];
    let filters = [Input {
        name: "product",
        label: words::ENTRY_PRODUCT_ID,
        hint: Some(words::SYNC_PRODUCT_HINT),
        kind: Kind::Text,
        value: String::new(),
        need: Need::Optional,
    }];
    let wrong = problem.map(|problem| Wrong::of(&problem.detail, &inputs));
    let wrong_filter = listed.wrong(&filters);
    let shell = listed.shell(visit, Place::Access, words::SYNC_TITLE);
    let page = Sync {
        shell: if wrong.is_some() { shell.refused() } else { shell },
        filters: filled_in(&filters, given, wrong_filter.as_ref()),
        filters_error: Wrong::alone(wrong_filter.as_ref()),
        lines: answer.map(lines).unwrap_or_default(),
        repos: answer
            .iter()
            .flat_map(|answer| &answer.repos)
            .map(|synced| {
                let access = synced.access;
                RepoRow { repo: &synced.repo, counts: [access.add, access.remove, access.raise, access.lower] }
            })
            .collect(),
        changes: answer.is_some_and(|answer| answer.counts.changed > 0),
        goes_on: answer.is_some_and(|answer| answer.next_cursor.is_some()),
        inputs: filled_in(&inputs, given, wrong.as_ref()),
        error: Wrong::alone(wrong.as_ref()),
    };
    Ok(match problem {
        Some(problem) => html(&visit.frame, problem.code.status(), &page),
        None => listed.page(visit, &page),
    })
}

/// What would change, and what would be left as it is.
fn lines(answer: &SyncAnswer) -> Vec<Markup> {
    let counts = &answer.counts;
    let always = [
        (words::SYNC_LICENSES, counts.licenses),
        (words::SYNC_CHANGED, counts.changed),
        (words::SYNC_PEOPLE, counts.people),
    ];
    let left = [
        (words::SYNC_UNMAPPED, counts.unmapped),
        (words::SYNC_CHOICES_GONE, counts.choices_gone),
        (words::SYNC_CHOICES_MISSING, counts.choices_missing),
        (words::SYNC_SUSPENDED, counts.suspended),
        (words::SYNC_UNREADABLE, counts.unreadable),
    ];
    let told = always.into_iter().chain(left.into_iter().filter(|(_, count)| *count > 0));
    let number = |count| Part::Number(i64::try_from(count).unwrap_or(i64::MAX));
    told.map(|(sentence, count)| filled(sentence, &[("count", number(count))])).collect()
}
