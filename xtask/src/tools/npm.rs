//! The npm packages: wrangler with the Workers runtime, Node 22 to run it, wasm-opt and esbuild for the build. Which
//! versions is in `package.json` and `package-lock.json`.

use std::fs;

use anyhow::{Context, bail};

use super::say;
use crate::project::Project;
use crate::shell;

/// The oldest Node whose npm reads our lock file. wrangler itself runs on the newer Node that npm installs.
const NODE_MINIMUM: u32 = 18;

/// A copy of the lock file that `node_modules` was installed from. npm keeps no record that could be compared.
const STAMP: &str = "node_modules/.installed-from-package-lock.json";

/// Programs that have to be there after the installation.
const PROGRAMS: [&str; 4] = ["wrangler", "node", "wasm-opt", "esbuild"];

/// Runs `npm ci` when `node_modules` is not what the lock file says.
pub(super) fn ensure(project: &Project) -> anyhow::Result<()> {
    let lock = fs::read(project.path("package-lock.json")).context("cannot read package-lock.json")?;
    let stamp = project.path(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) && missing(project).is_none() {
        return Ok(());
    }
    check_node(project)?;
    say("installing the npm packages: wrangler, Node 22, wasm-opt, esbuild (once, less than a minute, 500 MB)");
    // Why the loglevel: the Node that runs npm is older than wrangler asks for, and is not the one that will run it.
    let mut npm = shell::bare_command(project, "npm");
    npm.args(["ci", "--loglevel=error"]);
    if let Err(error) = shell::run(&mut npm) {
        bail!(
            "{error}: see its messages above. If the npm registry cannot be reached, check the connection and npm's \
             `registry` and `proxy` settings, then try again"
        );
    }
    if let Some(program) = missing(project) {
        bail!(
            "npm installed the packages, but `{program}` is not among their programs. npm must be allowed to run \
             install scripts: `npm config get ignore-scripts` has to say false. Then remove node_modules and try again"
        );
    }
    fs::write(&stamp, lock).with_context(|| format!("cannot write {STAMP}"))
}

fn missing(project: &Project) -> Option<&'static str> {
    PROGRAMS.into_iter().find(|program| !project.node_tool(program).exists())
}

fn check_node(project: &Project) -> anyhow::Result<()> {
    let get = "get Node from https://nodejs.org (18 or newer, npm comes with it) and try again";
    let Some(version) = shell::probe(shell::bare_command(project, "node").arg("--version")) else {
        bail!("Node is not installed: {get}");
    };
    match major(&version) {
        Some(major) if major >= NODE_MINIMUM => {}
        _ => bail!("Node {version} is too old: {get}"),
    }
    if shell::probe(shell::bare_command(project, "npm").arg("--version")).is_none() {
        bail!("Node is installed but npm is not: install npm, or {get}");
    }
    Ok(())
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_of_node_is_read_from_what_it_prints() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("8.0.0"), Some(8));
        assert_eq!(major("unknown"), None);
    }
}
