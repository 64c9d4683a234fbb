//! `GET /healthz`: whether the database answers, and what is configured.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{DependencyState, HealthState};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    pub status: HealthState,
    pub version: String,
    /// `database`, `github`, `mail`, `rate_limit`, `admin`, and each storefront by its name.
    pub dependencies: BTreeMap<String, DependencyState>,
    /// What of the configuration is missing or wrong, by name.
    pub problems: Vec<String>,
}
