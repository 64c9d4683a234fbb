//! What the commands need beyond Rust, Node and a C compiler: installed into the project, pinned, only when missing.
//! What is done is said in one line before it is done; what cannot be had ends in a sentence that says what to do.

mod cargo;
pub(crate) mod chromium;
mod npm;
pub(crate) mod python;
mod wasm_target;

use std::fs::{self, File};

use anyhow::Context;

use crate::project::Project;

/// Installs what is missing. Where all is there it takes a fraction of a second.
///
/// # Errors
///
/// When something cannot be installed; the text says what to do.
pub(crate) fn ensure(project: &Project) -> anyhow::Result<()> {
    let _alone = lock(project)?;
    wasm_target::ensure(project)?;
    npm::ensure(project)?;
    cargo::ensure(project)
}

/// Installs cargo-fuzz if it is missing, which nothing but `cargo xtask fuzz` needs.
///
/// # Errors
///
/// As [`ensure`].
pub(crate) fn ensure_fuzzer(project: &Project) -> anyhow::Result<()> {
    let _alone = lock(project)?;
    cargo::ensure_fuzzer(project)
}

/// Installs cargo-mutants if it is missing, which nothing but `cargo xtask mutate` needs.
///
/// # Errors
///
/// As [`ensure`].
pub(crate) fn ensure_mutants(project: &Project) -> anyhow::Result<()> {
    let _alone = lock(project)?;
    cargo::ensure_mutants(project)
}

/// Two commands started at once must not both run `npm ci`: it empties node_modules first. The lock ends with the
/// process that holds it, however it ends.
fn lock(project: &Project) -> anyhow::Result<File> {
    fs::create_dir_all(project.tools()).context("cannot create target/tools")?;
    let lock = File::create(project.tools().join(".lock")).context("cannot create target/tools/.lock")?;
    lock.lock().context("cannot lock target/tools/.lock")?;
    Ok(lock)
}

/// Says what is being done and why it takes a while.
fn say(what: &str) {
    eprintln!("xtask: {what}");
}
