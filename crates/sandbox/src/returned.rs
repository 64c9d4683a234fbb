//! What Postmark and Resend tell of a mail that they took, each in its own words and with its own proof.
//! <https://postmarkapp.com/developer/webhooks/webhooks-overview>, <https://resend.com/docs/webhooks/event-types>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::delivery::Delivery;
use crate::ids::uuid;
use crate::mailbox::{Mail, address};
use crate::sandbox::Sandbox;
use crate::service::Service;
use crate::time;

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFate {
    /// It came back for good.
    Bounced,
    /// It is late, and may arrive.
    Delayed,
    /// Its reader reported it as spam.
    Complained,
    /// It was not sent after all. Only Resend tells.
    Failed,
    /// It arrived.
    Delivered,
}

impl Sandbox {
    /// What the provider that took a mail tells of it.
    ///
    /// # Panics
    /// If that provider tells of nothing of the kind.
    pub fn tell_of_mail(&self, mail: &Mail, fate: MailFate) -> Delivery {
        match mail.service {
            Service::Postmark => self.told_by_postmark(mail, fate),
            Service::Resend => self.told_by_resend(mail, fate),
            service => panic!("{service} tells of no mail"),
        }
    }

    fn told_by_postmark(&self, mail: &Mail, fate: MailFate) -> Delivery {
        let at = time::seconds(self.now());
        let (record, kind, code) = match fate {
            MailFate::Bounced => ("Bounce", "HardBounce", 1),
            MailFate::Delayed => ("Bounce", "Transient", 2),
            MailFate::Complained => ("SpamComplaint", "SpamComplaint", 100_001),
            MailFate::Delivered => ("Delivery", "", 0),
            MailFate::Failed => panic!("Postmark tells of no mail that it did not send"),
        };
        let mut body = json!({
            "RecordType": record, "MessageID": mail.id, "ServerID": 1, "MessageStream": "outbound", "Tag": "",
            "Metadata": mail.metadata,
        });
        let about = if fate == MailFate::Delivered {
            json!({ "Recipient": address(&mail.to), "DeliveredAt": at, "Details": "250 OK" })
        } else {
            json!({
                "ID": 4_323_372_036_854_i64, "Type": kind, "TypeCode": code, "Name": kind, "Email": address(&mail.to),
                "From": address(&mail.from), "Subject": mail.subject, "BouncedAt": at,
                "Description": "The server was unable to deliver your message (ex: unknown user, mailbox not found).",
                "Details": format!("smtp;550 5.1.1 {} does not exist", address(&mail.to)),
                "DumpAvailable": true, "Inactive": fate != MailFate::Delayed, "CanActivate": true,
            })
        };
        for (name, value) in about.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let credentials = STANDARD.encode(format!("latchkey:{}", self.options().postmark_webhook_secret));
        let header = |name: &str, value: String| (name.to_owned(), value);
        Delivery {
            event: record.to_owned(),
            reference: mail.id.clone(),
            path_and_query: "/webhooks/postmark".to_owned(),
            headers: vec![
                header("user-agent", "Postmark".to_owned()),
                header("content-type", "application/json".to_owned()),
                header("authorization", format!("Basic {credentials}")),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    fn told_by_resend(&self, mail: &Mail, fate: MailFate) -> Delivery {
        let (event, more) = match fate {
            MailFate::Bounced => {
                let message = format!("The recipient's mail server rejected {}.", address(&mail.to));
                let bounce = json!({ "message": message, "type": "Permanent", "subType": "General" });
                ("email.bounced", Some(("bounce", bounce)))
            }
            MailFate::Delayed => ("email.delivery_delayed", None),
            MailFate::Complained => ("email.complained", None),
            MailFate::Failed => ("email.failed", Some(("failed", json!({ "reason": "reached_daily_quota" })))),
            MailFate::Delivered => ("email.delivered", None),
        };
        let mut data = json!({
            "broadcast_id": Value::Null, "created_at": time::seconds(mail.at), "email_id": mail.id, "from": mail.from,
            "to": [address(&mail.to)], "subject": mail.subject, "tags": mail.metadata,
        });
        if let Some((name, value)) = more {
            data[name] = value;
        }
        let now = self.now();
        let body = json!({ "type": event, "created_at": time::seconds(now), "data": data }).to_string();
        let id = format!("msg_{}", uuid(event, now.unsigned_abs()).replace('-', ""));
        let headers = signed(&self.options().resend_webhook_secret, &id, now, body.as_bytes());
        let event = event.to_owned();
        let path_and_query = "/webhooks/resend".to_owned();
        Delivery { event, reference: mail.id.clone(), path_and_query, headers, body: body.into_bytes() }
    }
}

/// The headers of a delivery that is signed as Standard Webhooks are, by those who came before the standard.
fn signed(secret: &str, id: &str, now: i64, body: &[u8]) -> Vec<(String, String)> {
    let (_, encoded) = secret.rsplit_once("whsec_").expect("a signing secret");
    let key = STANDARD.decode(encoded).expect("a signing secret in base64");
    let seconds = (now / time::SECOND).to_string();
    let mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    let mac = mac.chain_update(format!("{id}.{seconds}.")).chain_update(body).finalize();
    let signature = format!("v1,{}", STANDARD.encode(mac.into_bytes()));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        header("user-agent", "Svix-Webhooks/1.40.0"),
        header("content-type", "application/json"),
        header("svix-id", id),
        header("svix-timestamp", &seconds),
        header("svix-signature", &signature),
    ]
}
