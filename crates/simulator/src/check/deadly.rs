//! What holds while every process dies of the same thing.

use super::{MAX_ATTEMPTS, Violation, integer, rows_with, text};
use crate::fate::Poison;
use crate::model::{Sent, What};
use crate::run::Run;

/// How much is due within the next minutes.
pub(crate) fn due_soon(run: &Run) -> i64 {
    let soon = run.world.now().as_millis() + 10 * 60_000;
    let due = "SELECT (SELECT count(*) FROM outbox WHERE next_attempt_at <= ?1)
                    + (SELECT count(*) FROM webhook_events WHERE next_attempt_at <= ?1) AS due";
    let due = run.world.host.database().query_with(due, &[soon.into()]);
    due.unwrap_or_else(|error| panic!("{error}")).first().map_or(0, |row| integer(row, "due"))
}

/// The mail of an order has gone out, if there is one to send.
pub(crate) fn is_mailed_by_now(run: &Run, order: usize) -> Result<(), Violation> {
    let model = run.model.borrow();
    let order = &model.orders[order];
    let owed = "SELECT o.state FROM licenses l JOIN outbox o ON o.kind = 'license_mail' AND o.subject = l.license_key
                WHERE l.order_id = ?1 AND l.status = 'active'
                  AND (o.state IN ('leased', 'dead') OR o.state = 'due' AND o.next_attempt_at <= ?2)";
    let now = run.world.now().as_millis();
    let owed = run.world.host.database().query_with(owed, &[order.id.as_str().into(), now.into()]);
    match owed.unwrap_or_else(|error| panic!("{error}")).first() {
        Some(row) => {
            let what =
                format!("the mail to {} is {}, since processes die of something else", order.email, text(row, "state"));
            Err(Violation::new("I11", what))
        }
        None => Ok(()),
    }
}

/// What processes die of was tried twelve times, and is tried no more.
pub(crate) fn is_given_up_by_now(run: &Run, poison: &Poison, place_of_order: usize) -> Result<(), Violation> {
    let model = run.model.borrow();
    let order = &model.orders[place_of_order];
    let is_its =
        |sent: &&Sent| matches!(sent.what, What::Delivery(place) if model.deliveries[place].order == place_of_order);
    let trace = model.sent.iter().find(is_its);
    let tried = match poison {
        Poison::Mail(_) => rows_with(
            run,
            "SELECT o.state AS what FROM licenses l JOIN outbox o ON o.kind = 'license_mail' AND o.subject = l.license_key
             WHERE l.order_id = ?1 AND o.state IN ('due', 'leased')",
            &[&order.id],
        ),
        // What nobody has got through with has no order's id yet.
        Poison::Order(_) => rows_with(
            run,
            "SELECT 'tried' AS what FROM webhook_events
             WHERE trace_id = ?1 AND processed = 0 AND next_attempt_at IS NOT NULL AND silent_claims > 0",
            &[trace.map_or("", |sent| sent.trace.as_str())],
        ),
        // What waits for a limit, and nobody has died of, waits on.
        Poison::Account(login) => rows_with(
            run,
            "SELECT o.state AS what FROM grants g JOIN outbox o ON o.kind = 'grant' AND o.subject = g.id
             WHERE g.github_username = ?1 AND o.silent_claims > 0 AND o.state IN ('due', 'leased')",
            &[login],
        ),
    };
    if let Some(row) = tried.first() {
        let what = format!("{poison:?} is {} after many more processes than twelve died of it", text(row, "what"));
        return Err(Violation::new("I11", what));
    }
    let letters = model.letters.iter().filter(|(_, to)| *to == order.email).count();
    if i64::try_from(letters).is_ok_and(|letters| letters > MAX_ATTEMPTS + 1) {
        return Err(Violation::new(
            "I7",
            format!("{} got {letters} mails, each from a process that died", order.email),
        ));
    }
    Ok(())
}
