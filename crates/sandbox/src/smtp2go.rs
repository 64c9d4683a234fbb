//! SMTP2GO: the endpoint that takes a mail. Its key may send and nothing else, which is all that it has to.
//! What it takes and answers: <https://developers.smtp2go.com/docs/send-an-email>,
//! <https://developers.smtp2go.com/docs/response-codes>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::calls::Credentials;
use crate::incoming::Incoming;
use crate::mailbox::{Mail, Mailbox, address, is_address};
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::World;
use crate::service::Service;

/// SMTP2GO's limit on the recipients of one mail.
const MAX_RECIPIENTS: usize = 100;

/// The fields that SMTP2GO knows, as far as anybody here uses them. Anything else is a mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    sender: String,
    to: Vec<String>,
    subject: String,
    text_body: Option<String>,
    html_body: Option<String>,
}

pub(crate) fn credentials(options: &Options, request: &Incoming) -> Credentials {
    let given = request.headers.get("x-smtp2go-api-key").map(|value| value.to_str().unwrap_or_default());
    given.map_or(Credentials::Missing, |given| Credentials::compare(Some(given), &options.smtp2go_api_key))
}

pub(crate) fn respond(world: &mut World, request: &Incoming, now: i64) -> Reply {
    if credentials(&world.options, request) != Credentials::Correct {
        return refused(401, "API_KEY_NOT_VALID", "The API key is not valid.").unexpected("the API key");
    }
    if request.method != "POST" || request.content_type() != "application/json" {
        let why = "Use POST, and set Content-Type to 'application/json'.";
        return refused(400, "NON_VALIDATING_IN_PAYLOAD", why).unexpected("the method or the Content-Type header");
    }
    match request.route().1.as_slice() {
        ["v3", "email", "send"] => send(world, request, now),
        ["v3", "stats", "email_summary"] => {
            refused(403, "ENDPOINT_PERMISSION_DENIED", "You do not have permission to access this API endpoint")
        }
        _ => refused(404, "ENDPOINT_NOT_FOUND", "There is no such endpoint.").unexpected("no such endpoint"),
    }
}

fn send(world: &mut World, request: &Incoming, now: i64) -> Reply {
    let message: Message = match serde_json::from_slice(&request.body) {
        Ok(message) => message,
        Err(error) => {
            let why = "An error occurred processing the json data you sent with the request.";
            return refused(400, "NON_VALIDATING_IN_PAYLOAD", why).unexpected(error.to_string());
        }
    };
    match accept(&mut world.mailbox, message, now) {
        Ok(mail) => {
            let id = mail.id.clone();
            world.mailbox.keep(mail);
            taken(&json!({ "succeeded": 1, "failed": 0, "failures": [], "email_id": id }))
        }
        Err(reply) => reply,
    }
}

/// The mail that a message becomes, or the refusal.
fn accept(mailbox: &mut Mailbox, message: Message, now: i64) -> Result<Mail, Reply> {
    if !is_address(address(&message.sender)) {
        return Err(invalid("sender", "The field 'sender' was expecting a valid address.").unexpected("the sender"));
    }
    if mailbox.is_unconfirmed(&message.sender) {
        return Err(refused(400, "API_EXCEPTION", "Unable to verify the sender address of this email."));
    }
    if message.to.is_empty() || message.to.len() > MAX_RECIPIENTS {
        return Err(invalid("to", "The field 'to' takes 1 to 100 addresses.").unexpected("the number of recipients"));
    }
    if !message.to.iter().all(|to| is_address(address(to))) {
        return Err(invalid("to", "The field 'to' was expecting a list of valid addresses."));
    }
    if message.text_body.is_none() && message.html_body.is_none() {
        return Err(invalid("text_body", "A body is required.").unexpected("no text"));
    }
    if [&message.sender, &message.subject].into_iter().chain(&message.to).any(|text| text.contains(['\r', '\n', '\0']))
    {
        return Err(invalid("subject", "A header field contains a line break.").unexpected("a line break in a header"));
    }
    // The request was sound, and so it is a success, of a mail that failed.
    if let Some(to) = message.to.iter().find(|to| mailbox.is_suppressed(to)) {
        let failure = format!("The recipient {to} is suppressed");
        return Err(taken(&json!({ "succeeded": 0, "failed": 1, "failures": [failure], "email_id": "none" })));
    }
    Ok(Mail {
        id: mailbox.next_id(),
        service: Service::Smtp2go,
        from: message.sender,
        to: message.to.join(", "),
        subject: message.subject,
        text: message.text_body,
        html: message.html_body,
        reply_to: None,
        tag: None,
        stream: None,
        metadata: BTreeMap::new(),
        headers: Vec::new(),
        at: now,
    })
}

