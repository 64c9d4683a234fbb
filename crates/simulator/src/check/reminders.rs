//! Who was told beforehand that a license expires: everybody whose license is good then, once, and nobody else.

use std::collections::HashMap;

use super::{Violation, integer, is_given_up, rows, text};
use crate::run::Run;
use crate::shelf;

/// The buyer of each good license that expires was told of it in time, once, and nobody was whose license is not good.
pub(super) fn reminders(run: &Run) -> Result<(), Violation> {
    let wrong = |what: String| Err(Violation::new("I7", what));
    let model = run.model.borrow();
    let mut mailed: HashMap<&str, i64> = HashMap::new();
    for (row, _) in &model.reminders {
        *mailed.entry(row).or_default() += 1;
    }
    let licenses = rows(
        run,
        "SELECT l.license_key, coalesce(l.section, l.source) AS seller, l.product_id, l.issued_at, l.status, l.email,
                o.id, o.state, o.attempts, o.outcome, o.last_error, o.created_at, r.expires_at,
                coalesce(o.history, '') LIKE '%\"sent\"%' AS sent_before,
                (SELECT count(*) FROM seen_claims c WHERE c.outbox_id = o.id AND c.status = 'active') AS claims
         FROM licenses l LEFT JOIN reminders r ON r.license_key = l.license_key
         LEFT JOIN outbox o ON o.kind = 'reminder_mail' AND o.subject = CAST(r.id AS TEXT)",
    );
    for row in &licenses {
        let email = text(row, "email");
        let expected = shelf::reminder(&text(row, "seller"), &text(row, "product_id"), integer(row, "issued_at"));
        let told = (!row.is_null("id")).then(|| integer(row, "id").to_string());
        let Some((remind_at, expires_at)) = expected else {
            if told.is_some() {
                return wrong("somebody is reminded of a license that does not expire".to_owned());
            }
            continue;
        };
        let times = told.as_deref().and_then(|id| mailed.remove(id)).unwrap_or_default();
        if told.is_some() {
            if integer(row, "expires_at") != expires_at || integer(row, "created_at") < remind_at {
                return wrong(format!("{email} is reminded of another end, or too early"));
            }
            if integer(row, "sent_before") == 1 {
                return wrong(format!("{email} is reminded once more of the same end"));
            }
            let claims = integer(row, "claims");
            if times > claims {
                return wrong(format!("{email} got {times} reminders of {claims} claims"));
            }
        }
        let is_due = run.world.now().as_millis() > remind_at && text(row, "status") == "active" && !email.is_empty();
        let is_over = told.is_some() && is_given_up(row);
        if is_due && times == 0 && !is_over {
            return wrong(format!("{email} was never told that the license expires"));
        }
    }
    match mailed.keys().next() {
        Some(id) => wrong(format!("a reminder was mailed that no license calls for, of row {id}")),
        None => Ok(()),
    }
}
