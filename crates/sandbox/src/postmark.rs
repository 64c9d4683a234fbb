//! Postmark: the endpoint that takes a mail, the mailbox that it ends in, and the server that the token is of.
//! What it takes and answers: <https://postmarkapp.com/developer/api/email-api> and, for the error codes,
//! <https://postmarkapp.com/developer/api/overview#error-codes>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::calls::Credentials;
use crate::ids::{Counter, uuid};
use crate::incoming::Incoming;
use crate::options::Options;
use crate::reply::Reply;
use crate::sandbox::{Sandbox, World};
use crate::time;

/// The token with which the real service checks a mail without sending it.
const TEST_TOKEN: &str = "POSTMARK_API_TEST";
/// Postmark's limit on the recipients of one mail.
const MAX_RECIPIENTS: usize = 50;

/// A mail that Postmark took.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mail {
    /// Postmark's `MessageID`.
    pub id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub reply_to: Option<String>,
    pub tag: Option<String>,
    pub stream: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Additional header names and values.
    pub headers: Vec<(String, String)>,
    /// When, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// Postmark's state.
#[derive(Debug)]
pub(crate) struct Postmark {
    mails: Vec<Mail>,
    taken: usize,
    suppressed: Vec<String>,
    /// Senders that nobody has confirmed.
    unconfirmed: Vec<String>,
    /// It is a server to try things out.
    delivers_nothing: bool,
    numbers: Counter,
}

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

impl Postmark {
    pub(crate) fn new(options: &Options) -> Self {
        let numbers = Counter::from(options.first_number);
        Self {
            mails: Vec::new(),
            taken: 0,
            suppressed: Vec::new(),
            unconfirmed: Vec::new(),
            delivers_nothing: false,
            numbers,
        }
    }

    pub(crate) fn mails_left(&self) -> impl Iterator<Item = &Mail> {
        self.mails[self.taken..].iter()
    }
}

impl Sandbox {
    /// Every mail since the start, taken or not.
    pub fn mails(&self) -> Vec<Mail> {
        self.world().postmark.mails.clone()
    }

    /// The mails since they were last taken.
    pub fn take_mails(&self) -> Vec<Mail> {
        let postmark = &mut self.world().postmark;
        let taken = std::mem::replace(&mut postmark.taken, postmark.mails.len());
        postmark.mails[taken..].to_vec()
    }

    /// Makes an address inactive, as a hard bounce or a complaint does: mail to it is refused with error code 406.
    pub fn suppress(&self, address: &str) {
        self.world().postmark.suppressed.push(address.to_lowercase());
    }
}

impl Sandbox {
    /// Makes the server one that delivers nothing, as those are that Postmark has to try things out.
    pub fn deliver_nothing(&self) {
        self.world().postmark.delivers_nothing = true;
    }

    /// Makes a sender one that is not confirmed any more: mail from it is refused with error code 400.
    pub fn unconfirm_sender(&self, address: &str) {
        self.world().postmark.unconfirmed.push(address.to_lowercase());
    }

    /// Ends that.
    pub fn confirm_sender(&self, address: &str) {
        self.world().postmark.unconfirmed.retain(|unconfirmed| *unconfirmed != address.to_lowercase());
    }
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
    match world.postmark.accept(message, now) {
        Ok(mail) => {
            let reply = json!({
                "To": mail.to,
                "SubmittedAt": time::ticks(now),
                "MessageID": mail.id,
                "ErrorCode": 0,
                "Message": "OK",
            });
            if request.header("x-postmark-server-token") != TEST_TOKEN {
                world.postmark.mails.push(mail);
            }
            Reply::json(200, &reply)
        }
        Err(reply) => reply,
    }
}

impl Postmark {
    /// The mail that a message becomes, or the refusal.
    fn accept(&mut self, message: Message, now: i64) -> Result<Mail, Reply> {
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
        if self.unconfirmed.contains(&address(&message.from).to_lowercase()) {
            let why = format!(
                "The 'From' address you supplied ({}) is not a Sender Signature on your account.",
                message.from
            );
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
        let inactive: Vec<&str> =
            recipients.into_iter().filter(|to| self.suppressed.contains(&to.to_lowercase())).collect();
        if !inactive.is_empty() {
            let list = inactive.join(", ");
            let why = format!("You tried to send to recipients that have been marked as inactive: {list}.");
            return Err(refused(422, 406, &why));
        }
        Ok(Mail {
            id: uuid("message", self.numbers.next()),
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
}

/// The server that the token is of. See <https://postmarkapp.com/developer/api/server-api#get-the-server>.
fn show_server(world: &World, request: &Incoming) -> Reply {
    if credentials(&world.options, request) != Credentials::Correct {
        return refused(401, 10, "Request does not contain a valid Server token.").unexpected("the server token");
    }
    if request.header("accept") != "application/json" || !request.query.is_empty() {
        return refused(406, 0, "The request must accept application/json.").unexpected("the Accept header or a query");
    }
    let delivery = if world.postmark.delivers_nothing { "Sandbox" } else { "Live" };
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

/// The bare address of `Name <address>`.
fn address(mailbox: &str) -> &str {
    let mailbox = mailbox.trim();
    match (mailbox.rfind('<'), mailbox.strip_suffix('>')) {
        (Some(start), Some(inner)) => inner.get(start + 1..).unwrap_or_default(),
        _ => mailbox,
    }
}

/// What Postmark checks: <https://postmarkapp.com/support/article/1180-what-does-errorcode-300-mean>
fn is_address(address: &str) -> bool {
    let of_mailbox = |c: char| c.is_ascii_alphanumeric() || "!#$%&'`*+-/=^_{|}~".contains(c);
    let of_domain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    // No dots at either end, and no two in a row.
    let dotted = |text: &str, of_part: &dyn Fn(char) -> bool| {
        text.split('.').all(|part| !part.is_empty() && part.chars().all(of_part))
    };
    address.split_once('@').is_some_and(|(mailbox, domain)| {
        dotted(mailbox, &of_mailbox) && domain.contains('.') && dotted(domain, &of_domain)
    })
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
