//! The npm packages: wrangler with the Workers runtime, Node 22 to run it, wasm-opt and esbuild for the build. Which
//! versions is in `package.json` and `package-lock.json`.

use std::fs;

use anyhow::{Context, bail};

use super::say;
use crate::project::Project;
use crate::shell;

/// The oldest Node whose npm reads our lock file. wrangler itself runs on the newer Node that npm installs.
const NODE_MINIMUM: u32 = 18;

/// npm's own record of what is installed, in the form of the lock file.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Programs that have to be there after the installation.
const PROGRAMS: [&str; 4] = ["wrangler", "node", "wasm-opt", "esbuild"];

/// Runs `npm ci` when `node_modules` is not what the lock file says.
pub(super) fn ensure(project: &Project) -> anyhow::Result<()> {
    let lock = fs::read(project.path("package-lock.json")).context("cannot read package-lock.json")?;
    let installed = fs::read(project.path(INSTALLED)).unwrap_or_default();
    // However it was installed, by us or by hand: installing anew would pull a running wrangler from under itself.
    if is_installed(&lock, &installed) && missing(project).is_none() {
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
    Ok(())
}

/// Whether everything in npm's record is as the lock file says, and nothing is missing but what is for other systems.
fn is_installed(lock: &[u8], installed: &[u8]) -> bool {
    let packages = |text: &[u8]| -> Option<serde_json::Map<String, serde_json::Value>> {
        let mut lock: serde_json::Value = serde_json::from_slice(text).ok()?;
        serde_json::from_value(lock["packages"].take()).ok()
    };
    let (Some(locked), Some(found)) = (packages(lock), packages(installed)) else { return false };
    let wanted = |path: &str, package: &serde_json::Value| !path.is_empty() && package["optional"] != true;
    locked.iter().all(|(path, package)| !wanted(path, package) || found.contains_key(path))
        && found
            .iter()
            .all(|(path, package)| locked.get(path).is_some_and(|lock| lock["version"] == package["version"]))
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
    use super::{is_installed, major};

    const LOCK: &[u8] = br#"{"packages":{"":{"name":"x"},"node_modules/a":{"version":"1.0.0"},
        "node_modules/mac":{"version":"2.0.0","optional":true}}}"#;

    #[test]
    fn packages_are_installed_when_npm_has_recorded_what_the_lock_file_says() {
        assert!(is_installed(LOCK, br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#));
        for other in ["", "{}", r#"{"packages":{}}"#, r#"{"packages":{"node_modules/a":{"version":"1.0.1"}}}"#] {
            assert!(!is_installed(LOCK, other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_major_version_of_node_is_read_from_what_it_prints() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("8.0.0"), Some(8));
        assert_eq!(major("unknown"), None);
    }
}
