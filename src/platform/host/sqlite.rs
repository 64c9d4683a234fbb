//! SQLite behind the interface that D1 has: a batch is one transaction.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::Path;
use std::rc::Rc;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use rusqlite::{Connection, ToSql, ffi};

use crate::platform::{DbError, Outcome, Row, Statement, Value};

/// What D1 allows and SQLite would take more of: <https://developers.cloudflare.com/d1/platform/limits/>, and where that is
/// silent, what workerd sets: `setupSecurity` in
/// <https://github.com/cloudflare/workerd/blob/main/src/workerd/util/sqlite.c%2B%2B>. A statement of more instructions than
/// allowed is refused as out of memory.
const LIMITS: [(Limit, i32); 9] = [
    (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
    (Limit::SQLITE_LIMIT_COLUMN, 100),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
];

/// What wrangler writes down which migrations are applied in.
const APPLIED: &str = "CREATE TABLE d1_migrations (
  id         INTEGER PRIMARY KEY,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)";

/// A database with the project's migrations applied.
pub struct Sqlite {
    connection: RefCell<Connection>,
    /// The place in each batch of the statement that fails.
    failing: Cell<Option<usize>>,
}

impl Sqlite {
    /// A fresh database in memory.
    ///
    /// # Errors
    /// When a migration cannot be read or does not apply.
    pub fn migrated() -> Result<Self, DbError> {
        let database = Self::migrated_to(0)?;
        database.migrate_to(u32::MAX)?;
        Ok(database)
    }

