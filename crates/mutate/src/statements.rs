//! The mutants of all statements, against the host tests. They are compiled once: in the copy of the project the host
//! platform runs a mutant in the place of a statement, if it is told to (`hook.rs.txt`). A first run without mutants notes
//! which test runs which statement, so that a mutant has to pass only the tests that it can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rusqlite::Connection;
use serde_json::Value;

use crate::Shard;
use crate::sql::{self, Mutant};
use crate::tree::Tree;

/// Where the host platform reads a statement's text.
const SEAM: &str = "src/platform/host/sqlite.rs";
const READS: &str = "connection.prepare_cached(statement.sql)?";
const READS_MUTATED: &str = "connection.prepare_cached(&mutated(statement))?";

const HOOK: &str = include_str!("hook.rs.txt");

/// A test that runs more statements than this goes through everything there is, for minutes: it promises nothing about one
/// of them that a smaller test does not.
const MOST_STATEMENTS: usize = 80;

/// How much longer than without a mutant the tests may take. One that hangs is noticed too.
const LONGER: u32 = 5;
const AT_LEAST: Duration = Duration::from_secs(60);

/// What the tests run.
#[derive(Debug, Default)]
struct Notes {
    /// A statement's text, by its name.
    texts: BTreeMap<String, String>,
    /// The tests that run a statement, by program and by the statement's name.
    tests: BTreeMap<(usize, String), BTreeSet<String>>,
}

impl Notes {
    fn leave_out_tests_of_everything(&mut self) {
        let mut statements = BTreeMap::<String, usize>::new();
        for test in self.tests.values().flatten() {
            *statements.entry(test.clone()).or_default() += 1;
        }
        for tests in self.tests.values_mut() {
            tests.retain(|test| statements.get(test).is_none_or(|count| *count <= MOST_STATEMENTS));
        }
        self.tests.retain(|_, tests| !tests.is_empty());
    }
}

/// Whether a mutant was noticed.
#[derive(Debug)]
enum Verdict {
    Noticed { by: String },
    Survived,
}

/// Runs the mutants, and gives how many survived.
pub(crate) fn run(project: &Path, files: &[String], shard: Shard, list: bool) -> anyhow::Result<usize> {
    let tree = Tree::copy(project)?;
    tree.replace(SEAM, READS, READS_MUTATED)?;
    append(&tree.root.join(SEAM), HOOK)?;
    eprintln!("compiling the host tests in {}", tree.root.display());
    let programs = programs(&tree)?;
    eprintln!("running them without a mutant, to see which runs which statement");
    let begin = Instant::now();
    let notes = observe(&tree, &programs)?;
    let patience = (begin.elapsed() * LONGER).max(AT_LEAST);

    let unrun = unrun(&tree, &notes, files)?;
    let mutants: Vec<(String, Mutant)> = notes
        .texts
        .iter()
        .filter(|(name, _)| is_chosen(name, files))
        .flat_map(|(name, text)| sql::mutants(text).into_iter().map(|mutant| (name.clone(), mutant)))
        .collect();
    let broken = broken(&tree, &mutants)?;
    if !broken.is_empty() {
        bail!("these mutants are no SQL; adapt crates/mutate/src/sql.rs:\n{}", broken.join("\n"));
    }
    let mutants = shard.of(mutants);
    if list {
        for (name, mutant) in &mutants {
            println!("{name}: {}", mutant.what);
        }
        println!("{} mutants", mutants.len());
        return Ok(0);
    }
    let mut survivors: Vec<String> = unrun.iter().map(|name| format!("{name}: no test runs it")).collect();
    for (place, (name, mutant)) in mutants.iter().enumerate() {
        let begin = Instant::now();
        let verdict = judge(&tree, &programs, &notes, name, mutant, patience)?;
        let took = begin.elapsed().as_secs_f64();
        let line = format!("{name}: {}", mutant.what);
        match verdict {
            Verdict::Noticed { by } => {
                println!("{} of {}, {took:.1} s: noticed by {by}: {line}", place + 1, mutants.len())
            }
            Verdict::Survived => {
                println!("{} of {}, {took:.1} s: SURVIVED: {line}", place + 1, mutants.len());
                survivors.push(line);
            }
        }
    }
    println!("\n{} mutants of {} statements; no test noticed {}:", mutants.len(), notes.texts.len(), survivors.len());
    for survivor in &survivors {
        println!("  {survivor}");
    }
    Ok(survivors.len())
}

/// Whether a statement is one of the named files, or none is named.
fn is_chosen(name: &str, files: &[String]) -> bool {
    files.is_empty() || files.iter().any(|file| file.trim_end_matches(".sql").ends_with(name))
}

/// Statements that no test runs.
fn unrun(tree: &Tree, notes: &Notes, files: &[String]) -> anyhow::Result<Vec<String>> {
    let folder = tree.root.join("src/db/sql");
    let names = names(&folder, &folder)?.into_iter();
    Ok(names.filter(|name| is_chosen(name, files) && !notes.texts.contains_key(name)).collect())
}

