//! Stripe: webhooks about Checkout Sessions (those of Payment Links, too), charges, disputes, invoices and subscriptions, and what has
//! to be asked for besides: the line items of a session, and which sale a charge is of.
//!
//! | module | holds |
//! |---|---|
//! | `signature` | what proves a webhook |
//! | `meaning` | what a webhook or a listed item means |
//! | `reversal` | what a refund or a dispute means, and which order or payment it is of |
//! | `wire` | the JSON: the fields that are read, before and after the API version 2025-03-31.basil |
//! | `api` | what is asked for |
//! | `lists` | the lists with which webhooks that were lost are found |
//! | `setup` | the webhook endpoints, and the lists of products, prices and Payment Links |

mod api;
mod lists;
mod meaning;
mod reversal;
mod setup;
mod signature;
#[cfg(test)]
mod tests;
mod wire;

use signature::SCHEME;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::{Failure, Remedy};
use crate::config::Reader;
use crate::model::catalogue::{Ids, LicenseKind, Section};
use crate::model::{Delivery, LicenseKey, ListName, Secret, Timestamp};
use crate::platform::Platform;

const SESSIONS: ListName = ListName::named("sessions");
const PAYMENTS: ListName = ListName::named("payments");
const REVERSALS: ListName = ListName::named("reversals");

/// The setting of the key that the API is asked with.
const API_KEY: &str = "STRIPE_API_KEY";

/// The version of the API that is asked for, and that webhooks are set up with. <https://docs.stripe.com/upgrades>
const VERSION: &str = "2026-10-28.endive";

/// Access to Stripe, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct Stripe {
    /// Secrets of the endpoint that are accepted, the current one first. Empty: the webhook does not exist.
    webhook_secrets: Vec<Secret>,
    api_key: Option<Secret>,
    api_url: String,
}

impl Storefront for Stripe {
    const SECTION: Section = Section {
        source: "stripe",
        name: "Stripe",
        product_ids: Ids::Prefixed(&["prod_", "price_", "plink_"]),
        variants: None,
        licenses: &[LicenseKind::Minted, LicenseKind::None],
        description: None,
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        const SECRET: &str = "STRIPE_WEBHOOK_SECRET";
        let webhook_secrets = reader.optional_webhook_secrets(SECRET, "STRIPE_WEBHOOK_SECRET_PREVIOUS");
        let api_key = reader.secret(API_KEY);
        match (webhook_secrets.is_empty(), &api_key) {
            (false, None) => drop(reader.missing::<()>(API_KEY, "nobody knows what is bought at Stripe")),
            (true, Some(_)) => drop(reader.missing::<()>(SECRET, "the Stripe webhook is closed")),
            _ => {}
        }
        const PUBLIC_URL: &str = "https://api.stripe.com";
        // Where nobody is asked, it says nothing of whether the Worker is on its own machine.
        let api_url = match api_key {
            Some(_) => reader.url("STRIPE_API_URL", PUBLIC_URL),
            None => PUBLIC_URL.to_owned(),
        };
        Self { webhook_secrets, api_key, api_url }
    }

    fn is_configured(&self) -> bool {
        !self.webhook_secrets.is_empty()
    }

    fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
        if self.webhook_secrets.is_empty() {
            return Err(Refusal::Hidden);
        }
        let signature =
            head.header("stripe-signature").and_then(|header| SCHEME.read(&self.webhook_secrets, header, now));
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
        if self.api_key.is_some() { [SESSIONS, PAYMENTS, REVERSALS].into() } else { Vec::new() }
    }

    async fn see_permissions(&self, platform: &impl Platform) -> Result<(), Failure> {
        setup::see_permissions(self, platform).await
    }

    async fn page(
        &self,
        platform: &impl Platform,
        list: &ListName,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        lists::page(self, platform, list, since, page).await
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            events: &setup::EVENTS,
            registration: Registration::Together(setup::PATH),
            dashboard: "https://dashboard.stripe.com/webhooks",
            secret: HookSecret::Issued,
            secret_setting: "STRIPE_WEBHOOK_SECRET",
            api_settings: &[API_KEY],
        }
    }

    async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        setup::registered(self, platform).await
    }

    async fn change_hooks(&self, platform: &impl Platform, change: &HookChange) -> Result<Option<Secret>, Failure> {
        setup::change(self, platform, change).await
    }

    fn product_name(_body: &[u8], _product_id: &str) -> Option<String> {
        // A session does not say what was bought: its lines are asked for.
        None
    }

    async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
        setup::products(self, platform).await
    }
}

impl Stripe {
    fn api_key(&self) -> Result<&Secret, Failure> {
        self.api_key.as_ref().ok_or_else(|| Failure::new(Remedy::SetupWrong, "STRIPE_API_KEY is not set"))
    }

    /// Sees that the key is of the mode in which something happened: one of the other mode would find nothing. The prefix of a key
    /// says its mode. <https://docs.stripe.com/keys>
    fn check_mode(&self, is_live: bool) -> Result<(), Failure> {
        let key = self.api_key()?.expose();
        let is_of = |mode: &str| ["sk", "rk"].iter().any(|kind| key.starts_with(&[kind, "_", mode, "_"].concat()));
        let (key_mode, event_mode) = match is_live {
            true if is_of("test") => ("test", "live"),
            false if is_of("live") => ("live", "test"),
            _ => return Ok(()),
        };
        let reason = format!("STRIPE_API_KEY is a key of {key_mode} mode, and this happened in {event_mode} mode");
        Err(Failure::new(Remedy::SetupWrong, reason))
    }
}
