//! wrangler's command line: <https://developers.cloudflare.com/workers/wrangler/commands/>. Which version is in
//! `package.json`.

use std::process::Command;

use anyhow::Context;
use serde_json::{Map, Value};

use crate::project::Project;
use crate::shell;

/// Which of the two databases behind the binding `DB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    /// The one under `.wrangler`.
    Local,
    /// The one at Cloudflare, of whoever is logged in.
    Remote,
}

impl Database {
    fn flag(self) -> &'static str {
        match self {
            Self::Local => "--local",
            Self::Remote => "--remote",
        }
    }
}

/// A wrangler command that asks no questions.
pub(crate) fn command(project: &Project) -> Command {
    shell::command(project, project.node_tool("wrangler"))
}

/// Brings the local database up to date.
///
/// # Errors
///
/// When a migration fails.
pub(crate) fn migrate(project: &Project) -> anyhow::Result<()> {
    shell::run(command(project).args(["d1", "migrations", "apply", "DB", Database::Local.flag()]))
}

/// Runs one statement and gives its rows.
///
/// # Errors
///
/// When the database refuses it or cannot be reached.
pub(crate) fn rows(project: &Project, database: Database, sql: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let mut execute = command(project);
    execute.args(["d1", "execute", "DB", database.flag(), "--json", "--command", sql]);
    parse_rows(&shell::read(&mut execute)?)
}

/// `[{ "results": [row, …], "success": true, … }]`, one for each statement.
fn parse_rows(answer: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let answer: Value = serde_json::from_str(answer).context("cannot read what `wrangler d1 execute` says")?;
    let rows = answer.pointer("/0/results").and_then(Value::as_array).context("`wrangler d1 execute` gave no rows")?;
    Ok(rows.iter().filter_map(|row| row.as_object().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::parse_rows;

    #[test]
    fn the_rows_of_the_statement_are_read_from_wranglers_answer() {
        let rows = parse_rows(r#"[{"results":[{"n":1},{"n":2}],"success":true,"meta":{}}]"#).expect("parses");
        assert_eq!(rows.iter().map(|row| row["n"].as_i64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert!(parse_rows(r#"[{"results":[],"success":true}]"#).expect("parses").is_empty());
        assert!(parse_rows(r#"{"error":"no such table"}"#).is_err());
    }
}
