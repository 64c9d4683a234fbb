//! The lists, item by item, and what is said of one that is empty.

use latchkey::api::access::RepositoryAccess;
use latchkey::api::actions::ActionItem;
use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::{DriftPlace, DutyKind, EventOrigin, OutboxKind};
use latchkey::api::drift::{DriftEvidence, DriftItem};
use latchkey::api::events::EventItem;
use latchkey::api::grants::GrantItem;
use latchkey::api::licenses::LicenseItem;
use latchkey::api::outbox::OutboxItem;
use serde::de::DeserializeOwned;

use super::{INDENT, indented};
use crate::view::{Cell, Column, View, plain};
use crate::words::{self, InCell, Words};

/// What lists have.
pub(crate) trait Listed: DeserializeOwned {
    /// What is said of a list without an item.
    const NOTHING: &'static str;

    /// Some of them.
    fn list(view: &View, items: &[Self]) -> String;
}

impl Listed for AttentionItem {
    const NOTHING: &'static str = "Nothing waits for you, and nothing is late or failing.";

    /// Not a table: what there is to do is to be copied, and so stands on lines of its own.
    fn list(view: &View, items: &[Self]) -> String {
        items.iter().map(|item| attention(view, item)).collect::<Vec<_>>().join("\n\n")
    }
}

impl Listed for EventItem {
    const NOTHING: &'static str = "No deliveries.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(EVENTS, items)
    }
}

impl Listed for LicenseItem {
    const NOTHING: &'static str = "No licenses.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(LICENSES, items)
    }
}

impl Listed for GrantItem {
    const NOTHING: &'static str = "No access.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(GRANTS, items)
    }
}

impl Listed for DriftItem {
    const NOTHING: &'static str = "No differences, as of the last comparison of each repository.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(DRIFT, items)
    }
}

impl Listed for OutboxItem {
    const NOTHING: &'static str = "Nothing is to be done.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(OUTBOX, items)
    }
}

impl Listed for ActionItem {
    const NOTHING: &'static str = "No changes.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(ACTIONS, items)
    }
}

impl Listed for RepositoryAccess {
    const NOTHING: &'static str = "No repositories: the catalogue names none, or nobody was let into one yet.";

    fn list(view: &View, items: &[Self]) -> String {
        view.table(REPOSITORIES, items)
    }
}

/// The API counts no more of a kind.
const MANY: i64 = 50;

fn up_to_many(count: i64) -> Cell {
    match count {
        0 => Cell::Empty,
        MANY.. => format!("{MANY} or more").into(),
        _ => count.into(),
    }
}

const REPOSITORIES: &[Column<RepositoryAccess>] = &[
    Column("repository", |repo| Cell::name(&repo.repo)),
    Column("members", |repo| up_to_many(repo.members)),
    Column("invited", |repo| up_to_many(repo.invited)),
    Column("end within a day", |repo| up_to_many(repo.expiring)),
    Column("wait in line", |repo| up_to_many(repo.in_line)),
    Column("invitations in 24 h", |repo| format!("{} of {}", repo.invitations, repo.invitations_most).into()),
    Column("paused until", |repo| repo.paused_until.into()),
    Column("differences", |repo| up_to_many(repo.differences)),
    Column("compared", |repo| repo.compared_at.into()),
    Column("error", |repo| repo.error.as_deref().into()),
];

pub(super) const EVENTS: &[Column<EventItem>] = &[
    Column("id", |event| Cell::name(&event.id)),
    Column("received", |event| event.received_at.into()),
    Column("state", |event| event.state.cell()),
    Column("source", |event| (&event.source).into()),
    Column("type", |event| (&event.event_type).into()),
    Column("found by", |event| match event.origin {
        EventOrigin::Webhook => Cell::Empty,
        EventOrigin::Reconciliation => "reconciliation".into(),
    }),
    Column("order", |event| event.order_id.as_deref().into()),
    Column("email", |event| event.email.as_deref().into()),
    Column("why", |event| event.reason.words().into()),
    Column("error", |event| event.error.as_deref().into()),
];

pub(super) const LICENSES: &[Column<LicenseItem>] = &[
    Column("license key", |license| Cell::name(&license.license_key)),
    Column("status", |license| license.status.cell()),
    Column("tier", |license| (&license.tier).into()),
    Column("email", |license| (&license.email).into()),
    Column("github", |license| license.activation.as_ref().map(|bound| bound.github_username.as_str()).into()),
    Column("order", |license| (&license.order_id).into()),
    Column("issued", |license| license.issued_at.into()),
    Column("expires", |license| license.expires_at.into()),
];

pub(super) const GRANTS: &[Column<GrantItem>] = &[
    Column("github", |grant| Cell::name(&grant.github_username)),
    Column("repository", |grant| (&grant.repo).into()),
    Column("permission", |grant| grant.permission.map(|permission| permission.words()).into()),
    Column("state", |grant| grant.state.cell()),
    Column("since", |grant| grant.since.into()),
    Column("until", |grant| grant.until.into()),
    Column("why", |grant| grant.reason.as_deref().into()),
    Column("licenses", |grant| grant.licenses.join(", ").into()),
];

