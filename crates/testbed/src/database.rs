//! The Worker's D1, which locally is an SQLite file: found, copied, prepared, and read. The Worker's own SQL is not
//! here; tests bring theirs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::Catalogue;
use latchkey::model::catalogue::Form;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::error::TestbedError;
use crate::options::TestbedOptions;

/// One row, by column name. A BLOB is an array of numbers.
pub type Row = serde_json::Map<String, Value>;

/// Where miniflare keeps D1, under its persistence folder.
const FOLDER: &str = "d1/miniflare-D1DatabaseObject";

/// The file of the only database. Its name is made from the database id.
pub(crate) fn find(persistence: &Path) -> Result<PathBuf, TestbedError> {
    let folder = persistence.join(FOLDER);
    let listing = fs::read_dir(&folder).map_err(TestbedError::io(format!("read {}", folder.display())))?;
    let paths = listing.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    // miniflare's own notes about its databases lie beside them.
    let mut databases = paths.filter(|path| {
        path.extension().is_some_and(|extension| extension == "sqlite")
            && path.file_stem().is_some_and(|stem| stem != "metadata")
    });
    databases.next().ok_or_else(|| TestbedError::Io {
        what: format!("find the database in {}", folder.display()),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Moves what SQLite keeps in its write-ahead log into the database file, so that the file alone is the database.
pub(crate) fn merge_log(file: &Path) -> Result<(), TestbedError> {
    let connection = Connection::open(file)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Copies a database to the same place under another persistence folder, prepares it, and gives the new file. With
/// `tables` the copy has those and nothing else.
pub(crate) fn copy(from: &Path, to: &Path, options: &TestbedOptions) -> Result<PathBuf, TestbedError> {
    let source = find(from)?;
    let folder = to.join(FOLDER);
    fs::create_dir_all(&folder).map_err(TestbedError::io(format!("create {}", folder.display())))?;
    let file = folder.join(source.file_name().unwrap_or_default());
    if options.tables.is_none() {
        fs::copy(&source, &file).map_err(TestbedError::io(format!("copy {}", source.display())))?;
    }
    let connection = Connection::open(&file)?;
    if let Some(tables) = &options.tables {
        connection.execute_batch(&format!("PRAGMA journal_mode = WAL; {tables}"))?;
    }
    if let Some(products) = &options.products {
        stock(&connection, products)?;
    }
    for statements in &options.seed {
        connection.execute_batch(statements)?;
    }
    Ok(file)
}

/// Puts a catalogue into the database, as if it had always been there.
fn stock(connection: &Connection, products: &str) -> Result<(), TestbedError> {
    const INSERT: &str = "INSERT INTO products (position, source, product_id, variant_id, entry)
                          SELECT key, value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value -> '$[3]'
                          FROM json_each(?1)";
    let read = Catalogue::read(products, Form::Toml, SECTIONS);
    let catalogue = read.map_err(|problems| TestbedError::Products(format!("{problems:#?}")))?;
    connection.execute(INSERT, [catalogue.to_rows()])?;
    connection.execute("UPDATE catalogue SET version = version + 1, descriptions = ?1", [catalogue.described()])?;
    Ok(())
}

/// Reads rows from outside the Worker while it runs. Sees what is committed.
pub(crate) fn query(file: &Path, sql: &str) -> rusqlite::Result<Vec<Row>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let rows = statement.query_map([], |row| {
        let cells = names.iter().enumerate().map(|(index, name)| Ok((name.clone(), json(row.get_ref(index)?))));
        cells.collect()
    })?;
    rows.collect()
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => integer.into(),
        ValueRef::Real(real) => real.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => bytes.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FOLDER, copy, find, merge_log, query};
    use crate::options::TestbedOptions;

    #[test]
    fn a_copied_and_prepared_database_gives_its_rows_by_column_with_their_types() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join(FOLDER)).expect("creates");
        let original = from.join(FOLDER).join("abc.sqlite");
        std::fs::write(from.join(FOLDER).join("metadata.sqlite"), "").expect("writes");
        let connection = rusqlite::Connection::open(&original).expect("opens");
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a, b, c, d, e)").expect("creates");
        drop(connection);
        merge_log(&find(&from).expect("finds")).expect("merges");

        let seed = vec!["INSERT INTO t VALUES (1, 2.5, 'x', NULL, x'0a')".to_owned()];
        let options = TestbedOptions { products: None, seed, ..TestbedOptions::default() };
        let copied = copy(&from, &to, &options).expect("copies");

        let rows = query(&copied, "SELECT * FROM t").expect("reads");
        assert_eq!(json!(rows), json!([{ "a": 1, "b": 2.5, "c": "x", "d": null, "e": [10] }]));
        assert!(query(&original, "SELECT * FROM t").expect("reads").is_empty());
    }

    #[test]
    fn tables_of_another_worker_come_in_place_of_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join(FOLDER)).expect("creates");
        let original = from.join(FOLDER).join("abc.sqlite");
        rusqlite::Connection::open(original).expect("opens").execute_batch("CREATE TABLE ours (a)").expect("creates");
        let tables = Some("CREATE TABLE theirs (a)".to_owned());
        let options = TestbedOptions { products: None, tables, ..TestbedOptions::default() };
        let copied = copy(&from, &to, &options).expect("copies");
        let rows = query(&copied, "SELECT name FROM sqlite_schema").expect("reads");
        assert_eq!(json!(rows), json!([{ "name": "theirs" }]));
    }

    #[test]
    fn reading_cannot_write() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("abc.sqlite");
        rusqlite::Connection::open(&file).expect("opens").execute_batch("CREATE TABLE t (a)").expect("creates");
        assert!(query(&file, "INSERT INTO t VALUES (1)").is_err());
    }
}
