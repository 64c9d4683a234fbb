//! cargo-mutants on the Worker's Rust, in the copy of the project, with the host tests to notice.
//! Its options: <https://mutants.rs/>.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::Shard;
use crate::tree::Tree;

/// What the host tests do not run: the edge, whose tests are end to end, and tests themselves.
const NOT_ON_THE_HOST: [&str; 5] =
    ["src/entry.rs", "src/platform/edge.rs", "src/platform/edge/**", "src/**/tests.rs", "src/**/tests/**"];

/// Runs cargo-mutants, and gives how many mutants survived.
pub(crate) fn run(project: &Path, tools: &Path, files: &[String], shard: Shard, list: bool) -> anyhow::Result<usize> {
    let tree = Tree::copy(project)?;
    let folder = project.join("target/mutate");
    let mut mutants = tree.cargo();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
    mutants.env("PATH", std::env::join_paths(all)?);
    mutants.args(["mutants", "--package", "latchkey", "--colors", "never"]);
    for file in NOT_ON_THE_HOST {
        mutants.args(["--exclude", file]);
    }
    let all_files = ["src/**/*.rs".to_owned()];
    for file in if files.is_empty() { &all_files } else { files } {
        mutants.args(["--file", file]);
    }
    if shard.count > 1 {
        // It counts from 0.
        mutants.args(["--shard", &format!("{}/{}", shard.number - 1, shard.count)]);
    }
    if list {
        mutants.arg("--list").status().context("cannot start cargo-mutants")?;
        return Ok(0);
    }
    // In place of the copy, which is ours to change: another copy would be compiled from nothing.
    mutants.args(["--in-place", "--output"]).arg(&folder).args(["--", "--lib", "--test", "host"]);
    let status = mutants.status().context("cannot start cargo-mutants")?;
    let survivors = fs::read_to_string(folder.join("mutants.out/missed.txt")).unwrap_or_default();
    println!("\nin the Rust no test noticed {}:", survivors.lines().count());
    for survivor in survivors.lines() {
        println!("  {survivor}");
    }
    anyhow::ensure!(status.success() || !survivors.is_empty(), "cargo-mutants ended with {status}");
    Ok(survivors.lines().count())
}
