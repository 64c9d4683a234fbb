//! `cargo xtask torture`: builds the Worker with the products of the end-to-end tests and tortures it. What that means
//! is in the package `latchkey-torture`; starting it as a program of its own keeps SQLite out of every other command.

use std::process::ExitCode;

use super::build;
use crate::project::Project;
use crate::{shell, tools};

/// Sell without a pause to the built Worker, kill it at random moments, and look for what was lost.
///
/// Twenty kills are part of `cargo xtask test`. Each takes a second or two.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the Worker is killed.
    #[arg(long, default_value_t = 500)]
    kills: u32,
    /// What is sold and how long each life is; another one each time unless given.
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    tools::ensure(project)?;
    build::worker(project, &project.path("build"))?;
    let mut torture = shell::command(project, "cargo");
    torture.args(["run", "--quiet", "--package", "latchkey-torture", "--", "--kills", &args.kills.to_string()]);
    if let Some(seed) = args.seed {
        torture.args(["--seed", &seed.to_string()]);
    }
    shell::run(&mut torture)?;
    Ok(ExitCode::SUCCESS)
}
