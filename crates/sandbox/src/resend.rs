//! Resend: the endpoint that takes a mail, once each idempotency key, and the domains of the account.
//! What it takes and answers: <https://resend.com/docs/api-reference/emails/send-email> and, for the errors,
//! <https://resend.com/docs/api-reference/errors>. What it tells later is in `returned`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::mailbox::{Mail, Mailbox, address, is_address};
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::service::Service;
use crate::time;

/// Resend's limit on the recipients of one mail.
const MAX_RECIPIENTS: usize = 50;
/// How long it knows an idempotency key again.
const KEY_KEPT_MS: i64 = time::DAY;
const MAX_KEY_LENGTH: usize = 256;

/// What the API key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAccess {
    /// Send mails, and nothing else.
    Sending,
    Full,
}

/// Resend's state.
#[derive(Debug)]
pub(crate) struct Resend {
    access: KeyAccess,
    /// By idempotency key: when it came first, with what body, and which mail became of it.
    known: BTreeMap<String, (i64, Vec<u8>, String)>,
}

/// The fields that Resend knows, as far as anybody here uses them. Anything else is a mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    from: String,
    to: Vec<String>,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    reply_to: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    name: String,
    value: String,
}

impl Resend {
    pub(crate) const fn new(_: &Options) -> Self {
        Self { access: KeyAccess::Sending, known: BTreeMap::new() }
    }
}

impl Sandbox {
    /// Gives the API key another access. At the start it may only send.
    pub fn give_resend_key(&self, access: KeyAccess) {
        self.world().resend.access = access;
    }
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if request.bearer(&world.options.resend_api_key) != Credentials::Correct {
        return refused(401, "validation_error", "API key is invalid").unexpected("the API key");
    }
    match (request.method.as_str(), request.route().1.as_slice()) {
        ("POST", ["emails"]) => send(world, request, now),
        ("GET", ["domains"]) => domains(world),
        _ => refused(404, "not_found", "The requested endpoint does not exist.").unexpected("no such endpoint"),
    }
}

fn send(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if request.content_type() != "application/json" {
        return refused(415, "validation_error", "The body must be JSON.").unexpected("the Content-Type header");
    }
    let key = request.header("idempotency-key").to_owned();
    if key.is_empty() || key.len() > MAX_KEY_LENGTH {
        let why = "Idempotency keys, if present, must have between 1 and 256 characters.";
        return refused(400, "invalid_idempotency_key", why).unexpected("the Idempotency-Key header");
    }
    world.resend.known.retain(|_, (at, ..)| now - *at < KEY_KEPT_MS);
    if let Some((_, body, id)) = world.resend.known.get(&key) {
        return if *body == request.body {
            Reply::json(200, &json!({ "id": id }))
        } else {
            let why = "This idempotency key has been used on a request that was not identical to this one.";
            refused(409, "invalid_idempotent_request", why).unexpected("one key for two mails")
        };
    }
    let message: Message = match serde_json::from_slice(&request.body) {
        Ok(message) => message,
        Err(error) => {
            return refused(422, "validation_error", "The body is not as documented.").unexpected(error.to_string());
        }
    };
    match accept(&mut world.mailbox, message, now) {
        Ok(mail) => {
            let id = mail.id.clone();
            world.mailbox.keep(mail);
            world.resend.known.insert(key, (now, request.body.clone(), id.clone()));
            Reply::json(200, &json!({ "id": id }))
        }
        Err(reply) => reply,
    }
}

/// The mail that a message becomes, or the refusal.
fn accept(mailbox: &mut Mailbox, message: Message, now: i64) -> Result<Mail, Reply> {
    let invalid = |why: &str| refused(422, "validation_error", why);
    let from = address(&message.from);
    if !is_address(from) {
        return Err(invalid("Invalid `from` field.").unexpected("the sender"));
    }
    if mailbox.is_unconfirmed(from) {
        let domain = from.split_once('@').map_or("", |(_, domain)| domain);
        let why = format!("The {domain} domain is not verified. Please, add and verify your domain.");
        return Err(refused(403, "validation_error", &why));
    }
    if message.to.is_empty() || message.to.len() > MAX_RECIPIENTS {
        return Err(invalid("Invalid `to` field.").unexpected("the number of recipients"));
    }
    if !message.to.iter().all(|to| is_address(address(to))) {
        return Err(invalid("Invalid `to` field. The email address needs to follow the `email@example.com` format."));
    }
    if message.text.is_none() && message.html.is_none() {
        return Err(refused(422, "missing_required_field", "Missing `html` or `text` field.").unexpected("no text"));
    }
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !message.tags.iter().all(|tag| plain(&tag.name) && plain(&tag.value) && tag.value.len() <= 256) {
        return Err(
            invalid("Tags should only contain ASCII letters, numbers, underscores, or dashes.").unexpected("a tag")
        );
    }
    if [&message.from, &message.subject].into_iter().chain(&message.to).any(|text| text.contains(['\r', '\n', '\0'])) {
        return Err(invalid("The `\\n` is not allowed in the `subject` field.").unexpected("a line break in a header"));
    }
    Ok(Mail {
        id: mailbox.next_id(),
        service: Service::Resend,
        from: message.from,
        to: message.to.join(", "),
        subject: message.subject,
        text: message.text,
        html: message.html,
        reply_to: message.reply_to,
        tag: None,
        stream: None,
        metadata: message.tags.into_iter().map(|tag| (tag.name, tag.value)).collect(),
        headers: Vec::new(),
        at: now,
    })
}

