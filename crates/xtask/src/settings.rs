//! What the seller has set: the variables and secrets of `.dev.vars`, and the products of `products.toml`. Never
//! printed. How the Worker reads its own settings is in the Worker's `src/config.rs`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, bail};
use latchkey::adapters::storefronts::SECTIONS;
use latchkey::model::catalogue::Form;
use latchkey::model::{Catalogue, Product};

use crate::project::Project;

/// The local variables and secrets.
const DEV_VARS: &str = ".dev.vars";

/// What they are for whoever has none: the sandbox's. No deploy tool reads this file.
const SANDBOX_VARS: &str = "crates/sandbox/dev.vars";

/// Variables and secrets by name. Has no `Debug`, so that no value ends up in a log.
pub(crate) struct Vars(BTreeMap<String, String>);

impl Vars {
    /// Reads `.dev.vars`; where there is none, the sandbox's values.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not made of `NAME=value` lines.
    pub(crate) fn read(project: &Project) -> anyhow::Result<Self> {
        let own = project.path(DEV_VARS);
        let (name, path) = if own.exists() { (DEV_VARS, own) } else { (SANDBOX_VARS, project.path(SANDBOX_VARS)) };
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&text).with_context(|| format!("cannot read {name}"))
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    ///
    /// When it is not made of `NAME=value` lines.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut vars = BTreeMap::new();
        for (index, pair) in dotenvy::from_read_iter(text.as_bytes()).enumerate() {
            // The parser's own error repeats the line, and with it a secret.
            let Ok((name, value)) = pair else {
                bail!("setting {} is not NAME=value; a value with spaces or other signs goes in quotes", index + 1);
            };
            vars.insert(name, value);
        }
        Ok(Self(vars))
    }

    /// The value of a name, if it is set and not empty. The environment has no say, as it has none in what the Worker
    /// reads: many a developer's shell holds a real `GITHUB_TOKEN`.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

/// Creates `.dev.vars` with the sandbox's values when there is none, and tells whether it did.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn create_dev_vars(project: &Project) -> anyhow::Result<bool> {
    let own = project.path(DEV_VARS);
    if own.exists() {
        return Ok(false);
    }
    fs::copy(project.path(SANDBOX_VARS), own)
        .with_context(|| format!("cannot create .dev.vars from {SANDBOX_VARS}"))?;
    Ok(true)
}

/// The file that is the catalogue's written form.
pub(crate) const PRODUCTS: &str = "products.toml";

/// The products of `products.toml`.
///
/// # Errors
///
/// When the file cannot be read, or says something wrong; the text names each mistake.
pub(crate) fn products(project: &Project) -> anyhow::Result<Vec<Product>> {
    let file = project.path(PRODUCTS);
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    match Catalogue::read(&text, Form::Toml, SECTIONS) {
        Ok(catalogue) => Ok(catalogue.products().to_vec()),
        Err(problems) => {
            let problems: Vec<_> = problems.iter().map(|problem| problem.in_file(PRODUCTS)).collect();
            bail!("{}", problems.join("\n"))
        }
    }
}

