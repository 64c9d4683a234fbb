//! schemathesis, in a Python environment of its own under `target/tools`. Python is not among what the project asks of
//! a machine: where there is none, what needs it is left out, and that is said.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::say;
use crate::project::Project;
use crate::shell;

/// The oldest Python that schemathesis runs on.
const PYTHON_MINIMUM: (u32, u32) = (3, 11);

/// What is installed, and at which versions.
const REQUIREMENTS: &str = "tests/conformance/requirements.txt";

/// Installs schemathesis when it is missing or another version. Gives why it cannot be had here; `None`: it is there.
///
/// # Errors
///
/// When there is a Python that could run it, and the installation fails.
pub(crate) fn schemathesis(project: &Project) -> anyhow::Result<Option<String>> {
    let wanted = fs::read(project.path(REQUIREMENTS)).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let environment = environment(project);
    let installed = environment.join("installed.txt");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(None);
    }
    let Some(version) = shell::probe(shell::bare_command(project, "python3").arg("--version")) else {
        return Ok(Some("there is no python3".to_owned()));
    };
    if numbers(&version).is_none_or(|version| version < PYTHON_MINIMUM) {
        let (major, minor) = PYTHON_MINIMUM;
        return Ok(Some(format!("{version} is older than {major}.{minor}")));
    }
    // Debian packs these apart from Python.
    if shell::probe(shell::bare_command(project, "python3").args(["-c", "import ensurepip, venv"])).is_none() {
        return Ok(Some("python3 comes without its module venv (Debian: apt install python3-venv)".to_owned()));
    }
    say("installing schemathesis into target/tools (once, half a minute)");
    shell::run(shell::bare_command(project, "python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = shell::bare_command(project, environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(project.path(REQUIREMENTS));
    if let Err(error) = shell::run(&mut pip) {
        bail!("{error}: see its messages above. If PyPI cannot be reached, check the connection and pip's settings");
    }
    fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(None)
}

fn environment(project: &Project) -> PathBuf {
    project.tools().join("schemathesis")
}

/// The first two numbers of `Python 3.11.7`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim_start_matches("Python ").split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{PYTHON_MINIMUM, numbers};

    #[test]
    fn the_version_of_python_is_read_from_what_it_prints_and_compared_as_numbers() {
        assert_eq!(numbers("Python 3.11.7"), Some((3, 11)));
        assert!(numbers("Python 3.9.2").unwrap() < PYTHON_MINIMUM);
        assert!(numbers("Python 4.0.0").unwrap() > PYTHON_MINIMUM);
        assert_eq!(numbers("unknown"), None);
    }
}
