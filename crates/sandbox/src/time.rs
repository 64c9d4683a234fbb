//! How each service writes a point in time. All of them are UTC; the sandbox counts in milliseconds.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// One second, in milliseconds.
pub(crate) const SECOND: i64 = 1_000;
/// One minute, in milliseconds.
pub(crate) const MINUTE: i64 = 60 * SECOND;
/// One hour, in milliseconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// One day, in milliseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// `2026-01-05T19:38:56Z`: GitHub and Gumroad.
pub(crate) fn seconds(at: i64) -> String {
    utc(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-05T19:38:56.000000Z`: Lemon Squeezy. The fraction is always zero there.
pub(crate) fn microseconds(at: i64) -> String {
    utc(at).format("%Y-%m-%dT%H:%M:%S.000000Z").to_string()
}

/// `2026-01-05T19:38:56.1230000Z`: Postmark.
pub(crate) fn ticks(at: i64) -> String {
    utc(at).format("%Y-%m-%dT%H:%M:%S%.3f0000Z").to_string()
}

/// `20260105193856123000`: the first half of Gumroad's page keys.
pub(crate) fn compact(at: i64) -> String {
    utc(at).format("%Y%m%d%H%M%S%6f").to_string()
}

/// Midnight of a `YYYY-MM-DD` day.
pub(crate) fn midnight(day: &str) -> Option<i64> {
    // chrono also reads "2026-1-5", which Gumroad documents as wrong.
    if day.len() != 10 {
        return None;
    }
    let date = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis())
}

fn utc(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{compact, microseconds, midnight, seconds, ticks};

    #[test]
    fn each_service_writes_the_same_moment_its_own_way() {
        let at = 1_767_641_936_123;
        assert_eq!(seconds(at), "2026-01-05T19:38:56Z");
        assert_eq!(microseconds(at), "2026-01-05T19:38:56.000000Z");
        assert_eq!(ticks(at), "2026-01-05T19:38:56.1230000Z");
        assert_eq!(compact(at), "20260105193856123000");
    }

    #[test]
    fn a_day_is_read_only_in_the_documented_form() {
        assert_eq!(midnight("2026-01-05"), Some(1_767_571_200_000));
        assert_eq!(midnight("2026-1-5"), None);
        assert_eq!(midnight("2026-02-30"), None);
        assert_eq!(midnight("yesterday!"), None);
    }
}
