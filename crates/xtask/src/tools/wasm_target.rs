//! The standard library for `wasm32-unknown-unknown`, which the Worker is compiled for.

use std::path::Path;

use anyhow::{Context, bail};

use super::say;
use crate::project::Project;
use crate::shell;

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target to the active toolchain when it lacks it.
pub(super) fn ensure(project: &Project) -> anyhow::Result<()> {
    // The compiler is asked, not rustup: a toolchain that came some other way may have the target too. rustup would
    // not install it by itself from a `rust-toolchain.toml` where RUSTUP_AUTO_INSTALL is 0, so it is done here.
    let sysroot = shell::read(shell::bare_command(project, "rustc").args(["--print", "sysroot"]))
        .context("Rust is not installed: get it from https://rustup.rs and try again")?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Ok(());
    }
    say(&format!("adding the target {TARGET} to the Rust toolchain (once, a few seconds)"));
    let mut add = shell::bare_command(project, "rustup");
    let status = add.args(["target", "add", TARGET]).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => bail!(
            "the Rust target {TARGET} could not be installed: check the connection to the Rust distribution server \
             and run `rustup target add {TARGET}`"
        ),
        Err(_) => bail!(
            "the Rust target {TARGET} is missing and there is no rustup to install it: get rustup from \
             https://rustup.rs, or install the target the way you installed Rust"
        ),
    }
}
