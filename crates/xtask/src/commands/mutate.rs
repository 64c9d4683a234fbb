//! `cargo xtask mutate`: installs cargo-mutants where it is missing, and starts the mutations, which are in
//! `crates/mutate`. Its arguments are its own; `--help` lists them.

use std::process::ExitCode;

use crate::project::Project;
use crate::{shell, tools};

/// Take one condition, one arm or one statement away at a time, and list what no test notices.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// What is to be taken away; `--help` lists it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let needs_nothing = ["--help", "-h", "--sql"];
    if !args.arguments.iter().any(|argument| needs_nothing.contains(&argument.as_str())) {
        tools::ensure_mutants(project)?;
    }
    let mut mutate = shell::command(project, "cargo");
    mutate.args(["run", "--quiet", "--package", "latchkey-mutate", "--", "--project"]).arg(project.root());
    mutate.arg("--tools").arg(project.tools().join("bin")).args(&args.arguments);
    let status = mutate.status()?;
    // It has said what there is to say.
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
