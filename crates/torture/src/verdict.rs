//! What must hold when everything is over: the Worker's tables against what the outside world was told, and the outside
//! world against the tables.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_testbed::{Row, Testbed};

use crate::ledger::{Book, Sale};
use crate::products::PRODUCTS;

/// Everything that does not hold, a sentence each.
pub(crate) fn broken(bed: &Testbed, book: &Book) -> Vec<String> {
    let mut broken = Vec::new();
    broken.extend(book.unexplained.iter().cloned());
    let failures = book.answers.iter().filter(|((_, status), _)| *status >= 500);
    broken.extend(failures.map(|((asked, status), times)| format!("{asked} was answered {status}, {times} times")));
    broken.extend(bed.broken_lines().into_iter().map(|line| format!("the log: {line}")));

    let tables = Tables::read(bed);
    broken.extend(tables.owed.iter().cloned());
    // A key whose order the storefront never managed to deliver waits for it, in sight of the seller.
    let undelivered: BTreeSet<&str> =
        book.sales.values().filter(|sale| !sale.has_order_acknowledged()).map(Sale::order).collect();
    let unexcused = tables.unprocessed.iter().filter(|(order, _)| !undelivered.contains(order.as_str()));
    broken.extend(unexcused.map(|(order, why)| format!("a delivery of the order {order} is not processed: {why}")));
    if tables.deliveries < book.acknowledgments() {
        let (stored, told) = (tables.deliveries, book.acknowledgments());
        broken.push(format!("{told} deliveries were acknowledged and only {stored} are stored"));
    }
    for (buyer, sale) in &book.sales {
        broken.extend(sale_broken(&tables, sale).into_iter().map(|what| format!("{buyer}: {what}")));
    }
    let sold: BTreeSet<&str> = book.sales.values().map(|sale| sale.license_order.as_str()).collect();
    let unsold = tables.licenses.keys().filter(|order| !sold.contains(order.as_str()));
    broken.extend(unsold.map(|order| format!("a license for the order {order}, which does not exist")));
    broken.extend(invitations_broken(bed, book, &tables));
    broken
}

/// What the Worker has written down.
#[derive(Debug)]
struct Tables {
    deliveries: u64,
    /// By `order_id`.
    licenses: BTreeMap<String, License>,
    orders: BTreeSet<String>,
    /// Deliveries that are not processed: the order, where Lemon Squeezy says so, and why.
    unprocessed: Vec<(String, String)>,
    /// Outbox rows that are not done, in words.
    owed: Vec<String>,
}

#[derive(Debug)]
struct License {
    key: String,
    /// Attempts at its mail; `None`: none is owed.
    mail_attempts: Option<usize>,
    bound_to: Option<String>,
}

impl Tables {
    fn read(bed: &Testbed) -> Self {
        let licenses = bed.query(
            "SELECT l.order_id || iif(l.storefront_key_id = '', '', ':' || l.storefront_key_id) AS order_id, l.license_key, \
             o.attempts, a.github_username FROM licenses l \
             LEFT JOIN outbox o ON o.subject = l.license_key AND o.kind = 'license_mail' \
             LEFT JOIN license_activations a ON a.license_key = l.license_key",
        );
        let license = |row: &Row| {
            let mail_attempts = row["attempts"].as_u64().and_then(|attempts| usize::try_from(attempts).ok());
            let bound_to = row["github_username"].as_str().map(str::to_owned);
            License { key: text(row, "license_key"), mail_attempts, bound_to }
        };
        let unprocessed = bed.query(
            "SELECT CASE source WHEN 'lemonsqueezy' THEN CAST(json_extract(payload, '$.data.attributes.order_id') AS TEXT) \
             END AS of, ifnull(error, 'nobody has looked at it') AS why FROM webhook_events WHERE processed = 0",
        );
        let owed = bed.query(
            "SELECT kind || ' ' || state || ' after ' || attempts || ' attempts: ' || ifnull(last_error, '') AS what \
             FROM outbox WHERE state <> 'done'",
        );
        Self {
            deliveries: bed.query("SELECT count(*) AS n FROM webhook_events")[0]["n"].as_u64().unwrap_or_default(),
            licenses: licenses.iter().map(|row| (text(row, "order_id"), license(row))).collect(),
            orders: bed.query("SELECT order_id FROM orders").iter().map(|row| text(row, "order_id")).collect(),
            unprocessed: unprocessed.iter().map(|row| (text(row, "of"), text(row, "why"))).collect(),
            owed: owed.iter().map(|row| text(row, "what")).collect(),
        }
    }
}

