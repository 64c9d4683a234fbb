//! Identifiers that we make: of events, leases and traces.
//!
//! They are ULIDs (<https://github.com/ulid/spec>): sortable by the time they were made at, unique without asking the
//! database, so that a statement whose answer was lost can be sent again with the same one.

use std::fmt;

use crate::model::Timestamp;
use crate::model::license_key::CROCKFORD;

/// 48 bits of milliseconds and 80 random bits, as 26 Crockford base32 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UniqueId(String);

impl UniqueId {
    /// Makes one from the time and ten random bytes.
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = (now.as_millis().max(0) as u128) & ((1 << 48) - 1);
        let bits = random.iter().fold(millis, |bits, byte| (bits << 8) | u128::from(*byte));
        let text = (0..26)
            .rev()
            .map(|group| CROCKFORD.get((bits >> (group * 5)) as usize & 31).copied().unwrap_or(b'0') as char)
            .collect();
        Self(text)
    }

    /// One that comes back from the database, a path or a header: 1 to 64 ASCII letters, digits, `-` or `_`.
    pub fn parse(text: &str) -> Option<Self> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        ((1..=64).contains(&text.len()) && text.bytes().all(sound)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one row of `webhook_events`.
pub type EventId = UniqueId;

/// Who holds a leased outbox row: one attempt, never reused.
pub type LeaseId = UniqueId;

/// Follows one sale from the ping to the invitation: returned as `x-request-id`, kept on the rows, in every log line.
pub type TraceId = UniqueId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made_at() {
        let early = UniqueId::new(Timestamp::from_millis(1_795_308_167_616), [255; 10]);
        let late = UniqueId::new(Timestamp::from_millis(1_795_308_167_617), [0; 10]);
        assert!(early < late);
        assert_eq!(early.as_str().len(), 26);
    }

    #[test]
    fn the_published_ulid_example_is_encoded_alike() {
        // The ULID specification's own example, 01ARZ3NDEKTSV4RRFFQ69G5FAV, taken apart into its time and randomness.
        let random = [0xd6, 0x76, 0x4c, 0x61, 0xef, 0xb9, 0x93, 0x02, 0xbd, 0x5b];
        let id = UniqueId::new(Timestamp::from_millis(1_469_922_850_259), random);
        assert_eq!(id.as_str(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    }

    #[test]
    fn an_id_from_outside_is_short_and_plain() {
        assert!(UniqueId::parse("9a3f1-LHR").is_some());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(65)] {
            assert!(UniqueId::parse(bad).is_none(), "{bad}");
        }
    }
}
