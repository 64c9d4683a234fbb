//! `/console/set-up`: what is still missing before a shop sells, in order. Each step says what is to be done and stands by the
//! doctor's checks of it, so it turns green by itself once that is done.

use std::collections::BTreeSet;

use askama::Template;

use super::doctor::{self, Row};
use super::visit::{self, Shell, Visit};
use super::words::{self, Notice};
use super::{Place, github_app, path, products};
use crate::adapters::storefronts::hooks::HookSecret;
use crate::api::codes::{CheckCode, CheckReason, CheckStatus, TestMailState};
use crate::api::doctor::Check;
use crate::db::reads;
use crate::db::reads::sales::Place as SalesPlace;
use crate::http::admin;
use crate::http::{Problem, Response};
use crate::model::{Catalogue, Timestamp};
use crate::pages::words::{Markup, Part, filled, standing};
use crate::platform::Platform;
use crate::words::Tone;

#[derive(Template)]
#[template(path = "pages/templates/console/set_up.html")]
struct SetUp<'a> {
    shell: Shell<'a>,
    summary: Markup,
    steps: Vec<StepView<'a>>,
    mails_to_operator: bool,
}

/// A step, as it is shown.
struct StepView<'a> {
    step: Step,
    name: &'static str,
    lead: &'static str,
    standing: Markup,
    /// The first that is not done is open.
    is_open: bool,
    rows: Vec<Row<'a>>,
    /// Where something is done for it, and what that is called.
    links: Vec<(String, Markup)>,
    /// What is to be pasted somewhere, and as what.
    values: Vec<(&'static str, String)>,
    fronts: Vec<Front>,
}

/// A storefront: what is to be pasted where.
struct Front {
    name: &'static str,
    standing: Markup,
    url: String,
    dashboard: &'static str,
    secret_setting: &'static str,
    secret: &'static str,
    command: String,
    events: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Worker,
    Products,
    Github,
    SignIn,
    Storefronts,
    Mail,
    Sale,
}

/// In the order in which they are done.
const STEPS: [(Step, &str, &str); 7] = [
    (Step::Worker, words::STEP_WORKER, words::STEP_WORKER_LEAD),
    (Step::Products, words::STEP_PRODUCTS, words::STEP_PRODUCTS_LEAD),
    (Step::Github, words::STEP_GITHUB, words::STEP_GITHUB_LEAD),
    (Step::SignIn, words::STEP_SIGN_IN, words::STEP_SIGN_IN_LEAD),
    (Step::Storefronts, words::STEP_STOREFRONTS, words::STEP_STOREFRONTS_LEAD),
    (Step::Mail, words::STEP_MAIL, words::STEP_MAIL_LEAD),
    (Step::Sale, words::STEP_SALE, words::STEP_SALE_LEAD),
];

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Yes,
    /// It works, and something of it wants to be looked at.
    Nearly,
    No,
}

pub(super) const PATH: &str = "/console/set-up";

impl Step {
    /// The step that a check belongs to; what is of no use before there is a shop belongs to none.
    const fn of(code: CheckCode) -> Option<Self> {
        Some(match code {
            CheckCode::Database
            | CheckCode::Schema
            | CheckCode::Configuration
            | CheckCode::SandboxValues
            | CheckCode::BuyersPage
            | CheckCode::Cron => Self::Worker,
            CheckCode::SignIn => Self::SignIn,
            CheckCode::UnmappedProducts | CheckCode::MappedProducts => Self::Products,
            CheckCode::GithubToken
            | CheckCode::GithubTokenEnd
            | CheckCode::Repository
            | CheckCode::RepositoryPermission
            | CheckCode::RepositoryOwner => Self::Github,
            CheckCode::Hooks | CheckCode::Deliveries => Self::Storefronts,
            CheckCode::MailProvider | CheckCode::MailSender | CheckCode::MailHooks => Self::Mail,
            CheckCode::TestLicenses | CheckCode::Seats | CheckCode::InvitationBudget => return None,
        })
    }
}

