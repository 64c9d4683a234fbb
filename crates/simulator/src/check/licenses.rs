//! Who has a license, how it stands, and the mail that brought its key.

use std::collections::{HashMap, HashSet};

use super::catalogue::Versions;
use super::deliveries::Events;
use super::{Violation, integer, is_given_up, rows, rows_with, text};
use crate::model::{Facts, Meaning, Model, Payment, asks_who_bought};
use crate::run::Run;
use crate::shelf::{self, Issues, Policies};

/// How each license has to stand, by its key.
pub(crate) type Standings = HashMap<String, &'static str>;

/// What a license is for: the place of its order in [`Model::orders`], and the storefront's id of its key, which is empty
/// where the key was minted, with the line and the piece of it.
type Reason = (usize, String, (i64, i64));

/// Where a key of a storefront's stands in its order.
const FIRST: (i64, i64) = (1, 1);

/// One license a paid order and a storefront's key, and none besides; and each stands as it has to.
pub(super) fn licenses(run: &Run, versions: &Versions, events: &Events) -> Result<Standings, Violation> {
    let model = run.model.borrow();
    let found = rows(
        run,
        "SELECT license_key, source, order_id, line, piece, storefront_key_id, product_id, section IS NOT NULL AS by_hand, status
         FROM licenses",
    );
    let mut expected: HashSet<Reason> = HashSet::new();
    // Of who was erased there may be one, or none.
    let mut possible: HashSet<Reason> = HashSet::new();
    for event in events.all.iter().filter(|event| event.processed && !event.dismissed) {
        let reasons = if event.over { &mut possible } else { &mut expected };
        match (&event.meaning, model.orders[event.order].product.issues) {
            (Meaning::Sale(_), _) => reasons.extend(minted(&model, event.order)),
            (Meaning::Key(key) | Meaning::KeyChanged { key, .. }, Issues::Storefront) => {
                reasons.insert((event.order, key.id.clone(), FIRST));
            }
            _ => {}
        }
    }
    // A sale has its license before anybody knows who has bought, and one line of it before another one: its delivery may come to wait
    // for something else meanwhile, or be dismissed.
    for event in events.all.iter().filter(|event| matches!(event.meaning, Meaning::Sale(_))) {
        let order = &model.orders[event.order];
        if asks_who_bought(order.product.source) || !order.more.is_empty() {
            possible.extend(minted(&model, event.order));
        }
    }
    // What a list has is not looked for where the seller has dismissed it or erased who bought.
    let left = |order: usize| model.is_erasing(order) || events.of(order).any(|event| event.dismissed || event.over);
    let is_listed = |reason: &Reason| run.lists(model.orders[reason.0].product.source);
    expected.extend(listed(&model, versions).into_iter().filter(|reason| is_listed(reason) && !left(reason.0)));
    let bound: HashSet<String> =
        rows(run, "SELECT license_key FROM license_activations").iter().map(|row| text(row, "license_key")).collect();
    // A storefront's key may become known when somebody presents it, and does when it is bound.
    for key in &model.issued {
        let reason = (key.order, key.id.clone(), FIRST);
        if bound.contains(&key.key) {
            expected.insert(reason);
        } else if model.presented(&key.key) && model.orders[key.order].product.issues == Issues::Storefront {
            possible.insert(reason);
        }
    }
    let mut standings = Standings::new();
    let mut by_hand: HashSet<(String, String, String)> = HashSet::new();
    for row in &found {
        let (key, source, order_id) = (text(row, "license_key"), text(row, "source"), text(row, "order_id"));
        if integer(row, "by_hand") == 1 {
            let issued = "SELECT 1 FROM seen_words WHERE target = ?1 AND what = 'license.issue'";
            if rows_with(run, issued, &[&key]).is_empty() {
                return Err(Violation::new("I12", "a license was issued by hand, and no record says so".to_owned()));
            }
            if !by_hand.insert((source.clone(), order_id.clone(), text(row, "product_id"))) {
                let what = format!("order {order_id} of {source} was given a product twice by hand");
                return Err(Violation::new("I2", what));
            }
        }
        if source == "operator" {
            standings.insert(key.clone(), standing_by_word(run, &key));
            continue;
        }
        let order = model.order_with(&source, &order_id);
        let place = (integer(row, "line"), integer(row, "piece"));
        let reason = order.map(|order| (order, text(row, "storefront_key_id"), place));
        // What is given by hand beside what the order has goes behind it.
        let lines = order.map_or(0, |order| model.orders[order].lines().count());
        let is_beside = integer(row, "by_hand") == 1 && usize::try_from(place.0).is_ok_and(|line| line > lines);
        let is_due = |reason: &Reason| {
            is_beside || expected.remove(reason) || possible.remove(reason) || integer(row, "by_hand") == 1
        };
        let Some((order, ..)) = reason.filter(is_due) else {
            let what = format!("there is a license too many for order {order_id} of {source}");
            return Err(Violation::new("I2", what));
        };
        let key_id = text(row, "storefront_key_id");
        let policies = shelf::policies(&source, &text(row, "product_id"));
        let standing = standing(run, &model, order, events, [&key, &key_id], policies)?;
        if standing != text(row, "status") {
            let what = format!("the license of order {order_id} is {}, not {standing}", text(row, "status"));
            return Err(Violation::new("I5", what));
        }
        standings.insert(key, standing);
    }
    match expected.iter().min() {
        Some((order, key, (line, piece))) => {
            let order = &model.orders[*order];
            let (id, source) = (&order.id, order.product.source);
            let what =
                format!("order {id} of {source} has no license for piece {piece} of its line {line} (key {key:?})");
            Err(Violation::new("I2", what))
        }
        None => Ok(standings),
    }
}

