//! Who is at the console: whoever has shown the admin token, for twelve hours, or whom Cloudflare Access lets through, under the mail
//! address that it knows them by.
//!
//! The session is signed with a key that is derived from the token, so another token ends every one.

use serde::{Deserialize, Serialize};

use crate::adapters::access;
use crate::engine::Engine;
use crate::http::{Request, Response};
use crate::model::{Actor, Secret, Timestamp};
use crate::pages::answer::redirect;
use crate::pages::cookie;
use crate::pages::session::{Sealer, random_text};
use crate::platform::{NoRandomness, Platform};

/// How long a session lasts.
const SESSION_S: i64 = 12 * 60 * 60;

/// What the key is derived for.
const KIND: &str = "latchkey console 1";

/// Somebody who has signed in.
#[derive(Debug, Clone)]
pub(super) struct Operator {
    /// Under whose name changes are recorded.
    pub(super) name: Actor,
    pub(super) known_by: KnownBy,
    /// What distinguishes this session from all others. Whom Access lets through has but one.
    pub(super) session: String,
}

/// By what it is known who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownBy {
    /// They have shown the admin token.
    Token,
    /// Cloudflare Access says so, with each request.
    Access,
}

/// What the browser keeps of it.
#[derive(Serialize, Deserialize)]
struct Session {
    /// Its own, so that no two are alike.
    #[serde(rename = "i")]
    id: String,
    #[serde(rename = "n")]
    name: String,
    /// In milliseconds.
    #[serde(rename = "x")]
    ends_at: i64,
}

impl Operator {
    /// Who a request comes from: by the word of Cloudflare Access, else by their session.
    pub(super) async fn of<P: Platform>(engine: &Engine<P>, request: &Request, token: &Secret) -> Option<Self> {
        if let Some(assertion) = request.header(access::HEADER)
            && let Some(address) = engine.access_identity(assertion).await
            && let Some(name) = Actor::parse(address.as_str())
        {
            let session = format!("access {}", name.as_str());
            return Some(Self { name, known_by: KnownBy::Access, session });
        }
        Self::of_session(request, token, engine.platform().now())
    }

    /// Who has shown the token, if their session has not ended.
    fn of_session(request: &Request, token: &Secret, now: Timestamp) -> Option<Self> {
        let session: Session = Sealer::new(token, KIND).open(cookie::read(request, cookie::CONSOLE)?)?;
        let name = Actor::parse(&session.name)?;
        let is_good = session.ends_at > now.as_millis();
        is_good.then_some(Self { name, known_by: KnownBy::Token, session: session.id })
    }

    /// Begins a session of somebody who has shown the token.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(super) fn enter(
        name: &Actor,
        response: Response,
        token: &Secret,
        platform: &impl Platform,
    ) -> Result<Response, NoRandomness> {
        let session = Session {
            id: random_text(platform)?,
            name: name.as_str().to_owned(),
            ends_at: platform.now().plus_millis(SESSION_S * 1000).as_millis(),
        };
        Ok(cookie::set(response, cookie::CONSOLE, &Sealer::new(token, KIND).seal(&session), SESSION_S))
    }
}

/// Ends the session in this browser, and goes where that is told; whom Access lets through is signed out there.
/// <https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/#log-out-as-a-user>
pub(super) fn leave(operator: &Operator, told_at: &str) -> Response {
    let to = if operator.known_by == KnownBy::Access { "/cdn-cgi/access/logout" } else { told_at };
    cookie::clear(redirect(to), cookie::CONSOLE)
}
