//! `/license`: what a license is, how each repository stands that it opens, and activating it.
//!
//! Who is there is known by the session. The account that a license is bound to is named only to who has shown to know it: by having
//! given it, as at `/api/activate`.

use askama::Template;

use super::answer::{Policy, redirect};
use super::fields::Fields;
use super::frame::{Frame, Sent};
use super::home::{not_good, status_of};
use super::session::{Session, Shown};
use super::words::{self, Markup, Notice, Part, Tone, filled};
use super::{cookie, github, recover};
use crate::adapters::github::{Profile, avatar};
use crate::config::{Config, Moves};
use crate::engine::{Activate, ActivateError, Bound, Claimed, Engine, FollowUp, LicenseView, RepoView};
use crate::http::activate::{log_refusal, within_limits};
use crate::http::{Request, Response};
use crate::model::catalogue::ProofRule;
use crate::model::{LicenseKey, Login, PresentedKey, Repo};
use crate::pages::answer::Answer;
use crate::platform::Platform;

/// Under what the accounts that a buyer looks up are counted of a key.
const ACCOUNTS: &str = "accounts ";

#[derive(Template)]
#[template(path = "pages/templates/license.html")]
struct LicensePage<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    /// The product's name.
    title: &'a str,
    tier: &'a str,
    key: &'a str,
    masked: String,
    /// That it is good, as a table has it.
    state: Markup,
    since: Option<Markup>,
    validity: Markup,
    test: bool,
    repos: Vec<RepoRow<'a>>,
    step: Step,
    /// Whether a look again may show something new.
    waits: bool,
    error: Option<&'static str>,
    /// What was typed as a username, or given at the checkout.
    typed: &'a str,
    /// Nothing that is mailed to the buyer arrives.
    mail_returned: bool,
}

/// What is to be done next.
enum Step {
    /// To choose; how many, in words, and from what.
    Choose { lead: Markup, offered: Vec<Offered> },
    /// To say which account it is. With what was chosen, where that is so.
    Activate { has_chosen: bool, by: By },
    /// It is activated, for this account where the buyer has shown to know it; whether anything can be sent again.
    Activated {
        account: Markup,
        login: Option<String>,
        again: bool,
        sign_in: Option<&'static str>,
        moves: Moving,
        /// How another account can be told than the one that was given at the checkout, while that is possible.
        corrects: Option<By>,
    },
}

/// Whether the buyer can move the license to another account.
enum Moving {
    No,
    /// Once they have shown to be its owner: at GitHub or, where that is possible, by a mail to the address of the order.
    Owner {
        by_mail: bool,
    },
    Yes,
    /// Not before the time that this names.
    Later(Markup),
}

impl Step {
    /// Whether what is wrong is said beside a field of it.
    fn has_field(&self) -> bool {
        match self {
            Self::Choose { .. } | Self::Activate { .. } => true,
            Self::Activated { again, corrects, .. } => corrects.as_ref().map_or(*again, |by| by.typed),
        }
    }
}

/// How the account can be told.
struct By {
    /// What is said before somebody is sent to GitHub, where that is possible.
    sign_in: Option<&'static str>,
    /// Whether a username may be typed.
    typed: bool,
}

struct Offered {
    repo: String,
    chosen: bool,
    /// Of several at most, or of one.
    kind: &'static str,
}

struct RepoRow<'a> {
    name: &'a str,
    tone: &'static str,
    word: &'static str,
    remedy: Markup,
    accept_url: Option<&'a str>,
    /// Its page, for who is in.
    url: Option<String>,
    clone: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/templates/confirm.html")]
struct Confirm<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    login: &'a str,
    name: Option<&'a str>,
    avatar_url: String,
}

/// What is told on top of the license.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told<'a> {
    pub(super) notice: Option<Notice>,
    /// With its status.
    pub(super) error: Option<(u16, &'static str)>,
    pub(super) typed: &'a str,
    /// The buyer wants to choose once more.
    pub(super) chooses: bool,
    /// The form that brought the buyer here, where that came to nothing.
    pub(super) sent: Option<Sent<'a>>,
}

