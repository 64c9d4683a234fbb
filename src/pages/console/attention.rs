//! `/console/attention`: what needs somebody, one line a cause, with how many it holds up and what helps.

use askama::Template;

use super::visit::{Shell, Visit};
use super::{Place, deliveries, outbox, path, products, words};
use crate::api::attention::AttentionItem;
use crate::api::codes::{DutyKind, OutboxKind, OutstandingState, Remedy, SaleState};
use crate::api::{PageLimit, PageRequest};
use crate::http::{Problem, Response, admin};
use crate::model::{EventReason, MailFate, Timestamp};
use crate::pages::words as pages;
use crate::pages::words::{Markup, Part, moment, standing};
use crate::platform::Platform;
use crate::words::{self as codes, State, Words};

#[derive(Template)]
#[template(path = "pages/templates/console/attention.html")]
struct Attention<'a> {
    shell: Shell<'a>,
    causes: Vec<Row>,
    next: Option<String>,
}

/// A cause, as it is shown.
struct Row {
    state: Markup,
    what: &'static str,
    why: Markup,
    count: Markup,
    since: Markup,
    remedy: &'static str,
    /// Where that is done, where it can be done for all at once.
    link: Option<(String, &'static str)>,
    items: Vec<Item>,
}

/// One of what a cause holds up.
struct Item {
    what: Markup,
    /// Where something is done about it.
    link: Option<(String, &'static str)>,
    next_attempt_at: Option<Markup>,
}

/// Things that the same cause holds up.
struct Cause<'a> {
    first: &'a AttentionItem,
    since: Timestamp,
    items: Vec<&'a AttentionItem>,
}

/// The most characters of an error that a filter takes.
const ERROR_CHARACTERS: usize = 200;

pub(super) async fn list<P: Platform>(visit: &Visit<'_, P>) -> Result<Response, Problem> {
    let PageRequest { cursor, .. } = visit.query()?;
    let request = PageRequest { limit: PageLimit::new(50).unwrap_or_default(), cursor };
    let page = admin::status::attention(visit.engine, &request).await?;
    // A cause may hold up more that is on the next page.
    let counted = if page.next_cursor.is_some() { words::OR_MORE } else { "{count}" };
    let title = if page.items.is_empty() { words::ATTENTION_NONE } else { words::ATTENTION_TITLE };
    let page_of = Attention {
        shell: visit.shell(Place::Attention, title),
        causes: by_cause(&page.items).iter().map(|cause| row(visit, cause, counted)).collect(),
        next: visit.next(page.next_cursor.as_deref()),
    };
    Ok(visit.page(&page_of))
}

/// What the same cause holds up, together; what needs the seller before all else.
fn by_cause(items: &[AttentionItem]) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for item in items {
        match causes.iter_mut().find(|cause| is_same(cause.first, item)) {
            Some(cause) => {
                cause.since = cause.since.min(item.since);
                cause.items.push(item);
            }
            None => causes.push(Cause { first: item, since: item.since, items: vec![item] }),
        }
    }
    causes.sort_by_key(|cause| cause.first.state != SaleState::NeedsSeller);
    causes
}

/// Whether two are held up by the same, and the same helps.
fn is_same(one: &AttentionItem, other: &AttentionItem) -> bool {
    let cause = |item: &AttentionItem| (item.kind, item.state, item.remedy, item.reason, item.mail_returned);
    let is_product = one.remedy == Remedy::MapProduct;
    cause(one) == cause(other)
        && (if is_product { one.product_id == other.product_id } else { one.error == other.error })
        && (one.kind != DutyKind::Delivery || one.source == other.source)
}

/// `counted` says how many it holds up.
fn row<P: Platform>(visit: &Visit<'_, P>, cause: &Cause<'_>, counted: &'static str) -> Row {
    let count = i64::try_from(cause.items.len()).unwrap_or(i64::MAX);
    let first = cause.first;
    let only = cause.items.len() == 1;
    Row {
        state: standing(first.state.tone(), first.state.words()),
        what: first.kind.words(),
        why: why(first),
        count: pages::filled(counted, &[("count", Part::Number(count))]),
        since: moment(cause.since),
        remedy: words::remedy(first.remedy),
        link: if only { link(visit, first) } else { link_for_all(first) },
        // What is done about the only one stands beside the cause already.
        items: cause
            .items
            .iter()
            .map(|item| self::item(item, visit, if only { None } else { link(visit, item) }))
            .collect(),
    }
}

fn why(item: &AttentionItem) -> Markup {
    let storefront = codes::storefront(item.source.as_deref().unwrap_or_default());
    let error = item.error.as_deref().unwrap_or_default();
    if let (Some(EventReason::UnmappedProduct), Some(product)) = (item.reason, &item.product_id) {
        let parts = [("storefront", Part::Name(storefront)), ("product", Part::Name(product))];
        return pages::filled(words::WHY_UNMAPPED, &parts);
    }
    match (item.reason, item.mail_returned) {
        (Some(reason), _) if error.is_empty() => pages::alone(reason.words()),
        (_, Some(fate)) => pages::filled(words::WHY_RETURNED, &[("fate", Part::Name(fate.words()))]),
        _ if error.is_empty() && item.remedy == Remedy::InviteAgain => pages::filled(words::WHY_EXPIRED, &[]),
        _ if error.is_empty() => pages::filled(words::WHY_WAITS, &[]),
        _ => pages::alone(error),
    }
}

