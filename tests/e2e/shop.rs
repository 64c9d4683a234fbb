//! A running Worker, and the verbs that the tests are written in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use latchkey_sandbox::{AccountKind, Delivery, GumroadSale};
use latchkey_testbed::{Testbed, TestbedOptions};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::leaks::{self, Told};

/// Longer than anything behind an answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Shop {
    pub(crate) bed: Testbed,
    secrets: Vec<String>,
    /// Every answer so far.
    told: Mutex<Vec<Told>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(TestbedOptions::default()).await
    }

    pub(crate) async fn open_with(options: TestbedOptions) -> Self {
        let secrets = leaks::secrets(&options);
        let bed = Testbed::start(options).await;
        let repos = [
            "starter",
            "starter-docs",
            "stack-nuxt",
            "stack-next",
            "bundle-api",
            "bundle-web",
            "bundle-mobile",
            "bundle-infra",
            "bundle-docs",
            "kit",
            "kit-pro",
            "minted",
            "variant",
        ];
        for repo in repos {
            bed.sandbox().add_repo(&format!("acme/{repo}"), AccountKind::Organization);
        }
        Self { bed, secrets, told: Mutex::default() }
    }

    /// Delivers what a storefront sends, and gives the status.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> u16 {
        let response = self.bed.deliver(delivery).await.unwrap();
        self.read(response).await.0
    }

    pub(crate) async fn request(&self, request: reqwest::RequestBuilder) -> Answer {
        let (status, headers, body) = self.read(request.send().await.unwrap()).await;
        // The runtime answers some things itself, and not in JSON.
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap_or(body.into()) };
        Answer { status, headers, body }
    }

    /// Reads an answer whole, and keeps it to be looked through in the end.
    async fn read(&self, response: reqwest::Response) -> (u16, reqwest::header::HeaderMap, String) {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let path = response.url().path().to_owned();
        let body = response.text().await.unwrap();
        let told = Told { path, body: format!("{headers:?} {body}") };
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push(told);
        (status, headers, body)
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.bed.client().post(format!("{}{path}", self.bed.url()))
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.bed.client().get(format!("{}{path}", self.bed.url()))
    }

    pub(crate) async fn activate(&self, key: &str, login: &str) -> Answer {
        self.request(self.post("/api/activate").json(&json!({ "license_key": key, "github_username": login }))).await
    }

    /// Has so much time pass that an activation is tried again, and not answered from what is on record. The Worker is started
    /// anew for that: while it is up, it alone may write into its database.
    pub(crate) async fn let_answers_age(&mut self) {
        self.change_while_down("UPDATE outbox SET requested_at = requested_at - 300000").await;
    }

    /// Has it be time to look at the invitations to every repository once more, as above.
    pub(crate) async fn make_looks_due(&mut self) {
        self.change_while_down("UPDATE repository_watches SET look_at = 1 WHERE look_at IS NOT NULL").await;
    }

    /// Has every repository that is watched be compared, and no invitation be looked at, as above.
    pub(crate) async fn make_comparisons_due(&mut self) {
        self.change_while_down("UPDATE repository_watches SET look_at = NULL, compare_at = 1").await;
    }

    /// Ticks until so many rows meet the condition. All that is due is done by a few, however slow they are.
    pub(crate) async fn tick_until(&self, table_and_condition: &str, rows: i64) {
        for _ in 0..8 {
            assert_eq!(self.bed.scheduled().await.unwrap(), "ok");
            if self.count(table_and_condition) == rows {
                return;
            }
        }
        panic!("{table_and_condition}: not {rows} rows\n{:#?}", self.bed.logs());
    }

    /// Lets so much time pass. Nobody can move the runtime's clock, so everything that is on record becomes that much older, here and
    /// at GitHub, as above.
    pub(crate) async fn let_time_pass(&mut self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.bed.sandbox().age_invitations(millis);
        self.bed.kill_hard().await;
        make_older(&rusqlite::Connection::open(self.bed.database_file()).unwrap(), millis).unwrap();
        self.bed.restart().await;
    }

    async fn change_while_down(&mut self, sql: &str) {
        self.bed.kill_hard().await;
        let database = rusqlite::Connection::open(self.bed.database_file()).unwrap();
        database.execute(sql, ()).unwrap();
        drop(database);
        self.bed.restart().await;
    }

    /// The number of rows of a table that meet a condition.
    pub(crate) fn count(&self, table_and_condition: &str) -> i64 {
        self.bed.query(&format!("SELECT count(*) AS n FROM {table_and_condition}"))[0]["n"].as_i64().unwrap()
    }

    /// Waits for what is behind an answer: until so many rows meet the condition.
    pub(crate) async fn until(&self, table_and_condition: &str, rows: i64) {
        let start = Instant::now();
        while self.count(table_and_condition) != rows {
            let found = self.count(table_and_condition);
            assert!(
                start.elapsed() < PATIENCE,
                "{table_and_condition}: {found} rows, not {rows}\n{:#?}",
                self.bed.logs()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sells the starter kit, waits for the mail, and gives the key.
    pub(crate) async fn sell_starter(&self) -> String {
        let sent = "outbox WHERE kind = 'license_mail' AND state = 'done'";
        let before = self.count(sent);
        let delivery = self.bed.sandbox().sell_on_gumroad(GumroadSale::default());
        assert_eq!(self.deliver(&delivery).await, 200);
        self.until(sent, before + 1).await;
        self.take_key()
    }

    /// The key in the one mail that has arrived.
    pub(crate) fn take_key(&self) -> String {
        let mails = self.bed.sandbox().take_mails();
        assert_eq!(mails.len(), 1, "one mail is expected");
        let text = mails[0].text.as_deref().unwrap();
        text.split_whitespace().find(|word| word.starts_with("LK-")).expect("a key in the mail").to_owned()
    }

    /// The lines that the Worker logged for this event, as JSON.
    pub(crate) fn logged(&self, event: &str) -> Vec<Value> {
        let lines = self.bed.logs();
        let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(&line.text).ok());
        parsed.filter(|line| line["event"] == event).collect()
    }

    /// The same, once there are so many: the runtime writes them a little after it has done what they tell of.
    pub(crate) async fn until_logged(&self, event: &str, lines: usize) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let logged = self.logged(event);
            if logged.len() >= lines {
                return logged;
            }
            assert!(start.elapsed() < PATIENCE, "{event}: {} lines, not {lines}\n{:#?}", logged.len(), self.bed.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the test: everything that reached the outside world was expected, nothing broke the instance, and nothing
    /// was told that nobody may read.
    pub(crate) fn close(self) {
        self.bed.sandbox().take_calls();
        self.bed.sandbox().assert_drained();
        assert_eq!(self.bed.broken_lines(), Vec::<String>::new());
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        leaks::assert_none(&self.bed, &self.secrets, &told);
    }
}

/// Takes so many milliseconds off every time in the tables. What stands for no time, such as 0, stays.
fn make_older(database: &rusqlite::Connection, millis: i64) -> rusqlite::Result<()> {
    const TIMES: &str = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                         WHERE t.type = 'table' AND (c.type = 'INTEGER' AND (c.name = 'at' OR c.name GLOB '*_at')
                                                     OR c.name = 'history')";
    let mut changes = BTreeMap::<String, Vec<String>>::new();
    for row in database.prepare(TIMES)?.query_map((), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))? {
        let (table, column) = row?;
        let older = match column.as_str() {
            "history" => format!(
                "iif(history IS NULL, NULL, (SELECT json_group_array(json_set(value, '$.at', value ->> '$.at' - {millis}))
                                             FROM json_each(history)))"
            ),
            _ => format!("iif({column} > {millis}, {column} - {millis}, {column})"),
        };
        changes.entry(table).or_default().push(format!("{column} = {older}"));
    }
    // In one statement a table: a row's history and its times have to agree.
    for (table, changes) in changes {
        database.execute(&format!("UPDATE {table} SET {}", changes.join(", ")), ())?;
    }
    Ok(())
}
