//! `/admin/products`: the catalogue.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::ProblemDetails;
use crate::model::catalogue::{Description, Difference, EntryRef, Problem, Product};
use crate::model::{Actor, Reason};

/// The catalogue in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueAnswer {
    pub version: i64,
    /// The entries of each storefront, by its name.
    pub products: BTreeMap<String, Vec<Product>>,
    /// How deliveries are read that have to be described, each beside the products under its key.
    #[serde(flatten)]
    pub descriptions: BTreeMap<String, Description>,
}

/// How the catalogue is replaced. The body is the catalogue itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceRequest {
    /// Why; not needed for a dry run.
    pub reason: Option<Reason>,
    /// Who; "operator" where it is not said.
    pub actor: Option<Actor>,
    /// Only answers what would change.
    #[serde(default)]
    pub dry_run: DryRun,
    /// Only if the catalogue has this version.
    #[schemars(range(max = 4_294_967_295_u32))]
    pub expected_version: Option<u32>,
}

/// Whether something is only to be tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DryRun {
    #[serde(rename = "true")]
    Yes,
    #[default]
    #[serde(rename = "false")]
    No,
}

/// What a replacement came to. Entries that are as they were are in no list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplacedAnswer {
    /// The version that the catalogue has now.
    pub version: i64,
    #[serde(flatten)]
    pub difference: Difference,
    /// How many deliveries waited for a product that is mapped now.
    pub waiting: usize,
    /// Of a dry run alone: what was sold of the entries that would be changed or removed, of the first 20 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sold: Vec<EntrySold>,
}

/// What was sold of an entry. Up to 200 licenses of its product are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntrySold {
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Licenses of it, however they stand.
    pub licenses: usize,
    /// How many people these are of, as far as their mail addresses tell.
    pub people: usize,
    /// There are more licenses of the product than were looked at.
    pub more: bool,
}

/// The problem `invalid_catalogue`: besides what every problem has, all that is wrong with the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvalidCatalogue {
    #[serde(flatten)]
    pub problem: ProblemDetails,
    pub problems: Vec<Problem>,
}

/// What an entry of the catalogue can be made of, as the services list it now. Long lists are not read to their ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductChoices {
    /// Repositories that the credentials for GitHub see, the one that was written to last first.
    pub repos: Vec<String>,
    /// Products that storefronts list and the catalogue does not name.
    pub products: Vec<OfferedProduct>,
    /// Who did not say.
    pub missing: Vec<MissingChoice>,
}

/// A product that a storefront lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferedProduct {
    pub source: String,
    pub product_id: String,
    /// As the storefront calls it.
    pub name: Option<String>,
}

/// A service that could not be asked, or did not say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MissingChoice {
    /// `github`, or a storefront.
    pub service: String,
    /// For a person.
    pub reason: String,
}

/// A product that was sold, or whose key was used, and that the catalogue does not name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingProduct {
    pub source: String,
    pub product_id: String,
    /// Null where none was named.
    pub variant_id: Option<String>,
    /// As the newest delivery calls it.
    pub name: Option<String>,
    /// How many lines of deliveries wait for it, among the newest.
    pub deliveries: i64,
    /// How often a key of it was used.
    pub keys: i64,
    /// The newest delivery.
    pub event_id: Option<String>,
}

/// The products that something waits for, those with the most first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingProducts {
    pub items: Vec<WaitingProduct>,
}
