//! `/console/sign-in`: the admin token, and the name under which changes are recorded.
//!
//! A form that is sent after its session has ended is not lost, up to 64 KiB: the sign-in carries what was entered, and after it whoever has
//! signed in sees that and sends it with a button. Nothing is changed before that, and nothing of it stands in an address.

use askama::Template;

use super::operator::Operator;
use super::visit::Shell;
use super::words::{self, Notice};
use super::{Place, visit};
use crate::engine::Engine;
use crate::http::{DEFAULT_ACTOR, Request, Response};
use crate::model::{Actor, Secret};
use crate::pages::answer::redirect;
use crate::pages::fields::{self, Fields};
use crate::pages::frame::Frame;
use crate::pages::words::{Markup, Part, filled};
use crate::platform::{Level, Limit, Platform};

#[derive(Template)]
#[template(path = "pages/templates/console/sign_in.html")]
struct SignIn<'a> {
    shell: Shell<'a>,
    /// Where it leads.
    to: &'a str,
    /// The name that was given.
    name: &'a str,
    error: Option<&'static str>,
    /// What was entered in the form that this keeps from being lost.
    kept: &'a Fields,
}

/// What was entered before the session ended, to be sent now.
#[derive(Template)]
#[template(path = "pages/templates/console/kept.html")]
struct Kept<'a> {
    shell: Shell<'a>,
    /// Where the form goes.
    to: &'a str,
    /// Where it is entered, for what it was about.
    back: String,
    /// What is sent where, and in whose name.
    does: Markup,
    kept: &'a Fields,
}

/// The prefix of the names of carried fields.
const KEPT: &str = "kept.";

/// The fields that say what a form is about, which its page takes as well.
const FILTERS: [&str; 5] = ["state", "source", "kind", "error", "since"];

/// The largest form of a sign-in: one that is carried, with other names, and what is entered.
const MAX_BYTES: usize = 3 * fields::MAX_BYTES;

pub(super) const PATH: &str = "/console/sign-in";

/// The longest address that is come back to.
const LONGEST: usize = 2_000;

/// Where somebody signs in who has asked for something else.
pub(super) fn path(request: &Request) -> String {
    let query = request.query.iter().map(|query| format!("?{query}")).collect::<String>();
    match own(&format!("{}{query}", request.path)) {
        Some(to) => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", to).finish();
            format!("{PATH}?{query}")
        }
        None => PATH.to_owned(),
    }
}

/// An address, if it is one of the console's that can be looked at.
fn own(to: &str) -> Option<&str> {
    let path = to.split('?').next().unwrap_or_default();
    // What GitHub has sent back belongs to the session in which it was begun, and must not stand in another address.
    let is_seen = |(place, _): &(Place, String)| {
        !matches!(place, Place::SignIn | Place::GithubAppMade) && place.methods().contains(&"GET")
    };
    let is_plain = to.len() <= LONGEST && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_plain && Place::of(path).is_some_and(|found| is_seen(&found))).then_some(to)
}

pub(super) async fn respond<P: Platform>(
    engine: &Engine<P>,
    request: Request,
    frame: &Frame,
    token: &Secret,
    operator: Option<&Operator>,
) -> Response {
    if request.method == "POST" {
        return enter(engine, request, frame, token).await;
    }
    let query = Fields::of_query(&request);
    let to = own(query.text("to")).unwrap_or("/console");
    if operator.is_some() {
        return redirect(to);
    }
    let notice = Notice::of(query.text("note"));
    let shell = Shell { notice: notice.map(|notice| notice.told(None)), ..Shell::outside(frame, words::SIGN_IN_TITLE) };
    visit::html(frame, 200, &SignIn { shell, to, name: "", error: None, kept: &Fields::default() })
}

