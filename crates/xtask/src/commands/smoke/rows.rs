//! What the Worker wrote about the made-up sales, read from its database through wrangler. The tables are described in
//! `migrations/`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::Outcome;
use super::sale::MadeUp;
use crate::project::Project;
use crate::wrangler::{self, Database};

/// How often to look before giving up on a delivery that is not processed. Processing runs behind the answer, and
/// takes less than each look.
const LOOKS: u32 = 5;

/// Reads the rows of a sale.
#[derive(Debug)]
pub(super) struct Rows {
    project: Project,
    database: Database,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found(Map<String, Value>);

impl Rows {
    pub(super) fn new(project: Project, database: Database) -> Self {
        Self { project, database }
    }

    /// The rows of the sale, as soon as none of its deliveries is waiting to be processed; what there is when that
    /// takes too long.
    pub(super) async fn when_processed(&self, sale: &MadeUp) -> Result<Found, String> {
        let sql = statement(sale.storefront.source(), &sale.order_id, &sale.forged.reference);
        let mut looks = 0;
        loop {
            let rows = wrangler::rows(&self.project, self.database, &sql).map_err(|error| format!("{error:#}"))?;
            let found = Found(rows.into_iter().next().ok_or("the database gave no row")?);
            looks += 1;
            if looks == LOOKS || found.waiting() == 0 {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Found {
    pub(super) fn license_key(&self) -> Option<&str> {
        self.0.get("license_key").and_then(Value::as_str)
    }

    pub(super) fn processed(&self) -> Outcome {
        match (self.number("deliveries"), self.waiting()) {
            (0, _) => Err("there is no row in webhook_events".to_owned()),
            (_, 0) => Ok(String::new()),
            _ => Err(self.text("error").unwrap_or("processed is still 0, without an error").to_owned()),
        }
    }

    pub(super) fn nothing_forged(&self) -> Outcome {
        match self.number("forged") {
            0 => Ok(String::new()),
            rows => Err(format!("{rows} rows in webhook_events")),
        }
    }

    pub(super) fn one_license(&self) -> Outcome {
        match (self.number("licenses"), self.text("tier")) {
            (1, Some(tier)) => Ok(format!("tier {tier}")),
            (licenses, _) => Err(format!("{licenses} rows in licenses")),
        }
    }

    /// A mail that waits is in order: the outbox tries again until it is sent.
    pub(super) fn mail(&self) -> Outcome {
        match (self.number("mails"), self.text("mail_state")) {
            (1, Some("dead")) => Err(format!("dead: {}", self.text("mail_error").unwrap_or("without an error"))),
            (1, Some(state)) => Ok(match self.text("mail_error") {
                Some(error) => format!("{state}, after an error: {error}"),
                None => state.to_owned(),
            }),
            (mails, _) => Err(format!("{mails} mails in outbox")),
        }
    }

    /// Compares with what was found before the sale was sent again.
    pub(super) fn nothing_doubled(&self, before: &Self) -> Outcome {
        if self.license_key() != before.license_key() {
            return Err("the license key is another one".to_owned());
        }
        match (self.number("licenses"), self.number("mails")) {
            (1, mails) if mails == before.number("mails") => Ok(String::new()),
            (licenses, mails) => Err(format!("{licenses} rows in licenses, {mails} mails in outbox")),
        }
    }

    /// Deliveries of the sale that are stored and not processed.
    fn waiting(&self) -> i64 {
        self.number("deliveries") - self.number("processed")
    }

    fn number(&self, name: &str) -> i64 {
        self.0.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

/// An id without the signs at its end that a form writes otherwise than JSON.
pub(super) fn written_in_any_form(id: &str) -> &str {
    id.trim_end_matches('=')
}

/// One row with everything, since each look starts wrangler. The ids are the sandbox's: letters, digits, hyphens and such, and no quotes.
///
/// A delivery is found by what is in its payload, because one that was never understood has no order id. `instr`
/// compares exactly; `LIKE` is limited to 50 bytes by D1.
fn statement(source: &str, order_id: &str, forged_id: &str) -> String {
    let [in_payload, forged_id] = [order_id, forged_id].map(written_in_any_form);
    format!(
        "WITH \
         delivery AS (SELECT processed, error FROM webhook_events WHERE source = '{source}' AND instr(payload, '{in_payload}') > 0), \
         license AS (SELECT license_key, tier FROM licenses WHERE source = '{source}' AND order_id = '{order_id}'), \
         mail AS (SELECT state, last_error FROM outbox WHERE kind = 'license_mail' AND subject IN (SELECT license_key FROM license)) \
         SELECT \
         (SELECT count(*) FROM delivery) AS deliveries, \
         (SELECT coalesce(sum(processed), 0) FROM delivery) AS processed, \
         (SELECT error FROM delivery WHERE error IS NOT NULL LIMIT 1) AS error, \
         (SELECT count(*) FROM webhook_events WHERE instr(payload, '{forged_id}') > 0) AS forged, \
         (SELECT count(*) FROM license) AS licenses, \
         (SELECT license_key FROM license LIMIT 1) AS license_key, \
         (SELECT tier FROM license LIMIT 1) AS tier, \
         (SELECT count(*) FROM mail) AS mails, \
         (SELECT state FROM mail LIMIT 1) AS mail_state, \
         (SELECT last_error FROM mail LIMIT 1) AS mail_error"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Found;

    fn found(row: Value) -> Found {
        Found(row.as_object().expect("an object").clone())
    }

    #[test]
    fn a_sale_that_was_fulfilled_once_passes_every_check() {
        let row = json!({ "deliveries": 2, "processed": 2, "forged": 0, "licenses": 1, "license_key": "K", "tier": "pro",
                          "mails": 1, "mail_state": "done" });
        let found = found(row);
        assert_eq!(found.processed(), Ok(String::new()));
        assert_eq!(found.nothing_forged(), Ok(String::new()));
        assert_eq!(found.one_license(), Ok("tier pro".to_owned()));
        assert_eq!(found.mail(), Ok("done".to_owned()));
        assert_eq!(found.nothing_doubled(&found), Ok(String::new()));
    }

    #[test]
    fn a_delivery_is_found_by_the_part_of_its_id_that_stands_in_every_form() {
        let sql = super::statement("gumroad", "a1==", "b2==");
        assert!(sql.contains("instr(payload, 'a1') > 0") && sql.contains("instr(payload, 'b2') > 0"), "{sql}");
        assert!(sql.contains("order_id = 'a1=='"), "{sql}");
    }

    #[test]
    fn each_thing_that_can_be_wrong_is_told_with_its_reason() {
        let failed = found(json!({ "deliveries": 1, "processed": 0, "error": "unmapped product" }));
        assert_eq!(failed.processed(), Err("unmapped product".to_owned()));
        assert_eq!(found(json!({})).processed(), Err("there is no row in webhook_events".to_owned()));
        assert_eq!(found(json!({ "forged": 1 })).nothing_forged(), Err("1 rows in webhook_events".to_owned()));
        assert_eq!(found(json!({ "licenses": 2, "tier": "pro" })).one_license(), Err("2 rows in licenses".to_owned()));
        let dead = found(json!({ "mails": 1, "mail_state": "dead", "mail_error": "406" }));
        assert_eq!(dead.mail(), Err("dead: 406".to_owned()));
        let (one, two) = (
            json!({ "licenses": 1, "mails": 1, "license_key": "K" }),
            json!({ "licenses": 1, "mails": 2, "license_key": "K" }),
        );
        assert_eq!(found(two).nothing_doubled(&found(one)), Err("1 rows in licenses, 2 mails in outbox".to_owned()));
    }
}
