//! What can go wrong while a test bed starts. Failures of the Worker itself are answers, not errors.

use std::io;
use std::path::PathBuf;

/// Why there is no Worker to test.
#[derive(Debug, thiserror::Error)]
pub enum TestbedError {
    /// A program or package is not installed.
    #[error("{} is missing: run `cargo xtask test`, which installs it", .0.display())]
    NotInstalled(PathBuf),
    /// The Worker has not been built.
    #[error("there is no built Worker in {}: `cargo xtask test` builds the one for the tests", .0.display())]
    NotBuilt(PathBuf),
    /// A file, folder or program cannot be used.
    #[error("cannot {what}: {source}")]
    Io { what: String, source: io::Error },
    /// The migrations failed, or wrangler did not understand `wrangler.toml`.
    #[error("{what} failed:\n{output}")]
    Wrangler { what: &'static str, output: String },
    /// The runtime ended, or took too long, before the Worker was there.
    #[error("the Worker did not start: {why}\n{log}")]
    NotStarted { why: &'static str, log: String },
    /// The statements that were to prepare the database.
    #[error("cannot prepare the database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The catalogue has mistakes.
    #[error("cannot read the products: {0}")]
    Products(String),
    /// The sandbox's socket.
    #[error("cannot listen for the sandbox: {0}")]
    Sandbox(#[source] io::Error),
}

impl TestbedError {
    /// For `map_err`: what could not be done with which file or program.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
