//! What was answered, and what was logged meanwhile.

use latchkey::platform::LogValue;

use super::{Violation, integer, rows, rows_with, text};
use crate::model::{ACCOUNTS, Account, Answer, Facts, Key, Model, What, crowd};
use crate::run::Run;
use crate::shelf::Shelf;
use crate::world::ADMIN_TOKEN;

/// Every answer that came since the last look.
pub(super) fn answers(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    let Model { orders, sent, issued, .. } = &*model;
    for sent in sent {
        let Some(answer) = sent.answer.as_ref().filter(|_| !sent.checked.replace(true)) else { continue };
        let status = answer.status;
        if let Some(leak) = leak(&sent.what, answer, issued) {
            return Err(Violation::new("I10", format!("[{}] is answered {status} with {leak}", sent.task)));
        }
        if status >= 500 && !run.fates.struck(sent.task) {
            return Err(Violation::new("I9", format!("[{}] is answered {status}, and nothing had failed", sent.task)));
        }
        match &sent.what {
            What::Delivery(_) => {
                if !matches!(status, 200 | 503) {
                    return Err(Violation::new("I1", format!("a storefront's delivery is answered {status}")));
                }
                let stored = "SELECT count(*) AS stored FROM webhook_events WHERE trace_id = ?1";
                let stored = rows_with(run, stored, &[&sent.trace]).first().map_or(0, |row| integer(row, "stored"));
                if status == 200 && stored != 1 || stored > 1 {
                    let what = format!("delivery [{}] is answered {status} and has {stored} rows", sent.task);
                    return Err(Violation::new("I1", what));
                }
            }
            What::Act => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(run, recorded, &[&sent.trace]).first().map_or(0, |row| integer(row, "recorded"));
                let right = match status {
                    200..300 => recorded == 1,
                    // What failed may have happened all the same.
                    500.. => recorded <= 1,
                    _ => recorded == 0,
                };
                if !right {
                    let what = format!("[{}] is answered {status}, and is recorded {recorded} times", sent.task);
                    return Err(Violation::new("I12", what));
                }
            }
            What::Maybe | What::Erase(_) => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(run, recorded, &[&sent.trace]).first().map_or(0, |row| integer(row, "recorded"));
                if recorded > 1 || !matches!(status, 200 | 500..) && recorded > 0 {
                    let what = format!("[{}] is answered {status}, and is recorded {recorded} times", sent.task);
                    return Err(Violation::new("I12", what));
                }
            }
            What::Correct(_) => {}
            What::Sync { only_planned, .. } => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(run, recorded, &[&sent.trace]).first().map_or(0, |row| integer(row, "recorded"));
                let changes = answer.body["changed"].as_i64() > Some(0);
                let right = match status {
                    200 => recorded == i64::from(changes && !only_planned),
                    500.. => recorded <= i64::from(!only_planned),
                    _ => recorded == 0,
                };
                if !right {
                    let what = format!("[{}] is answered {status}, and is recorded {recorded} times", sent.task);
                    return Err(Violation::new("I12", what));
                }
            }
            What::Once(words, action) => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(run, recorded, &[&sent.trace]).first().map_or(0, |row| integer(row, "recorded"));
                let key = answer.body["license_key"].as_str().unwrap_or_default();
                let before = "SELECT count(*) AS before FROM admin_actions WHERE target = ?1 AND action = ?2";
                let before = rows_with(run, before, &[key, action]).first().map_or(0, |row| integer(row, "before"));
                let right = match status {
                    200..300 => recorded <= 1 && before > 0,
                    500.. => recorded <= 1,
                    _ => recorded == 0,
                };
                if !right {
                    let what = format!("[{}] is answered {status}, and is recorded {recorded} times", sent.task);
                    return Err(Violation::new("I12", what));
                }
                let differs = |other: &crate::model::Sent| match (&other.what, &other.answer) {
                    (What::Once(asked, _), Some(Answer { status: 200, body, .. })) if *asked == *words => {
                        body["license_key"] != key
                    }
                    _ => false,
                };
                if status == 200 && model.sent.iter().any(differs) {
                    let what = format!("[{}] is answered with another license than the same before", sent.task);
                    return Err(Violation::new("I2", what));
                }
            }
            What::Put(shelf) => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(run, recorded, &[&sent.trace]).first().map_or(0, |row| integer(row, "recorded"));
                // What the catalogue says already is no change.
                let said_so = || said_since(run, &model, sent.version).any(|said| said == shelf);
                if recorded > 1 || status == 200 && recorded == 0 && !said_so() || status == 409 && recorded > 0 {
                    let what = format!("a change of the catalogue is answered {status}, and recorded {recorded} times");
                    return Err(Violation::new("I12", what));
                }
            }
            What::Returned(_) => {
                if !matches!(status, 200 | 503) {
                    return Err(Violation::new("I1", format!("a mail provider's delivery is answered {status}")));
                }
            }
            What::Forged(expected) => {
                if status != *expected {
                    return Err(Violation::new("I4", format!("a forged delivery is answered {status}")));
                }
            }
            What::Activation { key, order, account, .. } => {
                let code = answer.body["code"].as_str().unwrap_or_default();
                // All that it was ever bound to: it may have been transferred since the answer.
                let bound = "SELECT user_id FROM seen_bindings WHERE license_key = ?1";
                let bound = rows_with(run, bound, &[key]);
                let bound_to = |what: fn(i64, Option<i64>) -> bool| {
                    bound.iter().any(|row| what(integer(row, "user_id"), account.id))
                };
                // Whoever is called otherwise by now may have typed a name that is nobody's, or somebody else's.
                let renamed = run.fates.logins.borrow().iter().any(|(_, id)| Some(*id) == account.id);
                let acted_on = "SELECT 1 FROM seen_words WHERE target = ?1 LIMIT 1";
                let acted_on = !rows_with(run, acted_on, &[key]).is_empty();
                let complaint = match (status, code) {
                    (200 | 202, _) if !renamed && !bound_to(|id, account| Some(id) == account) => {
                        "is activated and is not bound to them"
                    }
                    (404, "license_not_found") if order.is_some() && !bound.is_empty() => {
                        "presents a bound key that nobody knows"
                    }
                    (400, "license_bound_to_another_account") | (422, _) if renamed => continue,
                    (400, "license_bound_to_another_account") if !bound_to(|id, account| Some(id) != account) => {
                        "is told that the license is another's, and it is not"
                    }
                    (409, "product_not_mapped")
                        if order.is_some_and(|order| {
                            said_since(run, &model, sent.version)
                                .all(|shelf| orders[order].lines().all(|product| shelf.terms(product).is_some()))
                        }) =>
                    {
                        "is told that the product is not mapped, and it is"
                    }
                    (422, _) if account.id.is_some() => "is told not to exist, or not to be invitable",
                    (403, _)
                        if !acted_on
                            && !model.ever_disabled(key)
                            && order.is_none_or(|order| orders[order].facts == Facts::NONE) =>
                    {
                        "is refused without a reason"
                    }
                    (429, _) => "is refused without a reason",
                    _ => continue,
                };
                return Err(Violation::new(
                    "I3",
                    format!("[{}] {} {complaint}: {status} {code}", sent.task, account.login),
                ));
            }
        }
    }
    Ok(())
}

