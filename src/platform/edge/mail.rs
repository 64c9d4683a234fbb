//! Cloudflare's binding for mail. It takes a mail in its parts and builds the message itself, so nothing here writes MIME.
//! <https://developers.cloudflare.com/email-service/api/send-emails/workers-api/>

use std::pin::pin;

use futures_util::future::{Either, select};
use worker::Delay;
use worker::js_sys::futures::JsFuture;
use worker::js_sys::{Array, Function, Object, Promise, Reflect};
use worker::wasm_bindgen::{JsCast, JsValue};

use crate::platform::{BoundMail, BoundMailError, HttpRequest, SendError};

/// The binding's name in `wrangler.toml`.
pub(super) const NAME: &str = "EMAIL";

/// Hands a mail to the binding, and gives its id of it.
pub(super) async fn send(binding: &JsValue, mail: &BoundMail) -> Result<Option<String>, BoundMailError> {
    let sending = async {
        let send: Function = Reflect::get(binding, &"send".into())?.dyn_into()?;
        // The binding can be another Worker. Then its methods are stubs, of which `call` would be asked of that Worker as well, and what
        // they give can be waited for without being a promise.
        let sent = Reflect::apply(&send, binding, &Array::of1(&parts(mail)?))?;
        JsFuture::from(Promise::resolve(&sent)).await
    };
    // The binding has no time limit of its own, and takes no signal.
    match select(pin!(sending), pin!(Delay::from(HttpRequest::TIMEOUT))).await {
        Either::Left((Ok(sent), _)) => Ok(text(&sent, "messageId")),
        Either::Left((Err(thrown), _)) => Err(BoundMailError::Refused {
            code: text(&thrown, "code"),
            message: text(&thrown, "message").unwrap_or_default(),
        }),
        Either::Right(_) => Err(BoundMailError::Unanswered(SendError::Timeout)),
    }
}

fn parts(mail: &BoundMail) -> Result<JsValue, JsValue> {
    let object = |members: &[(&str, JsValue)]| {
        let object = Object::new();
        for (name, value) in members {
            Reflect::set(&object, &(*name).into(), value)?;
        }
        Ok::<_, JsValue>(JsValue::from(object))
    };
    let from = match mail.from_name.as_str() {
        "" => mail.from.as_str().into(),
        name => object(&[("email", mail.from.as_str().into()), ("name", name.into())])?,
    };
    let mut members = vec![
        ("from", from),
        ("to", mail.to.as_str().into()),
        ("subject", mail.subject.as_str().into()),
        ("text", mail.text.as_str().into()),
    ];
    if !mail.html.is_empty() {
        members.push(("html", mail.html.as_str().into()));
    }
    object(&members)
}

fn text(value: &JsValue, name: &str) -> Option<String> {
    Reflect::get(value, &name.into()).ok()?.as_string()
}
