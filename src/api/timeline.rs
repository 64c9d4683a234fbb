//! What happened to an order and its licenses, one entry after the other. Each says what it was in a code, with the fields
//! that tell which.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::{OrderFact, OutboxKind};
use crate::model::{EventReason, Timestamp};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: Happening,
}

/// What it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Happening {
    /// A delivery arrived.
    Received {
        event_id: String,
        event_type: String,
    },
    /// It was processed; the reason says why no license came of it.
    Processed {
        event_id: String,
        reason: Option<EventReason>,
    },
    /// It was left to a person.
    Stuck {
        event_id: String,
        reason: Option<EventReason>,
        error: Option<String>,
    },
    /// The storefront said something of the order.
    OrderFact {
        fact: OrderFact,
    },
    LicenseIssued {
        license_key: String,
    },
    /// The license was bound.
    Activated {
        license_key: String,
        github_username: String,
    },
    /// Something is to be done in the outside world.
    Enqueued {
        kind: OutboxKind,
        repo: Option<String>,
        github_username: Option<String>,
    },
    /// It was done: the outcome says how.
    Done {
        kind: OutboxKind,
        repo: Option<String>,
        github_username: Option<String>,
        outcome: Option<String>,
    },
    /// It was given up.
    Dead {
        kind: OutboxKind,
        repo: Option<String>,
        github_username: Option<String>,
        error: Option<String>,
    },
    /// An operator changed something.
    Action {
        action: String,
        target: String,
        actor: String,
        reason: String,
        to: Option<String>,
    },
}
