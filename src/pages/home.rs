//! `/`: where the key is entered, or read from behind the `#` of the mail's link, which no server ever sees.

use askama::Template;

use super::answer::redirect;
use super::fields::Fields;
use super::frame::Frame;
use super::recover;
use super::session::{Session, Shown};
use super::words::{self, Markup, Notice, filled};
use crate::engine::{ActivateError, Engine, Over};
use crate::http::activate::{log_refusal, within_limits};
use crate::http::license::LOOKS;
use crate::http::{Problem, Request, Response};
use crate::model::PresentedKey;
use crate::platform::Platform;

#[derive(Template)]
#[template(path = "pages/templates/home.html")]
struct Home<'a> {
    frame: &'a Frame,
    notice: Option<Notice>,
    title: &'static str,
    /// What is wrong with the key that was entered.
    error: Option<Markup>,
    /// Where it is renewed, if it has expired, and what that is called.
    renew: Option<(String, Markup)>,
    /// What was entered.
    typed: &'a str,
    /// Whether a lost key can be asked for.
    recovers: bool,
}

pub(super) fn show<P: Platform>(engine: &Engine<P>, request: &Request, frame: &Frame) -> Response {
    if engine.config().pages.signing.is_none() {
        return frame.refused(503).response();
    }
    let notice = Notice::of(Fields::of_query(request).text("note"));
    let recovers = recover::is_offered(engine.config());
    frame
        .answer(200, &Home { frame, notice, title: words::HOME_TITLE, error: None, renew: None, typed: "", recovers })
        .response()
}

/// Begins a session for whoever shows the key of a good license.
pub(super) async fn enter<P: Platform>(engine: &Engine<P>, request: Request, frame: &Frame) -> Response {
    let head = request.head();
    let fields = match Fields::read(request).await {
        Ok(fields) => fields,
        Err(status) => return frame.refused(status).response(),
    };
    let recovers = recover::is_offered(engine.config());
    let typed = fields.text("license_key");
    let refuse = |status, error| {
        let error = Some(filled(error, &[]));
        let home = Home { frame, notice: None, title: words::HOME_TITLE, error, renew: None, typed, recovers };
        frame.answer(status, &home).response()
    };
    let Ok(key) = PresentedKey::parse(typed) else { return refuse(400, words::KEY_UNREADABLE) };
    if !within_limits(engine, &head, &key, LOOKS).await {
        return refuse(429, words::TOO_OFTEN);
    }
    let view = match engine.view_license(&key).await {
        Ok(view) => view,
        Err(error) => {
            log_refusal(engine, "license_refused", &error);
            let over = not_good(engine, &key, &error).await;
            let (sentence, status) = (words::refusal(&error), status_of(error));
            let Some(over) = over else { return refuse(status, sentence) };
            let Some(said) = words::over(&over) else { return refuse(status, sentence) };
            let (error, renew) = (Some(said), words::renewed_at(&over));
            let home = Home { frame, notice: None, title: words::HOME_TITLE, error, renew, typed, recovers };
            return frame.answer(status, &home).response();
        }
    };
    let (config, platform) = (engine.config(), engine.platform());
    let session = Session::begin(platform, &view.key);
    let session = match &view.activation {
        Some(bound) if recover::has_bought(engine, &head, &view.key).await => {
            session.and_then(|session| session.knowing(platform, bound.user_id, Shown::AsOwner))
        }
        _ => session,
    };
    match session {
        Ok(session) if config.pages.signing.is_some() => session.give(redirect("/license"), config, platform.now()),
        _ => frame.refused(503).response(),
    }
}

/// What a license was for, since when it is not good and where it is renewed, if it was refused for that.
pub(super) async fn not_good<P: Platform>(
    engine: &Engine<P>,
    key: &PresentedKey,
    error: &ActivateError,
) -> Option<Over> {
    match error {
        ActivateError::Expired | ActivateError::Revoked | ActivateError::Suspended | ActivateError::Disabled => {
            engine.over(key, error).await
        }
        _ => None,
    }
}

/// The status that the same refusal has at `/api`.
pub(super) fn status_of(error: ActivateError) -> u16 {
    Problem::from(error).code.status()
}