/// The session of a request, with the key that it is for.
pub(super) fn entered<P: Platform>(engine: &Engine<P>, request: &Request) -> Option<(Session, PresentedKey)> {
    let session = Session::of(request, engine.config(), engine.platform().now())?;
    let key = session.key()?;
    Some((session, key))
}

/// To where the key is entered, for whoever has no session. Whoever has sent a form is told that nothing came of it.
pub(super) fn over(request: &Request) -> Response {
    let notice = if request.method == "POST" { Notice::SessionOverUnsent } else { Notice::SessionOver };
    redirect(&noted("/", notice))
}

/// An address with a notice.
pub(super) fn noted(path: &str, notice: Notice) -> String {
    format!("{path}?note={}", notice.code())
}

pub(super) async fn show<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    let Some((session, key)) = entered(engine, request) else { return over(request) };
    let query = Fields::of_query(request);
    let told = Told { notice: Notice::of(query.text("note")), chooses: query.has("choose"), ..Told::default() };
    page(engine, frame, &session, &key, told).await
}

/// Keeps what the buyer chooses, which is checked once more as the license is activated.
pub(super) async fn choose<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let Some((session, key)) = entered(engine, &request) else { return over(&request) };
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let sent = Some(Sent { path: "/license/choose", fields: &fields });
    let view = match engine.view_license(&key).await {
        Ok(view) => view,
        Err(error) => return refused(engine, frame, &key, error, sent).await,
    };
    let Some(choice) = view.choose else { return redirect("/license") };
    let chosen: Vec<_> =
        choice.from.into_iter().filter(|repo| fields.all("repo").any(|name| name == repo.as_str())).collect();
    if chosen.is_empty() || chosen.len() > choice.limit as usize {
        let told = Told { error: Some((400, words::CHOICE_IMPOSSIBLE)), chooses: true, sent, ..Told::default() };
        return page(engine, frame, &session, &key, told).await;
    }
    session.choosing(&chosen).give(redirect("/license"), engine.config(), engine.platform().now())
}

/// Shows whose the username is that was typed. Nothing is changed by it.
pub(super) async fn account<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let Some((session, key)) = entered(engine, &request) else { return over(&request) };
    let head = request.head();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let typed = fields.text("github_username");
    let sent = Some(Sent { path: "/license/account", fields: &fields });
    let told = |status, sentence| Told { error: Some((status, sentence)), typed, sent, ..Told::default() };
    let Ok(login) = Login::parse(typed) else {
        return page(engine, frame, &session, &key, told(400, words::LOGIN_UNREADABLE)).await;
    };
    if !within_limits(engine, &head, &key, ACCOUNTS).await {
        return page(engine, frame, &session, &key, told(429, words::TOO_OFTEN)).await;
    }
    match engine.look_up_account(&key, &login).await {
        Ok(Profile { account, name }) => {
            let config = engine.config();
            let (avatar_url, origin) = avatar(&config.github, account.id);
            let mut policy: Policy = frame.policy.clone();
            policy.images.push(origin);
            let confirm = Confirm {
                frame,
                notice: None,
                title: words::CONFIRM_TITLE,
                login: account.login.as_str(),
                name: name.as_deref(),
                avatar_url,
            };
            Answer { policy, ..frame.answer(200, &confirm) }.response()
        }
        Err(error) => {
            log_refusal(engine, "account_refused", &error);
            let sentence = words::refusal(&error);
            page(engine, frame, &session, &key, told(status_of(error), sentence)).await
        }
    }
}

/// Activates the license for the account that the buyer has said to be theirs.
pub(super) async fn activate<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    activate_typed(engine, request, frame, Notice::Activated).await
}

/// Asks again for whatever invitation is missing: the same call as activating once more.
pub(super) async fn again<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    activate_typed(engine, request, frame, Notice::SentAgain).await
}

