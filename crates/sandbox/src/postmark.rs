//! Postmark: the endpoint that takes a mail, and the server that the token is of. What it tells later is in `returned`.
//! What it takes and answers: <https://postmarkapp.com/developer/api/email-api> and, for the error codes,
//! <https://postmarkapp.com/developer/api/overview#error-codes>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::mailbox::{Mail, Mailbox, address, is_address};
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::service::Service;
use crate::time;

/// The token with which the real service checks a mail without sending it.
const TEST_TOKEN: &str = "POSTMARK_API_TEST";
/// Postmark's limit on the recipients of one mail.
const MAX_RECIPIENTS: usize = 50;

/// The fields that Postmark knows. Anything else is a mistake.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Message {
    from: String,
    to: String,
    cc: Option<String>,
    bcc: Option<String>,
    #[serde(default)]
    subject: String,
    tag: Option<String>,
    html_body: Option<String>,
    text_body: Option<String>,
    reply_to: Option<String>,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(rename = "TrackOpens")]
    _track_opens: Option<bool>,
    #[serde(rename = "TrackLinks")]
    _track_links: Option<String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    message_stream: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Header {
    name: String,
    value: String,
}

pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    match request.headers.get("x-postmark-server-token").map(|value| value.to_str().unwrap_or_default()) {
        None => Credentials::Missing,
        Some(TEST_TOKEN) => Credentials::Correct,
        given => Credentials::compare(given, &options.postmark_token),
    }
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if let ("GET", ["server"]) = (request.method.as_str(), request.route().1.as_slice()) {
        return show_server(world, request);
    }
    let ("POST", [path]) = (request.method.as_str(), request.segments.as_slice()) else {
        return refused(404, 0, "The requested resource was not found.").unexpected("no such endpoint");
    };
    if path != "email" || !request.query.is_empty() {
        return refused(404, 0, "The requested resource was not found.").unexpected("no such endpoint");
    }
    if credentials(&world.options, request) != Credentials::Correct {
        return refused(401, 10, "Request does not contain a valid Server token.").unexpected("the server token");
    }
    if request.header("accept") != "application/json" {
        return refused(406, 0, "The request must accept application/json.").unexpected("the Accept header");
    }
    if request.content_type() != "application/json" {
        return refused(415, 0, "The body must be application/json.").unexpected("the Content-Type header");
    }
    let message: Message = match serde_json::from_slice(&request.body) {
        Ok(message) => message,
        Err(error) => return refused(422, 402, "Invalid JSON.").unexpected(error.to_string()),
    };
    match accept(&mut world.mailbox, message, now) {
        Ok(mail) => {
            let reply = json!({
                "To": mail.to,
                "SubmittedAt": time::ticks(now),
                "MessageID": mail.id,
                "ErrorCode": 0,
                "Message": "OK",
            });
            if request.header("x-postmark-server-token") != TEST_TOKEN {
                world.mailbox.keep(mail);
            }
            Reply::json(200, &reply)
        }
        Err(reply) => reply,
    }
}

/// The mail that a message becomes, or the refusal.
fn accept(mailbox: &mut Mailbox, message: Message, now: i64) -> Result<Mail, Reply> {
    let invalid = |why: &str| refused(422, 300, why).unexpected(why);
    let recipients: Vec<&str> = [Some(&message.to), message.cc.as_ref(), message.bcc.as_ref()]
        .into_iter()
        .flatten()
        .flat_map(|list| list.split(','))
        .map(address)
        .collect();
    if !is_address(address(&message.from)) {
        return Err(invalid("Invalid 'From' address."));
    }
    if mailbox.is_unconfirmed(&message.from) {
        let why =
            format!("The 'From' address you supplied ({}) is not a Sender Signature on your account.", message.from);
        return Err(refused(422, 400, &why));
    }
    // A buyer's address may be one that Postmark does not take; a client cannot know before it tries.
    if recipients.is_empty() || !recipients.iter().all(|recipient| is_address(recipient)) {
        return Err(refused(422, 300, "Error parsing 'To': Illegal email address."));
    }
    if recipients.len() > MAX_RECIPIENTS {
        return Err(invalid("Too many recipients."));
    }
    if message.text_body.is_none() && message.html_body.is_none() {
        return Err(invalid("Provide either email TextBody or HtmlBody or both."));
    }
    let mut one_liners = vec![&message.from, &message.to, &message.subject];
    one_liners.extend(message.reply_to.iter().chain(&message.tag));
    one_liners.extend(message.headers.iter().flat_map(|header| [&header.name, &header.value]));
    if one_liners.iter().any(|text| text.contains(['\r', '\n', '\0'])) {
        return Err(invalid("A header field contains a line break."));
    }
    let inactive: Vec<&str> = recipients.into_iter().filter(|to| mailbox.is_suppressed(to)).collect();
    if !inactive.is_empty() {
        let list = inactive.join(", ");
        let why = format!("You tried to send to recipients that have been marked as inactive: {list}.");
        return Err(refused(422, 406, &why));
    }
    Ok(Mail {
        id: mailbox.next_id(),
        service: Service::Postmark,
        from: message.from,
        to: message.to,
        subject: message.subject,
        text: message.text_body,
        html: message.html_body,
        reply_to: message.reply_to,
        tag: message.tag,
        stream: message.message_stream,
        metadata: message.metadata,
        headers: message.headers.into_iter().map(|header| (header.name, header.value)).collect(),
        at: now,
    })
}

