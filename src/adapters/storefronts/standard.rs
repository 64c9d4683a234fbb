//! Any sender of Standard Webhooks that the catalogue describes: a shop of the seller's own, or a storefront that has no module here.
//!
//! What the standard fixes is how a delivery is proven. What stands in it is said by the catalogue's `[standard_webhooks]`: which
//! events mean what, and where what stands; or by the name of a preset, which is the same said by us. A delivery that nobody has
//! described, or that is not as it was described, waits until somebody describes it otherwise.
//!
//! | module | holds |
//! |---|---|
//! | `meaning` | what a delivery means by a description |
//! | `found` | what a pointer finds in a delivery |
//! | `presets` | the descriptions that come with this |
//!
//! A sender of any kind has no lists that could be read here and no API that could be asked: what no webhook has told of is not found.

mod found;
mod meaning;
mod presets;
#[cfg(test)]
mod tests;

use super::hooks::{HookChange, HookSecret, Hooks, RegisteredHook, Registration};
use super::{Cause, Head, NotUnderstood, OwnKeys, Page, Products, Proof, Refusal, Storefront, Understood, Verdict};
use crate::adapters::standard_webhooks::{self, Key};
use crate::adapters::{Failure, Remedy};
use crate::config::Reader;
use crate::json::Json;
use crate::model::catalogue::{DescriptionRule, Ids, LicenseKind, Section, VariantId, VariantRule};
use crate::model::{Catalogue, Delivery, LicenseKey, ListName, Secret, Signature, Timestamp};
use crate::platform::Platform;

pub use meaning::Reading;

/// The key of the description in the catalogue.
const KEY: &str = "standard_webhooks";

const SECRET: &str = "STANDARD_WEBHOOKS_SECRET";

/// Where Creem, which is older than the standard, puts the signature of the body alone, in hex: it is keyed with the secret's text and
/// signs no time. <https://docs.creem.io/code/webhooks>
const OF_CREEM: &str = "creem-signature";

/// What the sender proves itself with.
#[derive(Debug, Clone)]
pub struct Standard {
    /// Of every secret that is accepted. Empty: the webhook does not exist.
    keys: Vec<Key>,
    /// Those of them that are no public keys, as they are written.
    secrets: Vec<Secret>,
}

impl Storefront for Standard {
    const SECTION: Section = Section {
        source: "standard",
        name: "Standard Webhooks",
        product_ids: Ids::Text { example: "pdt_…" },
        variants: Some(VariantRule { variant: VariantId::Id, ids: Ids::Text { example: "5" } }),
        licenses: &[LicenseKind::Minted, LicenseKind::None],
        description: Some(DescriptionRule { key: KEY, presets: &presets::NAMES }),
    };

    fn read(reader: &mut Reader<'_>) -> Self {
        const PREVIOUS: &str = "STANDARD_WEBHOOKS_SECRET_PREVIOUS";
        let (mut keys, mut secrets) = (Vec::new(), Vec::new());
        let names = if reader.text(SECRET).is_some() { vec![SECRET, PREVIOUS] } else { Vec::new() };
        for name in names {
            let Some(secret) = reader.secret(name) else { continue };
            match Key::every(&secret) {
                Ok(of_it) => {
                    if of_it.iter().all(|key| matches!(key, Key::Symmetric(_))) {
                        secrets.push(secret);
                    }
                    keys.extend(of_it);
                }
                Err(why) => drop(reader.invalid::<()>(name, why)),
            }
        }
        Self { keys, secrets }
    }

    fn is_configured(&self) -> bool {
        !self.keys.is_empty()
    }

    fn authenticate(&self, head: &Head<'_>, now: Timestamp) -> Result<Proof, Refusal> {
        if self.keys.is_empty() {
            return Err(Refusal::Hidden);
        }
        let of_creem = || {
            let presented = head.header(OF_CREEM).filter(|_| !self.secrets.is_empty())?;
            Signature::of_body_in_hex(&self.secrets, presented)
        };
        let signature = standard_webhooks::signature(&self.keys, head, now).or_else(of_creem);
        signature.map(Proof::Body).ok_or(Refusal::InvalidSignature)
    }

    /// Without a description nothing is known of a delivery.
    async fn interpret(&self, platform: &impl Platform, delivery: &Delivery) -> Result<Understood, NotUnderstood> {
        self.interpret_by(platform, delivery, &Catalogue::default()).await
    }

    async fn interpret_by(
        &self,
        _: &impl Platform,
        delivery: &Delivery,
        catalogue: &Catalogue,
    ) -> Result<Understood, NotUnderstood> {
        read(catalogue, &delivery.body).map(|reading| Understood::whole(reading.event_type, reading.event))
    }

    fn own_keys(&self) -> OwnKeys {
        OwnKeys::None
    }

    async fn verify_key(&self, _: &impl Platform, _: &LicenseKey) -> Result<Verdict, Failure> {
        Ok(Verdict::Unknown)
    }

    fn lists(&self) -> Vec<ListName> {
        Vec::new()
    }

    async fn page(&self, _: &impl Platform, _: &ListName, _: Timestamp, _: Option<&str>) -> Result<Page, Failure> {
        Err(nobody_to_ask())
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            events: &["those that [standard_webhooks] names"],
            registration: Registration::ByHand,
            dashboard: "https://www.standardwebhooks.com",
            secret: HookSecret::Issued,
            secret_setting: SECRET,
            api_settings: &[],
        }
    }

    async fn registered_hooks(&self, _: &impl Platform) -> Result<Vec<RegisteredHook>, Failure> {
        Err(nobody_to_ask())
    }

    async fn change_hooks(&self, _: &impl Platform, _: &HookChange) -> Result<Option<Secret>, Failure> {
        Err(nobody_to_ask())
    }

    /// No sender that is described says where its products' names stand.
    fn product_name(_: &[u8], _: &str) -> Option<String> {
        None
    }

    async fn products(&self, _: &impl Platform) -> Result<Products, Failure> {
        Err(nobody_to_ask())
    }
}

/// What the body of a delivery would be read as by what the catalogue says.
///
/// # Errors
/// [`NotUnderstood`] where it is no JSON, or not as it is described.
pub fn read(catalogue: &Catalogue, body: &[u8]) -> Result<Reading, NotUnderstood> {
    let undescribed = |problem: String| NotUnderstood::from(Cause::Undescribed { problem });
    let Some(description) = catalogue.description(KEY) else {
        return Err(undescribed(format!("the catalogue has no [{KEY}], which says how a delivery is read")));
    };
    let body = Json::parse_damaged(body).map_err(|error| NotUnderstood::malformed(format!("the body {error}")))?;
    let rules = presets::rules(description).ok_or_else(|| undescribed("there is no preset of that name".to_owned()))?;
    meaning::understand(&rules, &body)
}

fn nobody_to_ask() -> Failure {
    Failure::new(Remedy::PersonNeeded, "a sender of Standard Webhooks has no API that is known")
}
