//! Polar: webhooks about orders, refunds and subscriptions, the lists of orders, refunds and disputes, and the owner of a team, which
//! has no address of its own.
//!
//! | module | holds |
//! |---|---|
//! | `meaning` | what a webhook or a listed item means |
//! | `reversal` | what a refund, its failure or a dispute means, and which order or payment it is of |
//! | `wire` | the JSON: the fields that are read |
//! | `api` | what is asked for |
//! | `lists` | the lists with which webhooks that were lost are found, and disputes, of which no webhook tells |
//! | `setup` | the webhook endpoints, and the list of products |

mod api;
mod lists;
mod meaning;
mod reversal;
mod setup;
#[cfg(test)]
mod tests;
mod wire;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::standard_webhooks::{self, Key};
use crate::adapters::{Failure, Remedy, sanitize};
use crate::config::Reader;
use crate::json::Json;
use crate::model::catalogue::{Ids, LicenseKind, Section};
use crate::model::{Delivery, LicenseKey, ListName, Secret, Timestamp};
use crate::platform::Platform;

const ORDERS: ListName = ListName::named("orders");
const RENEWALS: ListName = ListName::named("renewals");
const REFUNDS: ListName = ListName::named("refunds");
const DISPUTES: ListName = ListName::named("disputes");

/// The setting of the token that the API is asked with.
const ACCESS_TOKEN: &str = "POLAR_ACCESS_TOKEN";
const ORGANIZATION_ID: &str = "POLAR_ORGANIZATION_ID";

/// The sandbox is a world of its own at a host of its own: nothing that it delivers says so, and its tokens look like any others.
/// <https://polar.sh/docs/integrate/sandbox>
const LIVE_URL: &str = "https://api.polar.sh";
const SANDBOX_URL: &str = "https://sandbox-api.polar.sh";

/// Access to Polar, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct Polar {
    /// Secrets of the endpoint that are accepted, the current one first. Empty: the webhook does not exist.
    webhook_secrets: Vec<Secret>,
    access_token: Option<Secret>,
    api_url: String,
    organization: Organization,
    environment: Environment,
}

/// Whose orders are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Organization {
    /// Whoever has the secret and the token: both are of one organization, as Polar makes them.
    Any,
    /// This one alone, by its id in lower case.
    Only(String),
    /// The setting does not say which.
    Unreadable,
}

/// Whether money is real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Environment {
    Live,
    Sandbox,
}

impl Storefront for Polar {
    const SECTION: Section = Section {
        source: "polar",
        name: "Polar",
        product_ids: Ids::Text { example: "9d2f0e4a-0000-4000-8000-0000000000bb" },
        variants: None,
        licenses: &[LicenseKind::Minted, LicenseKind::None],
        description: None,
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        const SECRET: &str = "POLAR_WEBHOOK_SECRET";
        const API_URL: &str = "POLAR_API_URL";
        let webhook_secrets = reader.optional_webhook_secrets(SECRET, "POLAR_WEBHOOK_SECRET_PREVIOUS");
        let access_token = reader.secret(ACCESS_TOKEN);
        match (webhook_secrets.is_empty(), &access_token) {
            (false, None) => drop(reader.missing::<()>(ACCESS_TOKEN, "nobody notices a dispute at Polar")),
            (true, Some(_)) => drop(reader.missing::<()>(SECRET, "the Polar webhook is closed")),
            _ => {}
        }
        // Where nobody is asked and nothing is said, it says nothing of whether the Worker is on its own machine.
        let is_said = access_token.is_some() || reader.text(API_URL).is_some();
        let api_url = if is_said { reader.url(API_URL, LIVE_URL) } else { LIVE_URL.to_owned() };
        let organization = match reader.text(ORGANIZATION_ID) {
            None => Organization::Any,
            Some(id) if is_uuid(&id) => Organization::Only(id.to_ascii_lowercase()),
            Some(_) => {
                reader.invalid::<()>(ORGANIZATION_ID, "must be the id of an organization, as Polar's settings show it");
                Organization::Unreadable
            }
        };
        let environment = if api_url == SANDBOX_URL { Environment::Sandbox } else { Environment::Live };
        Self { webhook_secrets, access_token, api_url, organization, environment }
    }

    fn is_configured(&self) -> bool {
        !self.webhook_secrets.is_empty()
    }

    /// Secrets that were made before September 8, 2026 sign with their text as it is written, later ones as the standard says. Which
    /// of both a secret is cannot be told by looking at it, so either key may have signed.
    /// <https://polar.sh/docs/integrate/webhooks/delivery>
    fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
        if self.webhook_secrets.is_empty() {
            return Err(Refusal::Hidden);
        }
        let both = |secret: &Secret| [Key::of(secret), Some(Key::verbatim(secret))].into_iter().flatten();
        let keys: Vec<_> = self.webhook_secrets.iter().flat_map(both).collect();
        standard_webhooks::signature(&keys, head, now).map(Proof::Body).ok_or(Refusal::InvalidSignature)
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
        if self.access_token.is_some() { [ORDERS, RENEWALS, REFUNDS, DISPUTES].into() } else { Vec::new() }
    }

    async fn see_permissions(&self, platform: &impl Platform) -> Result<(), Failure> {
        self.see_permissions(platform).await
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
            dashboard: "https://polar.sh/dashboard",
            secret: HookSecret::Issued,
            secret_setting: "POLAR_WEBHOOK_SECRET",
            api_settings: &[ACCESS_TOKEN],
        }
    }

    async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        setup::registered(self, platform).await
    }

    async fn change_hooks(&self, platform: &impl Platform, change: &HookChange) -> Result<Option<Secret>, Failure> {
        setup::change(self, platform, change).await
    }

    fn product_name(body: &[u8], product_id: &str) -> Option<String> {
        let body = Json::parse(body).ok()?;
        let root = body.root();
        // An item of a list is what a webhook has as its data.
        let data = root.field("data").unwrap_or(root);
        let product = data.field("product").ok()?;
        (product.text("id").ok()? == product_id).then(|| product.shown("name").map(sanitize::shown)).flatten()
    }

    async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
        setup::products(self, platform).await
    }
}

impl Polar {
    fn access_token(&self) -> Result<&Secret, Failure> {
        let missing = || Failure::new(Remedy::PersonNeeded, "POLAR_ACCESS_TOKEN is not set");
        self.access_token.as_ref().ok_or_else(missing)
    }
}

/// Whether a text has the form of Polar's ids, in either case.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
