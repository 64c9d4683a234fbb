//! What was answered, and what was logged meanwhile.

use latchkey::platform::LogValue;

use super::{Violation, integer, rows_with};
use crate::history::History;
use crate::model::{ACCOUNTS, Account, Answer, Facts, Key, Model, What, crowd};
use crate::world::ADMIN_TOKEN;

/// Every answer that came since the last look.
pub(super) fn answers(history: &History) -> Result<(), Violation> {
    let Model { orders, sent, issued, .. } = &mut *history.model.borrow_mut();
    for sent in sent {
        let Some(answer) = sent.answer.as_ref().filter(|_| !sent.checked) else { continue };
        sent.checked = true;
        let status = answer.status;
        if let Some(leak) = leak(&sent.what, answer, issued) {
            return Err(Violation::new("I10", format!("[{}] is answered {status} with {leak}", sent.task)));
        }
        if status >= 500 && !history.fates.struck(sent.task) {
            return Err(Violation::new("I9", format!("[{}] is answered {status}, and nothing had failed", sent.task)));
        }
        match &sent.what {
            What::Delivery(_) => {
                if !matches!(status, 200 | 503) {
                    return Err(Violation::new("I1", format!("a storefront's delivery is answered {status}")));
                }
                let stored = "SELECT count(*) AS stored FROM webhook_events WHERE trace_id = ?1";
                let stored = rows_with(history, stored, &sent.trace).first().map_or(0, |row| integer(row, "stored"));
                if status == 200 && stored != 1 || stored > 1 {
                    let what = format!("delivery [{}] is answered {status} and has {stored} rows", sent.task);
                    return Err(Violation::new("I1", what));
                }
            }
            What::Act => {
                let recorded = "SELECT count(*) AS recorded FROM admin_actions WHERE trace_id = ?1";
                let recorded =
                    rows_with(history, recorded, &sent.trace).first().map_or(0, |row| integer(row, "recorded"));
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
            What::Forged(expected) => {
                if status != *expected {
                    return Err(Violation::new("I4", format!("a forged delivery is answered {status}")));
                }
            }
            What::Activation { key, order, account } => {
                let code = answer.body["code"].as_str().unwrap_or_default();
                // All that it was ever bound to: it may have been transferred since the answer.
                let bound = "SELECT user_id FROM seen_bindings WHERE license_key = ?1";
                let bound = rows_with(history, bound, key);
                let bound_to = |what: fn(i64, Option<i64>) -> bool| {
                    bound.iter().any(|row| what(integer(row, "user_id"), account.id))
                };
                let acted_on = "SELECT 1 FROM seen_words WHERE target = ?1 LIMIT 1";
                let acted_on = !rows_with(history, acted_on, key).is_empty();
                let complaint = match (status, code) {
                    (200 | 202, _) if !bound_to(|id, account| Some(id) == account) => {
                        "is activated and is not bound to them"
                    }
                    (404, "license_not_found") if order.is_some() && !bound.is_empty() => {
                        "presents a bound key that nobody knows"
                    }
                    (400, "license_bound_to_another_account") if !bound_to(|id, account| Some(id) != account) => {
                        "is told that the license is another's, and it is not"
                    }
                    (422, _) if account.id.is_some() => "is told not to exist, or not to be invitable",
                    (403, _) if !acted_on && order.is_none_or(|order| orders[order].facts == Facts::default()) => {
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

/// What an answer tells that its reader must not know: a secret; to anybody but the seller a key or an address; and to
/// whoever presents another's key, whose it is.
fn leak(what: &What, answer: &Answer, issued: &[Key]) -> Option<&'static str> {
    let text = answer.text.as_str();
    if text.contains("sandbox-") || text.contains(ADMIN_TOKEN) {
        return Some("a secret");
    }
    if matches!(what, What::Act) {
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
pub(super) fn log(history: &History) -> Result<(), Violation> {
    let model = history.model.borrow();
    for line in history.world.host.take_log() {
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