/// The server that the token is of. See <https://postmarkapp.com/developer/api/server-api#get-the-server>.
fn show_server(world: &World, request: &Incoming) -> Reply {
    if credentials(&world.options, request) != Credentials::Correct {
        return refused(401, 10, "Request does not contain a valid Server token.").unexpected("the server token");
    }
    if request.header("accept") != "application/json" || !request.query.is_empty() {
        return refused(406, 0, "The request must accept application/json.").unexpected("the Accept header or a query");
    }
    let delivery = if world.mailbox.delivers_nothing { "Sandbox" } else { "Live" };
    let server = json!({
        "ID": 1,
        "Name": "Acme",
        "ApiTokens": [],
        "ServerLink": "https://postmarkapp.com/servers/1/streams",
        "Color": "red",
        "SmtpApiActivated": true,
        "RawEmailEnabled": false,
        "DeliveryType": delivery,
        "InboundAddress": "yourhash@inbound.postmarkapp.com",
        "InboundHookUrl": "",
        "PostFirstOpenOnly": false,
        "InboundDomain": "",
        "InboundHash": "yourhash",
        "InboundSpamThreshold": 5,
        "TrackOpens": false,
        "TrackLinks": "None",
        "IncludeBounceContentInHook": false,
        "EnableSmtpApiErrorHooks": false,
    });
    Reply::json(200, &server)
}

fn refused(status: u16, error_code: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "ErrorCode": error_code, "Message": message }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::options::{Options, POSTMARK_TOKEN};
    use crate::sandbox::Sandbox;

    fn send_as(sandbox: &Sandbox, token: &str, body: &Value) -> (u16, Value) {
        let request = http::Request::post("/postmark/email")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("x-postmark-server-token", token)
            .body(body.to_string().into_bytes())
            .unwrap();
        let reply = sandbox.handle(request).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
    }

    fn send(sandbox: &Sandbox, body: &Value) -> (u16, Value) {
        send_as(sandbox, POSTMARK_TOKEN, body)
    }

    fn mail() -> Value {
        json!({
            "From": "Acme <shop@example.com>",
            "To": "buyer@example.com",
            "Subject": "Your license",
            "TextBody": "Hello",
            "Metadata": { "license": "1" },
        })
    }

    #[test]
    fn a_mail_that_is_taken_is_in_the_mailbox() {
        let sandbox = Sandbox::new(Options::at(1_767_641_936_000));
        let (status, reply) = send(&sandbox, &mail());
        assert_eq!((status, &reply["ErrorCode"], &reply["Message"]), (200, &json!(0), &json!("OK")));
        let mails = sandbox.take_mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(reply["MessageID"], mails[0].id);
        assert_eq!((mails[0].to.as_str(), mails[0].text.as_deref()), ("buyer@example.com", Some("Hello")));
        assert!(sandbox.take_mails().is_empty());
        sandbox.take_calls();
        sandbox.assert_drained();
    }

    #[test]
    fn a_wrong_token_is_401_with_error_code_10() {
        let sandbox = Sandbox::new(Options::at(0));
        let (status, reply) = send_as(&sandbox, "another-token", &mail());
        assert_eq!((status, &reply["ErrorCode"]), (401, &json!(10)));
        assert!(sandbox.mails().is_empty());
        assert_eq!(sandbox.take_unexpected().len(), 1);
    }

    #[test]
    fn the_test_token_checks_a_mail_and_sends_none() {
        let sandbox = Sandbox::new(Options::at(0));
        assert_eq!(send_as(&sandbox, "POSTMARK_API_TEST", &mail()).0, 200);
        assert!(sandbox.mails().is_empty());
    }

    #[test]
    fn mail_to_an_inactive_recipient_is_refused_with_error_code_406() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.suppress("Buyer@example.com");
        let (status, reply) = send(&sandbox, &mail());
        assert_eq!((status, &reply["ErrorCode"]), (422, &json!(406)));
        assert!(sandbox.mails().is_empty());
        // It is the recipient who cannot be reached; the caller made no mistake.
        assert!(sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn mail_from_a_sender_who_is_not_confirmed_is_refused_with_error_code_400() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.unconfirm_sender("Shop@example.com");
        let (status, reply) = send(&sandbox, &mail());
        assert_eq!((status, &reply["ErrorCode"]), (422, &json!(400)));
        sandbox.confirm_sender("shop@example.com");
        assert_eq!(send(&sandbox, &mail()).0, 200);
        // It is the seller's account that is not set up; the caller made no mistake.
        assert!(sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn an_address_that_postmark_does_not_take_is_refused_with_error_code_300() {
        let sandbox = Sandbox::new(Options::at(0));
        for to in [
            "\"a b\"@example.com",
            "a@[192.0.2.1]",
            "jörg@example.com",
            "a@exämple.com",
            "a..b@example.com",
            "a@b@c.com",
        ] {
            let mut body = mail();
            body["To"] = json!(to);
            let (status, reply) = send(&sandbox, &body);
            assert_eq!((status, &reply["ErrorCode"]), (422, &json!(300)), "{to}");
        }
        assert!(sandbox.mails().is_empty() && sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn a_field_that_is_unknown_mistyped_or_broken_over_lines_is_a_mistake() {
        let sandbox = Sandbox::new(Options::at(0));
        for (field, value) in [
            ("Body", json!("an unknown field")),
            ("TrackOpens", json!("yes")),
            ("Metadata", json!({ "license": 1 })),
            ("Subject", json!("Hello\r\nBcc: all@example.com")),
            ("From", json!("nobody")),
        ] {
            let mut body = mail();
            body[field] = value;
            assert_eq!(send(&sandbox, &body).0, 422, "{field}");
            assert_eq!(sandbox.take_unexpected().len(), 1, "{field}");
        }
        assert!(sandbox.mails().is_empty());
    }
}
