//! What came of the GitHub usernames that were given at checkouts: nobody is bound by one who does not have it, nor where the catalogue
//! does not want that; it is tried for a day and not for ever; and only its buyer corrects it, within a day, and once.

use super::access::{self, present_access};
use super::{Violation, integer, rows, rows_with, text};
use crate::run::Run;
use crate::shelf;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// So long a tick or a request that has begun in time may take.
const LATE_MS: i64 = 5 * 60 * 1000;

/// The most times that a license is tried within a day and by the first tick behind it, however late that is, by `docs/catalogue.md`: at once, and then each time as long after the last one
/// as the license is old, five minutes at least.
const MOST_TRIES: i64 = 12;

/// What was given at the checkouts is done, or left to the buyers.
pub(super) fn checkouts(run: &Run) -> Result<(), Violation> {
    let wrong = |invariant, what: String| Err(Violation::new(invariant, what));
    let model = run.model.borrow();
    let bound = rows(
        run,
        "SELECT b.user_id, l.source, l.order_id, l.product_id, coalesce(l.section, l.source) AS section
         FROM seen_bindings b JOIN licenses l ON l.license_key = b.license_key WHERE b.proof = 'checkout'",
    );
    for row in &bound {
        let (order_id, user_id) = (text(row, "order_id"), integer(row, "user_id"));
        let order = model.order_with(&text(row, "source"), &order_id).map(|place| &model.orders[place]);
        let login = order.and_then(|order| order.login.as_deref());
        if !login.is_some_and(|login| access::ids_of(run, login).contains(&user_id)) {
            let what =
                format!("order {order_id} was bound to account {user_id} by its checkout, where {login:?} was given");
            return wrong("I3", what);
        }
        if !shelf::is_at_checkout(&text(row, "section"), &text(row, "product_id")) {
            return wrong(
                "I3",
                format!("order {order_id} was bound by its checkout, which the catalogue does not want"),
            );
        }
    }
    let moved = "SELECT target, acted_at, (SELECT max(b.at) FROM seen_bindings b WHERE b.license_key = target AND b.proof = 'checkout') AS bound_at,
                        count(*) AS times
                 FROM admin_actions WHERE action = 'license.transfer' AND actor = 'buyer' GROUP BY target";
    for row in rows(run, moved) {
        let bound_at = row.optional_integer("bound_at").ok().flatten();
        if integer(&row, "times") > 1 || bound_at.is_none_or(|at| integer(&row, "acted_at") > at + DAY_MS + LATE_MS) {
            return wrong("I3", "a buyer has moved a license that was not to be corrected any more".to_owned());
        }
    }
    let tried =
        "SELECT license_key, count(*) AS times FROM seen_checkouts GROUP BY license_key ORDER BY times DESC LIMIT 1";
    if let Some(row) = rows(run, tried).first().filter(|row| integer(row, "times") > MOST_TRIES) {
        let times = integer(row, "times");
        return wrong("I8", format!("a license was tried {times} times with the account of its checkout"));
    }
    match rows(run, "SELECT order_id FROM licenses WHERE activate_at IS NOT NULL").first() {
        Some(row) => wrong("I11", format!("order {} is still to be activated for its checkout", text(row, "order_id"))),
        None => Ok(()),
    }
}

/// The number of the account that a license is bound to, with how that is known.
pub(crate) fn bound_account(run: &Run, key: &str) -> Option<(i64, String)> {
    let bound = "SELECT github_user_id, proof FROM license_activations WHERE license_key = ?1";
    let bound = rows_with(run, bound, &[key]);
    bound.first().map(|row| (integer(row, "github_user_id"), text(row, "proof")))
}

/// Whether an account is in a repository, or invited to it.
pub(crate) fn has_access(run: &Run, account: i64, repo: &str) -> bool {
    present_access(run).contains_key(&(account, repo.to_owned()))
}