/// <https://resend.com/docs/api-reference/domains/list-domains>
fn domains(world: &World) -> Reply {
    if world.resend.access == KeyAccess::Sending {
        return refused(401, "restricted_api_key", "This API key is restricted to only send emails.");
    }
    let domain = |name: &str| {
        let is_verified = !world.mailbox.is_unconfirmed(&format!("licenses@{name}"));
        let status = if is_verified { "verified" } else { "not_started" };
        json!({ "id": "1", "name": name, "status": status, "created_at": "2026-01-05 19:38:56+00", "region": "us-east-1" })
    };
    let list: Vec<Value> = ["acme.test", "example.com"].map(domain).into();
    Reply::json(200, &json!({ "object": "list", "has_more": false, "data": list }))
}

fn refused(status: u16, name: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "statusCode": status, "name": name, "message": message }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::KeyAccess;
    use crate::options::{Options, RESEND_API_KEY, VirtualClock};
    use crate::sandbox::Sandbox;

    fn send(sandbox: &Sandbox, idempotency_key: &str, body: &Value) -> (u16, Value) {
        let request = http::Request::post("/resend/emails")
            .header("authorization", format!("Bearer {RESEND_API_KEY}"))
            .header("content-type", "application/json")
            .header("idempotency-key", idempotency_key)
            .body(body.to_string().into_bytes())
            .unwrap();
        let reply = sandbox.handle(request).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
    }

    fn mail() -> Value {
        json!({
            "from": "Acme <licenses@example.com>", "to": ["buyer@example.com"], "subject": "Your license", "text": "Hello",
            "tags": [{ "name": "outbox_id", "value": "1" }],
        })
    }

    #[test]
    fn a_mail_is_taken_once_each_key_for_a_day() {
        let clock = VirtualClock::at(0);
        let sandbox = Sandbox::new(Options { clock: clock.clock(), ..Options::default() });
        let (status, first) = send(&sandbox, "1", &mail());
        assert_eq!((status, send(&sandbox, "1", &mail())), (200, (200, first.clone())));
        assert_eq!(sandbox.take_mails().len(), 1);
        assert_ne!(send(&sandbox, "2", &mail()).1, first);
        clock.advance(crate::time::DAY);
        assert_ne!(send(&sandbox, "1", &mail()).1, first);
        assert_eq!(sandbox.take_mails().len(), 2);
        assert!(sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn a_key_that_comes_with_another_mail_is_a_mistake() {
        let sandbox = Sandbox::new(Options::at(0));
        send(&sandbox, "1", &mail());
        let mut other = mail();
        other["text"] = json!("Goodbye");
        assert_eq!(send(&sandbox, "1", &other).1["name"], "invalid_idempotent_request");
        assert_eq!((sandbox.take_mails().len(), sandbox.take_unexpected().len()), (1, 1));
    }

    #[test]
    fn what_no_correct_client_sends_is_a_mistake() {
        let sandbox = Sandbox::new(Options::at(0));
        for (field, value) in [
            ("body", json!("an unknown field")),
            ("to", json!("buyer@example.com")),
            ("subject", json!("Hello\r\nBcc: all@example.com")),
            ("tags", json!([{ "name": "outbox_id", "value": "a@b" }])),
            ("from", json!("nobody")),
        ] {
            let mut body = mail();
            body[field] = value;
            assert_eq!(send(&sandbox, "1", &body).0, 422, "{field}");
            assert_eq!(sandbox.take_unexpected().len(), 1, "{field}");
        }
        assert_eq!(send(&sandbox, "", &mail()).0, 400);
        assert_eq!((sandbox.take_unexpected().len(), sandbox.mails().len()), (1, 0));
    }

    #[test]
    fn an_address_or_a_sender_that_it_does_not_take_is_nobodys_mistake() {
        let sandbox = Sandbox::new(Options::at(0));
        let mut body = mail();
        body["to"] = json!(["a..b@example.com"]);
        assert_eq!(send(&sandbox, "1", &body).0, 422);
        sandbox.unconfirm_sender("Licenses@example.com");
        assert_eq!(send(&sandbox, "1", &mail()).0, 403);
        sandbox.confirm_sender("licenses@example.com");
        assert_eq!(send(&sandbox, "1", &mail()).0, 200);
        assert!(sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn only_a_key_with_full_access_is_told_of_the_domains() {
        let sandbox = Sandbox::new(Options::at(0));
        let ask = || {
            let request =
                http::Request::get("/resend/domains").header("authorization", format!("Bearer {RESEND_API_KEY}"));
            let reply = sandbox.handle(request.body(Vec::new()).unwrap()).reply.unwrap();
            (reply.status().as_u16(), serde_json::from_slice::<Value>(reply.body()).unwrap())
        };
        assert_eq!(ask().1["name"], "restricted_api_key");
        sandbox.give_resend_key(KeyAccess::Full);
        assert_eq!(ask().1["data"][1]["status"], "verified");
    }
}