fn text(row: &Row, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

/// One sale: what was acknowledged is there, once, and what followed from it was done, and not too often.
fn sale_broken(tables: &Tables, sale: &Sale) -> Vec<String> {
    let mut broken = Vec::new();
    let order = sale.order();
    if sale.has_order_acknowledged() && !tables.orders.contains(order) {
        broken.push(format!("its order {order} was acknowledged and is lost"));
    }
    // A storefront's key belongs to an order and has a number; a second license would stand under the one or the other.
    let of_order = tables.licenses.range(order.to_owned()..format!("{order};"));
    let doubled = of_order.filter(|(known, _)| *known == order || known.starts_with(&format!("{order}:"))).count();
    if doubled > 1 {
        broken.push(format!("its order {order} has {doubled} licenses"));
    }
    let Some(license) = tables.licenses.get(&sale.license_order) else {
        if sale.is_acknowledged() {
            broken.push(format!("its order {order} was acknowledged and has no license"));
        }
        if !sale.mailed.is_empty() || !sale.confirmed.is_empty() {
            broken.push(format!("its order {order} has no license, and was mailed a key or activated"));
        }
        return broken;
    };

    let mails = sale.mailed.len();
    match license.mail_attempts {
        Some(attempts) if mails == 0 || mails > attempts => {
            broken.push(format!("{mails} mails arrived of {attempts} attempts"));
        }
        None if mails > 0 => broken.push(format!("{mails} mails arrived and none is owed")),
        None if !sale.product().storefront_key => broken.push("no mail is owed".to_owned()),
        _ => {}
    }
    if sale.mailed.iter().any(|mailed| *mailed != license.key) {
        broken.push("a mailed key is not the license's".to_owned());
    }

    if sale.confirmed.len() > 1 {
        broken.push(format!("{:?} were all told that they have it", sale.confirmed));
    }
    let told = sale.confirmed.iter().next();
    if told.is_some() && told != license.bound_to.as_ref() {
        broken.push(format!("{told:?} was told to have it, and it is bound to {:?}", license.bound_to));
    }
    if let Some(login) = license.bound_to.as_ref().filter(|login| !sale.tried.contains(*login)) {
        broken.push(format!("it is bound to {login}, who never asked"));
    }
    broken
}

/// Of each repository: whoever a license that opens it is bound to has one invitation, and nobody else has any.
fn invitations_broken(bed: &Testbed, book: &Book, tables: &Tables) -> Vec<String> {
    let mut broken = Vec::new();
    for (place, product) in PRODUCTS.iter().enumerate() {
        let sales = book.sales.values().filter(|sale| sale.product == place);
        let licenses = sales.filter_map(|sale| tables.licenses.get(&sale.license_order));
        let mut bound: Vec<&str> = licenses.filter_map(|license| license.bound_to.as_deref()).collect();
        bound.sort_unstable();
        for repo in product.repos {
            let invitations = bed.sandbox().invitations(repo);
            let mut invited: Vec<&str> = invitations.iter().map(|invitation| invitation.login.as_str()).collect();
            invited.sort_unstable();
            if invited != bound {
                broken.push(format!("{repo} is bound to {bound:?}, and invited are {invited:?}"));
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::{License, Tables, sale_broken};
    use crate::ledger::Sale;

    /// A sale of the starter kit: acknowledged, mailed once, and activated by ada.
    fn sale() -> Sale {
        let ada = || ["ada".to_owned()].into();
        let mailed = vec!["LK-1".to_owned()];
        Sale {
            product: 0,
            license_order: "7".to_owned(),
            acknowledged: vec![2],
            mailed,
            tried: ada(),
            confirmed: ada(),
        }
    }

    fn tables() -> Tables {
        let license = License { key: "LK-1".to_owned(), mail_attempts: Some(1), bound_to: Some("ada".to_owned()) };
        Tables {
            deliveries: 2,
            licenses: [("7".to_owned(), license)].into(),
            orders: ["7".to_owned()].into(),
            unprocessed: Vec::new(),
            owed: Vec::new(),
        }
    }

    #[test]
    fn a_sale_of_which_everything_is_there_once_holds() {
        assert_eq!(sale_broken(&tables(), &sale()), Vec::<String>::new());
    }

    #[test]
    fn whatever_is_lost_or_doubled_is_found() {
        let lost = Tables { licenses: Default::default(), orders: Default::default(), ..tables() };
        assert_eq!(sale_broken(&lost, &sale()).len(), 3);
        let mut doubled = tables();
        let second = License { key: "LK-2".to_owned(), mail_attempts: None, bound_to: None };
        doubled.licenses.insert("7:1".to_owned(), second);
        assert_eq!(sale_broken(&doubled, &sale()), ["its order 7 has 2 licenses"]);

        let changed: [fn(&mut Sale); 5] = [
            |sale| sale.mailed.clear(),
            |sale| sale.mailed.push("LK-1".to_owned()),
            |sale| sale.mailed = vec!["LK-3".to_owned()],
            |sale| sale.confirmed = ["grace".to_owned()].into(),
            |sale| sale.tried.clear(),
        ];
        for (number, change) in changed.into_iter().enumerate() {
            let mut sale = sale();
            change(&mut sale);
            assert_eq!(sale_broken(&tables(), &sale).len(), 1, "{number}");
        }
        let mut both = sale();
        both.confirmed.insert("grace".to_owned());
        assert_eq!(sale_broken(&tables(), &both).len(), 1);
    }

    #[test]
    fn a_sale_that_nobody_acknowledged_may_be_missing() {
        let never = Sale { acknowledged: vec![0], mailed: Vec::new(), confirmed: Default::default(), ..sale() };
        let lost = Tables { licenses: Default::default(), orders: Default::default(), ..tables() };
        assert_eq!(sale_broken(&lost, &never), Vec::<String>::new());
    }
}