/// Where somebody signs in whose session has ended before they sent a form. What they have entered goes with it, where it fits; they are
/// told that nothing was changed.
pub(super) async fn keep<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame, place: Place) -> Response {
    let to = request.path.clone();
    let can_be_looked_at = own(&to).is_some();
    let may_ask = engine.platform().within_limit(Limit::Admin, &request.network()).await;
    let kept = if can_be_looked_at && may_ask { Fields::read(request).await.ok() } else { None };
    match kept.filter(|kept| !kept.is_empty()) {
        Some(kept) => {
            let shell = Shell::outside(frame, words::SIGN_IN_TITLE).refused();
            visit::html(frame, 403, &SignIn { shell, to: &to, name: "", error: None, kept: &kept })
        }
        // A script that checks what is written is told by where this leads, and whoever signs out wants nothing else.
        None if matches!(place, Place::CheckProducts | Place::SignOut) => redirect(PATH),
        None => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            if can_be_looked_at {
                query.append_pair("to", &to);
            }
            redirect(&format!("{PATH}?{}", query.append_pair("note", Notice::SessionOver.code()).finish()))
        }
    }
}

async fn enter<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame, token: &Secret) -> Response {
    let within_limit = engine.platform().within_limit(Limit::Admin, &request.network()).await;
    let max_bytes = if within_limit { MAX_BYTES } else { fields::MAX_BYTES };
    let fields = match Fields::read_up_to(request, max_bytes).await {
        Ok(fields) => fields,
        Err(status) => return visit::refused(frame, None, status, words::UNREADABLE_FORM),
    };
    let kept = fields.behind(KEPT);
    let (to, name) = (own(fields.text("to")).unwrap_or("/console"), fields.text("name").trim());
    let refuse = |status, error| {
        let shell = Shell::outside(frame, words::SIGN_IN_TITLE).refused();
        visit::html(frame, status, &SignIn { shell, to, name, error: Some(error), kept: &kept })
    };
    if !within_limit {
        return refuse(429, words::TOO_OFTEN);
    }
    if !token.matches(fields.text("token").trim()) {
        engine.log(Level::Warn, "console_sign_in_refused", []);
        return refuse(403, words::WRONG_TOKEN);
    }
    let Some(name) = Actor::parse(if name.is_empty() { DEFAULT_ACTOR } else { name }) else {
        return refuse(400, words::WRONG_NAME);
    };
    let onward = if kept.is_empty() || !takes_forms(to) { redirect(to) } else { not_sent_yet(frame, &name, to, &kept) };
    match Operator::enter(&name, onward, token, engine.platform()) {
        Ok(response) => {
            engine.log(Level::Info, "console_signed_in", []);
            response
        }
        Err(_) => refuse(503, words::NO_SESSION),
    }
}

/// Whether a form can be sent to an address of the console's.
fn takes_forms(to: &str) -> bool {
    Place::of(to).is_some_and(|(place, _)| place != Place::SignIn && place.methods().contains(&"POST"))
}

/// What was entered before, with the button that sends it.
fn not_sent_yet(frame: &Frame, name: &Actor, to: &str, kept: &Fields) -> Response {
    let shell = Shell { operator: Some(name.as_str()), ..Shell::outside(frame, words::KEPT_TITLE) };
    let mut filters = form_urlencoded::Serializer::new(String::new());
    filters.extend_pairs(kept.pairs().filter(|(name, value)| FILTERS.contains(name) && !value.is_empty()));
    let filters = filters.finish();
    let back = if filters.is_empty() { to.to_owned() } else { format!("{to}?{filters}") };
    let does = filled(words::KEPT_LEAD, &[("path", Part::Name(to)), ("name", Part::Name(name.as_str()))]);
    visit::html(frame, 200, &Kept { shell, to, back, does, kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_pages_of_the_console_alone() {
        for to in ["/console", "/console?a=b", "/console/actions", "/console/actions?cursor=a%20b"] {
            assert_eq!(own(to), Some(to));
        }
        for to in [
            "",
            "/",
            "//evil.example.com",
            "/license",
            "/consolex",
            "/console/",
            "/console/nothing",
            "/console/sign-in",
            "/console/sign-out",
            "/console/set-up/github-app/made?code=a&state=b",
            "/console@evil.example.com",
            "https://evil.example.com/console",
            "/console?a=b c",
            "/console\\evil",
            "/console\r\nset-cookie: a=b",
            "javascript:alert(1)",
            &format!("/console?a={}", "x".repeat(LONGEST)),
        ] {
            assert_eq!(own(to), None, "{to}");
        }
    }
}
