//! `cargo xtask screenshots`: the pictures of the pages that the documentation shows. Which pages, and on which way through them, is in
//! `crates/browser/src/bin/screenshots.rs`.

use std::process::ExitCode;

use anyhow::bail;

use crate::project::Project;
use crate::shell;
use crate::tools::chromium;

/// Where they are kept.
const FOLDER: &str = "docs/pictures";

/// Take a picture of every page in Chromium, for the documentation.
///
/// They are written to docs/pictures, on a desk in the light and on a phone in the dark.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(project: &Project, _args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(what) = chromium::missing() {
        bail!("{what} is not installed. {}", chromium::HOW);
    }
    let mut command = shell::command(project, "cargo");
    command.args(["run", "--quiet", "--package", "latchkey-browser", "--bin", "screenshots"]);
    shell::run(command.args(["--", FOLDER]))?;
    Ok(ExitCode::SUCCESS)
}
