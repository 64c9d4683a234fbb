//! How the deployment stands, and what the doctor found.

use latchkey::api::codes::{CheckStatus, OutboxState, SaleState, TestMailState};
use latchkey::api::doctor::{Check, Diagnosis};
use latchkey::api::status::{
    DeliveryCounts, LicenseCounts, OldestDue, OutboxCounts, SourceStatus, StateCounts, Status,
};
use latchkey::model::LicenseStatus;

use super::{INDENT, counted, counted_i64, indented, section, view_of};
use crate::view::{Column, View, plain};
use crate::words::{self, InCell, Words};

/// A tick comes every minute. So long without one is no accident.
const TICKS_MISSED_MS: i64 = 300_000;

const NO_TICKS: &str = "No tick has run in the last five minutes: nothing that is due is tried, and no alert is sent. See \
                        whether the Worker has its cron trigger, which `npx wrangler deploy` sets.";

const OTHER_SCHEMA: &str = "The database and the Worker are not of the same version: run \
                            `npx wrangler d1 migrations apply DB --remote`, then `npx wrangler deploy`.";

pub(crate) const fn test_mail(outcome: TestMailState) -> &'static str {
    match outcome {
        TestMailState::Sent => {
            "The mail provider has taken the mail. It is at OPERATOR_EMAIL within minutes; if not, look where spam goes."
        }
        TestMailState::Logged => "There is no mail provider, so the mail is in the Worker's log and nowhere else.",
    }
}

const SOURCES: &[Column<SourceStatus>] = &[
    Column("storefront", |source| words::storefront(&source.source).into()),
    Column("last delivery", |source| source.last_delivery_at.into()),
    Column("lists last read", |source| source.last_reconciliation_at.into()),
    Column("found in them", |source| source.found_by_reconciliation.into()),
    Column("why not", |source| source.reconciliation_error.as_deref().into()),
];

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
