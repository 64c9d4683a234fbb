//! The operator's API, and what else is answered in JSON, as types: what each path takes and what it answers. The OpenAPI
//! document is generated from them, and the command line reads them.
//!
//! States, reasons and kinds are codes, all of them in [`codes`]; times are RFC 3339 in UTC; what is not there is `null`. No
//! wording is here: whoever shows an answer finds the words. Which path answers what is in the routes of [`crate::http`]; what
//! the database gives for it is in `db::reads`.
//!
//! | module | what it describes |
//! |---|---|
//! | [`activation`] | `POST /api/activate`, `POST /api/license` |
//! | [`health`] | `GET /healthz` |
//! | [`status`], [`attention`] | how the deployment stands, and what needs somebody |
//! | [`doctor`] | whether everything is set up as it has to be |
//! | [`events`] | deliveries, and what became of each |
//! | [`orders`], [`sales`], [`licenses`], [`grants`] | what was bought, what that comes to, what it entitles to, who has access to what |
//! | [`access`], [`drift`] | each repository at a glance, and where GitHub says otherwise |
//! | [`outbox`], [`actions`] | what is still to be done in the outside world, and what operators changed |
//! | [`privacy`] | what is held on a person |
//! | [`products`] | the catalogue |
//! | [`test_mail`] | whether mails leave |
//! | [`problem`] | every error |
//! | [`values`], [`codes`] | texts and codes that they are made of |

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod access;
pub mod actions;
pub mod activation;
pub mod attention;
pub mod codes;
pub mod doctor;
pub mod drift;
pub mod events;
pub mod grants;
pub mod health;
pub mod licenses;
pub mod orders;
pub mod outbox;
pub mod privacy;
pub mod problem;
pub mod products;
pub mod sales;
pub mod status;
pub mod test_mail;
pub mod timeline;
pub mod values;

pub use values::{Cursor, PageLimit};

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}Page")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins. A page that looks through much and finds little can be short, even empty, and still
    /// have a next one.
    pub next_cursor: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageRequest {
    #[serde(default)]
    pub limit: PageLimit,
    pub cursor: Option<Cursor>,
}