const DRIFT: &[Column<DriftItem>] = &[
    Column("what", |item| item.kind.words().into()),
    Column("repository", |item| (&item.repo).into()),
    Column("github", |item| item.github_username.as_deref().map_or(Cell::Empty, Cell::name)),
    Column("since", |item| item.since.into()),
    Column("is there", |item| there(&item.evidence).into()),
    Column("licenses ask for", |item| item.evidence.permission.map(|permission| permission.words()).into()),
    Column("let in", |item| let_in(item).into()),
];

pub(super) const OUTBOX: &[Column<OutboxItem>] = &[
    Column("id", |row| Cell::name(row.id)),
    Column("what", |row| words::errand(row.kind, row.repo.as_deref(), row.github_username.as_deref()).into()),
    Column("about", |row| match row.kind {
        OutboxKind::LicenseMail | OutboxKind::ReminderMail => row.license_key.as_deref().into(),
        OutboxKind::InvitationMail => row.github_user_id.map(|id| format!("GitHub account {id}")).into(),
        OutboxKind::RecoveryMail => Cell::Empty,
        OutboxKind::Grant => row.grant_state.map(|state| state.words()).into(),
        OutboxKind::AlertMail => row.detail.as_deref().into(),
    }),
    Column("state", |row| row.state.cell()),
    Column("tries", |row| row.attempts.into()),
    Column("next try", |row| row.next_attempt_at.into()),
    Column("outcome", |row| row.outcome.as_deref().map(words::outcome).or(row.last_error.as_deref()).into()),
    Column("created", |row| row.created_at.into()),
];

pub(super) const ACTIONS: &[Column<ActionItem>] = &[
    Column("when", |action| action.at.into()),
    Column("who", |action| (&action.actor).into()),
    Column("what", |action| words::action(&action.action).into()),
    Column("to what", |action| (&action.target).into()),
    Column("why", |action| (&action.reason).into()),
];

/// What GitHub says of whoever stands on a list.
fn there(evidence: &DriftEvidence) -> Option<String> {
    let role = evidence.role.map_or("with a role of the organization's own", |role| role.words());
    match (evidence.place, &evidence.name) {
        (Some(DriftPlace::Collaborator), None) => Some(format!("collaborator, {role}")),
        (Some(DriftPlace::Invitation), None) => Some(format!("invited, {role}")),
        (Some(_), Some(name)) => Some(format!("was {name}")),
        (None, Some(name)) => Some(format!("is {name} by now")),
        (None, None) => None,
    }
}

/// Who let an account in, when, and for which order.
fn let_in(item: &DriftItem) -> Option<String> {
    let evidence = &item.evidence;
    item.github_user_id?;
    if let Some(change) = &evidence.let_in {
        let order = change.order_id.as_deref().unwrap_or_default();
        let storefront = change.source.as_deref().map_or("", words::storefront);
        return Some(format!("{}, {storefront} order {order}: {}", change.at.to_rfc3339(), change.cause.words()));
    }
    Some(match (&evidence.inviter, evidence.invited_at) {
        (Some(inviter), Some(at)) => format!("{}, by {inviter} at GitHub", at.to_rfc3339()),
        (Some(inviter), None) => format!("by {inviter} at GitHub"),
        _ => "never here; GitHub does not say by whom".to_owned(),
    })
}

/// What needs somebody: since when, what it is, whom it is about, what is wrong, and what mends it.
fn attention(view: &View, item: &AttentionItem) -> String {
    let what = match item.kind {
        DutyKind::Delivery => item.kind.words().to_owned(),
        DutyKind::LicenseMail => words::errand(OutboxKind::LicenseMail, None, None),
        DutyKind::ReminderMail => words::errand(OutboxKind::ReminderMail, None, None),
        DutyKind::InvitationMail => words::errand(OutboxKind::InvitationMail, None, None),
        DutyKind::RecoveryMail => words::errand(OutboxKind::RecoveryMail, None, None),
        DutyKind::Grant => words::errand(OutboxKind::Grant, item.repo.as_deref(), item.github_username.as_deref()),
        DutyKind::AlertMail => words::errand(OutboxKind::AlertMail, None, None),
    };
    let id = match (&item.event_id, item.outbox_id) {
        (_, Some(row)) => format!(" (outbox {row})"),
        (Some(event), None) => format!(" {event}"),
        (None, None) => String::new(),
    };
    let order = match (&item.order_id, &item.source) {
        (Some(order), Some(source)) => Some(format!("order {order} of {}", words::storefront(source))),
        (None, Some(source)) => Some(words::storefront(source).to_owned()),
        (_, None) => None,
    };
    let license = item.license_key.as_ref().map(|key| format!("license {key}"));
    let about: Vec<_> = [item.email.clone(), order, license].into_iter().flatten().collect();
    let why: Vec<_> = [item.reason.map(|reason| reason.words()), item.error.as_deref()].into_iter().flatten().collect();
    let (remedy, commands) = words::remedy(item);

    let members = vec![
        ("state", item.state.cell()),
        ("since", item.since.into()),
        ("about", about.join(", ").into()),
        ("why", why.join(": ").into()),
        ("next try", item.next_attempt_at.into()),
        ("what to do", remedy.into()),
    ];
    let mut text = format!("{}{id}\n{}", plain(&what), indented(&view.narrower(INDENT).members(members)));
    for command in commands {
        text.push_str(&format!("\n    {}", plain(&view.command.of(&command))));
    }
    text
}
