//! `/recover`: a buyer who has lost the key asks for a mail with a link, and sees every license of the address to which it went.
//!
//! What is answered to an address is the same whether it has licenses or not, and comes before anything is looked up: all that
//! depends on it is behind the answer (`engine::recover`). A link is shown a button, and the form behind that uses it, since
//! programs that check mails open every link. Whoever has used one is in a session of an hour, which names the address, and no address
//! of a page does.
//!
//! The link's token stands in its query: it has to reach us from a browser without scripts. No page of ours sends a `Referer`, the log
//! names routes and no queries, `wrangler.toml` keeps the query out of Cloudflare's, and it is good once.

use askama::Template;
use serde::{Deserialize, Serialize};

use super::answer::redirect;
use super::cookie;
use super::fields::Fields;
use super::frame::Frame;
use super::license::{masked, noted};
use super::session::{SESSION_S, Sealer, random_text};
use super::words::{self, Markup, Notice, Part, Tone, filled};
use crate::config::Config;
use crate::engine::{Engine, FollowUp, RecoveredLicense, Recovery};
use crate::http::{Request, Response};
use crate::model::{BuyerEmail, EmailAddress, LicenseKey, RecoveryToken, Standing};
use crate::platform::{Level, Limit, LogValue, Platform};

/// Where the form is.
const FORM: &str = "/recover";

/// Where the licenses are.
const LICENSES: &str = "/recover/licenses";

#[derive(Template)]
#[template(path = "pages/templates/recover.html")]
struct Form<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    error: Option<&'static str>,
    /// What stands in the field.
    email: &'a str,
}

#[derive(Template)]
#[template(path = "pages/templates/recover_link.html")]
struct Link<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    token: &'a str,
    /// Why it was not used.
    error: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "pages/templates/recover_licenses.html")]
struct Licenses<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    lead: Markup,
    licenses: Vec<LicenseRow<'a>>,
}

struct LicenseRow<'a> {
    product: &'a str,
    tier: &'a str,
    key: &'a str,
    masked: String,
    tone: &'static str,
    word: &'static str,
    validity: Markup,
    test: bool,
    /// Where it is renewed, and what that is called.
    renew: Option<(&'a str, Markup)>,
    /// Whether its page has more to show.
    opens: bool,
}

/// A browser in which a link was used.
#[derive(Debug, Serialize, Deserialize)]
struct Session {
    /// Its own, so that no two are alike.
    #[serde(rename = "i")]
    id: String,
    #[serde(rename = "e")]
    email: String,
    /// In milliseconds.
    #[serde(rename = "x")]
    ends_at: i64,
}

/// Whether a lost key can be asked for at all: a mail has an address of ours to lead to, and something to derive its link from.
pub(super) fn is_offered(config: &Config) -> bool {
    config.recovery_secret().is_some()
}

pub(super) fn show<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    if !is_offered(engine.config()) {
        return frame.refused(503).response();
    }
    let notice = Notice::of(Fields::of_query(request).text("note"));
    form(frame, 200, notice, None, "")
}

/// Has the link mailed behind the answer, which is the same for every address, known, unknown or asked for just before, and whether or
/// not the caller is within the limit.
pub(super) async fn ask<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    if !is_offered(engine.config()) {
        return frame.refused(503).response();
    }
    let head = request.head();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let typed = fields.text("email");
    let Ok(address) = BuyerEmail::parse(typed) else {
        return form(frame, 400, None, Some(words::ADDRESS_UNREADABLE), typed);
    };
    // No mail can be sent to one that is not mailable, which looks like any other.
    let work = address.mailable().ok().map(FollowUp::Recover);
    let within = within_limit(engine, &head).await;
    redirect(&noted(FORM, Notice::RecoveryAsked)).followed_by(work.filter(|_| within))
}

/// Shows a button where the link is good, and else the form with the address to which it was mailed. Nothing is used by it.
pub(super) async fn link<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    let query = Fields::of_query(request);
    let Some(token) = RecoveryToken::parse(query.text("token")) else { return over(frame, "") };
    if !within_limit(engine, request).await {
        return frame.refused_with(429, words::TOO_OFTEN).response();
    }
    match engine.look_at_recovery(&token).await {
        Ok(Recovery::Good(_)) => link_page(frame, 200, &token, None),
        Ok(Recovery::Over(email)) => over(frame, email.as_str()),
        Ok(Recovery::Unknown) => over(frame, ""),
        Err(error) => unavailable(engine, frame, &error),
    }
}

