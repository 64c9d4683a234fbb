//! Points in time, as the database keeps them.

use chrono::{DateTime, Datelike, Months, SecondsFormat, Utc};

/// Milliseconds since the Unix epoch, in UTC. What every `…_at` column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This point moved by `millis`, which may be negative; at the ends of the range it stays there.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The same day and time `years` later; from February 29 to February 28 where that year has no 29th.
    /// `None` past the calendar's end.
    pub fn plus_years(self, years: u32) -> Option<Self> {
        let later = self.date_time()?.checked_add_months(Months::new(years.checked_mul(12)?))?;
        Some(Self(later.timestamp_millis()))
    }

    /// Reads an RFC 3339 date and time, as both storefronts write them (`2026-01-05T19:38:56Z`,
    /// `2026-01-05T09:45:53.000000Z`).
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|time| Self(time.timestamp_millis()))
    }

    /// `2027-11-22T00:00:00Z`: RFC 3339 in UTC, to the second.
    pub fn to_rfc3339(self) -> String {
        self.date_time().map_or_else(String::new, |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    /// `22 November 2027`, for people.
    pub fn to_date_in_words(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let Some(time) = self.date_time() else { return String::new() };
        let month = MONTHS.get(time.month0() as usize).copied().unwrap_or_default();
        format!("{} {month} {}", time.day(), time.year())
    }

    fn date_time(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn both_storefronts_timestamps_are_read() {
        assert_eq!(at("2026-01-05T19:38:56Z").as_millis(), 1_767_641_936_000);
        assert_eq!(at("2026-01-05T19:38:56.000000Z").as_millis(), 1_767_641_936_000);
        assert_eq!(at("2026-01-05T20:38:56+01:00").as_millis(), 1_767_641_936_000);
        for unread in ["yesterday", "2026-01-05", "2026-01-05T19:38:56", "2026-13-05T19:38:56Z", ""] {
            assert_eq!(Timestamp::parse(unread), None, "{unread}");
        }
    }

    #[test]
    fn a_year_later_is_the_same_day_and_a_leap_day_becomes_the_28th() {
        assert_eq!(at("2026-11-22T00:00:00Z").plus_years(1).unwrap().to_rfc3339(), "2027-11-22T00:00:00Z");
        assert_eq!(at("2028-02-29T12:00:00Z").plus_years(1).unwrap().to_rfc3339(), "2029-02-28T12:00:00Z");
        assert_eq!(at("2028-02-29T12:00:00Z").plus_years(u32::MAX), None);
    }

    #[test]
    fn people_read_a_date_in_words() {
        assert_eq!(at("2027-11-22T00:00:00Z").to_date_in_words(), "22 November 2027");
    }
}