impl Done {
    fn by(checks: &[&Check]) -> Self {
        let any = |status| checks.iter().any(|check| check.status == status);
        match (any(CheckStatus::Failed), any(CheckStatus::Warning)) {
            (true, _) => Self::No,
            (false, true) => Self::Nearly,
            (false, false) => Self::Yes,
        }
    }

    fn standing(self) -> Markup {
        match self {
            Self::Yes => standing(Tone::Good, words::STEP_DONE),
            Self::Nearly => standing(Tone::Waits, words::STEP_NEARLY),
            Self::No => standing(Tone::Bad, words::STEP_OPEN),
        }
    }
}

pub(super) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let diagnosis = admin::doctor::diagnose(visit.engine, &visit.request).await;
    let now = visit.engine.platform().now();
    // A storefront's clock may be ahead of ours.
    let tomorrow = now.plus_millis(24 * 60 * 60 * 1000);
    let sold = admin::read(visit.engine, reads::sales::newest(Timestamp::from_millis(0), &SalesPlace::at(tomorrow), 1))
        .await?;
    let catalogue = visit.engine.catalogue();
    let config = visit.engine.config();
    let mut is_first = true;
    let mut done_steps = 0;
    let mut steps = Vec::new();
    for (step, name, lead) in STEPS {
        let checks: Vec<_> = diagnosis.checks.iter().filter(|check| Step::of(check.code) == Some(step)).collect();
        let done = match step {
            Step::Products if catalogue.products().is_empty() => Done::No,
            Step::SignIn if config.github.oauth.is_none() => Done::No,
            Step::Storefronts if !config.storefronts.iter().any(|front| front.is_configured()) => Done::No,
            Step::Sale if sold.is_empty() => Done::No,
            _ => Done::by(&checks),
        };
        let is_open = is_first && done == Done::No;
        is_first &= !is_open;
        done_steps += i64::from(done != Done::No);
        let is_shown =
            |check: &&Check| check.status != CheckStatus::Ok && check.reason != Some(CheckReason::BeyondBound);
        let shown = checks.into_iter().filter(is_shown);
        steps.push(StepView {
            step,
            name,
            lead,
            standing: done.standing(),
            is_open,
            rows: shown.map(doctor::row).collect(),
            links: links(visit, step, &catalogue),
            values: values(visit, step),
            fronts: if step == Step::Storefronts { fronts(visit, &diagnosis.checks) } else { Vec::new() },
        });
    }
    let counts = [("done", done_steps), ("all", i64::try_from(STEPS.len()).unwrap_or_default())];
    let page = SetUp {
        shell: visit.shell(Place::SetUp, words::SET_UP_TITLE),
        summary: filled(words::SET_UP_SUMMARY, &counts.map(|(name, count)| (name, Part::Number(count)))),
        steps,
        mails_to_operator: config.operator_email.is_some(),
    };
    Ok(visit.page(&page))
}

/// Where something is done for a step.
fn links<P: Platform>(visit: &Visit<'_, P>, step: Step, catalogue: &Catalogue) -> Vec<(String, Markup)> {
    let web = &visit.engine.config().github.web_url;
    let owners = owners(catalogue);
    let of_each = |sentence, none, of: &dyn Fn(Option<&str>) -> String| -> Vec<(String, Markup)> {
        if owners.is_empty() {
            return vec![(of(None), filled(none, &[]))];
        }
        owners.iter().map(|owner| (of(Some(owner)), filled(sentence, &[("owner", Part::Name(owner))]))).collect()
    };
    match step {
        Step::Products => vec![(products::PATH.to_owned(), filled(words::TO_PRODUCTS, &[]))],
        Step::Github => {
            let app = (github_app::PATH.to_owned(), filled(words::MAKE_APP_LINK, &[]));
            let tokens = of_each(words::MAKE_TOKEN_FOR, words::MAKE_TOKEN, &|owner| token_form(web, owner));
            [app].into_iter().chain(tokens).collect()
        }
        Step::SignIn => of_each(words::MAKE_OAUTH_APP_FOR, words::MAKE_OAUTH_APP, &|owner| oauth_form(web, owner)),
        Step::Worker | Step::Storefronts | Step::Mail | Step::Sale => Vec::new(),
    }
}

