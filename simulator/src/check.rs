//! The invariants: looked at after every operation, and all of them once everything is at rest.
//!
//! What happens to the tables is seen by triggers of our own, so a row that is claimed, bound or deleted in between is
//! noticed as well. What ought to be there is in `model`.

use std::collections::{HashMap, HashSet};

use latchkey::platform::host::Sqlite;
use latchkey::platform::{DbError, LogValue, Platform, Row, Statement};

use crate::history::History;
use crate::model::{ACCOUNTS, Facts, Issues, Key, Meaning, Model, Sent, What, crowd};

/// Tries after which the engine may give up, by its README.
const MAX_ATTEMPTS: i64 = 12;

/// Invitations to a repository in 24 hours, by its README.
const BUDGET: usize = 45;

/// How long an invitation can be accepted.
const INVITATION_MS: i64 = 7 * 24 * 60 * 60 * 1000;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// No wait is longer than this.
const LONGEST_WAIT_MS: i64 = 10 * DAY_MS;

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I12`.
    pub invariant: &'static str,
    pub what: String,
}

impl Violation {
    pub(crate) const fn new(invariant: &'static str, what: String) -> Self {
        Self { invariant, what }
    }
}

/// Has a database remember what happens to its tables.
pub(crate) fn watch(database: &Sqlite) -> Result<(), DbError> {
    for statement in [
        "PRAGMA temp_store = MEMORY",
        "CREATE TEMP TABLE seen_claims (outbox_id INTEGER, kind TEXT, license_key TEXT, status TEXT)",
        "CREATE TEMP TABLE seen_bindings (license_key TEXT, user_id INTEGER)",
        "CREATE TEMP TABLE seen_losses (what TEXT)",
        "CREATE TEMP TABLE seen_words (id INTEGER PRIMARY KEY, what TEXT, target TEXT, refunded INTEGER,
           disputed INTEGER, won INTEGER)",
        "CREATE TEMP TRIGGER acted AFTER INSERT ON main.admin_actions BEGIN
           INSERT INTO seen_words (what, target) VALUES (NEW.action, NEW.target); END",
        "CREATE TEMP TRIGGER told AFTER INSERT ON main.order_facts BEGIN
           INSERT INTO seen_words (what, target, refunded, disputed, won) VALUES ('facts',
             NEW.source || ' ' || NEW.source_order_id, NEW.refunded_at IS NOT NULL, NEW.disputed_at IS NOT NULL,
             NEW.dispute_won_at IS NOT NULL); END",
        "CREATE TEMP TRIGGER told_more AFTER UPDATE ON main.order_facts BEGIN
           INSERT INTO seen_words (what, target, refunded, disputed, won) VALUES ('facts',
             NEW.source || ' ' || NEW.source_order_id, NEW.refunded_at IS NOT NULL, NEW.disputed_at IS NOT NULL,
             NEW.dispute_won_at IS NOT NULL); END",
        "CREATE TEMP TRIGGER unsaid AFTER DELETE ON main.admin_actions BEGIN
           INSERT INTO seen_losses VALUES ('the record of ' || OLD.action); END",
        "CREATE TEMP TABLE presented_leases (outbox_id INTEGER, lease_id TEXT, PRIMARY KEY (outbox_id, lease_id))",
        "CREATE TEMP TABLE seen_intrusions (kind TEXT, state TEXT)",
        "CREATE TEMP TRIGGER intruded AFTER UPDATE OF state ON main.outbox
           WHEN NEW.state IN ('done', 'dead') AND OLD.lease_id IS NOT NULL BEGIN
           INSERT INTO seen_intrusions SELECT OLD.kind, NEW.state WHERE NOT EXISTS (
             SELECT 1 FROM presented_leases WHERE outbox_id = OLD.id AND lease_id = OLD.lease_id); END",
        "CREATE TEMP TRIGGER claimed_new AFTER INSERT ON main.outbox WHEN NEW.lease_id IS NOT NULL BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind, NEW.license_key,
             (SELECT status FROM licenses WHERE license_key = NEW.license_key)); END",
        "CREATE TEMP TRIGGER claimed_again AFTER UPDATE OF lease_id ON main.outbox
           WHEN NEW.lease_id IS NOT NULL AND NEW.lease_id IS NOT OLD.lease_id BEGIN
           INSERT INTO seen_claims VALUES (NEW.id, NEW.kind, NEW.license_key,
             (SELECT status FROM licenses WHERE license_key = NEW.license_key)); END",
        "CREATE TEMP TRIGGER bound AFTER INSERT ON main.license_activations BEGIN
           INSERT INTO seen_bindings VALUES (NEW.license_key, NEW.github_user_id); END",
        "CREATE TEMP TRIGGER bound_again AFTER UPDATE ON main.license_activations
           WHEN NEW.github_user_id <> OLD.github_user_id BEGIN
           INSERT INTO seen_bindings VALUES (NEW.license_key, NEW.github_user_id); END",
        "CREATE TEMP TRIGGER lost_event AFTER DELETE ON main.webhook_events BEGIN
           INSERT INTO seen_losses VALUES ('the delivery ' || OLD.id); END",
        "CREATE TEMP TRIGGER lost_license AFTER DELETE ON main.licenses BEGIN
           INSERT INTO seen_losses VALUES ('a license of order ' || OLD.source_order_id); END",
        "CREATE TEMP TRIGGER lost_binding AFTER DELETE ON main.license_activations BEGIN
           INSERT INTO seen_losses VALUES ('a binding to ' || OLD.github_username); END",
        "CREATE TEMP TRIGGER lost_sale AFTER DELETE ON main.sales BEGIN
           INSERT INTO seen_losses VALUES ('the sale ' || OLD.source_order_id); END",
    ] {
        database.query(statement)?;
    }
    Ok(())
}

/// Remembers which lease is presented by statements that are about to end a row.
pub(crate) fn note_leases(database: &Sqlite, statements: &[Statement]) {
    for statement in statements.iter().filter(|one| matches!(one.name, "settle" | "give_up")) {
        if let [id, lease, ..] = statement.params.as_slice() {
            let note = "INSERT OR IGNORE INTO presented_leases VALUES (?1, ?2)";
            database.query_with(note, &[id.clone(), lease.clone()]).expect("the table is there");
        }
    }
}

/// When the next thing is due; `None` when nothing is.
pub(crate) fn next_due(history: &History) -> Option<i64> {
    let due =
        // What is owed to a suspended license waits for as long as that lasts.
        "SELECT min(at) AS at FROM (
           SELECT min(next_attempt_at) AS at FROM outbox o WHERE next_attempt_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM licenses l WHERE l.license_key = o.license_key AND l.status = 'suspended')
               UNION ALL SELECT min(next_attempt_at) FROM webhook_events WHERE next_attempt_at IS NOT NULL)";
    rows(history, due).first().and_then(|row| row.optional_integer("at").ok().flatten())
}

/// When the next list is due that was not read to its end in a pass that began at `since` or later; `None` when all were.
pub(crate) fn next_unread_list(history: &History, since: i64) -> Option<i64> {
    let unread = "SELECT value AS list, coalesce(due_at, 0) AS due_at
                  FROM json_each('[\"gumroad_sales\",\"lemonsqueezy_orders\",\"lemonsqueezy_license_keys\"]')
                  LEFT JOIN reconciliations ON list = value
                  WHERE NOT (started_at >= ?1 AND page IS NULL AND error IS NULL AND finished_at >= started_at)
                     OR started_at IS NULL";
    let unread = history.world.host.database().query_with(unread, &[since.into()]);
    unread.unwrap_or_else(|error| panic!("{error}")).iter().map(|row| integer(row, "due_at")).min()
}

/// Every license there is.
pub(crate) fn license_keys(history: &History) -> Vec<String> {
    let keys = rows(history, "SELECT license_key FROM licenses ORDER BY license_key");
    keys.iter().map(|row| text(row, "license_key")).collect()
}

/// What is owed, or was given up.
pub(crate) fn rows_owed(history: &History) -> Vec<i64> {
    let owed = rows(history, "SELECT id FROM outbox WHERE state IN ('due', 'dead') ORDER BY id");
    owed.iter().map(|row| integer(row, "id")).collect()
}

/// The deliveries that the engine gave up, or that wait for the seller.
pub(crate) fn given_up(history: &History) -> Vec<String> {
    let given_up = rows(history, "SELECT id FROM webhook_events WHERE processed = 0 AND next_attempt_at IS NULL");
    given_up.iter().map(|row| text(row, "id")).collect()
}

/// What is given up has had all of its tries, unless only the seller can help.
pub(crate) fn nothing_given_up_early(history: &History) -> Result<(), Violation> {
    let early = "SELECT trace_id, error FROM webhook_events
                 WHERE processed = 0 AND next_attempt_at IS NULL AND attempts < 12";
    let early = rows(history, early);
    let model = history.model.borrow();
    let stored = stored_deliveries(history, &model);
    for row in &early {
        let trace = text(row, "trace_id");
        let Some(What::Delivery(place)) = model.sent.iter().find(|sent| sent.trace == trace).map(|sent| &sent.what)
        else {
            continue;
        };
        let known = &model.deliveries[*place];
        if !waits_for_the_seller(&model, known.order, &known.meaning, &stored) {
            let what = format!("{} is given up too early: {}", known.delivery.event, text(row, "error"));
            return Err(Violation::new("I11", what));
        }
    }
    Ok(())
}

/// What holds at every moment.
pub(crate) fn on_the_way(history: &History) -> Result<(), Violation> {
    nothing_is_lost(history)?;
    leases_are_fences(history)?;
    one_identity(history)?;
    answers(history)?;
    log(history)?;
    let last = "SELECT max(next_attempt_at) AS at FROM outbox WHERE next_attempt_at IS NOT NULL";
    let last = rows(history, last).first().and_then(|row| row.optional_integer("at").ok().flatten());
    if last.is_some_and(|at| at - history.world.now().as_millis() > LONGEST_WAIT_MS) {
        return Err(Violation::new("I11", "something is owed that is not tried for ten days".to_owned()));
    }
    let waiting = "SELECT id FROM webhook_events WHERE processed = 0 AND next_attempt_at IS NULL AND error IS NULL";
    if let Some(row) = rows(history, waiting).first() {
        return Err(Violation::new(
            "I11",
            format!("delivery {} waits for nothing, and nobody is told", text(row, "id")),
        ));
    }
    Ok(())
}

/// What holds once everything is at rest.
pub(crate) fn when_quiet(history: &History) -> Result<(), Violation> {
    on_the_way(history)?;
    let stored = deliveries(history)?;
    licenses(history, &stored)?;
    mails(history)?;
    access(history)?;
    invitations(history)
}

fn nothing_is_lost(history: &History) -> Result<(), Violation> {
    match rows(history, "SELECT what FROM seen_losses").first() {
        Some(row) => Err(Violation::new("I1", format!("{} was deleted", text(row, "what")))),
        None => Ok(()),
    }
}

/// Only the holder of a row's lease ends it.
fn leases_are_fences(history: &History) -> Result<(), Violation> {
    match rows(history, "SELECT kind, state FROM seen_intrusions").first() {
        Some(row) => {
            let what =
                format!("{} is {}, by somebody who did not hold its lease", text(row, "kind"), text(row, "state"));
            Err(Violation::new("I7", what))
        }
        None => Ok(()),
    }
}

fn one_identity(history: &History) -> Result<(), Violation> {
    let several = "SELECT count(*) AS users FROM seen_bindings b GROUP BY license_key HAVING count(*) > 1 + (
                     SELECT count(*) FROM seen_words w WHERE w.target = b.license_key AND w.what = 'license.transfer')";
    match rows(history, several).first() {
        Some(row) => {
            let what = format!("a license was bound to {} identities, one after the other", integer(row, "users"));
            Err(Violation::new("I3", what))
        }
        None => Ok(()),
    }
}

/// Every answer that came since the last look.
fn answers(history: &History) -> Result<(), Violation> {
    let Model { orders, sent, .. } = &mut *history.model.borrow_mut();
    for sent in sent {
        let Some((status, body)) = sent.answer.as_ref().filter(|_| !sent.checked) else { continue };
        sent.checked = true;
        let status = *status;
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
                let code = body["code"].as_str().unwrap_or_default();
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

/// No line of the log shows a key, an address or a secret.
fn log(history: &History) -> Result<(), Violation> {
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

/// Every stored delivery is one that was sent, and is processed unless only the seller can help. Gives the places in
/// [`Model::deliveries`] of those that are stored.
fn deliveries(history: &History) -> Result<HashSet<usize>, Violation> {
    let model = history.model.borrow();
    let by_trace: HashMap<&str, &Sent> = model.sent.iter().map(|sent| (sent.trace.as_str(), sent)).collect();
    let truly = stored_deliveries(history, &model);
    let stored = if history.reconciled { model.listed(truly) } else { truly };
    let events = rows(
        history,
        "SELECT id, source, origin, source_order_id, processed, error, trace_id FROM webhook_events ORDER BY id",
    );
    let (found, events): (Vec<_>, Vec<_>) = events.into_iter().partition(|row| text(row, "origin") != "webhook");
    for row in &found {
        found_delivery(history, &model, row)?;
    }
    let mut traces = HashSet::new();
    for row in &events {
        let (id, trace) = (text(row, "id"), text(row, "trace_id"));
        if !traces.insert(trace.clone()) {
            return Err(Violation::new("I1", format!("delivery {id} is stored twice")));
        }
        if !matches!(by_trace.get(trace.as_str()).map(|sent| &sent.what), Some(What::Delivery(_))) {
            return Err(Violation::new("I4", format!("no storefront sent delivery {id}")));
        }
    }
    for row in &events {
        let What::Delivery(place) = by_trace[text(row, "trace_id").as_str()].what else { continue };
        let known = &model.deliveries[place];
        let processed = integer(row, "processed") == 1;
        let waits = waits_for_the_seller(&model, known.order, &known.meaning, &stored);
        if processed == waits {
            let verb = if processed { "is processed, which it cannot be" } else { "is not processed" };
            let why = row.optional_text("error").ok().flatten().unwrap_or("no error").to_owned();
            return Err(Violation::new("I11", format!("{} {} {verb}: {why}", known.delivery.event, text(row, "id"))));
        }
    }
    for sent in &model.sent {
        let acknowledged = matches!((&sent.what, &sent.answer), (What::Delivery(_), Some((200, _))));
        if acknowledged && !traces.contains(&sent.trace) {
            return Err(Violation::new("I1", format!("delivery [{}] was acknowledged and is gone", sent.task)));
        }
    }
    Ok(stored)
}

/// A delivery that was made of what a storefront listed.
fn found_delivery(history: &History, model: &Model, row: &Row) -> Result<(), Violation> {
    let order = row.optional_text("source_order_id").ok().flatten().unwrap_or_default();
    let Some(place) = model.order_with(&text(row, "source"), order).filter(|_| history.reconciled) else {
        return Err(Violation::new(
            "I4",
            format!("delivery {} was found, and no storefront lists it", text(row, "id")),
        ));
    };
    let waits = model.orders[place].product.issues == Issues::Unmapped;
    if waits == (integer(row, "processed") == 1) {
        let why = row.optional_text("error").ok().flatten().unwrap_or("no error").to_owned();
        return Err(Violation::new("I11", format!("order {order} was found and is not done with: {why}")));
    }
    Ok(())
}

/// The places in [`Model::deliveries`] of those that are stored.
fn stored_deliveries(history: &History, model: &Model) -> HashSet<usize> {
    let stored = rows(history, "SELECT trace_id FROM webhook_events");
    let traces: HashSet<String> = stored.iter().map(|row| text(row, "trace_id")).collect();
    let sent = model.sent.iter().filter(|sent| traces.contains(&sent.trace));
    sent.filter_map(|sent| if let What::Delivery(place) = sent.what { Some(place) } else { None }).collect()
}

/// Whether nobody but the seller can say what a delivery opens, or its order never arrived.
fn waits_for_the_seller(model: &Model, order: usize, meaning: &Meaning, stored: &HashSet<usize>) -> bool {
    let product = model.orders[order].product;
    match meaning {
        Meaning::Sale(_) => product.issues == Issues::Unmapped,
        // Its variant decides, and only the order's own delivery says which one it is.
        Meaning::Key(_) if matches!(product.id, "4" | "7") => {
            product.issues == Issues::Unmapped || !sale_is_stored(model, order, stored)
        }
        Meaning::Key(_) | Meaning::Changed(_) | Meaning::Nothing => false,
    }
}

fn sale_is_stored(model: &Model, order: usize, stored: &HashSet<usize>) -> bool {
    stored
        .iter()
        .map(|place| &model.deliveries[*place])
        .any(|known| known.order == order && matches!(known.meaning, Meaning::Sale(_)))
}

/// One license a paid order and a storefront's key, and none besides.
fn licenses(history: &History, stored: &HashSet<usize>) -> Result<(), Violation> {
    let model = history.model.borrow();
    let found = rows(history, "SELECT license_key, kind, source, source_order_id, status, email FROM licenses");
    let mut expected: HashSet<(String, String)> = HashSet::new();
    for place in stored {
        let known = &model.deliveries[*place];
        let order = &model.orders[known.order];
        match (&known.meaning, order.product.issues) {
            (Meaning::Sale(_), Issues::Minted) => {
                expected.insert((order.product.source.to_owned(), order.id.clone()));
            }
            (Meaning::Key(key), Issues::Storefront) if sale_is_stored(&model, known.order, stored) => {
                expected.insert((order.product.source.to_owned(), license_order(&model, key)));
            }
            _ => {}
        }
    }
    let bound: HashSet<String> = rows(history, "SELECT license_key FROM license_activations")
        .iter()
        .map(|row| text(row, "license_key"))
        .collect();
    // A storefront's key may become known when somebody presents it, and does when it is bound.
    let mut possible: HashSet<(String, String)> = HashSet::new();
    for key in &model.issued {
        let license = (model.orders[key.order].product.source.to_owned(), license_order(&model, key));
        if bound.contains(&key.key) {
            expected.insert(license);
        } else if model.presented(&key.key) && model.orders[key.order].product.issues == Issues::Storefront {
            possible.insert(license);
        }
    }
    for row in &found {
        let order = (text(row, "source"), text(row, "source_order_id"));
        if !expected.remove(&order) && !possible.remove(&order) {
            return Err(Violation::new(
                "I2",
                format!("there is a license too many for order {} of {}", order.1, order.0),
            ));
        }
        let standing = match model.order_with(&order.0, &order.1) {
            Some(place) => Some(standing(history, &model, place, stored, &text(row, "license_key"))?),
            None => None,
        };
        if standing != Some(text(row, "status").as_str()) {
            let what = format!("the license of order {} is {}, not {standing:?}", order.1, text(row, "status"));
            return Err(Violation::new("I5", what));
        }
    }
    match expected.iter().min() {
        Some((source, order)) => Err(Violation::new("I2", format!("order {order} of {source} has no license"))),
        None => Ok(()),
    }
}

/// How a license has to stand: as everything that was told of its order has it, until the seller's word is another.
fn standing(
    history: &History,
    model: &Model,
    place: usize,
    stored: &HashSet<usize>,
    key: &str,
) -> Result<&'static str, Violation> {
    let order = &model.orders[place];
    // What was told has to be known, and nothing besides but what the storefront lists.
    let told = model.facts(place, stored);
    let listed = if history.reconciled { order.facts } else { told };
    let order = format!("{} {}", order.product.source, order.id);
    let words = "SELECT what, refunded, disputed, won FROM seen_words WHERE target IN (?1, ?2) ORDER BY id";
    let words = history.world.host.database().query_with(words, &[key.into(), order.as_str().into()]);
    let (mut so_far, mut set_aside, mut revoked) = (Facts::default(), Facts::default(), false);
    for row in words.unwrap_or_else(|error| panic!("{error}")) {
        match text(&row, "what").as_str() {
            "facts" => {
                so_far.refunded |= integer(&row, "refunded") == 1;
                so_far.disputed |= integer(&row, "disputed") == 1;
                so_far.won |= integer(&row, "won") == 1;
            }
            "license.revoke" => revoked = true,
            "license.reinstate" => {
                revoked = false;
                set_aside = so_far;
            }
            _ => {}
        }
    }
    if so_far.and(told) != so_far || so_far.and(listed) != listed {
        let what = format!("of {order} it is known that {so_far:?}, but {told:?} was told, and {listed:?} is listed");
        return Err(Violation::new("I5", what));
    }
    let counts = Facts {
        refunded: so_far.refunded && !set_aside.refunded,
        disputed: so_far.disputed && !set_aside.disputed,
        won: so_far.won,
    };
    Ok(if revoked { "revoked" } else { counts.standing() })
}

fn license_order(model: &Model, key: &Key) -> String {
    format!("{}:{}", model.orders[key.order].id, key.id)
}

/// Every minted key was mailed to its buyer, no more often than it was claimed, and nothing else was mailed.
fn mails(history: &History) -> Result<(), Violation> {
    let model = history.model.borrow();
    let minted = rows(
        history,
        "SELECT l.license_key, l.email, l.status, o.state, o.attempts, o.outcome,
                (SELECT count(*) FROM seen_claims c WHERE c.outbox_id = o.id AND c.status = 'active') AS claims
         FROM licenses l LEFT JOIN outbox o ON o.license_key = l.license_key AND o.kind = 'license_mail'
         WHERE l.kind = 'minted'",
    );
    let mut mailed: HashMap<&str, i64> = HashMap::new();
    for (key, _) in &model.mailed {
        *mailed.entry(key).or_default() += 1;
    }
    for row in &minted {
        let (key, email) = (text(row, "license_key"), text(row, "email"));
        let times = mailed.remove(key.as_str()).unwrap_or_default();
        let active = text(row, "status") == "active";
        if row.is_null("state") {
            if active || times > 0 {
                return Err(Violation::new("I7", format!("nobody owes {email} the key, who got {times} mails")));
            }
            continue;
        }
        if times == 0 && active && !is_given_up(row) {
            return Err(Violation::new(
                "I7",
                format!("{email} never got the key, and its row is {}", text(row, "state")),
            ));
        }
        let claims = integer(row, "claims");
        if times > claims {
            return Err(Violation::new("I7", format!("{email} got {times} mails of {claims} claims")));
        }
        if model.mailed.iter().any(|(mailed, order)| *mailed == key && model.orders[*order].email != email) {
            return Err(Violation::new("I7", format!("the key of {email} was mailed to somebody else")));
        }
    }
    match mailed.keys().next() {
        Some(_) => Err(Violation::new("I7", "a key was mailed that no license has".to_owned())),
        None => Ok(()),
    }
}

/// Who may have access to what by an active license, and has it.
pub(crate) fn good_access(history: &History) -> HashSet<(i64, String)> {
    let good = "SELECT a.github_user_id AS id, repo.value AS repo FROM license_activations a
                JOIN licenses l ON l.license_key = a.license_key JOIN json_each(a.repos) repo WHERE l.status = 'active'";
    let present = present_access(history);
    let good = rows(history, good).into_iter().map(|row| (integer(&row, "id"), text(&row, "repo")));
    good.filter(|access| present.contains(access)).collect()
}

/// Whoever had access by right before a quiet tick and still has the right has the access.
pub(crate) fn nobody_lost(history: &History, before: &HashSet<(i64, String)>) -> Result<(), Violation> {
    let present = present_access(history);
    let lost: HashSet<_> = before.iter().filter(|access| !present.contains(access)).cloned().collect();
    if lost.is_empty() {
        return Ok(());
    }
    let good = "SELECT 1 FROM license_activations a JOIN licenses l ON l.license_key = a.license_key
                JOIN json_each(a.repos) repo WHERE a.github_user_id = ?1 AND repo.value = ?2 AND l.status = 'active'";
    let is_good = |(id, repo): &&(i64, String)| {
        let found = history.world.host.database().query_with(good, &[(*id).into(), repo.as_str().into()]);
        found.is_ok_and(|rows| !rows.is_empty())
    };
    match lost.iter().filter(is_good).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} lost {repo}, which another license opens"))),
        None => Ok(()),
    }
}

/// Who has access to what: what their licenses open, and nothing else.
fn access(history: &History) -> Result<(), Violation> {
    let model = history.model.borrow();
    let activations = rows(
        history,
        "SELECT a.license_key, a.github_user_id AS id, a.github_username AS login, a.repos, l.source, l.source_order_id,
                l.status
         FROM license_activations a JOIN licenses l ON l.license_key = a.license_key",
    );
    let outbox = rows(
        history,
        "SELECT license_key, repo, state, attempts, outcome, done_at FROM outbox WHERE kind = 'invitation'",
    );
    let mut opened: HashSet<(i64, String)> = HashSet::new();
    let present = present_access(history);
    for row in &activations {
        let (key, id, login) = (text(row, "license_key"), integer(row, "id"), text(row, "login"));
        let repos: Vec<String> = serde_json::from_str(&text(row, "repos")).unwrap_or_default();
        let order_id = text(row, "source_order_id");
        let order = model.order_with(&text(row, "source"), &order_id);
        if !order.is_some_and(|order| model.orders[order].product.opens(&repos)) {
            return Err(Violation::new("I6", format!("{login} was given {repos:?} for order {order_id}")));
        }
        for repo in repos {
            let owed = outbox.iter().find(|row| text(row, "license_key") == key && text(row, "repo") == repo);
            let Some(owed) = owed else {
                return Err(Violation::new(
                    "I6",
                    format!("{login} is bound, and nobody owes the invitation to {repo}"),
                ));
            };
            let access = (id, repo.clone());
            // What was declined is gone, and so is the promise that came before it.
            let (promised, declined) = (model.promised(id, &repo), model.last_declined(id, &repo));
            let wanted = text(row, "status") == "active";
            // One that nobody accepted in time gives nothing, and may have made way for the invitation of another license.
            let lapsed = !model.accepted.contains(&access)
                && owed.optional_integer("done_at").is_ok_and(|done| {
                    done.is_some_and(|done| history.world.host.now().as_millis() - done >= INVITATION_MS)
                });
            if wanted
                && !is_given_up(owed)
                && !present.contains(&access)
                && !lapsed
                && (declined.is_none() || promised >= declined)
            {
                let state = text(owed, "state");
                return Err(Violation::new(
                    "I6",
                    format!("{login} is not invited to {repo}, and what is owed is {state}"),
                ));
            }
            // A dispute takes nothing away that was opened before.
            if text(row, "status") != "revoked" {
                opened.insert(access);
            }
        }
    }
    let removals = "SELECT github_user_id AS id, repo, state, attempts, outcome FROM outbox WHERE kind = 'removal'";
    for row in rows(history, removals).iter().filter(|row| is_given_up(row)) {
        opened.insert((integer(row, "id"), text(row, "repo")));
    }
    match present.iter().filter(|access| !opened.contains(access)).min() {
        Some((id, repo)) => Err(Violation::new("I6", format!("account {id} has access to {repo} for no license"))),
        None => Ok(()),
    }
}

/// At no time did more accounts begin to be invited to a repository within a day than its budget allows.
fn invitations(history: &History) -> Result<(), Violation> {
    let mut first: HashMap<String, i64> = HashMap::new();
    for call in history.world.sandbox.calls() {
        if call.method == "PUT" && call.path.contains("/collaborators/") {
            first.entry(call.path).or_insert(call.at);
        }
    }
    let mut by_repo: HashMap<&str, Vec<i64>> = HashMap::new();
    for (path, at) in &first {
        by_repo.entry(path.split("/collaborators/").next().unwrap_or_default()).or_default().push(*at);
    }
    for (repo, times) in &mut by_repo {
        times.sort_unstable();
        let most = times.iter().zip(times.iter().skip(BUDGET)).find(|(first, last)| *last - *first < DAY_MS);
        if most.is_some() {
            let what = format!("more than {BUDGET} accounts were invited to {repo} within 24 hours");
            return Err(Violation::new("I8", what));
        }
    }
    Ok(())
}

/// Whether nobody tries any more, because all tries failed or because the seller said so.
fn is_given_up(row: &Row) -> bool {
    text(row, "state") == "dead" && integer(row, "attempts") >= MAX_ATTEMPTS
        || row.optional_text("outcome") == Ok(Some("cancelled"))
}

/// Every invitation and every collaborator there is, by the account's number.
fn present_access(history: &History) -> HashSet<(i64, String)> {
    let sandbox = &history.world.sandbox;
    let id_of =
        |login: &str| ACCOUNTS.iter().chain(crowd()).find(|known| known.login == login).and_then(|known| known.id);
    let mut present = HashSet::new();
    for repo in sandbox.repos() {
        for invitation in sandbox.invitations(&repo) {
            present.insert((i64::try_from(invitation.user_id).unwrap_or_default(), repo.clone()));
        }
        for login in sandbox.collaborators(&repo) {
            present.insert((id_of(&login).unwrap_or_default(), repo.clone()));
        }
    }
    present
}

fn rows(history: &History, sql: &str) -> Vec<Row> {
    history.world.host.database().query(sql).unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn rows_with(history: &History, sql: &str, param: &str) -> Vec<Row> {
    let found = history.world.host.database().query_with(sql, &[param.into()]);
    found.unwrap_or_else(|error| panic!("{error}: {sql}"))
}

fn text(row: &Row, column: &'static str) -> String {
    row.text(column).unwrap_or_else(|error| panic!("{error}")).to_owned()
}

fn integer(row: &Row, column: &'static str) -> i64 {
    row.integer(column).unwrap_or_else(|error| panic!("{error}"))
}
