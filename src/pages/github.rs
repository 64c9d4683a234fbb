//! `/auth/github` and its callback: a buyer signs in at GitHub, which says whose the license is to be.
//!
//! What a sign-in was begun with (a state that nobody can guess, the verifier of PKCE, what the buyer wants) waits in a sealed cookie
//! of ten minutes, and belongs to the session in which it was begun. A callback of another browser, or of another session, finds
//! nothing of it. What is done with GitHub's code is in `engine::sign_in`.

use serde::{Deserialize, Serialize};

use super::answer::redirect;
use super::cookie;
use super::fields::Fields;
use super::frame::Frame;
use super::license::{entered, noted, over, written_down};
use super::session::{Sealer, Session, Shown, random_text};
use super::words::{self, Notice};
use crate::adapters::github::{Accepted, Consent, SignIn};
use crate::config::Config;
use crate::engine::{Acceptance, ActivateError, Engine, SignInError, SignInRequest};
use crate::http::activate::{log_refusal, within_limits};
use crate::http::{Request, Response};
use crate::model::Secret;
use crate::platform::{Level, LogValue, NoRandomness, Platform};

/// How long somebody may take at GitHub, whose code lasts as long.
const BEGUN_S: i64 = 10 * 60;

/// A sign-in that was begun.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    #[serde(rename = "s")]
    state: String,
    #[serde(rename = "v")]
    verifier: String,
    /// The id of the session.
    #[serde(rename = "i")]
    session: String,
    #[serde(rename = "a")]
    accepts: bool,
    /// The license is to be moved to whoever signs in.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    moves: bool,
    /// In milliseconds.
    #[serde(rename = "x")]
    ends_at: i64,
}

impl Begun {
    fn now(platform: &impl Platform, session: &Session, consent: Consent) -> Result<Self, NoRandomness> {
        Ok(Self {
            state: random_text(platform)?,
            // 43 characters are the least that a verifier may have: <https://www.rfc-editor.org/rfc/rfc7636#section-4.1>
            verifier: format!("{}{}", random_text(platform)?, random_text(platform)?),
            session: session.id.clone(),
            accepts: consent == Consent::AcceptForMe,
            moves: false,
            ends_at: platform.now().plus_millis(BEGUN_S * 1000).as_millis(),
        })
    }

    /// What the browser has begun in this session, if GitHub was given the same state.
    fn of(request: &Request, sealer: &Sealer, session: &Session, state: &str, now_ms: i64) -> Option<Self> {
        let begun: Self = sealer.open(cookie::read(request, cookie::SIGN_IN)?)?;
        let is_its_own = begun.session == session.id && begun.ends_at > now_ms;
        let is_answered = Secret::new(begun.state.as_str()).is_some_and(|expected| expected.matches(state));
        (is_its_own && is_answered).then_some(begun)
    }
}

fn sealer(config: &Config) -> Option<Sealer> {
    config.pages.signing.as_ref().map(|secret| Sealer::new(secret, "latchkey sign-in 1"))
}

/// Sends a buyer to GitHub.
pub(super) async fn begin<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let Some((session, _)) = entered(engine, &request) else { return over(&request) };
    // A link can only begin the sign-in that most want: nobody else's is to say what else it does.
    let fields = if request.method == "GET" { Ok(Fields::default()) } else { Fields::read(request).await };
    let fields = match fields {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let (config, platform) = (engine.config(), engine.platform());
    let (Some(github), Some(sealer)) = (SignIn::new(&config.github), sealer(config)) else {
        return frame.refused(503).response();
    };
    let consent = if fields.text("accept") == "later" { Consent::IdentityOnly } else { Consent::AcceptForMe };
    let Ok(begun) = Begun::now(platform, &session, consent) else { return frame.refused(503).response() };
    let begun = Begun { moves: fields.text("account") == "another", ..begun };
    let to = github.authorize_url(consent, &begun.state, &begun.verifier);
    cookie::set(redirect(&to), cookie::SIGN_IN, &sealer.seal(&begun), BEGUN_S)
}

/// Takes what GitHub has sent back, and leads to the license. However it ends, what was begun is over.
pub(super) async fn finish<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let response = answer(engine, &request, frame).await;
    cookie::clear(response, cookie::SIGN_IN)
}

