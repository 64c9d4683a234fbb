//! The Worker's own binding for mail, as whoever runs the Worker's engine outside of the Workers runtime plays it: what would be
//! handed to the binding is posted here as JSON, and what it would throw is an answer of another status than 200. In the runtime the
//! binding is the runtime's. <https://developers.cloudflare.com/email-service/api/send-emails/workers-api/>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::incoming::Incoming;
use crate::mailbox::{Mail, Mailbox, is_address};
use crate::reply::Reply;
use crate::sandbox::World;
use crate::service::Service;

/// Cloudflare's limit on a subject.
const MAX_SUBJECT: usize = 998;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    from: From,
    to: String,
    subject: String,
    text: String,
    html: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    email: String,
    name: String,
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    let ("POST", ["send"]) = (request.method.as_str(), request.route().1.as_slice()) else {
        return thrown("E_VALIDATION_ERROR", "The binding has no such method.").unexpected("no such method");
    };
    let message: Message = match serde_json::from_slice(&request.body) {
        Ok(message) => message,
        Err(error) => return thrown("E_VALIDATION_ERROR", "Not a message.").unexpected(error.to_string()),
    };
    match accept(&mut world.mailbox, message, now) {
        Ok(mail) => {
            let id = mail.id.clone();
            world.mailbox.keep(mail);
            Reply::json(200, &json!({ "messageId": id }))
        }
        Err(reply) => reply,
    }
}

/// The mail that a message becomes, or what is thrown.
fn accept(mailbox: &mut Mailbox, message: Message, now: i64) -> Result<Mail, Reply> {
    let From { email, name } = message.from;
    if !is_address(&email) {
        return Err(thrown("E_VALIDATION_ERROR", "The sender is no address.").unexpected("the sender"));
    }
    if mailbox.is_unconfirmed(&email) {
        return Err(thrown("E_SENDER_NOT_VERIFIED", &format!("The sender {email} is not verified.")));
    }
    if !is_address(&message.to) {
        return Err(thrown("E_VALIDATION_ERROR", "The recipient is no address."));
    }
    if mailbox.is_suppressed(&message.to) {
        return Err(thrown("E_RECIPIENT_SUPPRESSED", &format!("{} is on the suppression list.", message.to)));
    }
    // The real one lets a line break in a subject through.
    if message.subject.len() > MAX_SUBJECT || [&message.subject, &name].iter().any(|text| text.contains(['\r', '\n'])) {
        return Err(thrown("E_HEADER_VALUE_INVALID", "A header is not valid.").unexpected("a header"));
    }
    if message.text.is_empty() {
        return Err(thrown("E_FIELD_MISSING", "There is no text.").unexpected("no text"));
    }
    Ok(Mail {
        id: mailbox.next_id(),
        service: Service::Email,
        from: if name.is_empty() { email } else { format!("{name} <{email}>") },
        to: message.to,
        subject: message.subject,
        text: Some(message.text),
        html: Some(message.html).filter(|html| !html.is_empty()),
        reply_to: None,
        tag: None,
        stream: None,
        metadata: BTreeMap::new(),
        headers: Vec::new(),
        at: now,
    })
}

fn thrown(code: &str, message: &str) -> Reply {
    Reply::json(400, &json!({ "code": code, "message": message }))
}