/// What every storefront lists has its license, if the catalogue has always said what it opens: each order, and each key.
fn listed(model: &Model, versions: &Versions) -> Vec<Reason> {
    let always = |order: usize| {
        let product = model.orders[order].product;
        versions.since(0).all(|shelf| shelf.terms(product).is_some() && shelf.terms_without_variant(product).is_some())
    };
    let sold = (0..model.orders.len()).filter(|order| {
        let order = &model.orders[*order];
        order.payment == Payment::Made && order.lines().all(|product| versions.newest().terms(product).is_some())
    });
    let keys = model.issued.iter().filter(|key| model.orders[key.order].product.issues == Issues::Storefront);
    let keys = keys.filter(|key| always(key.order)).map(|key| (key.order, key.id.clone(), FIRST));
    sold.flat_map(|order| minted(model, order)).chain(keys).collect()
}

/// What an order has licenses minted for.
fn minted(model: &Model, order: usize) -> impl Iterator<Item = Reason> {
    model.orders[order].pieces().into_iter().map(move |place| (order, String::new(), place))
}

/// How a license has to stand: as everything that was told of its order has it, until the seller's word is another.
fn standing(
    run: &Run,
    model: &Model,
    place: usize,
    events: &Events,
    [key, key_id]: [&str; 2],
    policies: Policies,
) -> Result<&'static str, Violation> {
    let order = &model.orders[place];
    // What was told has to be known, and nothing besides but what the storefront lists.
    let told = model.facts(place, events.kept());
    let listed = if run.lists(order.product.source) { order.facts } else { model.facts(place, events.sent()) };
    let order = format!("{} {}", order.product.source, order.id);
    let of_key = format!("{} key {key_id}", model.orders[place].product.source);
    let words = "SELECT what FROM seen_words WHERE target IN (?1, ?2, ?3) ORDER BY id";
    let words = rows_with(run, words, &[key, &order, &of_key]);
    let (mut so_far, mut set_aside, mut revoked) = (Facts::default(), Facts::default(), false);
    let (mut disabled, mut disabled_set_aside) = (false, false);
    for row in words {
        match text(&row, "what").as_str() {
            "refunded" => so_far.refunded = true,
            "partially_refunded" => so_far.in_part = true,
            "disputed" => so_far.disputed = true,
            "dispute_won" => so_far.won = true,
            "dispute_lost" => so_far.lost = true,
            "refund_undone" => so_far.undone = true,
            "partial_refund_undone" => so_far.in_part_undone = true,
            "key_disabled" => (disabled, disabled_set_aside) = (true, false),
            "key_good" => disabled = false,
            "license.revoke" => revoked = true,
            "license.reinstate" => {
                revoked = false;
                set_aside = so_far;
                disabled_set_aside = disabled;
            }
            _ => {}
        }
    }
    if so_far.and(told) != so_far || so_far.and(listed) != listed {
        let what = format!("of {order} it is known that {so_far:?}, but {told:?} was told, and {listed:?} is listed");
        return Err(Violation::new("I5", what));
    }
    // Of an order that was erased, what is said while its product is not in the catalogue is not kept.
    let erased = "SELECT 1 FROM erased_orders WHERE source = ?1 AND order_id = ?2";
    let erased = rows_with(run, erased, &[model.orders[place].product.source, &model.orders[place].id]);
    if let Some(told) = told_of_key(events, place, key_id)
        && erased.is_empty()
        && told != disabled
    {
        let what =
            format!("of key {key_id} of {order} it was told last that it is disabled: {told}, and known: {disabled}");
        return Err(Violation::new("I5", what));
    }
    let counts = Facts {
        refunded: so_far.refunded && !set_aside.refunded,
        in_part: so_far.in_part && !set_aside.in_part,
        disputed: so_far.disputed && !set_aside.disputed,
        lost: so_far.lost && !set_aside.lost,
        ..so_far
    };
    Ok(match counts.standing(policies) {
        _ if revoked => "revoked",
        "active" if disabled && !disabled_set_aside => "suspended",
        standing => standing,
    })
}