/// GitHub's form for a token, filled in. Which repositories it is for is to be ticked there.
/// <https://docs.github.com/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens#pre-filling-fine-grained-personal-access-token-details-using-url-parameters>
fn token_form(web_url: &str, owner: Option<&str>) -> String {
    let query = [
        ("name", "Latchkey"),
        ("description", "Invites buyers to repositories"),
        ("target_name", owner.unwrap_or_default()),
        ("expires_in", "366"),
        ("administration", "write"),
    ];
    path(&format!("{web_url}/settings/personal-access-tokens/new"), query)
}

/// GitHub's form for an OAuth app. An organization's own needs nobody's approval there.
/// <https://docs.github.com/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app>
fn oauth_form(web_url: &str, owner: Option<&str>) -> String {
    match owner {
        Some(owner) => format!("{web_url}/organizations/{owner}/settings/applications/new"),
        None => format!("{web_url}/settings/applications/new"),
    }
}

/// Whose the repositories of the catalogue are.
pub(super) fn owners(catalogue: &Catalogue) -> BTreeSet<String> {
    let repos = catalogue.products().iter().flat_map(crate::model::catalogue::Product::all_repos);
    repos.filter_map(|repo| Some(repo.as_str().split_once('/')?.0.to_ascii_lowercase())).collect()
}

/// What is to be pasted or run for a step, and as what.
fn values<P: Platform>(visit: &Visit<'_, P>, step: Step) -> Vec<(&'static str, String)> {
    let put = |name: &str| (words::RUN, format!("npx wrangler secret put {name}"));
    let url = public_url(visit);
    match step {
        Step::Github => vec![put("GITHUB_TOKEN")],
        Step::SignIn => vec![
            (words::HOMEPAGE, url.clone()),
            (words::CALLBACK, format!("{url}/auth/github/callback")),
            (words::IN_WRANGLER_TOML, "GITHUB_OAUTH_CLIENT_ID".to_owned()),
            put("GITHUB_OAUTH_CLIENT_SECRET"),
        ],
        Step::Worker | Step::Products | Step::Storefronts | Step::Mail | Step::Sale => Vec::new(),
    }
}

/// The Worker's own address, as it is configured, or as it was asked at.
pub(super) fn public_url<P: Platform>(visit: &Visit<'_, P>) -> String {
    let configured = visit.engine.config().pages.public_url.clone();
    configured.unwrap_or_else(|| format!("https://{}", visit.request.header("host").unwrap_or("YOUR-WORKER")))
}

fn fronts<P: Platform>(visit: &Visit<'_, P>, checks: &[Check]) -> Vec<Front> {
    let url = public_url(visit);
    let front = |front: &crate::adapters::storefronts::AnyStorefront| {
        let (hooks, source) = (front.hooks(), front.source());
        let own: Vec<_> = checks
            .iter()
            .filter(|check| Step::of(check.code) == Some(Step::Storefronts))
            .filter(|check| check.subject.as_deref() == Some(source.as_str()))
            .collect();
        let address = format!("{url}{}", front.webhook_path());
        let (address, secret) = match hooks.secret {
            HookSecret::Query(name) => (format!("{address}?{name}=YOUR-SECRET"), words::SECRET_IN_ADDRESS),
            HookSecret::Signing => (address, words::SECRET_SIGNS),
            HookSecret::Issued => (address, words::SECRET_ISSUED),
        };
        Front {
            name: front.name(),
            standing: if front.is_configured() {
                Done::by(&own).standing()
            } else {
                standing(Tone::Plain, words::FRONT_NOT_USED)
            },
            url: address,
            dashboard: hooks.dashboard,
            secret_setting: hooks.secret_setting,
            secret,
            command: format!("cargo latchkey connect {source} --url {url}"),
            events: hooks.events.join(", "),
        }
    };
    visit.engine.config().storefronts.iter().map(front).collect()
}

/// Sends the operator a mail by which they see that mails arrive.
pub(super) async fn send_test_mail<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let sent = admin::test_mail::send(visit.engine).await?;
    let notice = match sent.outcome {
        TestMailState::Logged => Notice::TestMailLogged,
        TestMailState::Sent => Notice::TestMailSent,
    };
    Ok(visit::done(PATH, notice))
}
