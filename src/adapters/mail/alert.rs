//! The mail that tells the operator of something, in a few plain lines.

use super::{Message, Subject};
use crate::model::EmailAddress;

/// Where the operator finds out more about whatever stands in the database.
pub const LOOK: &str = "What waits, since when and why:\n\n    cargo latchkey attention";

/// Writes the mail: `detail` says what happened, `advice` what to do. `reference` is the outbox id under which it is
/// owed.
pub fn compose(to: &EmailAddress, detail: &str, advice: &str, reference: &str) -> Message {
    Message {
        to: to.clone(),
        subject: Subject::new(&["Latchkey: ", detail].concat()),
        text: [
            detail,
            ".\n\n",
            advice,
            "\n\nThe next mail of its kind comes an hour after the first at the earliest, the third four hours after that, and then one \
             a day.\n",
        ]
        .concat(),
        html: String::new(),
        reference: reference.to_owned(),
    }
}

/// Writes the mail by which the operator sees that mails arrive.
pub fn compose_test(to: &EmailAddress, reference: &str) -> Message {
    Message {
        to: to.clone(),
        subject: Subject::new("Latchkey: a test mail"),
        text: "You have asked for this mail in the console. Mails to buyers leave in the same way.\n".to_owned(),
        html: String::new(),
        reference: reference.to_owned(),
    }
}
