//! Paddle Billing: webhooks about transactions, adjustments and subscriptions, the lists of the first two, and the customer that a
//! transaction only names.
//!
//! | module | holds |
//! |---|---|
//! | `signature` | what proves a webhook |
//! | `meaning` | what a webhook or a listed item means |
//! | `wire` | the JSON of both: the fields that are read |
//! | `api` | what is asked for: a customer, a transaction, the pages of the lists |
//! | `setup` | the notification destinations, and the list of products |

mod api;
mod meaning;
mod setup;
mod signature;
#[cfg(test)]
mod tests;
mod wire;

use signature::SCHEME;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::{Failure, Remedy, sanitize};
use crate::config::Reader;
use crate::json::{At, Json};
use crate::model::catalogue::{Ids, LicenseKind, Section};
use crate::model::{Delivery, LicenseKey, ListName, Secret, Timestamp};
use crate::platform::Platform;

const TRANSACTIONS: ListName = ListName::named("transactions");
const ADJUSTMENTS: ListName = ListName::named("adjustments");

/// The setting of the key that the API is asked with.
const API_KEY: &str = "PADDLE_API_KEY";

/// What the keys of a sandbox account begin with, which is an account of its own at a host of its own: nothing that it delivers
/// says so. <https://developer.paddle.com/api-reference/about/api-keys>
const SANDBOX_KEY: &str = "pdl_sdbx_";
const LIVE_URL: &str = "https://api.paddle.com";
const SANDBOX_URL: &str = "https://sandbox-api.paddle.com";

/// Access to Paddle, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct Paddle {
    /// Secrets of the destination that are accepted, the current one first. Empty: the webhook does not exist.
    webhook_secrets: Vec<Secret>,
    api_key: Option<Secret>,
    api_url: String,
    environment: Environment,
}

/// Whether money is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Environment {
    Live,
    Sandbox,
}

impl Storefront for Paddle {
    const SECTION: Section = Section {
        source: "paddle",
        name: "Paddle",
        // https://developer.paddle.com/api-reference/about/paddle-ids
        product_ids: Ids::Prefixed(&["pro_", "pri_"]),
        variants: None,
        licenses: &[LicenseKind::Minted, LicenseKind::None],
        description: None,
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        const SECRET: &str = "PADDLE_WEBHOOK_SECRET";
        let webhook_secrets = reader.optional_webhook_secrets(SECRET, "PADDLE_WEBHOOK_SECRET_PREVIOUS");
        let api_key = reader.secret(API_KEY);
        match (webhook_secrets.is_empty(), &api_key) {
            (false, None) => drop(reader.missing::<()>(API_KEY, "nobody who buys at Paddle can be written to")),
            (true, Some(_)) => drop(reader.missing::<()>(SECRET, "the Paddle webhook is closed")),
            _ => {}
        }
        let has_sandbox_key = api_key.as_ref().is_some_and(|key| key.expose().starts_with(SANDBOX_KEY));
        let default_url = if has_sandbox_key { SANDBOX_URL } else { LIVE_URL };
        // Where nobody is asked, it says nothing of whether the Worker is on its own machine.
        let api_url = match api_key {
            Some(_) => reader.url("PADDLE_API_URL", default_url),
            None => default_url.to_owned(),
        };
        let environment =
            if has_sandbox_key || api_url == SANDBOX_URL { Environment::Sandbox } else { Environment::Live };
        Self { webhook_secrets, api_key, api_url, environment }
    }

    fn is_configured(&self) -> bool {
        !self.webhook_secrets.is_empty()
    }

    fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
        if self.webhook_secrets.is_empty() {
            return Err(Refusal::Hidden);
        }
        let signature =
            head.header("paddle-signature").and_then(|header| SCHEME.read(&self.webhook_secrets, header, now));
        signature.map(Proof::Body).ok_or(Refusal::InvalidSignature)
    }

    async fn interpret(&self, platform: &impl Platform, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        meaning::understand(self, platform, delivery).await
    }

    fn own_keys(&self) -> OwnKeys {
        OwnKeys::None
    }

    async fn verify_key(&self, _: &impl Platform, _: &LicenseKey) -> Result<Verdict, Failure> {
        Ok(Verdict::Unknown)
    }

    fn lists(&self) -> Vec<ListName> {
        // Sales come before what became of them.
        if self.api_key.is_some() { [TRANSACTIONS, ADJUSTMENTS].into() } else { Vec::new() }
    }

    /// The doctor reads transactions with their customers by itself.
    async fn see_permissions(&self, platform: &impl Platform) -> Result<(), Failure> {
        self.get(platform, api::READ_ADJUSTMENTS, "/adjustments?per_page=1").await.map(drop)
    }

    async fn page(
        &self,
        platform: &impl Platform,
        list: &ListName,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        api::page(self, platform, list, since, page).await
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            events: &setup::EVENTS,
            registration: Registration::Together(setup::PATH),
            dashboard: "https://vendors.paddle.com/notifications",
            secret: HookSecret::Issued,
            secret_setting: "PADDLE_WEBHOOK_SECRET",
            api_settings: &[API_KEY],
        }
    }

    async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        setup::registered(self, platform).await
    }

    async fn change_hooks(&self, platform: &impl Platform, change: &HookChange) -> Result<Option<Secret>, Failure> {
        setup::change(self, platform, change).await
    }

    /// The product, or else the price, which Paddle lets the seller name as well.
    fn product_name(body: &[u8], product_id: &str) -> Option<String> {
        let body = Json::parse(body).ok()?;
        let data = body.root().field("data").ok()?;
        let lines = data.field("details").and_then(|details| details.items("line_items")).unwrap_or_default();
        let of_line = lines.iter().find_map(|line| {
            let product = line.field("product").ok()?;
            (product.text("id").ok()? == product_id).then(|| product.shown("name").map(sanitize::shown)).flatten()
        });
        let of_price = |item: &At<'_>| {
            let price = item.field("price").ok()?;
            let is_it = [price.text("product_id"), price.text("id")].contains(&Ok(product_id));
            is_it.then(|| price.shown("name").map(sanitize::shown)).flatten()
        };
        of_line.or_else(|| data.items("items").ok()?.iter().find_map(of_price))
    }

    async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
        setup::products(self, platform).await
    }
}

impl Paddle {
    fn api_key(&self) -> Result<&Secret, Failure> {
        let missing = || Failure::new(Remedy::SetupWrong, "PADDLE_API_KEY is not set");
        self.api_key.as_ref().ok_or_else(missing)
    }
}