/// Whether the last word about a key was that it is disabled, by the deliveries about it; `None` where there was none, or a
/// list had the last word.
fn told_of_key(events: &Events, order: usize, key_id: &str) -> Option<bool> {
    let words = events.of(order).filter(|event| event.processed && !event.dismissed).filter_map(|event| {
        let (key, disabled) = event.meaning.word()?;
        (key.id == key_id).then_some((event.place, disabled))
    });
    let words: Vec<_> = words.collect();
    // Deliveries are known in the order in which they were made.
    let last = words.iter().max_by_key(|(place, _)| *place)?;
    words.iter().all(|(place, _)| place.is_some()).then_some(last.1)
}

/// How a license has to stand that is of no sale.
fn standing_by_word(run: &Run, key: &str) -> &'static str {
    let words = rows_with(run, "SELECT what FROM seen_words WHERE target = ?1 ORDER BY id DESC", &[key]);
    let last = words.iter().map(|row| text(row, "what")).find(|what| what.starts_with("license.re"));
    if last.as_deref() == Some("license.revoke") { "revoked" } else { "active" }
}

/// Every minted key was mailed to its buyer, no more often than it was claimed, and nothing else was mailed.
pub(super) fn mails(run: &Run) -> Result<(), Violation> {
    let model = run.model.borrow();
    let minted = rows(
        run,
        "SELECT l.license_key, l.email, l.status, o.state, o.attempts, o.outcome,
                EXISTS (SELECT 1 FROM license_activations a WHERE a.license_key = l.license_key) AS bound,
                (SELECT count(*) FROM seen_claims c WHERE c.outbox_id = o.id AND c.status = 'active') AS claims
         FROM licenses l LEFT JOIN outbox o ON o.kind = 'license_mail' AND o.subject = l.license_key
         WHERE l.storefront_key_id = ''",
    );
    let mut mailed: HashMap<&str, i64> = HashMap::new();
    for (key, _) in &model.letters {
        *mailed.entry(key).or_default() += 1;
    }
    for row in &minted {
        let (key, email) = (text(row, "license_key"), text(row, "email"));
        let times = mailed.remove(key.as_str()).unwrap_or_default();
        let active = text(row, "status") == "active";
        // Nobody is mailed who was erased, and whose the key was is not known any more.
        if email.is_empty() {
            continue;
        }
        if row.is_null("state") {
            if active || times > 0 {
                return Err(Violation::new(
                    "I7",
                    format!("no mail to {email} is in the outbox, who got {times} with the key"),
                ));
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
        let to = || model.letters.iter().filter(|(mailed, _)| *mailed == key).map(|(_, to)| to);
        let is_owner =
            |to: &String| *to == email || model.order_of(to).is_some_and(|order| model.order_of(&email) == Some(order));
        if !to().all(is_owner) {
            return Err(Violation::new("I7", format!("the key of {email} was mailed to somebody else")));
        }
        if active && integer(row, "bound") == 0 && !is_given_up(row) && !to().any(|to| *to == email) {
            return Err(Violation::new("I7", format!("{email} is the right address, and never got the key")));
        }
    }
    match mailed.keys().next() {
        Some(_) => Err(Violation::new("I7", "a key was mailed that no license has".to_owned())),
        None => Ok(()),
    }
}
