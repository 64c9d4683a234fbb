//! Answers as a person reads them: which members stand where. What codes mean is in `words`, how tables look in `view`.

use latchkey::api::access::RepositoryAccess;
use latchkey::api::actions::ActionItem;
use latchkey::api::attention::AttentionItem;
use latchkey::api::codes::{
    CheckStatus, DriftPlace, DutyKind, EventOrigin, OutboxKind, OutboxState, SaleState, SalesCut, TestMailState,
};
use latchkey::api::doctor::{Check, Diagnosis};
use latchkey::api::drift::{DriftCheck, DriftEvidence, DriftItem};
use latchkey::api::events::{EventDetail, EventItem};
use latchkey::api::grants::{GrantItem, SyncAnswer, SyncedRepo};
use latchkey::api::licenses::{LicenseDetail, LicenseItem};
use latchkey::api::orders::{FactItem, OrderItem, OrderLine};
use latchkey::api::outbox::{OutboxItem, OutboxRetried};
use latchkey::api::privacy::Erased;
use latchkey::api::products::{WaitingProduct, WaitingProducts};
use latchkey::api::sales::{DayCount, ProductCount, SalesCount, SalesCounts};
use latchkey::api::status::{
    DeliveryCounts, LicenseCounts, OldestDue, OutboxCounts, SourceStatus, StateCounts, Status,
};
use latchkey::api::timeline::TimelineEntry;
use latchkey::model::LicenseStatus;
use serde::de::DeserializeOwned;

use crate::view::{Cell, Column, View, plain};
use crate::words::{self, InCell, Words};

/// A tick comes every minute. So long without one is no accident.
const TICKS_MISSED_MS: i64 = 300_000;

const NO_TICKS: &str = "No tick has run in the last five minutes: nothing that is due is tried, and no alert is sent. See \
                        whether the Worker has its cron trigger, which `npx wrangler deploy` sets.";

const OTHER_SCHEMA: &str = "The database and the Worker are not of the same version: run \
                            `npx wrangler d1 migrations apply DB --remote`, then `npx wrangler deploy`.";

/// How the access to each repository changes.
const SYNCED: &[Column<SyncedRepo>] = &[
    Column("repository", |synced| Cell::name(&synced.repo)),
    Column("gain it", |synced| changing(synced.access.add)),
    Column("lose it", |synced| changing(synced.access.remove)),
    Column("may do more", |synced| changing(synced.access.raise)),
    Column("may do less", |synced| changing(synced.access.lower)),
];

fn changing(people: usize) -> Cell {
    if people == 0 { Cell::Empty } else { Cell::Text(people.to_string()) }
}

/// How far to the right something stands below its heading.
const INDENT: usize = 2;

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

const SOLD_DAYS: &[Column<DayCount>] = &[
    // A day of UTC, which is not a moment.
    Column("day", |day| day.day.to_rfc3339().chars().take(10).collect::<String>().into()),
    Column("sales", |day| day.count.sales.into()),
    Column("paid", |day| paid(&day.count).into()),
    Column("refunded since", |day| counted_or_nothing(day.count.refunded)),
    Column("in part", |day| counted_or_nothing(day.count.refunded_in_part)),
    Column("wait for their buyer", |day| counted_or_nothing(day.count.waiting_on_buyer)),
    Column("tests", |day| counted_or_nothing(day.count.tests)),
];

const SOLD_PRODUCTS: &[Column<ProductCount>] = &[
    Column("storefront", |product| words::storefront(&product.source).into()),
    Column("product", |product| Cell::name(&product.product_id)),
    Column("name", |product| product.name.as_deref().unwrap_or("not in the catalogue").into()),
    Column("sales", |product| product.sales.into()),
    Column("pieces", |product| product.pieces.into()),
    Column("refunded since", |product| counted_or_nothing(product.refunded)),
];

const WAITING_PRODUCTS: &[Column<WaitingProduct>] = &[
    Column("storefront", |product| words::storefront(&product.source).into()),
    Column("product", |product| Cell::name(&product.product_id)),
    Column("variant", |product| product.variant_id.as_deref().into()),
    Column("name", |product| product.name.as_deref().into()),
    Column("deliveries", |product| counted_or_nothing(product.deliveries)),
    Column("keys used", |product| counted_or_nothing(product.keys)),
    Column("newest delivery", |product| product.event_id.as_deref().map_or(Cell::Empty, Cell::name)),
];

