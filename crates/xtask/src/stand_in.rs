//! The sandbox as the seller's own storefronts: it sells the products of `products.toml`, with the secrets of
//! `.dev.vars`. What it does with them is in the crate `latchkey-sandbox`.

use std::time::{SystemTime, UNIX_EPOCH};

use latchkey::model::{LicenseKind, Product, Repo};
use latchkey_sandbox as sandbox;

use crate::settings::Vars;

/// What each product costs in the sandbox; `products.toml` knows no prices.
const PRICE_CENTS: u64 = 4_900;

/// A sandbox for these products and secrets, which sends what it sells to `worker_url`.
pub(crate) fn options(products: &[Product], vars: &Vars, worker_url: Option<String>) -> sandbox::Options {
    let default = sandbox::Options::default();
    let value = |name: &str, default: String| vars.get(name).unwrap_or(default);
    let store_id = vars.get("LEMON_SQUEEZY_STORE_ID").and_then(|id| id.parse().ok());
    sandbox::Options {
        worker_url,
        gumroad_secret: value("GUMROAD_WEBHOOK_SECRET", default.gumroad_secret),
        gumroad_access_token: value("GUMROAD_ACCESS_TOKEN", default.gumroad_access_token),
        lemon_squeezy_webhook_secret: value("LEMON_SQUEEZY_WEBHOOK_SECRET", default.lemon_squeezy_webhook_secret),
        lemon_squeezy_api_key: value("LEMON_SQUEEZY_API_KEY", default.lemon_squeezy_api_key),
        lemon_squeezy_store_id: store_id.unwrap_or(default.lemon_squeezy_store_id),
        paddle_webhook_secret: value("PADDLE_WEBHOOK_SECRET", default.paddle_webhook_secret),
        paddle_api_key: value("PADDLE_API_KEY", default.paddle_api_key),
        polar_webhook_secret: value("POLAR_WEBHOOK_SECRET", default.polar_webhook_secret),
        polar_access_token: value("POLAR_ACCESS_TOKEN", default.polar_access_token),
        stripe_webhook_secret: value("STRIPE_WEBHOOK_SECRET", default.stripe_webhook_secret),
        stripe_api_key: value("STRIPE_API_KEY", default.stripe_api_key),
        standard_webhooks_secret: value("STANDARD_WEBHOOKS_SECRET", default.standard_webhooks_secret),
        github_token: value("GITHUB_TOKEN", default.github_token),
        github_app_id: value("GITHUB_APP_ID", default.github_app_id),
        github_app_private_key: value("GITHUB_APP_PRIVATE_KEY", default.github_app_private_key),
        github_oauth_client_id: value("GITHUB_OAUTH_CLIENT_ID", default.github_oauth_client_id),
        github_oauth_client_secret: value("GITHUB_OAUTH_CLIENT_SECRET", default.github_oauth_client_secret),
        github_webhook_secret: value("GITHUB_WEBHOOK_SECRET", default.github_webhook_secret),
        postmark_token: value("POSTMARK_TOKEN", default.postmark_token),
        postmark_webhook_secret: value("POSTMARK_WEBHOOK_SECRET", default.postmark_webhook_secret),
        resend_api_key: value("RESEND_API_KEY", default.resend_api_key),
        resend_webhook_secret: value("RESEND_WEBHOOK_SECRET", default.resend_webhook_secret),
        smtp2go_api_key: value("SMTP2GO_API_KEY", default.smtp2go_api_key),
        products: products.iter().filter_map(product).collect(),
        // The Worker's database outlives the sandbox. Counting from the present second, no number comes twice.
        first_number: seconds_now(),
        ..default
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// What the sandbox sells of the catalogue: a product that asks for nothing is none of its business, and neither is one of a storefront
/// that it does not stand in for.
fn product(product: &Product) -> Option<sandbox::Product> {
    let names = |repos: &[Repo]| repos.iter().map(|repo| repo.as_str().to_owned()).collect();
    let choice = product.choose.as_ref();
    Some(sandbox::Product {
        storefront: sandbox::Storefront::of_source(product.source.as_str())?,
        product_id: product.product_id.clone(),
        variant_id: product.variant_id().map(str::to_owned),
        name: product.name.clone(),
        price_cents: PRICE_CENTS,
        license: match product.license {
            LicenseKind::Minted => sandbox::License::Minted,
            LicenseKind::Storefront => sandbox::License::Storefront,
            LicenseKind::None => return None,
        },
        repos: names(&product.repos),
        choose: choice.map(|choice| names(&choice.from)).unwrap_or_default(),
        choose_limit: choice.map_or(0, |choice| choice.limit as usize),
    })
}
