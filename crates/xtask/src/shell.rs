//! Runs other programs: with the project's tools on their `PATH`, in the project's folder, and with an error that
//! says which command failed. Programs that keep running beside us are in `latchkey_testbed::process`.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitStatus, Output, Stdio};

use anyhow::{Context, bail};

use crate::project::Project;

/// A command in the project's root, with the programs of the npm packages first on its `PATH`: wrangler needs Node 22,
/// and finds the one among them.
pub(crate) fn command(project: &Project, program: impl AsRef<OsStr>) -> Command {
    let mut command = bare_command(project, program);
    command.env("PATH", path_with_node(project));
    // wrangler and npm ask questions and report usage unless told not to, and there may be nobody to answer.
    command.env("CI", "1").env("WRANGLER_SEND_METRICS", "false");
    command
}

/// A command in the project's root with the `PATH` that we were given. npm needs it: it must not run on the Node that
/// it is about to replace.
pub(crate) fn bare_command(project: &Project, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project.root()).stdin(Stdio::null());
    // `cargo run` describes this package to us in its environment. Passed on, it would make some build scripts believe
    // that something changed, and build half the workspace again.
    for (name, _) in std::env::vars_os() {
        let described = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_PRIMARY_PACKAGE"
        });
        if described {
            command.env_remove(name);
        }
    }
    command
}

/// `PATH` with the programs of the npm packages first.
pub(crate) fn path_with_node(project: &Project) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(project.node_bin()).chain(std::env::split_paths(&rest));
    // Only a path with a separator in it cannot be joined; then the tools are not found, and that is said.
    std::env::join_paths(all).unwrap_or(rest)
}

/// Runs the command with our output as its own.
///
/// # Errors
///
/// When it cannot be started, or ends with another status than 0.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    check(command, status)
}

/// Runs the command and gives what it wrote to its standard output. Its standard error is ours.
///
/// # Errors
///
/// As [`run`], and when the output is not text.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let Output { status, stdout, .. } =
        command.stderr(Stdio::inherit()).output().with_context(|| cannot_start(command))?;
    check(command, status)?;
    String::from_utf8(stdout).with_context(|| format!("`{}` wrote something that is not text", shown(command)))
}

/// What the command prints about itself, such as its version; `None` if it is not there or does not work.
pub(crate) fn probe(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn check(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", shown(command))
}