fn names(root: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(names(root, &path)?);
        } else if let Some(name) =
            path.strip_prefix(root).ok().and_then(|path| path.with_extension("").to_str().map(str::to_owned))
        {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Mutants that SQLite cannot read: they would be noticed for the wrong reason.
fn broken(tree: &Tree, mutants: &[(String, Mutant)]) -> anyhow::Result<Vec<String>> {
    let database = Connection::open_in_memory()?;
    let folder = tree.root.join("migrations");
    let mut migrations: Vec<PathBuf> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    migrations.sort();
    for migration in migrations {
        database.execute_batch(&fs::read_to_string(migration)?)?;
    }
    // Wrangler's own record of them, which the doctor reads.
    database.execute_batch("CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY, name TEXT)")?;
    let errors = mutants.iter().filter_map(|(name, mutant)| {
        let error = database.prepare(&mutant.sql).err()?;
        Some(format!("{name}: {}: {error}\n{}", mutant.what, mutant.sql))
    });
    Ok(errors.collect())
}

/// Compiles the tests, and gives their programs.
fn programs(tree: &Tree) -> anyhow::Result<Vec<PathBuf>> {
    let mut cargo = tree.cargo();
    cargo.args(["test", "--package", "latchkey", "--lib", "--test", "host", "--no-run", "--message-format=json"]);
    let output = cargo.stderr(Stdio::inherit()).output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the host tests do not compile in {}", tree.root.display());
    }
    let messages = String::from_utf8(output.stdout).context("cargo wrote something that is not text")?;
    let programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["profile"]["test"] == true).then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    Ok(programs.collect())
}

fn test(tree: &Tree, program: &Path) -> Command {
    let mut command = Command::new(program);
    // As cargo would: tests read files of the package.
    command.current_dir(&tree.root).env("CARGO_MANIFEST_DIR", &tree.root).stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs all tests as they are.
fn observe(tree: &Tree, programs: &[PathBuf]) -> anyhow::Result<Notes> {
    let mut notes = Notes::default();
    for (number, program) in programs.iter().enumerate() {
        let folder = tree.build.join(format!("notes-{number}"));
        let _there_was_none = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let output = test(tree, program).env("LATCHKEY_MUTATE_NOTES", &folder).output()?;
        if !output.status.success() {
            bail!("tests fail without a mutant:\n{}", String::from_utf8_lossy(&output.stdout));
        }
        let Ok(text) = fs::read_to_string(folder.join("notes")) else { continue };
        for (test, statement) in text.lines().filter_map(|line| line.split_once('\t')) {
            let tests = notes.tests.entry((number, statement.to_owned())).or_default();
            tests.insert(test.to_owned());
            let file = folder.join(format!("{}.sql", statement.replace('/', "__")));
            notes.texts.insert(statement.to_owned(), fs::read_to_string(file)?);
        }
    }
    notes.leave_out_tests_of_everything();
    Ok(notes)
}

/// Runs the tests that run the statement, with the mutant in its place.
fn judge(
    tree: &Tree,
    programs: &[PathBuf],
    notes: &Notes,
    name: &str,
    mutant: &Mutant,
    patience: Duration,
) -> anyhow::Result<Verdict> {
    let file = tree.build.join("mutant.sql");
    fs::write(&file, format!("{name}\n{}", mutant.sql))?;
    for (number, program) in programs.iter().enumerate() {
        let Some(tests) = notes.tests.get(&(number, name.to_owned())) else { continue };
        let mut command = test(tree, program);
        command.env("LATCHKEY_MUTANT", &file);
        // A thread without a test's name is a test's own: then any test may be the one.
        if tests.iter().all(|test| test.contains("::")) {
            command.arg("--exact").args(tests);
        }
        if let Some(by) = first_failure(command, patience)? {
            return Ok(Verdict::Noticed { by });
        }
    }
    Ok(Verdict::Survived)
}

/// The first test that fails, at which the run is ended.
fn first_failure(mut command: Command, patience: Duration) -> anyhow::Result<Option<String>> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start a test program")?;
    let (send, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
    }
    let end = Instant::now() + patience;
    let failed = loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) if line.ends_with("FAILED") && line.starts_with("test ") => {
                let test = line.trim_start_matches("test ").split(' ').next().unwrap_or_default();
                break Some(test.to_owned());
            }
            Ok(_) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => break Some("a test that does not end".to_owned()),
            Err(mpsc::RecvTimeoutError::Disconnected) => break None,
        }
    };
    if failed.is_some() {
        child.kill()?;
    }
    let status = child.wait()?;
    Ok(failed.or_else(|| (!status.success()).then(|| format!("the test program, which ended with {status}"))))
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let before = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    fs::write(path, before + text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{MOST_STATEMENTS, Notes, first_failure, is_chosen};

    fn failure(script: &str) -> Option<String> {
        let mut sh = Command::new("sh");
        sh.args(["-c", script]);
        first_failure(sh, Duration::from_secs(5)).expect("sh starts")
    }

    #[test]
    fn a_run_ends_at_its_first_failure_and_one_that_dies_is_noticed_too() {
        assert_eq!(failure("echo 'test a::b ... ok'"), None);
        assert_eq!(failure("echo 'test a::b ... FAILED'; sleep 600").as_deref(), Some("a::b"));
        assert!(failure("exit 101").is_some());
    }

    #[test]
    fn a_test_that_runs_nearly_every_statement_judges_none() {
        let mut notes = Notes::default();
        for number in 0..=MOST_STATEMENTS {
            notes.tests.entry((0, number.to_string())).or_default().insert("of::everything".to_owned());
        }
        notes.tests.entry((0, "0".to_owned())).or_default().insert("of::one".to_owned());
        notes.leave_out_tests_of_everything();
        let left: Vec<_> = notes.tests.into_iter().collect();
        assert_eq!(left, [((0, "0".to_owned()), ["of::one".to_owned()].into())]);
    }

    #[test]
    fn a_statement_is_chosen_by_its_name_or_by_its_file() {
        let files = |file: &str| vec![file.to_owned()];
        assert!(is_chosen("outbox/claim", &[]));
        assert!(is_chosen("outbox/claim", &files("src/db/sql/outbox/claim.sql")));
        assert!(is_chosen("outbox/claim", &files("outbox/claim")));
        assert!(!is_chosen("outbox/claim", &files("events/claim")));
    }
}
