//! The operator's own: the variables, and `products.toml`.

use latchkey::config::Config;
use latchkey::model::Repo;

use crate::taint::{CANARY, assert_clean};

/// Settings, `NAME=value` on a line each: every problem is named without the value, and what is there is sound.
///
/// # Panics
/// When something does not hold.
pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let given: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let look_up = |name: &str| given.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
    check(&Config::read(|name| look_up(name).map(str::to_owned)));
    check(&Config::read(|name| look_up(name).map(|value| format!("{value}{CANARY}"))));
    // Secrets alone, so that nothing else may show them.
    let secret = |name: &str| name.contains("SECRET") || name.contains("TOKEN") || name.ends_with("_API_KEY");
    let hidden = Config::read(|name| look_up(name).filter(|_| secret(name)).map(|value| format!("{value}{CANARY}")));
    assert!(!format!("{hidden:?}").contains(CANARY), "a secret is shown");
}

fn check(config: &Config) {
    for problem in &config.problems {
        assert_clean(&problem.to_string());
    }
    for url in [&config.github.api_url, &config.lemon_squeezy.api_url, &config.gumroad.api_url, &config.mail.api_url] {
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
        assert!(!url.ends_with('/'), "{url}");
    }
    for origin in &config.portal.origins {
        let rest = origin.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        assert!(!rest.is_empty() && !rest.contains(['/', '*', ' ', '?', '#']), "{origin}");
        assert_eq!(*origin, origin.to_ascii_lowercase());
    }
    assert!((1..=3650).contains(&config.payload_retention_days));
    assert!(config.lemon_squeezy.store_id.is_none_or(|id| id > 0));
    if let Some(from) = &config.mail.from {
        assert!(!from.as_str().contains(char::is_control), "{from:?}");
    }
}

/// A `products.toml`: either every product is one that the Worker can work with, or every problem is told on a line.
///
/// # Panics
/// When something does not hold.
pub fn products_file(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match latchkey_catalogue::Catalogue::parse(text) {
        Ok(catalogue) => {
            for product in catalogue.products() {
                let choice = product.choose.iter().flat_map(|choice| &choice.from);
                for repo in product.repos.iter().chain(choice) {
                    assert!(Repo::parse(repo.as_str()).is_ok(), "{}", repo.as_str());
                }
            }
            let rust = catalogue.to_rust();
            assert!(rust.matches("storefront:").count() >= catalogue.products().len(), "{rust}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                let said = problem.to_string();
                assert!(!said.is_empty() && !said.contains('\n'), "{said:?}");
            }
        }
    }
}