    /// A fresh database in memory with the first migrations only, as one that a deployment has left behind.
    ///
    /// # Errors
    /// As [`Sqlite::migrated`].
    pub fn migrated_to(last: u32) -> Result<Self, DbError> {
        let connection = Connection::open_in_memory().map_err(|error| refused(&error))?;
        // D1 enforces foreign keys; SQLite does not unless it is told to.
        connection.execute_batch("PRAGMA foreign_keys = ON").map_err(|error| refused(&error))?;
        // Otherwise a prepared statement is planned anew whenever the value of a parameter could change its plan.
        let stable_plans = DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable_plans, true).map_err(|error| refused(&error))?;
        // Every statement that the engine has, with those that it puts together, and as many again for whoever looks on.
        connection.set_prepared_statement_cache_capacity(1_024);
        for (limit, most) in LIMITS {
            connection.set_limit(limit, most).map_err(|error| refused(&error))?;
        }
        connection.execute_batch(APPLIED).map_err(|error| refused(&error))?;
        let database = Self { connection: RefCell::new(connection), failing: Cell::new(None) };
        database.migrate_to(last)?;
        Ok(database)
    }

    /// Applies the migrations that the database does not have, up to the one with this number.
    ///
    /// # Errors
    /// As [`Sqlite::migrated`].
    pub fn migrate_to(&self, last: u32) -> Result<(), DbError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let unreadable = |error: std::io::Error| DbError::Refused(format!("migrations: {error}"));
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .map_err(unreadable)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable)?;
        files.sort();
        let connection = self.connection.borrow();
        let migrate = |sql: &str, file: &Path| {
            connection.execute_batch(sql)?;
            let name = file.file_name().map(|name| name.to_string_lossy());
            connection.execute("INSERT INTO d1_migrations (name) VALUES (?1)", [name])
        };
        let has = connection.query_row("SELECT count(*) FROM d1_migrations", [], |row| row.get(0));
        let has: u32 = has.map_err(|error| refused(&error))?;
        for (number, file) in (1..=last).zip(&files) {
            let sql = std::fs::read_to_string(file).map_err(unreadable)?;
            if number > has {
                migrate(&sql, file).map_err(|error| refused(&error))?;
            }
        }
        Ok(())
    }

    /// Empties every table, those of whoever looks on as well, but not the record of the migrations.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clear(&self) -> Result<(), DbError> {
        let tables = "SELECT 'temp' AS schema, name FROM temp.sqlite_schema WHERE type = 'table'
                      UNION ALL SELECT 'main', name FROM main.sqlite_schema
                      WHERE type = 'table' AND name <> 'd1_migrations'";
        // Later tables refer to earlier ones; and to empty what is watched is something to see for who looks on.
        let tables = self.query(tables)?;
        let emptying = tables.iter().rev().filter_map(|table| {
            let (schema, name) = (table.text("schema").ok()?, table.text("name").ok()?);
            Some(format!("DELETE FROM {schema}.{name};"))
        });
        // The one row that a migration makes.
        let catalogue = "INSERT INTO catalogue (id, version, changed_at) VALUES (1, 0, 0);".to_owned();
        let script: String = emptying.chain([catalogue]).collect();
        self.connection.borrow().execute_batch(&script).map_err(|error| refused(&error))
    }

    /// Marks where the database stands, for [`Sqlite::go_back`]. Marks nest; until one goes back, everything is one transaction.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn mark(&self) -> Result<(), DbError> {
        self.connection.borrow().execute_batch("SAVEPOINT marked").map_err(|error| refused(&error))
    }

    /// Undoes everything since the last mark, and takes the mark away.
    ///
    /// # Errors
    /// When SQLite refuses: there is no mark.
    pub fn go_back(&self) -> Result<(), DbError> {
        let back = "ROLLBACK TO marked; RELEASE marked";
        self.connection.borrow().execute_batch(back).map_err(|error| refused(&error))
    }

    /// Lets the statement in this place of every batch fail from now on, once it has done its work; or none again.
    pub fn fail_statement(&self, place: Option<usize>) {
        self.failing.set(place);
    }

    /// Runs the statements in one transaction.
    ///
    /// # Errors
    /// [`DbError::Refused`], with everything rolled back.
    pub fn batch(&self, statements: &[Statement]) -> Result<Vec<Outcome>, DbError> {
        let connection = self.connection.borrow();
        if let [alone] = statements {
            // SQLite makes a transaction of it by itself.
            return Ok(vec![execute(&connection, alone).map_err(|error| refused(&error))?]);
        }
        let mark = |sql: &str| connection.prepare_cached(sql)?.raw_execute();
        // Behind a mark there is a transaction already, and SQLite has no transactions within one but under this name.
        let (begin, commit, roll_back) = match connection.is_autocommit() {
            true => ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"),
            false => ("SAVEPOINT batch", "RELEASE batch", "ROLLBACK TO batch; RELEASE batch"),
        };
        let run = || {
            mark(begin)?;
            let run = |(place, one)| {
                let outcome = execute(&connection, one)?;
                if self.failing.get() == Some(place) { Err(lost()) } else { Ok(outcome) }
            };
            let outcomes = statements.iter().enumerate().map(run).collect::<rusqlite::Result<_>>()?;
            mark(commit)?;
            Ok(outcomes)
        };
        run().map_err(|error| {
            // Where SQLite has rolled back by itself, there is nothing left to roll back.
            let _ = connection.execute_batch(roll_back);
            refused(&error)
        })
    }

    /// The rows of any query, for looking at what the engine left. Not part of the platform.
    ///
    /// # Errors
    /// When SQLite refuses the query.
    pub fn query(&self, sql: &str) -> Result<Vec<Row>, DbError> {
        self.query_with(sql, &[])
    }

    /// The same with parameters.
    ///
    /// # Errors
    /// When SQLite refuses the query.
    pub fn query_with(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare_cached(sql).map_err(|error| refused(&error))?;
        rows(&mut prepared, params).map_err(|error| refused(&error))
    }

    /// How SQLite would run a statement: one line a step.
    ///
    /// # Errors
    /// When SQLite refuses the statement.
    pub fn query_plan(&self, sql: &str) -> Result<Vec<String>, DbError> {
        let connection = self.connection.borrow();
        let plan = || {
            let mut prepared = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
            let nulls = vec![Value::Null; prepared.parameter_count()];
            let rows = rows(&mut prepared, &nulls)?;
            Ok(rows.iter().filter_map(|row| row.text("detail").ok().map(str::to_owned)).collect())
        };
        plan().map_err(|error| refused(&error))
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sqlite")
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Stored::Null),
            // D1 binds every number as a float, so this does too: a column that only takes it by luck fails here first.
            Self::Integer(number) => ToSqlOutput::Owned(Stored::Real(*number as f64)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

fn execute(connection: &Connection, statement: &Statement) -> rusqlite::Result<Outcome> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    let rows = rows(&mut prepared, &statement.params)?;
    Ok(Outcome { rows, rows_read: 0, rows_written: 0 })
}

fn rows(prepared: &mut rusqlite::Statement<'_>, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let names: Rc<[String]> = prepared.column_names().map(str::to_owned).collect();
    let mut found = prepared.query(rusqlite::params_from_iter(params))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..names.len()).map(|place| {
            Ok(match row.get_ref(place)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Integer(number),
                ValueRef::Real(number) => Value::Integer(number as i64),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            })
        });
        rows.push(Row::new(Rc::clone(&names), values.collect::<rusqlite::Result<_>>()?));
    }
    Ok(rows)
}

/// What D1 says of a statement that failed for no fault of its own.
fn lost() -> rusqlite::Error {
    let message = "Internal error in D1 DB storage caused object to be reset.";
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR), Some(message.to_owned()))
}

fn refused(error: &rusqlite::Error) -> DbError {
    crate::db::classify(error.to_string())
}
