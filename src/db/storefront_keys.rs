//! `storefront_keys`: what each storefront has said last of the keys that it issued itself.

use super::statement::statement;
use crate::model::{EventId, IssuedKey, Source, Timestamp};
use crate::platform::Statement;

/// Records what a delivery says of a key.
pub fn record(source: Source, issued: &IssuedKey, now: Timestamp, event_id: &EventId) -> Statement {
    statement!(
        "storefront_keys/record",
        source,
        storefront_key_id = &issued.storefront_key_id,
        key = &issued.key,
        disabled = issued.disabled,
        expires_at = issued.expires_at,
        said_at = issued.said_at,
        now,
        event_id,
    )
}

/// Records what the storefront answered that was asked about a key at that time.
pub fn record_verified(source: Source, issued: &IssuedKey, asked_at: Timestamp, now: Timestamp) -> Statement {
    statement!(
        "storefront_keys/record_verified",
        source,
        storefront_key_id = &issued.storefront_key_id,
        key = &issued.key,
        expires_at = issued.expires_at,
        asked_at,
        now,
    )
}