async fn activate_typed<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame, notice: Notice) -> Response {
    let Some((session, key)) = entered(engine, &request) else { return over(&request) };
    let head = request.head();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let typed = fields.text("github_username");
    let sent = Some(Sent { path: &head.path, fields: &fields });
    let told = |status, sentence| Told { error: Some((status, sentence)), typed, sent, ..Told::default() };
    let Ok(login) = Login::parse(typed) else {
        return page(engine, frame, &session, &key, told(400, words::LOGIN_UNREADABLE)).await;
    };
    if !within_limits(engine, &head, &key, "").await {
        return page(engine, frame, &session, &key, told(429, words::TOO_OFTEN)).await;
    }
    let request = Activate { key: key.clone(), claimed: Claimed::Typed(login), repos: session.chosen() };
    let (activated, follow_up) = engine.activate(request).await;
    written_down(engine, follow_up).await;
    match activated {
        Ok(activated) => {
            let (config, platform) = (engine.config(), engine.platform());
            // Whoever activates it first decides whose it is; later, the name of the account is all that was given.
            let shown = match activated.binding {
                Bound::Now => Shown::AsOwner,
                Bound::Before => Shown::ByName,
            };
            match session.knowing(platform, activated.account, shown) {
                Ok(session) => session.give(redirect(&noted("/license", notice)), config, platform.now()),
                Err(_) => redirect(&noted("/license", notice)),
            }
        }
        Err(error) => {
            log_refusal(engine, "activation_refused", &error);
            let sentence = words::refusal(&error);
            page(engine, frame, &session, &key, told(status_of(error), sentence)).await
        }
    }
}

/// Writes down what came of an activation before the answer: the page to which that leads shows it.
pub(super) async fn written_down<P: Platform>(engine: &Engine<P>, follow_up: Option<FollowUp>) {
    if let Some(work) = follow_up {
        engine.follow_up(work).await;
    }
}

/// Ends the sessions in this browser, that of the address with which the license was bought among them.
pub(super) fn leave() -> Response {
    cookie::clear(cookie::clear(redirect(&noted("/", Notice::Left)), cookie::SESSION), cookie::ADDRESS)
}

/// The license as it is by now, with what is to be told on top of it.
pub(super) async fn page<P: Platform>(
    engine: &Engine<P>,
    frame: &Frame,
    session: &Session,
    key: &PresentedKey,
    told: Told<'_>,
) -> Response {
    let view = match engine.view_license(key).await {
        Ok(view) => view,
        Err(error) => return refused(engine, frame, key, error, told.sent).await,
    };
    let (status, error) = told.error.map_or((200, None), |(status, sentence)| (status, Some(sentence)));
    let web_url = &engine.config().github.web_url;
    let page = LicensePage {
        frame,
        notice: told.notice,
        title: &view.product,
        tier: &view.tier,
        key: view.key.as_str(),
        masked: masked(&view.key),
        state: words::standing(Tone::Good, words::STATE_GOOD),
        since: view.issued_at.map(words::time),
        validity: words::ending(view.ending, view.expires_at),
        test: view.test,
        step: step(&view, session, told, engine),
        waits: view.repos.iter().any(|(_, state)| words::repo_state(state).0 == Tone::Waits),
        repos: view.repos.iter().map(|(repo, state)| RepoRow::of(repo, state, web_url)).collect(),
        error,
        typed: match &view.checkout_login {
            Some(login) if told.typed.is_empty() && view.activation.is_none() => login.as_str(),
            _ => told.typed,
        },
        mail_returned: view.mail_returned,
    };
    frame.answer(status, &page).response()
}

/// Why there is no license to show. What was sent can be sent again where that may work.
async fn refused<P: Platform>(
    engine: &Engine<P>,
    frame: &Frame,
    key: &PresentedKey,
    error: ActivateError,
    sent: Option<Sent<'_>>,
) -> Response {
    let over = not_good(engine, key, &error).await;
    let sentence = words::refusal(&error);
    let answer = match (over, sent, status_of(error)) {
        (Some(over), _, status) => frame.over(status, &over, sentence),
        (None, Some(sent), status @ (429 | 502 | 503)) => frame.refused_for_now(status, sentence, sent),
        (None, _, status) => frame.refused_with(status, sentence),
    };
    answer.response()
}

