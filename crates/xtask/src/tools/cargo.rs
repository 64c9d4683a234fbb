//! The tools that cargo installs into `target/tools`: worker-build, which makes a Worker of the wasm, and wasm-bindgen,
//! which it uses and would otherwise download from GitHub; and cargo-fuzz and cargo-mutants, where they are asked for.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::say;
use crate::project::Project;
use crate::shell;

/// Goes with the `worker` crate of the same version in `Cargo.toml`.
const WORKER_BUILD_VERSION: &str = "0.8.7";

const CARGO_FUZZ_VERSION: &str = "0.13.2";

const CARGO_MUTANTS_VERSION: &str = "27.1.0";

/// One crate to install.
struct Tool<'a> {
    package: &'a str,
    version: &'a str,
    /// The programs we use. A package may have more, which would only take time.
    programs: &'a [&'a str],
    /// Said while it is installed; measured on two cores.
    takes: &'a str,
    arguments: &'a [&'a str],
}

/// Installs each tool whose version is not the one we want.
pub(super) fn ensure(project: &Project) -> anyhow::Result<()> {
    let lock = fs::read_to_string(project.path("Cargo.lock")).context("cannot read Cargo.lock")?;
    // The program and the library must be of exactly the same version, so the lock file decides.
    let wasm_bindgen = locked_version(&lock, "wasm-bindgen").context("Cargo.lock does not name wasm-bindgen")?;
    let tools = [
        Tool {
            package: "worker-build",
            version: WORKER_BUILD_VERSION,
            programs: &["worker-build"],
            takes: "2 minutes",
            arguments: if openssl_found(project) { &["--locked"] } else { &["--features", "ureq/vendored"] },
        },
        Tool {
            package: "wasm-bindgen-cli",
            version: wasm_bindgen,
            programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
            takes: "1 minute",
            // Its default feature is TLS, for talking to browsers elsewhere.
            arguments: &["--locked", "--no-default-features"],
        },
    ];
    ensure_each(project, &tools)
}

/// Installs cargo-fuzz unless it is there.
pub(super) fn ensure_fuzzer(project: &Project) -> anyhow::Result<()> {
    let tool = Tool {
        package: "cargo-fuzz",
        version: CARGO_FUZZ_VERSION,
        programs: &["cargo-fuzz"],
        takes: "half a minute",
        arguments: &["--locked"],
    };
    ensure_each(project, &[tool])
}

/// Installs cargo-mutants unless it is there.
pub(super) fn ensure_mutants(project: &Project) -> anyhow::Result<()> {
    let tool = Tool {
        package: "cargo-mutants",
        version: CARGO_MUTANTS_VERSION,
        programs: &["cargo-mutants"],
        takes: "a minute",
        arguments: &["--locked"],
    };
    ensure_each(project, &[tool])
}

fn ensure_each(project: &Project, tools: &[Tool<'_>]) -> anyhow::Result<()> {
    let missing: Vec<_> = tools.iter().filter(|tool| !is_installed(project, tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // One folder for all, because they have many crates in common. Once all are there it is only ballast.
    let build = project.tools().join("build");
    for tool in missing {
        install(project, tool, &build)?;
    }
    match fs::remove_dir_all(&build) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("cannot remove target/tools/build")
        }
        _ => Ok(()),
    }
}

fn is_installed(project: &Project, tool: &Tool<'_>) -> bool {
    tool.programs.iter().all(|program| {
        let mut command = shell::bare_command(project, project.cargo_tool(program));
        let printed = shell::probe(command.arg("--version"));
        // `0.8.7` from one, `wasm-bindgen 0.2.129` from the other.
        printed.is_some_and(|printed| printed.split_whitespace().any(|word| word == tool.version))
    })
}

fn install(project: &Project, tool: &Tool<'_>, build: &Path) -> anyhow::Result<()> {
    let Tool { package, version, programs, takes, arguments } = tool;
    say(&format!("installing {package} {version} into target/tools (once, about {takes})"));
    let mut cargo = shell::bare_command(project, "cargo");
    cargo.args(["install", "--force", "--root"]).arg(project.tools());
    cargo.arg("--target-dir").arg(build).args(*arguments);
    cargo.args(programs.iter().flat_map(|program| ["--bin", program]));
    cargo.arg(format!("{package}@{version}"));
    // Unoptimized they are there in half the time, and lose it again by less than a second per build.
    for (setting, value) in [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16"), ("DEBUG", "0")] {
        cargo.env(format!("CARGO_PROFILE_RELEASE_{setting}"), value);
    }
    // A target or flags that the caller chose are for our code.
    cargo.env_remove("CARGO_BUILD_TARGET").env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
    if let Err(error) = shell::run(&mut cargo) {
        bail!(
            "{error}: see its messages above. If crates.io cannot be reached, check the connection and cargo's proxy \
             settings; if a linker or compiler is missing, install a C compiler (on Debian `apt-get install \
             build-essential`); then try again"
        );
    }
    Ok(())
}

/// worker-build speaks TLS through the system's library: on Linux that is OpenSSL, whose headers a machine may lack.
/// Then OpenSSL is compiled along, which takes a minute more.
fn openssl_found(project: &Project) -> bool {
    if !cfg!(target_os = "linux") || std::env::var_os("OPENSSL_DIR").is_some() {
        return true;
    }
    shell::probe(shell::bare_command(project, "pkg-config").args(["--exists", "openssl"])).is_some()
}

/// The version of a package in the text of a `Cargo.lock`.
fn locked_version<'l>(lock: &'l str, package: &str) -> Option<&'l str> {
    let mut lines = lock.lines();
    lines.find(|line| line.strip_prefix("name = ").is_some_and(|name| name.trim_matches('"') == package))?;
    lines.next()?.strip_prefix("version = ").map(|version| version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.79\"\n\n\
                        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.129\"\n";

    #[test]
    fn the_version_of_exactly_the_named_package_is_read_from_the_lock_file() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.129"));
        assert_eq!(locked_version(LOCK, "wasm-bindgen-futures"), Some("0.4.79"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }
}
