//! `cargo xtask`: the project's commands. Here is only the command line; what each command does is in `commands`,
//! what it needs to have installed in `tools`, and the paths of the project in `project`.
//!
//! | module | what it holds |
//! |---|---|
//! | `commands` | one file per command |
//! | `tools` | the wasm target, the pinned cargo tools, the npm packages: installed when missing |
//! | `project` | where things are |
//! | `address` | whether a Worker is on this machine |
//! | `shell` | other programs, run with the right `PATH` |
//! | `wrangler` | wrangler, and what its `d1 execute` answers |
//! | `settings` | `.dev.vars`, and the seller's products |
//! | `stand_in` | the sandbox that sells those products with those secrets |

mod address;
mod commands;
mod project;
mod settings;
mod shell;
mod stand_in;
mod tools;
mod wrangler;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{bench, build, dev, fuzz, mutate, openapi, package, screenshots, simulate, smoke, test, torture};
use crate::project::Project;

/// Latchkey's commands. Each installs what it needs and says so.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Args),
    Test(test::Args),
    Build(build::Args),
    Package(package::Args),
    Bench(bench::Args),
    Simulate(simulate::Args),
    Smoke(smoke::Args),
    Torture(torture::Args),
    Fuzz(fuzz::Args),
    Mutate(mutate::Args),
    Openapi(openapi::Args),
    Screenshots(screenshots::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let project = Project::locate();
    let outcome = match cli.command {
        Command::Dev(args) => dev::run(&project, &args),
        Command::Test(args) => test::run(&project, &args),
        Command::Build(args) => build::run(&project, &args),
        Command::Package(args) => package::run(&project, &args),
        Command::Bench(args) => bench::run(&project, &args),
        Command::Simulate(args) => simulate::run(&project, &args),
        Command::Smoke(args) => smoke::run(&project, &args),
        Command::Torture(args) => torture::run(&project, &args),
        Command::Fuzz(args) => fuzz::run(&project, &args),
        Command::Mutate(args) => mutate::run(&project, &args),
        Command::Openapi(args) => openapi::run(&project, &args),
        Command::Screenshots(args) => screenshots::run(&project, &args),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}
