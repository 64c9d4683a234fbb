//! Answers as a person reads them: which members stand where. What codes mean is in `words`, how tables look in `view`. Lists, sales
//! and the deployment's health are in modules of their own; here are single things with their story, and what a change came to.

mod health;
mod lists;
mod sales;

use latchkey::api::drift::DriftCheck;
use latchkey::api::events::EventDetail;
use latchkey::api::grants::{SyncAnswer, SyncedRepo};
use latchkey::api::licenses::LicenseDetail;
use latchkey::api::orders::{FactItem, OrderItem, OrderLine};
use latchkey::api::outbox::OutboxRetried;
use latchkey::api::privacy::Erased;
use latchkey::api::timeline::TimelineEntry;

use crate::view::{Cell, Column, View, plain};
use crate::words::{self, InCell, Words};

pub(crate) use health::{diagnosis, status, test_mail};
pub(crate) use lists::Listed;
use lists::{ACTIONS, EVENTS, GRANTS, LICENSES, OUTBOX};
pub(crate) use sales::{sales, waiting_products};

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

/// What is compared now.
pub(crate) fn drift_check(check: &DriftCheck) -> String {
    if check.repos.is_empty() {
        return "Nothing to compare: no product of the catalogue opens a repository.".to_owned();
    }
    let repos = counted(check.repos.len(), "repository is", "repositories are");
    format!("{repos} compared now, and listed by `drift` within minutes: {}", check.repos.join(", "))
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
