//! The descriptions that come with the Worker. Each is written as a seller's own would be, and read by the same code.

use std::borrow::Cow;

use crate::model::catalogue::{Description, Rules};

/// Their names, as the catalogue has them.
pub(super) const NAMES: [&str; 2] = ["dodo", "creem"];

/// Each as a file of the catalogue has what stands under `[standard_webhooks]`, in the order of [`NAMES`].
pub(super) const TEXTS: [&str; 2] = [include_str!("presets/dodo.toml"), include_str!("presets/creem.toml")];

/// The rules of a description. `None` where this version has no preset of its name.
pub(super) fn rules(description: &Description) -> Option<Cow<'_, Rules>> {
    let name = match description {
        Description::Own(rules) => return Some(Cow::Borrowed(rules)),
        Description::Preset(name) => name,
    };
    let (_, text) = NAMES.iter().zip(TEXTS).find(|(known, _)| *known == name)?;
    Rules::from_toml(text).ok().map(Cow::Owned)
}