/// The first Gumroad product that opens repositories without a choice of the buyer's, for a sale made up to try
/// something.
pub(crate) fn plain_gumroad_product(products: &[Product]) -> Option<&Product> {
    products.iter().find(|product| product.source == "gumroad" && !product.repos.is_empty() && product.choose.is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Vars;

    #[test]
    fn settings_are_read_with_comments_quotes_and_signs_in_their_values() {
        let text = "# a comment\nA=a=b:c\n\nB=\"Acme <licenses@example.com>\"\n";
        let vars = Vars::parse(text).expect("parses");
        assert_eq!(vars.get("A").as_deref(), Some("a=b:c"));
        assert_eq!(vars.get("B").as_deref(), Some("Acme <licenses@example.com>"));
        assert_eq!(vars.get("C"), None);
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        let vars = Vars::parse("EMPTY=\nBLANK=\"  \"\n").expect("parses");
        assert_eq!(vars.get("EMPTY"), None);
        assert_eq!(vars.get("BLANK"), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named_without_its_text() {
        let error = Vars::parse("A=1\nthis is a secret\n").err().expect("refuses").to_string();
        assert!(error.starts_with("setting 2 is not"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }

    /// Values that are not secret, so that production may have them too.
    const PLAIN: [&str; 13] = [
        "ALLOW_TEST_LICENSES",
        "EMAIL_FROM",
        "GITHUB_API_URL",
        "GITHUB_OAUTH_CLIENT_ID",
        "GITHUB_WEB_URL",
        "GUMROAD_API_URL",
        "LEMON_SQUEEZY_API_URL",
        "LEMON_SQUEEZY_STORE_ID",
        "OPERATOR_EMAIL",
        "PADDLE_API_URL",
        "POLAR_API_URL",
        "POSTMARK_API_URL",
        "STRIPE_API_URL",
    ];

    fn of_the_sandbox() -> BTreeMap<String, String> {
        Vars::parse(include_str!("../../sandbox/dev.vars")).expect("parses").0
    }

    #[test]
    fn the_sandboxs_file_gives_every_value_that_the_sandbox_expects() {
        let vars = of_the_sandbox();
        let expected = [
            ("GITHUB_TOKEN", latchkey_sandbox::GITHUB_TOKEN),
            ("GITHUB_OAUTH_CLIENT_ID", latchkey_sandbox::GITHUB_OAUTH_CLIENT_ID),
            ("GITHUB_OAUTH_CLIENT_SECRET", latchkey_sandbox::GITHUB_OAUTH_CLIENT_SECRET),
            ("GITHUB_WEBHOOK_SECRET", latchkey_sandbox::GITHUB_WEBHOOK_SECRET),
            ("GUMROAD_WEBHOOK_SECRET", latchkey_sandbox::GUMROAD_SECRET),
            ("GUMROAD_ACCESS_TOKEN", latchkey_sandbox::GUMROAD_ACCESS_TOKEN),
            ("LEMON_SQUEEZY_WEBHOOK_SECRET", latchkey_sandbox::LEMON_SQUEEZY_WEBHOOK_SECRET),
            ("LEMON_SQUEEZY_API_KEY", latchkey_sandbox::LEMON_SQUEEZY_API_KEY),
            ("PADDLE_WEBHOOK_SECRET", latchkey_sandbox::PADDLE_WEBHOOK_SECRET),
            ("PADDLE_API_KEY", latchkey_sandbox::PADDLE_API_KEY),
            ("POLAR_WEBHOOK_SECRET", latchkey_sandbox::POLAR_WEBHOOK_SECRET),
            ("POLAR_ACCESS_TOKEN", latchkey_sandbox::POLAR_ACCESS_TOKEN),
            ("STRIPE_WEBHOOK_SECRET", latchkey_sandbox::STRIPE_WEBHOOK_SECRET),
            ("STRIPE_API_KEY", latchkey_sandbox::STRIPE_API_KEY),
            ("STANDARD_WEBHOOKS_SECRET", latchkey_sandbox::STANDARD_WEBHOOKS_SECRET),
            ("POSTMARK_TOKEN", latchkey_sandbox::POSTMARK_TOKEN),
            ("POSTMARK_WEBHOOK_SECRET", latchkey_sandbox::POSTMARK_WEBHOOK_SECRET),
            ("LEMON_SQUEEZY_STORE_ID", &latchkey_sandbox::LEMON_SQUEEZY_STORE_ID.to_string()),
        ];
        for (name, value) in expected {
            assert_eq!(vars.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn every_secret_of_the_sandbox_is_recognizable_as_one() {
        for (name, value) in of_the_sandbox() {
            assert!(value.starts_with("sandbox-") != PLAIN.contains(&name.as_str()), "{name}");
        }
    }

    #[test]
    fn no_file_that_a_deploy_tool_reads_holds_a_value_for_production() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for name in [".dev.vars.example", ".env.example"] {
            assert!(!std::path::Path::new(root).join(name).exists(), "{name}");
        }
    }
}
