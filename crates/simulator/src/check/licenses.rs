//! Who has a license, how it stands, and the mail that brought its key.

use std::collections::{HashMap, HashSet};

use super::deliveries::sale_is_stored;
use super::{Violation, integer, is_given_up, rows, text};
use crate::history::History;
use crate::model::{Facts, Issues, Key, Meaning, Model};

/// One license a paid order and a storefront's key, and none besides.
pub(super) fn licenses(history: &History, stored: &HashSet<usize>) -> Result<(), Violation> {
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
pub(super) fn mails(history: &History) -> Result<(), Violation> {
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