/// Where something is done about one thing.
fn link<P: Platform>(visit: &Visit<'_, P>, item: &AttentionItem) -> Option<(String, &'static str)> {
    let delivery = |act: &str| item.event_id.as_ref().map(|id| format!("{}/{id}{act}", deliveries::PATH));
    let row = || item.outbox_id.map(|id| format!("{}/{id}/retry", outbox::PATH));
    match item.remedy {
        Remedy::None => None,
        Remedy::MapProduct => map(item),
        Remedy::ReplayEvent => Some((delivery("/replay")?, words::REPLAY_BUTTON)),
        Remedy::DismissEvent => Some((delivery("/dismiss")?, words::DISMISS_BUTTON)),
        Remedy::RetryOutbox => Some((row()?, words::RETRY_BUTTON)),
        Remedy::InviteAgain => Some((row()?, words::INVITE_BUTTON)),
        Remedy::CorrectEmail => {
            let license = visit.license_path(item.license_key.as_deref()?);
            Some((format!("{license}/correct-email"), words::CORRECT_BUTTON))
        }
    }
}

/// Where it is said what a product opens that was sold.
fn map(item: &AttentionItem) -> Option<(String, &'static str)> {
    Some((products::map_path(item.source.as_deref()?, item.product_id.as_deref()?, ""), words::MAP_BUTTON))
}

/// Where something is done about all that the same cause holds up.
fn link_for_all(item: &AttentionItem) -> Option<(String, &'static str)> {
    let (act, button) = match item.remedy {
        Remedy::MapProduct => return map(item),
        Remedy::ReplayEvent => ("replay", words::REPLAY_ALL_BUTTON),
        Remedy::DismissEvent => ("dismiss", words::DISMISS_ALL_BUTTON),
        // What came back for its address, and an alert, is tried again by itself alone.
        Remedy::RetryOutbox if item.mail_returned.is_none_or(|fate| fate == MailFate::Failed) => {
            let kind = kind_of(item.kind)?;
            return Some((outbox::retry_path("", kind.as_str(), &error_part(item)), words::RETRY_ALL_BUTTON));
        }
        _ => return None,
    };
    let query = [
        ("state", OutstandingState::NeedsSeller.as_str()),
        ("source", item.source.as_deref().unwrap_or_default()),
        ("error", &error_part(item)),
    ];
    Some((path(&format!("{}/{act}", deliveries::PATH), query), button))
}

/// What a filter takes of its error.
fn error_part(item: &AttentionItem) -> String {
    let error: String = item.error.as_deref().unwrap_or_default().chars().take(ERROR_CHARACTERS).collect();
    if error.contains(char::is_control) { String::new() } else { error }
}

/// What it is in the outbox, where many can be tried again at once.
const fn kind_of(duty: DutyKind) -> Option<OutboxKind> {
    match duty {
        DutyKind::LicenseMail => Some(OutboxKind::LicenseMail),
        DutyKind::ReminderMail => Some(OutboxKind::ReminderMail),
        DutyKind::InvitationMail => Some(OutboxKind::InvitationMail),
        DutyKind::RecoveryMail => Some(OutboxKind::RecoveryMail),
        DutyKind::Grant => Some(OutboxKind::Grant),
        DutyKind::Delivery | DutyKind::AlertMail => None,
    }
}

fn item<P: Platform>(item: &AttentionItem, visit: &Visit<'_, P>, link: Option<(String, &'static str)>) -> Item {
    let email = item.email.as_deref().or(item.order_id.as_deref()).unwrap_or_default();
    let what = match (&item.github_username, &item.repo, &item.license_key, &item.event_id) {
        (Some(account), Some(repo), ..) => {
            pages::filled(words::ACCESS_OF, &[("account", Part::Name(account)), ("repo", Part::Name(repo))])
        }
        (_, _, Some(key), _) => {
            let license = words::license_link(&visit.license_path(key), key);
            pages::filled(words::LICENSE_OF, &[("license", Part::Marked(&license)), ("email", Part::Name(email))])
        }
        (.., Some(id)) => {
            let order = item.order_id.as_deref().unwrap_or(id);
            let delivery = pages::linked(&format!("{}/{id}", deliveries::PATH), &pages::alone(order));
            pages::filled(words::DELIVERY_OF, &[("delivery", Part::Marked(&delivery)), ("email", Part::Name(email))])
        }
        _ => pages::alone(item.kind.words()),
    };
    Item { what, link, next_attempt_at: item.next_attempt_at.map(moment) }
}
