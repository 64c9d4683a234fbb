//! `cargo xtask openapi`: writes the description of the HTTP interface. What is in it is decided by the types of the API, in
//! `src/api`, and by the crate `latchkey-openapi`.

use std::fs;
use std::process::ExitCode;

use anyhow::Context;

use crate::project::Project;
use crate::shell;

/// Where the runtime serves it from.
const FILE: &str = "assets/openapi.json";

/// Write the OpenAPI document of the HTTP interface to assets/openapi.json.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(project: &Project, _args: &Args) -> anyhow::Result<ExitCode> {
    let mut command = shell::command(project, "cargo");
    let document = shell::read(command.args(["run", "--quiet", "--package", "latchkey-openapi"]))?;
    let file = project.path(FILE);
    fs::write(&file, document).with_context(|| format!("cannot write {}", file.display()))?;
    println!("wrote {FILE}");
    Ok(ExitCode::SUCCESS)
}