fn step<P: Platform>(view: &LicenseView, session: &Session, told: Told<'_>, engine: &Engine<P>) -> Step {
    let config = engine.config();
    let sign_in = sign_in_lead(config);
    if let Some(activation) = &view.activation {
        // Whoever has the key has it from who has given the username at the checkout, and may correct it.
        let correctable = activation.is_correctable(engine.platform().now());
        let is_known = correctable || session.knows(activation.user_id);
        let login = is_known.then(|| activation.login.as_str().to_owned());
        let account = match &login {
            Some(login) if correctable => filled(words::BOUND_AT_CHECKOUT, &[("account", Part::Name(login))]),
            Some(login) => filled(words::BOUND_TO, &[("account", Part::Name(login))]),
            None => filled(words::BOUND, &[]),
        };
        let again = view.repos.iter().any(|(_, state)| !matches!(state, RepoView::Member | RepoView::RemovedByHand));
        let open = view.repos.iter().any(|(_, state)| matches!(state, RepoView::Invited { .. }));
        let moves = if correctable || sign_in.is_none() || config.pages.moves != Moves::Allowed {
            Moving::No
        } else if let Some(from) = view.moves_from {
            Moving::Later(filled(words::MOVE_LATER, &[("from", Part::Time(from))]))
        } else if session.owned() == Some(activation.user_id) {
            Moving::Yes
        } else {
            Moving::Owner { by_mail: recover::is_offered(config) }
        };
        let corrects = correctable.then(|| By { sign_in, typed: view.proof == ProofRule::Optional });
        return Step::Activated { account, login, again, sign_in: sign_in.filter(|_| open), moves, corrects };
    }
    let chosen = session.chosen();
    match &view.choose {
        Some(choice) if told.chooses || chosen.is_none() => {
            // What was ticked just now, or else what is kept.
            let ticked = told.sent.filter(|_| told.chooses).map(|sent| sent.fields);
            let is_chosen = |repo: &Repo| match (ticked, &chosen) {
                (Some(fields), _) => fields.all("repo").any(|name| name == repo.as_str()),
                (None, Some(chosen)) => chosen.contains(repo),
                (None, None) => false,
            };
            let (kind, lead) = if choice.limit == 1 {
                ("radio", filled(words::CHOOSE_ONE, &[]))
            } else {
                let limit = choice.limit.to_string();
                ("checkbox", filled(words::CHOOSE_SOME, &[("limit", Part::Name(&limit))]))
            };
            let offered = choice.from.iter();
            let offered = offered.map(|repo| Offered { repo: repo.as_str().to_owned(), chosen: is_chosen(repo), kind });
            Step::Choose { lead, offered: offered.collect() }
        }
        choice => {
            let by = By { sign_in, typed: view.proof == ProofRule::Optional };
            Step::Activate { has_chosen: choice.is_some(), by }
        }
    }
}

/// What is said before somebody is sent to GitHub, where that is possible.
fn sign_in_lead(config: &Config) -> Option<&'static str> {
    let app = config.github.oauth.as_ref().filter(|_| github::is_offered(config))?;
    Some(if app.is_github_app() { words::SIGN_IN_LEAD_APP } else { words::SIGN_IN_LEAD })
}

impl<'a> RepoRow<'a> {
    fn of(repo: &'a Repo, state: &'a RepoView, web_url: &str) -> Self {
        let (tone, word) = words::repo_state(state);
        let is_in = *state == RepoView::Member;
        Self {
            name: repo.as_str(),
            tone: tone.name(),
            word,
            remedy: words::repo_remedy(state),
            accept_url: match state {
                RepoView::Invited { accept_url, .. } => Some(accept_url),
                _ => None,
            },
            url: is_in.then(|| format!("{web_url}/{repo}")),
            clone: is_in.then(|| format!("git clone {web_url}/{repo}.git")),
        }
    }
}

/// The beginning and the end of a key, by which its owner knows it again.
pub(super) fn masked(key: &LicenseKey) -> String {
    let key = key.as_str();
    let shown = key.len() / 5;
    let (Some(start), Some(end)) = (key.get(..shown), key.get(key.len() - shown.min(4)..)) else {
        return "…".to_owned();
    };
    format!("{start}…{end}")
}
