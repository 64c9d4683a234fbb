//! What a command finds on this machine: how it was started, and the admin token of the Worker that `cargo xtask dev` runs.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

/// The local variables and secrets, which `cargo xtask dev` creates.
const DEV_VARS: &str = ".dev.vars";

/// How the operator calls this program.
pub(crate) fn program() -> &'static str {
    if checkout().is_some() { "cargo latchkey" } else { "latchkey" }
}

/// The checkout that `cargo run` was called for.
fn checkout() -> Option<PathBuf> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    // From `crates/cli`.
    package.ancestors().nth(2).map(PathBuf::from)
}

/// The token in `.dev.vars`, of the checkout or of the folder that the command runs in.
///
/// # Errors
///
/// When there is such a file and it cannot be read.
pub(crate) fn admin_token() -> anyhow::Result<Option<String>> {
    let folder = checkout().or_else(|| env::current_dir().ok()).unwrap_or_default();
    let file = folder.join(DEV_VARS);
    if !file.exists() {
        return Ok(None);
    }
    find(&fs::read_to_string(file).context("cannot read .dev.vars")?, "ADMIN_TOKEN").context("cannot read .dev.vars")
}

/// The value of a name in the text of such a file, if it is set and not empty.
fn find(text: &str, name: &str) -> anyhow::Result<Option<String>> {
    let mut found = None;
    for (index, pair) in dotenvy::from_read_iter(text.as_bytes()).enumerate() {
        // The parser's own error repeats the line, and with it a secret.
        let Ok((given, value)) = pair else {
            bail!("setting {} is not NAME=value; a value with spaces or other signs goes in quotes", index + 1);
        };
        if given == name {
            found = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_token_is_found_among_comments_and_other_settings() {
        let text = "# a comment\nADMIN_TOKEN=\"a=b c\"\n\nADMIN_TOKENS=no\n";
        assert_eq!(find(text, "ADMIN_TOKEN").expect("it reads").as_deref(), Some("a=b c"));
        for absent in ["", "ADMIN_TOKEN=\n", "ADMIN_TOKEN=\"  \"\n", "OTHER=1\n"] {
            assert_eq!(find(absent, "ADMIN_TOKEN").expect("it reads"), None, "{absent}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_without_its_text() {
        let error = find("A=1\nthis is a canary\n", "ADMIN_TOKEN").expect_err("no setting").to_string();
        assert!(error.starts_with("setting 2 is not") && !error.contains("canary"), "{error}");
    }
}
