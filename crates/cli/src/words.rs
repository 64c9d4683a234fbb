//! What the command line says of an answer beside the words of its codes, which are the Worker's own: `latchkey::words`.

use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::{OutboxKind, Remedy};
use latchkey::api::timeline::Happening;

pub(crate) use latchkey::words::{State, Words, action, amount, outcome, storefront};

use crate::view::Cell;

/// A state as it stands in a table.
pub(crate) trait InCell: State {
    fn cell(&self) -> Cell {
        Cell::State(self.words(), self.tone())
    }
}

impl<T: State> InCell for T {}

/// What the operator can do about something, and the commands that do it, without the program's name.
pub(crate) fn remedy(item: &AttentionItem) -> (String, Vec<String>) {
    match item.remedy {
        Remedy::None => ("Nothing: it is tried again automatically.".to_owned(), Vec::new()),
        Remedy::MapProduct => {
            let product = match (&item.product_id, &item.source) {
                (Some(product), Some(source)) => format!("product {product} of {}", storefront(source)),
                _ => "its product".to_owned(),
            };
            let push = "products push products.toml --reason \"…\"".to_owned();
            (format!("Add {product} to products.toml and push the file; the delivery is processed then:"), vec![push])
        }
        Remedy::ReplayEvent => {
            let by_hand = "--section … --product … --to … --reason \"…\"";
            let of = |id: &String| {
                vec![
                    format!("events show {id}"),
                    format!("events replay {id} --reason \"…\""),
                    format!("licenses issue --event {id} {by_hand}"),
                ]
            };
            let commands = item.event_id.as_ref().map(of).unwrap_or_default();
            ("Look at it, fix the cause, and replay it; or answer it with a license by hand:".to_owned(), commands)
        }
        Remedy::DismissEvent => {
            let by_hand = "--section … --product … --to … --reason \"…\"";
            let of = |id: &String| {
                vec![format!("licenses issue --event {id} {by_hand}"), format!("events dismiss {id} --reason \"…\"")]
            };
            let commands = item.event_id.as_ref().map(of).unwrap_or_default();
            ("Its payload is erased: answer it with a license by hand, or dismiss it:".to_owned(), commands)
        }
        Remedy::InviteAgain => {
            let of = |id: i64| vec![format!("outbox retry {id} --reason \"…\"")];
            (
                "Ask the buyer whether this is the right account, then invite it again:".to_owned(),
                item.outbox_id.map(of).unwrap_or_default(),
            )
        }
        Remedy::CorrectEmail => {
            let of = |key: &String| vec![format!("licenses correct-email {key} --to … --reason \"…\"")];
            let retry = |id: i64| format!("outbox retry {id} --reason \"…\"");
            let mut commands = item.license_key.as_ref().map(of).unwrap_or_default();
            commands.extend(item.outbox_id.map(retry));
            (
                "Ask the buyer for an address that takes mail, and correct it; or have the same one tried again:"
                    .to_owned(),
                commands,
            )
        }
        Remedy::RetryOutbox => {
            let of = |id: i64| vec![format!("outbox retry {id} --reason \"…\"")];
            ("Fix the cause, then:".to_owned(), item.outbox_id.map(of).unwrap_or_default())
        }
    }
}

/// What happened, in a sentence without its time.
pub(crate) fn happening(happening: &Happening) -> String {
    match happening {
        Happening::Received { event_type, .. } => format!("a delivery arrived: {event_type}"),
        Happening::Processed { reason: None, .. } => "the delivery was processed".to_owned(),
        Happening::Processed { reason: Some(reason), .. } => format!("the delivery was processed: {}", reason.words()),
        Happening::Stuck { reason, error, .. } => {
            because("the delivery was left to you", reason.map(|reason| reason.words()), error.as_deref())
        }
        Happening::OrderFact { fact } => format!("the storefront said: {}", fact.words()),
        Happening::LicenseIssued { license_key } => format!("license {license_key} was issued"),
        Happening::Activated { license_key, github_username } => {
            format!("license {license_key} was activated by {github_username}")
        }
        Happening::Enqueued { kind, repo, github_username } => {
            format!("to be done: {}", errand(*kind, repo.as_deref(), github_username.as_deref()))
        }
        Happening::Done { kind, repo, github_username, outcome: ended } => because(
            &format!("done: {}", errand(*kind, repo.as_deref(), github_username.as_deref())),
            ended.as_deref().map(outcome),
            None,
        ),
        Happening::Dead { kind, repo, github_username, error } => because(
            &format!("given up: {}", errand(*kind, repo.as_deref(), github_username.as_deref())),
            None,
            error.as_deref(),
        ),
        Happening::Action { action: done, actor, reason, to, .. } => {
            let to = to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
            format!("{actor} {}{to}: {reason}", action(done))
        }
    }
}

/// What is to be done in the outside world, for whom.
pub(crate) fn errand(kind: OutboxKind, repo: Option<&str>, github_username: Option<&str>) -> String {
    match (kind, github_username, repo) {
        (OutboxKind::Grant, Some(login), Some(repo)) => format!("access of {login} to {repo}"),
        _ => kind.words().to_owned(),
    }
}

/// A sentence with why, and with an error that says more.
fn because(what: &str, why: Option<&str>, error: Option<&str>) -> String {
    [Some(what), why, error].into_iter().flatten().collect::<Vec<_>>().join(": ")
}
