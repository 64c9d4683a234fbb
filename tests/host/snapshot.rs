//! All that a database holds, to be compared with, or set back to.

use latchkey::platform::host::Sqlite;

/// The tables in the order in which they were made, each with its columns.
pub(crate) fn tables(database: &Sqlite) -> Vec<(String, Vec<String>)> {
    let text = |sql: &str| -> Vec<String> {
        database.query(sql).unwrap().iter().map(|row| row.text("name").unwrap().to_owned()).collect()
    };
    let names = text("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'd1_migrations' ORDER BY rowid");
    let columns = |table: &str| text(&format!("SELECT name FROM pragma_table_info('{table}')"));
    names.into_iter().map(|name| (name.clone(), columns(&name))).collect()
}

/// What these columns of these tables hold, as statements that would put it there, in place of what a migration made.
pub(crate) fn contents(database: &Sqlite, tables: &[(String, Vec<String>)]) -> Vec<String> {
    let mut contents = Vec::new();
    for (table, columns) in tables {
        let values: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let (names, values) = (columns.join(", "), values.join(" || ', ' || "));
        let insert = format!(
            "SELECT 'REPLACE INTO {table} ({names}) VALUES (' || {values} || ')' AS line FROM {table} ORDER BY 1"
        );
        contents.extend(database.query(&insert).unwrap().iter().map(|row| row.text("line").unwrap().to_owned()));
    }
    contents
}

/// Everything that a database holds at a moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot(Vec<String>);

impl Snapshot {
    pub(crate) fn of(database: &Sqlite) -> Self {
        Self(contents(database, &tables(database)))
    }

    /// Sets the database back to that moment.
    pub(crate) fn restore(&self, database: &Sqlite) {
        database.clear().unwrap();
        for insert in &self.0 {
            database.query(insert).unwrap();
        }
        assert_eq!(Self::of(database), *self);
    }
}
