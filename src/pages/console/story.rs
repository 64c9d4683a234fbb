//! What a delivery and a license have in common: licenses in short, and what happened, one entry after the other.

use super::visit::Visit;
use super::words;
use crate::api::codes::OutboxKind;
use crate::api::licenses::LicenseItem;
use crate::api::timeline::{Happening, TimelineEntry};
use crate::pages::words::{Markup, Part, alone, filled, moment, standing};
use crate::platform::Platform;
use crate::words::{self as codes, State, Words};

/// A license in a list.
pub(super) struct License<'a> {
    pub(super) path: String,
    pub(super) masked: String,
    pub(super) status: Markup,
    pub(super) product_id: &'a str,
    pub(super) tier: &'a str,
    pub(super) email: &'a str,
    pub(super) order_id: &'a str,
    pub(super) storefront: &'a str,
    pub(super) account: &'a str,
    pub(super) issued_at: Markup,
}

/// Something that happened.
pub(super) struct Entry {
    pub(super) at: Markup,
    pub(super) what: Markup,
    /// Why, or what went wrong.
    pub(super) more: Option<Markup>,
}

pub(super) fn license<'a, P: Platform>(visit: &Visit<'_, P>, item: &'a LicenseItem) -> License<'a> {
    License {
        path: visit.license_path(&item.license_key),
        masked: words::masked(&item.license_key),
        status: standing(item.status.tone(), item.status.words()),
        product_id: &item.product_id,
        tier: &item.tier,
        email: &item.email,
        order_id: &item.order_id,
        storefront: codes::storefront(&item.source),
        account: item.activation.as_ref().map_or("", |activation| &activation.github_username),
        issued_at: moment(item.issued_at),
    }
}

pub(super) fn entry<P: Platform>(visit: &Visit<'_, P>, entry: &TimelineEntry) -> Entry {
    let (what, more) = happened(visit, &entry.what);
    Entry { at: moment(entry.at), what, more }
}

/// What it was, and why.
fn happened<P: Platform>(visit: &Visit<'_, P>, happening: &Happening) -> (Markup, Option<Markup>) {
    let key = |key: &str| words::license_link(&visit.license_path(key), key);
    let why = |text: Option<&str>| text.map(alone);
    match happening {
        Happening::Received { event_id, event_type } => {
            (words::delivery_link(words::HAPPENED_RECEIVED, event_id, event_type), None)
        }
        Happening::Processed { event_id, reason } => {
            (words::delivery_link(words::HAPPENED_PROCESSED, event_id, ""), why(reason.map(|reason| reason.words())))
        }
        Happening::Stuck { event_id, reason, error } => (
            words::delivery_link(words::HAPPENED_STUCK, event_id, ""),
            why(error.as_deref().or(reason.map(|reason| reason.words()))),
        ),
        Happening::OrderFact { fact } => (filled(words::HAPPENED_FACT, &[("fact", Part::Name(fact.words()))]), None),
        Happening::LicenseIssued { license_key } => {
            (filled(words::HAPPENED_ISSUED, &[("license", Part::Marked(&key(license_key)))]), None)
        }
        Happening::Activated { license_key, github_username } => {
            let license = key(license_key);
            let parts = [("license", Part::Marked(&license)), ("account", Part::Name(github_username))];
            (filled(words::HAPPENED_ACTIVATED, &parts), None)
        }
        Happening::Enqueued { kind, repo, github_username } => {
            let errand = errand(*kind, repo.as_deref(), github_username.as_deref());
            (filled(words::HAPPENED_ENQUEUED, &[("errand", Part::Marked(&errand))]), None)
        }
        Happening::Done { kind, repo, github_username, outcome } => {
            let errand = errand(*kind, repo.as_deref(), github_username.as_deref());
            let outcome = outcome.as_deref().map(codes::outcome);
            (filled(words::HAPPENED_DONE, &[("errand", Part::Marked(&errand))]), why(outcome))
        }
        Happening::Dead { kind, repo, github_username, error } => {
            let errand = errand(*kind, repo.as_deref(), github_username.as_deref());
            (filled(words::HAPPENED_DEAD, &[("errand", Part::Marked(&errand))]), why(error.as_deref()))
        }
        Happening::Action { action, actor, reason, to, .. } => {
            let sentence = if to.is_some() { words::HAPPENED_ACTION_TO } else { words::HAPPENED_ACTION };
            let parts = [
                ("actor", Part::Name(actor)),
                ("action", Part::Name(codes::action(action))),
                ("to", Part::Name(to.as_deref().unwrap_or_default())),
            ];
            (filled(sentence, &parts), why(Some(reason)))
        }
    }
}

/// What is to be done in the outside world, for whom.
pub(super) fn errand(kind: OutboxKind, repo: Option<&str>, github_username: Option<&str>) -> Markup {
    match (kind, github_username, repo) {
        (OutboxKind::Grant, Some(login), Some(repo)) => {
            filled(words::ACCESS_OF, &[("account", Part::Name(login)), ("repo", Part::Name(repo))])
        }
        _ => alone(kind.words()),
    }
}