/// What the catalogue said from a version on.
fn said_since<'a>(run: &Run, model: &'a Model, version: i64) -> impl Iterator<Item = &'a Shelf> {
    let replaced =
        "SELECT trace_id FROM admin_actions WHERE action = 'catalogue.replace' ORDER BY detail ->> '$.version'";
    let replaced = rows(run, replaced).into_iter().filter_map(|row| model.put(&text(&row, "trace_id")));
    // The first version is 1.
    std::iter::once(&model.first)
        .chain(replaced.collect::<Vec<_>>())
        .skip(usize::try_from(version - 1).unwrap_or_default())
}

/// What an answer tells that its reader must not know: a secret; to anybody but the seller a key or an address; and to
/// whoever presents another's key, whose it is.
fn leak(what: &What, answer: &Answer, issued: &[Key]) -> Option<&'static str> {
    let text = answer.text.as_str();
    if text.contains("sandbox-") || text.contains(ADMIN_TOKEN) {
        return Some("a secret");
    }
    if matches!(what, What::Act | What::Once(..) | What::Put(_) | What::Maybe | What::Sync { .. } | What::Erase(_)) {
        return None;
    }
    if text.contains("LK-") || text.contains('@') || issued.iter().any(|issued| text.contains(&issued.key)) {
        return Some("a key or an address");
    }
    let others = |asking: &Account| {
        let known = ACCOUNTS.iter().chain(crowd()).filter(|account| account.id.is_some() && account.id != asking.id);
        known.into_iter().any(|account| text.contains(account.login))
    };
    match what {
        What::Activation { account, .. } if answer.body["code"] == "license_bound_to_another_account" => {
            others(account).then_some("the name of the license's owner")
        }
        _ => None,
    }
}

/// No line of the log shows a key, an address or a secret.
pub(super) fn log(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    for line in run.world.host.take_log() {
        for (name, value) in &line.fields {
            let LogValue::Text(text) = value else { continue };
            let canary = text.contains("LK-")
                || text.contains("example.com")
                || text.contains("sandbox-")
                || model.issued.iter().any(|issued| text.contains(&issued.key));
            if canary {
                return Err(Violation::new("I10", format!("the log's {} shows in {name}: {text}", line.event)));
            }
        }
    }
    Ok(())
}
