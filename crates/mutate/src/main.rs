//! `cargo xtask mutate`: takes one condition, one arm or one statement away at a time, and lists what no test notices.
//!
//! | module | what it holds |
//! |---|---|
//! | `tree` | the copy of the project that is changed, so that the project is not |
//! | `sql` | the mutants of one SQL statement |
//! | `statements` | all of them against the host tests |
//! | `rust` | cargo-mutants on the Worker's Rust |

mod rust;
mod sql;
mod statements;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Parser;

/// Take one condition, one arm or one statement away at a time, and list what no host test notices.
///
/// Works on a copy in target/mutate: the project stays as it is, however this ends. The whole takes hours; `--shard` and
/// `--file` make parts of it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask mutate", bin_name = "cargo xtask mutate", max_term_width = 100)]
struct Cli {
    /// Only in the SQL: each condition, arm and guard of each statement in src/db/sql.
    #[arg(long, conflicts_with = "rust")]
    sql: bool,
    /// Only in the Rust: what cargo-mutants takes away.
    #[arg(long)]
    rust: bool,
    /// Only in this file, such as src/engine/ingest.rs or src/db/sql/outbox/claim.sql; may be given several times.
    #[arg(long, value_name = "FILE")]
    file: Vec<String>,
    /// The first, second, … of so many parts, such as 1/4.
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    shard: Shard,
    /// List what would be taken away, and try nothing.
    #[arg(long)]
    list: bool,
    #[arg(long, hide = true)]
    project: PathBuf,
    /// The folder of the pinned tools' programs.
    #[arg(long, hide = true)]
    tools: PathBuf,
}

/// One of so many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 1.
    number: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = text.split_once('/').and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        match read {
            Some((number, count)) if (1..=count).contains(&number) => Ok(Self { number, count }),
            _ => Err("must be like 1/4".to_owned()),
        }
    }
}

impl Shard {
    /// Its part: every so manieth, so that all parts take about as long.
    fn of<T>(self, all: Vec<T>) -> Vec<T> {
        let mine = |(place, _): &(usize, T)| place % self.count == self.number - 1;
        all.into_iter().enumerate().filter(mine).map(|(_, one)| one).collect()
    }
}

fn main() -> anyhow::Result<ExitCode> {
    let Cli { sql, rust, file, shard, list, project, tools } = Cli::parse();
    let (of_sql, of_rust): (Vec<_>, Vec<_>) = file.iter().cloned().partition(|file| file.ends_with(".sql"));
    let is_asked =
        |alone: bool, other: bool, files: &[String]| (alone || !other) && (file.is_empty() || !files.is_empty());
    let mut survivors = 0;
    if is_asked(sql, rust, &of_sql) {
        survivors += statements::run(&project, &of_sql, shard, list)?;
    }
    if is_asked(rust, sql, &of_rust) {
        survivors += rust::run(&project, &tools, &of_rust, shard, list)?;
    }
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::Shard;

    #[test]
    fn shards_part_the_whole_without_rest() {
        let parts: Vec<_> = (1..=3).map(|number| Shard { number, count: 3 }.of((0..8).collect())).collect();
        assert_eq!(parts, [vec![0, 3, 6], vec![1, 4, 7], vec![2, 5]]);
        assert_eq!("2/3".parse(), Ok(Shard { number: 2, count: 3 }));
        for wrong in ["", "0/3", "4/3", "1", "a/b"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
