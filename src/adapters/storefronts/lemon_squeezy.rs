//! Lemon Squeezy: webhooks about orders and license keys, the lists of both, and its License API.
//!
//! | module | holds |
//! |---|---|
//! | `meaning` | what a webhook or a listed item means |
//! | `wire` | the JSON of both: the fields that are read |
//! | `lists` | the pages of the lists of orders and license keys |
//! | `license_api` | asking whether a key is good |
//! | `setup` | the webhooks of the store, and the list of products |

mod license_api;
mod lists;
mod meaning;
mod setup;
#[cfg(test)]
mod tests;
mod wire;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::{Failure, Remedy, sanitize};
use crate::config::Reader;
use crate::json::Json;
use crate::model::catalogue::{Ids, LicenseKind, Section, VariantId, VariantRule};
use crate::model::{Delivery, LicenseKey, ListName, Secret, Signature, Timestamp};
use crate::platform::{Limit, Platform};

const ORDERS: ListName = ListName::named("orders");
const LICENSE_KEYS: ListName = ListName::named("license_keys");

/// Access to Lemon Squeezy, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct LemonSqueezy {
    /// Signing secrets that are accepted, the current one first. Empty: the webhook does not exist.
    webhook_secrets: Vec<Secret>,
    /// Licenses and orders of any other store are refused.
    store_id: Option<i64>,
    api_key: Option<Secret>,
    api_url: String,
}

impl Storefront for LemonSqueezy {
    const SECTION: Section = Section {
        source: "lemonsqueezy",
        name: "Lemon Squeezy",
        // https://docs.lemonsqueezy.com/api/products/the-product-object
        product_ids: Ids::Number,
        variants: Some(VariantRule { variant: VariantId::Id, ids: Ids::Number }),
        licenses: &[LicenseKind::Storefront, LicenseKind::Minted, LicenseKind::None],
        description: None,
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            webhook_secrets: reader.webhook_secrets(
                "LEMON_SQUEEZY_WEBHOOK_SECRET",
                "LEMON_SQUEEZY_WEBHOOK_SECRET_PREVIOUS",
                "the Lemon Squeezy webhook is closed",
            ),
            store_id: store_id(reader),
            api_key: reader.secret("LEMON_SQUEEZY_API_KEY"),
            api_url: reader.url("LEMON_SQUEEZY_API_URL", "https://api.lemonsqueezy.com"),
        }
    }

    fn is_configured(&self) -> bool {
        !self.webhook_secrets.is_empty() && self.store_id.is_some()
    }

    /// The `X-Signature` header is the hex HMAC-SHA256 of the raw body under a signing secret.
    /// <https://docs.lemonsqueezy.com/help/webhooks/signing-requests>
    ///
    /// The scheme has no timestamp, so an old delivery proves itself as well as a new one: what keeps it harmless is that
    /// handling a sale twice changes nothing.
    fn authenticate(&self, head: &Head<'_>, _: Timestamp) -> Result<Proof, Refusal> {
        if self.webhook_secrets.is_empty() {
            return Err(Refusal::Hidden);
        }
        let signature =
            head.header("x-signature").and_then(|hex| Signature::of_body_in_hex(&self.webhook_secrets, hex));
        signature.map(Proof::Body).ok_or(Refusal::InvalidSignature)
    }

    async fn interpret(&self, _: &impl Platform, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        meaning::understand(delivery, self.store_id)
    }

    fn own_keys(&self) -> OwnKeys {
        // Without the store's id no key could be told to be ours.
        match self.store_id {
            Some(_) => OwnKeys::Verifiable { unknown_keys: Limit::LicenseApi },
            None => OwnKeys::None,
        }
    }

    async fn verify_key(&self, platform: &impl Platform, key: &LicenseKey) -> Result<Verdict, Failure> {
        let Some(store_id) = self.store_id else {
            let why = "no Lemon Squeezy license can be believed";
            return Err(Failure::of_cause(Remedy::SetupWrong, "LEMON_SQUEEZY_STORE_ID is not set", why));
        };
        license_api::validate(platform, &self.api_url, store_id, key).await
    }

    fn lists(&self) -> Vec<ListName> {
        // Orders come before the keys that belong to them.
        let lists = [ORDERS, LICENSE_KEYS];
        if self.api_key.is_some() && self.store_id.is_some() { lists.into() } else { Vec::new() }
    }

    async fn page(
        &self,
        platform: &impl Platform,
        list: &ListName,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        let (api_key, store_id) = self.store()?;
        lists::page(platform, &self.api_url, api_key, store_id, list, since, page).await
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            events: &setup::EVENTS,
            registration: Registration::Together(setup::PATH),
            dashboard: "https://app.lemonsqueezy.com/settings/webhooks",
            secret: HookSecret::Signing,
            secret_setting: "LEMON_SQUEEZY_WEBHOOK_SECRET",
            api_settings: &["LEMON_SQUEEZY_API_KEY", "LEMON_SQUEEZY_STORE_ID"],
        }
    }

    async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        let (api_key, store_id) = self.store()?;
        setup::registered(platform, &self.api_url, api_key, store_id).await
    }

    async fn change_hooks(&self, platform: &impl Platform, change: &HookChange) -> Result<Option<Secret>, Failure> {
        let (api_key, store_id) = self.store()?;
        let secret = self.webhook_secrets.first();
        let missing = || Failure::new(Remedy::SetupWrong, "LEMON_SQUEEZY_WEBHOOK_SECRET is not set");
        setup::change(platform, &self.api_url, api_key, store_id, secret.ok_or_else(missing)?, change).await?;
        Ok(None)
    }

    fn product_name(body: &[u8], product_id: &str) -> Option<String> {
        let body = Json::parse(body).ok()?;
        let item = body.root().field("data").ok()?.field("attributes").ok()?.field("first_order_item").ok()?;
        (item.id("product_id").ok()? == product_id).then(|| item.shown("product_name").map(sanitize::shown)).flatten()
    }

    async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
        let (api_key, store_id) = self.store()?;
        setup::products(platform, &self.api_url, api_key, store_id).await
    }
}

impl LemonSqueezy {
    /// What opens the store's own lists.
    fn store(&self) -> Result<(&Secret, i64), Failure> {
        let missing = || {
            let reason = "LEMON_SQUEEZY_API_KEY or LEMON_SQUEEZY_STORE_ID is not set";
            Failure::new(Remedy::SetupWrong, reason)
        };
        self.api_key.as_ref().zip(self.store_id).ok_or_else(missing)
    }
}

fn store_id(reader: &mut Reader<'_>) -> Option<i64> {
    const NAME: &str = "LEMON_SQUEEZY_STORE_ID";
    let Some(text) = reader.text(NAME) else {
        return reader.missing(NAME, "no Lemon Squeezy order or license is believed");
    };
    text.parse().ok().filter(|id| *id > 0).or_else(|| reader.invalid(NAME, "must be a store's number"))
}