fn taken(data: &Value) -> Reply {
    Reply::json(200, &json!({ "request_id": "aa253464-0bd0-467a-b24b-6159dcd7be60", "data": data }))
}

fn invalid(field: &str, message: &str) -> Reply {
    answered(
        400,
        &json!({
            "error_code": "E_ApiResponseCodes.NON_VALIDATING_IN_PAYLOAD",
            "error": "An error occurred processing the json data you sent with the request.",
            "field_validation_errors": { "fieldname": field, "message": message },
        }),
    )
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    answered(status, &json!({ "error_code": format!("E_ApiResponseCodes.{code}"), "error": message }))
}

fn answered(status: u16, data: &Value) -> Reply {
    Reply::json(status, &json!({ "request_id": "aa253464-0bd0-467a-b24b-6159dcd7be60", "data": data }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::options::{Options, SMTP2GO_API_KEY};
    use crate::sandbox::Sandbox;

    fn send(sandbox: &Sandbox, body: &Value) -> (u16, Value) {
        let request = http::Request::post("/smtp2go/v3/email/send")
            .header("x-smtp2go-api-key", SMTP2GO_API_KEY)
            .header("content-type", "application/json")
            .body(body.to_string().into_bytes())
            .unwrap();
        let reply = sandbox.handle(request).reply.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
    }

    fn mail() -> Value {
        json!({
            "sender": "Acme <licenses@example.com>", "to": ["buyer@example.com"], "subject": "Your license",
            "text_body": "Hello",
        })
    }

    #[test]
    fn a_mail_that_is_taken_is_in_the_mailbox() {
        let sandbox = Sandbox::new(Options::at(0));
        let (status, reply) = send(&sandbox, &mail());
        let mails = sandbox.take_mails();
        assert_eq!((status, &reply["data"]["succeeded"], mails.len()), (200, &json!(1), 1));
        assert_eq!(reply["data"]["email_id"], mails[0].id);
    }

    #[test]
    fn mail_to_a_suppressed_recipient_is_a_success_that_failed() {
        let sandbox = Sandbox::new(Options::at(0));
        sandbox.suppress("buyer@example.com");
        let (status, reply) = send(&sandbox, &mail());
        assert_eq!((status, &reply["data"]["succeeded"], &reply["data"]["failed"]), (200, &json!(0), &json!(1)));
        assert!(sandbox.mails().is_empty() && sandbox.take_unexpected().is_empty());
    }

    #[test]
    fn what_no_correct_client_sends_is_a_mistake() {
        let sandbox = Sandbox::new(Options::at(0));
        for (field, value) in [
            ("api_key", json!("in the body")),
            ("to", json!("buyer@example.com")),
            ("subject", json!("Hello\r\nBcc: all@example.com")),
            ("sender", json!("nobody")),
        ] {
            let mut body = mail();
            body[field] = value;
            assert_eq!(send(&sandbox, &body).0, 400, "{field}");
            assert_eq!(sandbox.take_unexpected().len(), 1, "{field}");
        }
    }
}