fn counted_or_nothing(count: i64) -> Cell {
    if count == 0 { Cell::Empty } else { count.into() }
}

fn paid(count: &SalesCount) -> String {
    let amounts = count.amounts.iter().map(|(currency, units)| words::amount(*units, currency));
    amounts.collect::<Vec<_>>().join(", ")
}

/// What was sold, by day and by product.
pub(crate) fn sales(view: &View, counts: &SalesCounts) -> String {
    let days: Vec<_> = counts.days.iter().filter(|day| day.count != SalesCount::default()).cloned().collect();
    if days.is_empty() {
        return "Nothing was sold in these days.".to_owned();
    }
    let mut parts = vec![
        view.members(vec![
            ("sales", counts.total.sales.into()),
            ("paid", paid(&counts.total).into()),
            ("refunded since", counted_or_nothing(counts.total.refunded)),
            ("refunded in part", counted_or_nothing(counts.total.refunded_in_part)),
            ("wait for their buyer", counted_or_nothing(counts.total.waiting_on_buyer)),
            ("test sales", counted_or_nothing(counts.total.tests)),
        ]),
        view.table(SOLD_PRODUCTS, &counts.products),
        view.table(SOLD_DAYS, &days),
    ];
    match counts.cut {
        None => {}
        Some(SalesCut::BetweenDays) => {
            parts.push(format!("There is more before {}: add --until with an earlier day.", view.moment(counts.since)))
        }
        Some(SalesCut::WithinADay) => {
            parts.push(format!(
                "More was sold on this day than is counted at once: these sales are its newest. For the others add --until {} --cursor '{}'.",
                counts.since.to_rfc3339(),
                counts.next_cursor.as_deref().unwrap_or_default()
            ));
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

pub(crate) const fn test_mail(outcome: TestMailState) -> &'static str {
    match outcome {
        TestMailState::Sent => {
            "The mail provider has taken the mail. It is at OPERATOR_EMAIL within minutes; if not, look where spam goes."
        }
        TestMailState::Logged => "There is no mail provider, so the mail is in the Worker's log and nowhere else.",
    }
}

/// What waits for an entry of the catalogue.
pub(crate) fn waiting_products(view: &View, waiting: &WaitingProducts) -> String {
    if waiting.items.is_empty() {
        return "Nothing waits: the catalogue names whatever was sold.".to_owned();
    }
    view.table(WAITING_PRODUCTS, &waiting.items)
}

const EVENTS: &[Column<EventItem>] = &[
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

const LICENSES: &[Column<LicenseItem>] = &[
    Column("license key", |license| Cell::name(&license.license_key)),
    Column("status", |license| license.status.cell()),
    Column("tier", |license| (&license.tier).into()),
    Column("email", |license| (&license.email).into()),
    Column("github", |license| license.activation.as_ref().map(|bound| bound.github_username.as_str()).into()),
    Column("order", |license| (&license.order_id).into()),
    Column("issued", |license| license.issued_at.into()),
    Column("expires", |license| license.expires_at.into()),
];

const GRANTS: &[Column<GrantItem>] = &[
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

const OUTBOX: &[Column<OutboxItem>] = &[
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

const ACTIONS: &[Column<ActionItem>] = &[
    Column("when", |action| action.at.into()),
    Column("who", |action| (&action.actor).into()),
    Column("what", |action| words::action(&action.action).into()),
    Column("to what", |action| (&action.target).into()),
    Column("why", |action| (&action.reason).into()),
];

const TIMELINE: &[Column<TimelineEntry>] =
    &[Column("when", |entry| entry.at.into()), Column("what", |entry| words::happening(&entry.what).into())];

const FACTS: &[Column<FactItem>] =
    &[Column("when", |fact| fact.said_at.into()), Column("what", |fact| fact.fact.words().into())];

const LINES: &[Column<OrderLine>] = &[
    Column("line", |line| line.line.into()),
    Column("product", |line| (&line.product_id).into()),
    Column("variant", |line| line.variant_id.as_deref().into()),
    Column("quantity", |line| line.quantity.into()),
];

const SOURCES: &[Column<SourceStatus>] = &[
    Column("storefront", |source| words::storefront(&source.source).into()),
    Column("last delivery", |source| source.last_delivery_at.into()),
    Column("lists last read", |source| source.last_reconciliation_at.into()),
    Column("found in them", |source| source.found_by_reconciliation.into()),
    Column("why not", |source| source.reconciliation_error.as_deref().into()),
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

/// What is compared now.
pub(crate) fn drift_check(check: &DriftCheck) -> String {
    if check.repos.is_empty() {
        return "Nothing to compare: no product of the catalogue opens a repository.".to_owned();
    }
    let repos = counted(check.repos.len(), "repository is", "repositories are");
    format!("{repos} compared now, and listed by `drift` within minutes: {}", check.repos.join(", "))
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

/// What the doctor found: what failed first, what is right last and in short.
pub(crate) fn diagnosis(view: &View, diagnosis: &Diagnosis) -> String {
    let of = |status: CheckStatus| diagnosis.checks.iter().filter(move |check| check.status == status);
    let mut parts = Vec::new();
    for status in [CheckStatus::Failed, CheckStatus::Warning, CheckStatus::Skipped] {
        let found: Vec<_> = of(status).map(|check| found(view, check)).collect();
        if !found.is_empty() {
            parts.push(format!("{}\n{}", view.colored(&status.cell()), indented(&found.join("\n"))));
        }
    }
    let right = right(of(CheckStatus::Ok));
    if !right.is_empty() {
        parts.push(format!("{}\n{}", view.colored(&CheckStatus::Ok.cell()), indented(&right.join("\n"))));
    }
    let count = |status| of(status).count();
    parts.push(format!(
        "{} failed, {}, {} skipped, {} OK.",
        count(CheckStatus::Failed),
        counted(count(CheckStatus::Warning), "warning", "warnings"),
        count(CheckStatus::Skipped),
        count(CheckStatus::Ok)
    ));
    parts.join("\n\n")
}

/// What was looked at and is not right: what it is, why, what was seen, and what mends it.
fn found(view: &View, check: &Check) -> String {
    let why = check.reason.map(|reason| format!(": {}", reason.words())).unwrap_or_default();
    let mut text = format!("{}{why}", looked_at(check));
    let seen = check.detail.as_deref().map(|detail| format!("({})", plain(detail)));
    for line in [seen, check.remedy.as_deref().map(plain)].into_iter().flatten() {
        text.push_str(&format!("\n{}", indented(&view.narrower(2 * INDENT).wrapped(&line))));
    }
    text
}

/// What is right, a line for each kind of it.
fn right<'a>(checks: impl Iterator<Item = &'a Check>) -> Vec<String> {
    let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
    for check in checks {
        let subject = check.subject.as_deref().map(|subject| plain(words::storefront(subject)));
        let words = check.code.words();
        match lines.iter_mut().find(|(known, _)| *known == words) {
            Some((_, subjects)) => subjects.extend(subject),
            None => lines.push((words, subject.into_iter().collect())),
        }
    }
    lines
        .into_iter()
        .map(|(words, subjects)| format!("{words} {}", subjects.join(", ")).trim_end().to_owned())
        .collect()
}

fn looked_at(check: &Check) -> String {
    match &check.subject {
        Some(subject) => format!("{} {}", check.code.words(), plain(words::storefront(subject))),
        None => check.code.words().trim_end_matches(" of").trim_end_matches(" to").to_owned(),
    }
}

/// How the deployment stands.
pub(crate) fn status(view: &View, status: &Status) -> String {
    let newest = status.counted_newest;
    let catalogue = match status.catalogue.version {
        0 => format!("none yet: {}", view.command.of("products push products.toml --reason \"…\"")),
        version => format!("version {version}, {}", counted_i64(status.catalogue.products, "product", "products")),
    };
    let longest_due = |due: &OldestDue| format!("{}, since {}", due.kind.words(), view.moment(due.since));
    let mut text = view.members(vec![
        ("sales", counts(&[], &of_states(&status.sales_by_state), newest).into()),
        ("deliveries", of_deliveries(&status.deliveries, newest).into()),
        ("to be done", of_outbox(&status.outbox, newest).into()),
        ("licenses", counts(&[], &of_licenses(&status.licenses), newest).into()),
        ("catalogue", catalogue.into()),
        ("version", (&status.version).into()),
        ("schema", status.schema.applied.as_deref().into()),
        ("last tick", status.last_cron_at.into()),
        ("longest due", status.oldest_due.as_ref().map(longest_due).into()),
    ]);
    let is_without_ticks =
        status.last_cron_at.is_none_or(|last| view.now.as_millis() - last.as_millis() > TICKS_MISSED_MS);
    if is_without_ticks {
        text.push_str(&format!("\n\n{NO_TICKS}"));
    }
    if status.schema.applied.as_ref() != Some(&status.schema.expected) {
        text.push_str(&format!("\n\n{OTHER_SCHEMA}"));
    }
    section(&mut text, "Storefronts", &view_of(view, SOURCES, &status.sources));
    let problems: Vec<_> = status.config_problems.iter().map(|problem| plain(problem)).collect();
    section(&mut text, "Configuration", &problems.join("\n"));
    text
}

fn of_states(counts: &StateCounts) -> [(&'static str, i64); 6] {
    [
        (SaleState::NeedsSeller.words(), counts.needs_seller),
        (SaleState::InProgress.words(), counts.in_progress),
        (SaleState::WaitingOnBuyer.words(), counts.waiting_on_buyer),
        (SaleState::WaitingOnGithub.words(), counts.waiting_on_github),
        (SaleState::Fulfilled.words(), counts.fulfilled),
        (SaleState::Ignored.words(), counts.ignored),
    ]
}

fn of_deliveries(of: &DeliveryCounts, newest: i64) -> String {
    let whole = [(SaleState::NeedsSeller.words(), of.needs_seller), ("to be tried again", of.retrying)];
    counts(&whole, &[("processed", of.processed), (SaleState::Ignored.words(), of.ignored)], newest)
}

fn of_outbox(of: &OutboxCounts, newest: i64) -> String {
    let words = |state: OutboxState, count| (state.words(), count);
    let whole =
        [words(OutboxState::Dead, of.dead), words(OutboxState::Due, of.due), words(OutboxState::Leased, of.leased)];
    counts(&whole, &[words(OutboxState::Done, of.done)], newest)
}

fn of_licenses(counts: &LicenseCounts) -> [(&'static str, i64); 3] {
    [
        (LicenseStatus::Active.words(), counts.active),
        (LicenseStatus::Suspended.words(), counts.suspended),
        (LicenseStatus::Revoked.words(), counts.revoked),
    ]
}

/// A delivery with everything that is known of it.
pub(crate) fn event(view: &View, detail: &EventDetail) -> String {
    let event = &detail.event;
    let mut text = view.members(vec![
        ("id", Cell::name(&event.id)),
        ("state", event.state.cell()),
        ("since", event.since.into()),
        ("why", event.reason.words().into()),
        ("error", event.error.as_deref().into()),
        ("storefront", words::storefront(&event.source).into()),
        ("origin", event.origin.words().into()),
        ("type", (&event.event_type).into()),
        ("order", event.order_id.as_deref().into()),
        ("product", event.product_id.as_deref().into()),
        ("email", event.email.as_deref().into()),
        ("license key", event.license_key.as_deref().map(Cell::name).unwrap_or(Cell::Empty)),
        ("received", event.received_at.into()),
        ("processed", event.processed_at.into()),
        ("tries", event.attempts.into()),
        ("next try", event.next_attempt_at.into()),
        ("trace", (&event.trace_id).into()),
    ]);
    order(view, &mut text, detail.order.as_ref(), &detail.facts);
    section(&mut text, "Licenses", &view_of(view, LICENSES, &detail.licenses));
    section(&mut text, "Outbox", &view_of(view, OUTBOX, &detail.outbox));
    section(&mut text, "History", &view_of(view, TIMELINE, &detail.timeline));
    let payload = match (&detail.payload, &detail.payload_hex) {
        (Some(payload), _) => plain(payload),
        (None, Some(hex)) => format!("not text; in hex {hex}"),
        (None, None) => "erased".to_owned(),
    };
    section(&mut text, "Payload", &payload);
    text
}

/// A license with everything that is known of it.
pub(crate) fn license(view: &View, detail: &LicenseDetail) -> String {
    let license = &detail.license;
    let mut members = vec![
        ("license key", Cell::name(&license.license_key)),
        ("status", license.status.cell()),
        ("storefront", words::storefront(&license.source).into()),
        ("order", (&license.order_id).into()),
        ("key issued by", if license.storefront_key_id.is_some() { "the storefront" } else { "Latchkey" }.into()),
        ("product", (&license.product_id).into()),
        ("variant", license.variant_id.as_deref().into()),
        ("tier", (&license.tier).into()),
        ("email", (&license.email).into()),
        ("name", (&license.name).into()),
        ("test purchase", if license.test { "yes".into() } else { Cell::Empty }),
        ("issued", license.issued_at.into()),
        ("expires", license.expires_at.map_or_else(|| "never".into(), Cell::from)),
    ];
    if let Some(returned) = &license.mail_returned {
        let told = format!("{}, {}", returned.fate.words(), returned.since.to_rfc3339());
        members.push(("mail with the key", told.into()));
    }
    match &license.activation {
        None => members.push(("activated", "not yet".into())),
        Some(bound) => members.extend([
            ("activated", bound.activated_at.into()),
            ("github", format!("{} (number {})", bound.github_username, bound.github_user_id).into()),
            ("proof", bound.proof.words().into()),
            ("opens", bound.repos.join(", ").into()),
        ]),
    }
    let mut text = view.members(members);
    order(view, &mut text, detail.order.as_ref(), &detail.facts);
    section(&mut text, "Access", &view_of(view, GRANTS, &detail.grants));
    section(&mut text, "Deliveries", &view_of(view, EVENTS, &detail.events));
    section(&mut text, "Outbox", &view_of(view, OUTBOX, &detail.outbox));
    section(&mut text, "Changes", &view_of(view, ACTIONS, &detail.actions));
    section(&mut text, "History", &view_of(view, TIMELINE, &detail.timeline));
    text
}

/// What a replay of many came to.
pub(crate) fn replayed(count: usize) -> String {
    match count {
        0 => "Nothing was found that waits to be processed and is not due already.".to_owned(),
        1 => "One delivery is due now; the next ticks take it.".to_owned(),
        _ => format!("{count} deliveries are due now; the next ticks take them, a few a minute."),
    }
}

/// What is asked before many are tried again.
pub(crate) fn retry_question(found: OutboxRetried) -> String {
    let OutboxRetried { retried, people, more } = found;
    let rows = counted(retried, "row", "rows");
    let more = if more { " or more" } else { "" };
    format!("Try {rows}{more} of the outbox again, which touches {}?", counted(people, "person", "people"))
}

/// What trying many again came to.
pub(crate) fn retried(count: usize) -> String {
    match count {
        0 => "Nothing was found that was given up or waits for a person.".to_owned(),
        1 => "One row is due now; the next tick tries it, within a minute.".to_owned(),
        _ => format!("{count} rows are due now; the next ticks try them, a few a minute."),
    }
}

/// What a dismissal of many came to.
pub(crate) fn dismissed(count: usize) -> String {
    match count {
        0 => "Nothing was found that was tried and is not processed.".to_owned(),
        1 => "One delivery is dismissed.".to_owned(),
        _ => format!("{count} deliveries are dismissed."),
    }
}

/// What bringing licenses to the catalogue would come to.
pub(crate) fn sync_plan(view: &View, host: &str, plan: &SyncAnswer) -> String {
    let SyncAnswer { version, counts, repos, .. } = plan;
    let looked = counted(counts.licenses, "license", "licenses");
    let head = format!("{host} has version {version} of the catalogue.");
    let mut text = match (counts.licenses, counts.changed) {
        (0, _) => format!("{head} There is no good license that is activated."),
        (_, 0) => format!("{head} {looked}: there is nothing to change."),
        (_, changed) => {
            let people = counted(counts.people, "person", "people");
            format!("{head} {changed} of {looked} would change, and the access of {people}:")
        }
    };
    if !repos.is_empty() {
        text.push_str("\n\n");
        text.push_str(&view.table(SYNCED, repos));
    }
    let notes: Vec<_> = [
        (
            counts.unmapped,
            "whose product the catalogue does not open, left as it is",
            "whose products the catalogue does not open, left as they are",
        ),
        (
            counts.choices_gone,
            "that keeps what its buyer chose, though it is not offered any more",
            "that keep what their buyers chose, though it is not offered any more",
        ),
        (
            counts.choices_missing,
            "whose buyer was never asked to choose, left as it is",
            "whose buyers were never asked to choose, left as they are",
        ),
        (
            counts.suspended,
            "that is suspended, left as it is until this is asked for once it is good again",
            "that are suspended, left as they are until this is asked for once they are good again",
        ),
        (
            counts.unreadable,
            "that cannot be read, since the tables were changed by hand",
            "that cannot be read, since the tables were changed by hand",
        ),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, several)| match count {
        1 => format!("1 license {one}"),
        _ => format!("{count} licenses {several}"),
    })
    .collect();
    if !notes.is_empty() {
        text.push_str("\n\n");
        text.push_str(&notes.join("\n"));
    }
    text
}

/// What it came to.
pub(crate) fn synced(done: &SyncAnswer) -> String {
    let SyncAnswer { version, counts, .. } = done;
    let licenses = counted(counts.changed, "license opens", "licenses open");
    let access = if counts.people == 0 { "." } else { "; the next ticks change who has access, a few a minute." };
    format!("{licenses} what version {version} of the catalogue says{access}")
}

/// What an erasure came to.
pub(crate) fn erased(erased: Erased) -> String {
    let Erased { deliveries, orders, licenses } = erased;
    format!(
        "Erased what named the person in {}, {} and {}.",
        counted_i64(deliveries, "delivery", "deliveries"),
        counted_i64(orders, "order", "orders"),
        counted_i64(licenses, "license", "licenses")
    )
}

/// A number of things.
pub(crate) fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn counted_i64(count: i64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn order(view: &View, text: &mut String, order: Option<&OrderItem>, facts: &[FactItem]) {
    if let Some(order) = order {
        let pairs = |pairs: &[(String, String)]| {
            // A seller can empty the title of a group of variants.
            let pair = |(name, value): &(String, String)| match name.as_str() {
                "" => value.clone(),
                name => format!("{name}: {value}"),
            };
            let pairs: Vec<_> = pairs.iter().map(pair).collect();
            Cell::from(pairs.join(", "))
        };
        let members = view.members(vec![
            ("order", (&order.order_id).into()),
            ("sold", order.sold_at.into()),
            (
                "paid",
                order
                    .amount_cents
                    .zip(order.currency.as_deref())
                    .map(|(units, code)| words::amount(units, code))
                    .into(),
            ),
            ("name", (&order.name).into()),
            ("email", (&order.email).into()),
            ("country", order.country.as_deref().into()),
            ("offer code", order.offer_code.as_deref().into()),
            ("variants", pairs(&order.variants)),
            ("custom fields", pairs(&order.custom_fields)),
            ("subscription", order.subscription_id.as_deref().into()),
            ("test purchase", if order.test { "yes".into() } else { Cell::Empty }),
        ]);
        section(text, "Order", &format!("{members}\n\n{}", view.table(LINES, &order.items)));
    }
    section(text, "What the storefront said of it", &view_of(view, FACTS, facts));
}

/// Nothing where there is nothing.
fn view_of<T>(view: &View, columns: &[Column<T>], items: &[T]) -> String {
    if items.is_empty() { String::new() } else { view.table(columns, items) }
}

fn section(text: &mut String, title: &str, content: &str) {
    if !content.is_empty() {
        text.push_str(&format!("\n\n{title}\n{content}"));
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("{:INDENT$}{line}", "")).collect::<Vec<_>>().join("\n")
}

/// How much there is of each, without what there is none of. What the Worker counts among the newest alone is told from
/// what it counts whole.
fn counts(whole: &[(&str, i64)], of_newest: &[(&str, i64)], newest: i64) -> String {
    let said = |counts: &[(&str, i64)]| {
        let counts = counts.iter().filter(|(_, count)| *count != 0);
        counts.map(|(words, count)| format!("{words} {count}")).collect::<Vec<_>>().join(", ")
    };
    let (whole, of_newest) = (said(whole), said(of_newest));
    match (whole.is_empty(), of_newest.is_empty()) {
        (true, true) => "none".to_owned(),
        (false, true) => whole,
        (true, false) => format!("of the newest {newest}: {of_newest}"),
        (false, false) => format!("{whole}; of the newest {newest}: {of_newest}"),
    }
}
