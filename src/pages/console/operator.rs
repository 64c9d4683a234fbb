//! Who is at the console: whoever has shown the admin token, for twelve hours.
//!
//! The session is signed with a key that is derived from the token, so another token ends every one.

use serde::{Deserialize, Serialize};

use crate::http::{Request, Response};
use crate::model::{Actor, Secret, Timestamp};
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
    /// Who a request comes from, if their session has not ended.
    pub(super) fn of(request: &Request, token: &Secret, now: Timestamp) -> Option<Self> {
        let session: Session = Sealer::new(token, KIND).open(cookie::read(request, cookie::CONSOLE)?)?;
        let name = Actor::parse(&session.name)?;
        (session.ends_at > now.as_millis()).then_some(Self { name })
    }

    /// Begins a session of theirs.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(super) fn enter(
        &self,
        response: Response,
        token: &Secret,
        platform: &impl Platform,
    ) -> Result<Response, NoRandomness> {
        let session = Session {
            id: random_text(platform)?,
            name: self.name.as_str().to_owned(),
            ends_at: platform.now().plus_millis(SESSION_S * 1000).as_millis(),
        };
        Ok(cookie::set(response, cookie::CONSOLE, &Sealer::new(token, KIND).seal(&session), SESSION_S))
    }
}

/// Ends the session in this browser.
pub(super) fn leave(response: Response) -> Response {
    cookie::clear(response, cookie::CONSOLE)
}
