//! What a test bed is started with.

use std::path::PathBuf;
use std::time::Duration;

use crate::template::project_root;

/// What a [`Testbed`](crate::Testbed) is started with. [`TestbedOptions::default`] is the Worker that `cargo xtask
/// test` builds, with the products of `tests/fixtures/products.toml`, configured for a sandbox with its default options.
#[derive(Debug, Clone)]
pub struct TestbedOptions {
    /// The folder with the Worker's `index.js`, and `index_bg.wasm` if it has one.
    pub build_dir: PathBuf,
    /// The tables of a Worker that is not ours, in SQL. `None`: ours, by the migrations.
    pub tables: Option<String>,
    /// The catalogue as its file has it, which is in the database before the Worker first sees it. `None`: none.
    pub products: Option<String>,
    /// Variables and secrets, by name. They win over those for the sandbox, and over `wrangler.toml`.
    pub vars: Vec<(String, String)>,
    /// Names of variables, secrets and bindings that the Worker must not have.
    pub unset: Vec<String>,
    /// The name of a `send_email` binding, which keeps what it is handed: [`Testbed::bound_mails`](crate::Testbed::bound_mails).
    pub send_email: Option<String>,
    /// SQL that prepares the database after the migrations, before the Worker first sees it.
    pub seed: Vec<String>,
    /// How much later than it could the database answers each call. It has done by then what it was asked.
    pub database_delay: Duration,
    /// Whether V8's inspector listens: [`Testbed::inspector`](crate::Testbed::inspector).
    pub inspected: bool,
    /// The sandbox to start beside the Worker. `None` starts none, and the Worker has no secret and no address but
    /// those of `vars`.
    pub sandbox: Option<latchkey_sandbox::Options>,
}

impl Default for TestbedOptions {
    fn default() -> Self {
        Self {
            build_dir: project_root().join("build"),
            tables: None,
            products: Some(include_str!("../../../tests/fixtures/products.toml").to_owned()),
            vars: Vec::new(),
            unset: Vec::new(),
            send_email: None,
            seed: Vec::new(),
            database_delay: Duration::ZERO,
            inspected: false,
            sandbox: Some(latchkey_sandbox::Options::default()),
        }
    }
}

impl TestbedOptions {
    /// The same with one more variable or secret.
    #[must_use]
    pub fn with_var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable, secret or binding.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.unset.push(name.to_owned());
        self
    }

    /// The same with a database whose every answer comes this much later.
    #[must_use]
    pub fn slow_database(mut self, delay: Duration) -> Self {
        self.database_delay = delay;
        self
    }
}
