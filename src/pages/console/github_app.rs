//! `/console/set-up/github-app`: a GitHub App of the seller's own in one click. The form takes a manifest to GitHub, which sends the
//! browser back with a code; that becomes the App's secrets, which are shown once, as a file for the Worker.
//!
//! What was begun (a state that nobody can guess) waits in a sealed cookie for an hour, as long as GitHub's code is good, and belongs to
//! the session in which it was begun. A callback of another browser, or of another session, finds nothing of it.

use std::collections::BTreeSet;

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

use super::set_up::{PATH as SET_UP, owners, public_url};
use super::visit::{Shell, Visit, html};
use super::{Place, words};
use crate::adapters::github::manifest::{Manifest, NewApp, form_url};
use crate::config;
use crate::http::{Code, Problem, Response, admin};
use crate::model::{GithubLogin, Secret};
use crate::pages::cookie;
use crate::pages::session::{Sealer, random_text};
use crate::pages::words::{Markup, Part, filled};
use crate::platform::Platform;

pub(super) const PATH: &str = "/console/set-up/github-app";
const MADE_PATH: &str = "/console/set-up/github-app/made";

/// How long somebody may take at GitHub.
const BEGUN_S: i64 = 60 * 60;

/// What the file is called.
const FILE: &str = "github-app.json";

#[derive(Template)]
#[template(path = "pages/templates/console/github_app.html")]
struct Making<'a> {
    shell: Shell<'a>,
    forms: Vec<Form>,
    owner: &'a str,
    error: Option<&'static str>,
    manifest: String,
}

/// Whose the App is to be.
struct Form {
    url: String,
    button: Markup,
}

#[derive(Template)]
#[template(path = "pages/templates/console/github_app_made.html")]
struct Made<'a> {
    shell: Shell<'a>,
    file: &'static str,
    secrets: String,
    /// The same, to be saved by a link.
    url: String,
    install_url: String,
    command: String,
    has_token: bool,
}

/// What was begun.
#[derive(Serialize, Deserialize)]
struct Begun {
    #[serde(rename = "s")]
    state: String,
    /// That of the operator.
    #[serde(rename = "i")]
    session: String,
    /// In milliseconds.
    #[serde(rename = "x")]
    ends_at: i64,
}

/// The file for `wrangler secret bulk`: <https://developers.cloudflare.com/workers/wrangler/commands/#secret-bulk>
#[derive(Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct Secrets<'a> {
    github_app_id: String,
    github_app_private_key: &'a str,
    github_oauth_client_id: &'a str,
    github_oauth_client_secret: &'a str,
    github_webhook_secret: &'a str,
}

impl<'a> Secrets<'a> {
    fn of(app: &'a NewApp) -> Self {
        Self {
            github_app_id: app.id.to_string(),
            github_app_private_key: app.private_key.expose(),
            github_oauth_client_id: &app.client_id,
            github_oauth_client_secret: app.client_secret.expose(),
            github_webhook_secret: app.webhook_secret.expose(),
        }
    }
}

impl Begun {
    /// What this session has begun and not ended.
    fn of<P: Platform>(visit: &Visit<'_, P>) -> Option<Self> {
        let begun: Self = sealer(visit)?.open(cookie::read(&visit.request, cookie::NEW_APP)?)?;
        let is_its_own = begun.session == visit.operator.session;
        (is_its_own && begun.ends_at > visit.engine.platform().now().as_millis()).then_some(begun)
    }

    fn is_answered_by(&self, state: &str) -> bool {
        Secret::new(self.state.as_str()).is_some_and(|expected| expected.matches(state))
    }
}

/// Signs with a key that is derived from the admin token: another token ends what was begun.
fn sealer<P: Platform>(visit: &Visit<'_, P>) -> Option<Sealer> {
    visit.engine.config().admin_token.as_ref().map(|token| Sealer::new(token, "latchkey new GitHub app 1"))
}