/// Uses a link, and begins a session for its address.
pub(super) async fn enter<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let head = request.head();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let Some(token) = RecoveryToken::parse(fields.text("token")) else { return over(frame, "") };
    if !within_limit(engine, &head).await {
        return link_page(frame, 429, &token, Some(words::TOO_OFTEN));
    }
    // Before the link is used: without a session it would be for nothing.
    let Ok(id) = random_text(engine.platform()) else { return frame.refused(503).response() };
    match engine.use_recovery(&token).await {
        Ok(Recovery::Good(email)) => {
            let ends_at = engine.platform().now().plus_millis(SESSION_S * 1000).as_millis();
            let session = Session { id, email: email.as_str().to_owned(), ends_at };
            match sealer(engine.config()) {
                Some(sealer) => cookie::set(redirect(LICENSES), cookie::ADDRESS, &sealer.seal(&session), SESSION_S),
                None => frame.refused(503).response(),
            }
        }
        Ok(Recovery::Over(email)) => over(frame, email.as_str()),
        Ok(Recovery::Unknown) => over(frame, ""),
        Err(error) => {
            log_failure(engine, &error);
            link_page(frame, 503, &token, Some(words::DATABASE_SILENT))
        }
    }
}

/// Every license of the session's address, each with the way to its page.
pub(super) async fn licenses<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    let Some(email) = entered(engine, request) else { return redirect(&noted(FORM, Notice::RecoveryOver)) };
    let licenses = match engine.licenses_of(&email).await {
        Ok(licenses) => licenses,
        Err(error) => return unavailable(engine, frame, &error),
    };
    let lead = if licenses.is_empty() { words::RECOVERED_NONE } else { words::RECOVERED_LEAD };
    let page = Licenses {
        frame,
        notice: None,
        title: words::RECOVERED_TITLE,
        lead: filled(lead, &[("address", Part::Name(email.as_str()))]),
        licenses: licenses.iter().map(LicenseRow::of).collect(),
    };
    frame.answer(200, &page).response()
}

/// Whether this browser is in a session for the address with which this license was bought.
pub(super) async fn has_bought<P: Platform>(engine: &Engine<P>, request: &Request, key: &LicenseKey) -> bool {
    let Some(email) = entered(engine, request) else { return false };
    match engine.licenses_of(&email).await {
        Ok(licenses) => licenses.iter().any(|license| license.key == *key),
        // They see the license nevertheless, as whoever has its key does.
        Err(_) => false,
    }
}

/// The address for which this browser is in a session.
fn entered<P: Platform>(engine: &Engine<P>, request: &Request) -> Option<EmailAddress> {
    let session: Session = sealer(engine.config())?.open(cookie::read(request, cookie::ADDRESS)?)?;
    let lasts = session.ends_at > engine.platform().now().as_millis();
    EmailAddress::parse(&session.email).ok().filter(|_| lasts)
}

fn sealer(config: &Config) -> Option<Sealer> {
    config.pages.signing.as_ref().map(|secret| Sealer::new(secret, "latchkey address 1"))
}

fn form(frame: &Frame, status: u16, notice: Option<Notice>, error: Option<&'static str>, email: &str) -> Response {
    frame.answer(status, &Form { frame, notice, title: words::RECOVER_TITLE, error, email }).response()
}

/// The button that uses a link.
fn link_page(frame: &Frame, status: u16, token: &RecoveryToken, error: Option<&'static str>) -> Response {
    let page = Link { frame, notice: None, title: words::RECOVER_LINK_TITLE, token: token.expose(), error };
    frame.answer(status, &page).response()
}

/// The form for whoever comes with a link that is good no more.
fn over(frame: &Frame, email: &str) -> Response {
    form(frame, 200, Some(Notice::LinkOver), None, email)
}

fn unavailable<P: Platform>(engine: &Engine<P>, frame: &Frame, error: &crate::platform::DbError) -> Response {
    log_failure(engine, error);
    frame.refused_with(503, words::DATABASE_SILENT).response()
}

fn log_failure<P: Platform>(engine: &Engine<P>, error: &crate::platform::DbError) {
    engine.log(Level::Warn, "recovery_failed", [("error", LogValue::text(error.to_string()))]);
}

/// Whether the caller's network is within its limit. It is counted together with whatever else asks for licenses.
async fn within_limit<P: Platform>(engine: &Engine<P>, head: &Request) -> bool {
    engine.platform().within_limit(Limit::ActivateByAddress, &head.network()).await
}

impl<'a> LicenseRow<'a> {
    fn of(license: &'a RecoveredLicense) -> Self {
        let (tone, word) = words::license_standing(license.standing, license.activated);
        Self {
            product: &license.product,
            tier: &license.tier,
            key: license.key.as_str(),
            masked: masked(&license.key),
            tone: Tone::name(tone),
            word,
            validity: words::validity(license.expires_at),
            test: license.test,
            renew: license.renew_url.as_deref().map(|url| (url, words::renew(&license.product))),
            opens: license.standing == Standing::Good,
        }
    }
}
