//! `cargo xtask simulate`: starts the simulator, compiled to be fast. Its arguments are its own; `--help` lists them.

use std::process::ExitCode;

use crate::project::Project;
use crate::shell;

/// Run a shop from seeds, with faults at any call, and check that every promise holds in all runs.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// The simulator's own arguments; `--help` lists them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let arguments: Vec<&str> = args.arguments.iter().map(String::as_str).collect();
    let status = command(project, &arguments).status()?;
    // It has said what there is to say.
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the simulator as a step of the tests.
///
/// # Errors
/// When it finds a broken promise.
pub(crate) fn check(project: &Project, arguments: &[&str]) -> anyhow::Result<()> {
    shell::run(&mut command(project, arguments))
}

fn command(project: &Project, arguments: &[&str]) -> std::process::Command {
    let mut command = shell::command(project, "cargo");
    command.args(["run", "--quiet", "--profile", "simulate", "--package", "latchkey-simulator", "--"]);
    command.args(arguments);
    command
}