/// Asks whose the App is to be, and takes the manifest to GitHub. A page that is open in another tab goes on to be good.
pub(super) async fn show<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let platform = visit.engine.platform();
    let state = match Begun::of(visit) {
        Some(begun) => begun.state,
        None => random_text(platform).map_err(|_| Problem::storage_unavailable())?,
    };
    let ends_at = platform.now().plus_millis(BEGUN_S * 1000).as_millis();
    let begun = Begun { state, session: visit.operator.session.clone(), ends_at };
    let asked = visit.asked();
    let owner = asked.text("owner").trim();
    let typed = GithubLogin::parse(owner).ok();
    let error = (!owner.is_empty() && typed.is_none()).then_some(words::NO_SUCH_LOGIN);
    let web_url = &visit.engine.config().github.web_url;
    let known = owners(&admin::products::newest(visit.engine).await?);
    let logins: BTreeSet<_> = typed.iter().map(|login| login.as_str().to_ascii_lowercase()).chain(known).collect();
    let of_organization = |login: &String| {
        let login = GithubLogin::parse(login).ok()?;
        let button = filled(words::MAKE_APP_FOR, &[("owner", Part::Name(login.as_str()))]);
        Some(Form { url: form_url(web_url, Some(&login), &begun.state), button })
    };
    let mut forms: Vec<_> = logins.iter().filter_map(of_organization).collect();
    forms.push(Form { url: form_url(web_url, None, &begun.state), button: filled(words::MAKE_APP_OF_MINE, &[]) });
    let url = public_url(visit);
    let manifest = Manifest::new(&app_name(visit, &url), &url, format!("{url}{MADE_PATH}"));
    let mut frame = visit.frame.clone();
    frame.policy.forms.extend(config::origin(web_url));
    let shell = visit.shell(Place::SetUp, words::MAKE_APP_TITLE);
    let page = Making {
        shell: if error.is_some() { shell.refused() } else { shell },
        forms,
        owner,
        error,
        // It always serializes.
        manifest: serde_json::to_string(&manifest).unwrap_or_default(),
    };
    let response = html(&frame, if error.is_some() { 400 } else { 200 }, &page);
    let sealed = sealer(visit).map(|sealer| sealer.seal(&begun)).unwrap_or_default();
    Ok(cookie::set(response, cookie::NEW_APP, &sealed, BEGUN_S))
}

/// No two Apps at GitHub have the same name, so it is that of the shop, or of its host. It can be changed there.
fn app_name<P: Platform>(visit: &Visit<'_, P>, url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let named = visit.engine.config().pages.brand.name.as_deref();
    named.unwrap_or(host).to_owned()
}

/// Shows the secrets of the App that GitHub has sent a code for. What was begun is over then; where GitHub did not say, the same address can
/// be asked once more.
pub(super) async fn made<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let query = visit.asked();
    let refused = |sentence| Problem::new(Code::InvalidRequest, sentence);
    let begun = Begun::of(visit).filter(|begun| begun.is_answered_by(query.text("state")));
    if begun.is_none() {
        return Err(refused(words::APP_NOT_BEGUN));
    }
    let code = query.text("code");
    if code.is_empty() || code.len() > 200 {
        return Err(refused(words::APP_CODE_REFUSED));
    }
    let over = |response| Ok(cookie::clear(response, cookie::NEW_APP));
    match visit.engine.new_github_app(code).await {
        Err(failure) => {
            let said = format!("{} {}", words::APP_UNCLEAR, failure.reason);
            Err(Problem::new(Code::UpstreamUnavailable, said))
        }
        Ok(None) => over(visit.refused(&refused(words::APP_CODE_REFUSED))),
        Ok(Some(app)) => {
            let secrets = serde_json::to_string_pretty(&Secrets::of(&app)).unwrap_or_default();
            let page = Made {
                shell: visit.shell(Place::SetUp, words::APP_MADE_TITLE),
                file: FILE,
                url: format!("data:application/json;base64,{}", BASE64_STANDARD.encode(&secrets)),
                secrets,
                install_url: app.install_url,
                command: format!("npx wrangler secret bulk {FILE}"),
                has_token: matches!(visit.engine.config().github.credentials, Ok(config::Credentials::Token(_))),
            };
            over(visit.page(&page))
        }
    }
}
