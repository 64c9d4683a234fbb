//! A Worker that has the machine to itself, and looking at its rows.

use std::time::Duration;

use latchkey_testbed::{Testbed, TestbedOptions};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// Longer than anything behind an answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held by the one test that measures.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// Starts a Worker once no other test's is there. Dropped last, the machine is free once that Worker has ended.
pub(crate) async fn alone(options: TestbedOptions) -> (MutexGuard<'static, ()>, Testbed) {
    let machine = MACHINE.lock().await;
    (machine, Testbed::start(options).await)
}

/// The number of rows of a table that meet a condition.
pub(crate) fn count(bed: &Testbed, table_and_condition: &str) -> usize {
    let rows = bed.query(&format!("SELECT count(*) AS n FROM {table_and_condition}"));
    rows[0]["n"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap()
}

/// Waits for what is behind the answers: until so many rows meet the condition.
pub(crate) async fn until(bed: &Testbed, table_and_condition: &str, rows: usize) {
    let start = Instant::now();
    loop {
        let found = count(bed, table_and_condition);
        if found == rows {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{table_and_condition}: {found} rows, not {rows}\n{:#?}", troubles(bed));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The log lines that tell of something that failed.
pub(crate) fn troubles(bed: &Testbed) -> Vec<String> {
    let lines = bed.logs().into_iter().map(|line| line.text);
    lines.filter(|line| !line.contains(r#""level":"info""#)).chain(bed.broken_lines()).collect()
}

/// Ends the test: everything that reached the outside world was expected, and nothing broke the instance.
pub(crate) fn close(bed: &Testbed) {
    bed.sandbox().take_calls();
    bed.sandbox().take_mails();
    bed.sandbox().assert_drained();
    assert_eq!(bed.broken_lines(), Vec::<String>::new());
}
