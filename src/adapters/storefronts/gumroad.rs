//! Gumroad: pings about sales and subscriptions, and the list of sales.
//!
//! A ping is an HTTP POST of the seller's choice of form or JSON, unsigned; what proves it is a secret in the URL that
//! the seller registered. <https://gumroad.com/ping>
//!
//! | module | holds |
//! |---|---|
//! | `form`, `json`, `listed` | a ping's two encodings and an item of the list, all ending in `fields::Fields` |
//! | `fields` | the fields whatever the encoding, and how one is read or complained about |
//! | `meaning` | what they mean |
//! | `sales` | the pages of the list of sales |
//! | `setup` | the resource subscriptions, which are its webhooks, and the list of products |
//!
//! Gumroad's own license keys open nothing here: its pings bring none that a buyer would not have to be told apart by, and
//! every sale gets a key that is minted here.

mod fields;
mod form;
mod json;
mod listed;
mod meaning;
mod sales;
mod setup;
#[cfg(test)]
mod tests;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::{Failure, Remedy, sanitize};
use crate::config::Reader;
use crate::json::Json;
use crate::model::catalogue::{Ids, LicenseKind, Section, VariantId, VariantRule};
use crate::model::{Authenticated, Delivery, LicenseKey, ListName, Origin, Secret, Timestamp};
use crate::platform::Platform;

/// The list of sales.
const SALES: ListName = ListName::named("sales");

/// Access to Gumroad, and what it proves itself with.
#[derive(Debug, Clone)]
pub struct Gumroad {
    /// URL secrets that are accepted, the current one first. Empty: the webhook does not exist.
    webhook_secrets: Vec<Secret>,
    access_token: Option<Secret>,
    api_url: String,
}

impl Storefront for Gumroad {
    const SECTION: Section = Section {
        source: "gumroad",
        name: "Gumroad",
        product_ids: Ids::Text { example: "32-nPAicqbLj8B_WswVlMw==" },
        // A ping names the chosen options by their titles and carries no id of a variant: https://gumroad.com/ping.
        variants: Some(VariantRule { variant: VariantId::Name, ids: Ids::Text { example: "Tier: Team" } }),
        licenses: &[LicenseKind::Minted, LicenseKind::None],
        description: None,
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            webhook_secrets: reader.webhook_secrets(
                "GUMROAD_WEBHOOK_SECRET",
                "GUMROAD_WEBHOOK_SECRET_PREVIOUS",
                "the Gumroad webhook is closed",
            ),
            access_token: reader.secret("GUMROAD_ACCESS_TOKEN"),
            api_url: reader.url("GUMROAD_API_URL", "https://api.gumroad.com"),
        }
    }

    fn is_configured(&self) -> bool {
        !self.webhook_secrets.is_empty()
    }

    /// Checks the `secret` parameter of a ping's raw query string against the secrets that are accepted.
    ///
    /// The parameter is read by the rules of forms: `+` and `%20` are both a space. Where it is given twice none of them
    /// is believed, so that no two readers of one URL can disagree about it.
    fn authenticate(&self, head: &Head<'_>, _: Timestamp) -> Result<Proof, Refusal> {
        let query = head.query.unwrap_or_default();
        let mut presented = crate::form::pairs(query.as_bytes()).filter(|(name, _)| name.as_slice() == b"secret");
        let (Some((_, secret)), None) = (presented.next(), presented.next()) else { return Err(Refusal::Hidden) };
        let secret = str::from_utf8(&secret).map_err(|_| Refusal::Hidden)?;
        Authenticated::by_shared_secret(&self.webhook_secrets, secret).map(Proof::Head).ok_or(Refusal::Hidden)
    }

    async fn interpret(&self, _: &impl Platform, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        match &delivery.origin {
            Origin::Webhook => interpret_ping(&delivery.body),
            Origin::List(_) => listed::understand(&delivery.body),
        }
    }

    fn own_keys(&self) -> OwnKeys {
        OwnKeys::None
    }

    async fn verify_key(&self, _: &impl Platform, _: &LicenseKey) -> Result<Verdict, Failure> {
        Ok(Verdict::Unknown)
    }

    fn lists(&self) -> Vec<ListName> {
        self.access_token.iter().map(|_| SALES).collect()
    }

    async fn page(
        &self,
        platform: &impl Platform,
        _: &ListName,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        sales::page(platform, &self.api_url, self.access_token()?, since, page).await
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            events: &setup::EVENTS,
            registration: Registration::PerEvent(setup::PATH),
            dashboard: "https://gumroad.com/settings/advanced",
            secret: HookSecret::Query(setup::SECRET),
            secret_setting: "GUMROAD_WEBHOOK_SECRET",
            api_settings: &["GUMROAD_ACCESS_TOKEN"],
        }
    }

    async fn registered_hooks(&self, platform: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        setup::registered(platform, &self.api_url, self.access_token()?, &self.webhook_secrets).await
    }

    async fn change_hooks(&self, platform: &impl Platform, change: &HookChange) -> Result<Option<Secret>, Failure> {
        let secret = self.webhook_secrets.first();
        let secret = secret.ok_or_else(|| Failure::new(Remedy::SetupWrong, "GUMROAD_WEBHOOK_SECRET is not set"))?;
        setup::change(platform, &self.api_url, self.access_token()?, secret, change).await.map(|()| None)
    }

    fn product_name(body: &[u8], product_id: &str) -> Option<String> {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let members: Vec<(String, String)> = match Json::parse(body) {
            Ok(ping) => sanitize::pairs(&ping),
            Err(_) => crate::form::pairs(body).map(|(name, value)| (text(name), text(value))).collect(),
        };
        let of = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        (of("product_id") == Some(product_id)).then(|| of("product_name").map(str::to_owned)).flatten()
    }

    async fn products(&self, platform: &impl Platform) -> Result<Products, Failure> {
        setup::products(platform, &self.api_url, self.access_token()?).await
    }
}

impl Gumroad {
    fn access_token(&self) -> Result<&Secret, Failure> {
        let missing = || Failure::new(Remedy::SetupWrong, "GUMROAD_ACCESS_TOKEN is not set");
        self.access_token.as_ref().ok_or_else(missing)
    }
}

/// Reads a ping, which may be a form or JSON. The body itself tells which: no form of Gumroad's starts with `{`.
fn interpret_ping(body: &[u8]) -> Result<Understood, NotUnderstood> {
    // A byte order mark says nothing about UTF-8, and some proxies and tools put one in front.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    let fields =
        if body.starts_with(b"{") { json::read(body).map_err(NotUnderstood::malformed)? } else { form::read(body) };
    meaning::understand(&fields)
}