async fn answer<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    let Some((session, key)) = entered(engine, request) else { return over(request) };
    let (config, platform) = (engine.config(), engine.platform());
    let (Some(github), Some(sealer)) = (SignIn::new(&config.github), sealer(config)) else {
        return frame.refused(503).response();
    };
    let query = Fields::of_query(request);
    let now = platform.now();
    let Some(begun) = Begun::of(request, &sealer, &session, query.text("state"), now.as_millis()) else {
        return frame.refused_with(400, words::NOT_BEGUN_HERE).response();
    };
    if !github.is_issuer(query.text("iss")) {
        return frame.refused_with(400, words::NOT_BEGUN_HERE).response();
    }
    let code = query.text("code");
    if code.is_empty() || code.len() > 200 {
        let notice = if query.text("error") == "access_denied" { Notice::SignInCanceled } else { Notice::SignInFailed };
        return redirect(&noted("/license", notice));
    }
    if !within_limits(engine, request, &key, "").await {
        return redirect(&noted("/license", Notice::TooOften));
    }
    let request = SignInRequest {
        code: code.to_owned(),
        verifier: begun.verifier,
        consent: if begun.accepts { Consent::AcceptForMe } else { Consent::IdentityOnly },
        key,
        repos: session.chosen(),
        // Whoever has only found the key, and the account's public name, is not the one who may move it away from there.
        moves_from: session.owned().filter(|_| begun.moves),
    };
    let (signed_in, follow_up) = engine.sign_in(request).await;
    written_down(engine, follow_up).await;
    match signed_in {
        Ok(signed_in) => {
            let notice = told_of(signed_in.acceptance);
            let response = redirect(&noted("/license", notice));
            match session.knowing(platform, signed_in.activated.account, Shown::AsOwner) {
                Ok(session) => session.give(response, config, now),
                Err(_) => response,
            }
        }
        Err(error) => {
            log_sign_in(engine, &error);
            redirect(&noted("/license", refusal_of(&error)))
        }
    }
}

/// What is told of the invitations.
const fn told_of(acceptance: Acceptance) -> Notice {
    match acceptance {
        Acceptance::All => Notice::SignedInAndAccepted,
        Acceptance::NothingOpen | Acceptance::NotWanted => Notice::Activated,
        Acceptance::NotAllowed => Notice::AcceptNotAllowed,
        Acceptance::Some(Accepted::NoSeat) => Notice::AcceptNoSeat,
        Acceptance::Some(Accepted::Refused) => Notice::AcceptRefused,
        Acceptance::Some(Accepted::Gone) => Notice::AcceptGone,
        Acceptance::Some(Accepted::Unclear | Accepted::Done) => Notice::AcceptUnclear,
    }
}

/// What is told of a sign-in that came to nothing. What is wrong with the license itself, its page says.
const fn refusal_of(error: &SignInError) -> Notice {
    match error {
        SignInError::Activation(ActivateError::BoundToAnother) => Notice::OtherAccount,
        SignInError::Activation(ActivateError::NotInvitable(_)) => Notice::NotInvitable,
        SignInError::Activation(ActivateError::Choice(_)) => Notice::ChooseFirst,
        SignInError::NotMoved => Notice::NotMoved,
        SignInError::CodeRefused | SignInError::NotConfigured => Notice::SignInFailed,
        SignInError::Upstream(_) | SignInError::Activation(_) => Notice::TryAgain,
    }
}

fn log_sign_in<P: Platform>(engine: &Engine<P>, error: &SignInError) {
    match error {
        SignInError::Activation(error) => log_refusal(engine, "sign_in_refused", error),
        error => engine.log(Level::Warn, "sign_in_failed", [("error", LogValue::text(error.to_string()))]),
    }
}

/// Whether buyers can sign in at all.
pub(super) fn is_offered(config: &Config) -> bool {
    SignIn::new(&config.github).is_some() && config.pages.signing.is_some()
}

/// To where the forms of a page that offers it may lead.
pub(super) fn allow_forms(frame: &mut Frame, config: &Config) {
    frame.policy.forms.extend(crate::config::origin(&config.github.web_url));
}
