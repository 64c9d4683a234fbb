//! `/admin/products`: the catalogue.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::ProblemDetails;
use crate::model::catalogue::{Difference, Problem, Product};
use crate::model::{Actor, Reason};

/// The catalogue in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CatalogueAnswer {
    pub version: i64,
    /// The entries of each storefront, by its name.
    pub products: BTreeMap<String, Vec<Product>>,
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
}

/// The problem `invalid_catalogue`: besides what every problem has, all that is wrong with the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvalidCatalogue {
    #[serde(flatten)]
    pub problem: ProblemDetails,
    pub problems: Vec<Problem>,
}
