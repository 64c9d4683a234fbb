//! What the entries of one storefront look like. Which storefronts there are is for the adapters to say.

use super::product::{LicenseKind, VariantId};

/// The entries of one storefront: `[[source]]` in TOML, the list under `source` in JSON.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The key of the list, and the `source` of the storefront's orders.
    pub source: &'static str,
    /// The storefront's name, for people.
    pub name: &'static str,
    pub product_ids: Ids,
    /// How an entry names a single variant; absent where it cannot.
    pub variants: Option<VariantRule>,
    /// Whose keys there can be; the first is the default.
    pub licenses: &'static [LicenseKind],
    /// How its deliveries are described; absent where they need no description.
    pub description: Option<DescriptionRule>,
}

/// How a storefront's deliveries are described: `[key]` in TOML, the object under `key` in JSON.
#[derive(Debug, Clone, Copy)]
pub struct DescriptionRule {
    pub key: &'static str,
    /// The names of the descriptions that come with the storefront's adapter.
    pub presets: &'static [&'static str],
}

/// How an entry names a single variant of a product.
#[derive(Debug, Clone, Copy)]
pub struct VariantRule {
    /// Makes the variant of its id, and thereby says which key it has.
    pub variant: fn(String) -> VariantId,
    pub ids: Ids,
}

/// What a storefront's ids look like. They are compared as text, so one that is written otherwise would never be found.
#[derive(Debug, Clone, Copy)]
pub enum Ids {
    /// Any text, such as this one.
    Text { example: &'static str },
    /// A whole number, without a sign or leading zeros.
    Number,
    /// Text that begins with one of these.
    Prefixed(&'static [&'static str]),
}

impl Section {
    /// The license of an entry that does not say.
    pub fn default_license(&self) -> LicenseKind {
        self.licenses.first().copied().unwrap_or(LicenseKind::Minted)
    }
}

impl VariantRule {
    /// The key of an entry that holds the variant.
    pub fn key(&self) -> &'static str {
        match (self.variant)(String::new()) {
            VariantId::Name(_) => "variant",
            VariantId::Id(_) => "variant_id",
        }
    }
}

impl Ids {
    /// An id, in quotes, for people to see.
    pub(super) fn example(&self) -> String {
        match self {
            Self::Text { example } => format!("{example:?}"),
            Self::Number => "\"4\"".to_owned(),
            Self::Prefixed(prefixes) => format!("\"{}…\"", prefixes.first().copied().unwrap_or_default()),
        }
    }

    /// What is wrong with an id, and what to write instead; both go behind the key and the id.
    pub(super) fn problem(&self, id: &str, storefront: &str) -> Option<(String, String)> {
        match self {
            Self::Text { .. } => None,
            Self::Number => {
                let sound = id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
                (!sound).then(|| {
                    (
                        format!("but {storefront}'s ids are numbers"),
                        "write it like \"4\", digits only and no leading zero".to_owned(),
                    )
                })
            }
            Self::Prefixed(prefixes) => {
                let sound = prefixes.iter().any(|prefix| id.len() > prefix.len() && id.starts_with(prefix));
                let shown: Vec<String> = prefixes.iter().map(|prefix| format!("\"{prefix}\"")).collect();
                let shown = shown.join(" or ");
                (!sound).then(|| {
                    (
                        format!("but {storefront}'s ids begin with {shown}"),
                        format!("copy the id as {storefront} shows it"),
                    )
                })
            }
        }
    }
}
