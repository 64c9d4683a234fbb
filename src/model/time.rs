//! Points in time, as the database keeps them, and the calendar that people and RFC 3339 write them in.
//!
//! The calendar is a page of arithmetic here: a library for it would be four percent of the Worker's size.

/// Milliseconds since the Unix epoch, in UTC. What every `…_at` column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// In milliseconds, as all times are here.
pub const MINUTE_MS: i64 = 60 * 1000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

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
        let (date, time) = self.split()?;
        let mut later = Date { year: date.year + i64::from(years), ..date };
        if !later.exists() {
            later.day -= 1;
        }
        later.is_writable().then(|| later.at(time))
    }

    /// The same day and time `months` later; where that month has no such day, on its last. `None` past the calendar's end.
    pub fn plus_months(self, months: u32) -> Option<Self> {
        let (date, time) = self.split()?;
        let months = date.month - 1 + i64::from(months);
        let mut later = Date { year: date.year + months.div_euclid(12), month: months.rem_euclid(12) + 1, ..date };
        while !later.exists() {
            later.day -= 1;
        }
        later.is_writable().then(|| later.at(time))
    }

    /// Reads an RFC 3339 date and time, as the storefronts write them (`2026-01-05T19:38:56Z`,
    /// `2026-01-05T09:45:53.000000Z`).
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_or_utc(text).filter(|_| has_offset(text))
    }

    /// The same, or without an offset, which is then taken for UTC: storefronts have left it out.
    pub fn parse_or_utc(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let year = number(&mut rest, 4)?;
        one_of(&mut rest, b"-")?;
        let month = number(&mut rest, 2)?;
        one_of(&mut rest, b"-")?;
        let date = Date { year, month, day: number(&mut rest, 2)? };
        one_of(&mut rest, b"Tt ")?;
        let minutes = clock(&mut rest)?;
        one_of(&mut rest, b":")?;
        // A leap second is the one after it.
        let seconds = number(&mut rest, 2).filter(|seconds| *seconds <= 60)?;
        let millis = if one_of(&mut rest, b".").is_some() { fraction(&mut rest)? } else { 0 };
        let ahead = match one_of(&mut rest, b"Zz+-") {
            Some(b'+') => clock(&mut rest)?,
            Some(b'-') => -clock(&mut rest)?,
            _ => 0,
        };
        let time = ((minutes - ahead) * 60 + seconds) * 1000 + millis;
        (date.exists() && rest.is_empty()).then(|| date.at(time))
    }

    /// `2027-11-22T00:00:00Z`: RFC 3339 in UTC, to the second. Empty outside the years that it can write.
    pub fn to_rfc3339(self) -> String {
        let Some((Date { year, month, day }, time)) = self.split() else { return String::new() };
        let seconds = time / 1000;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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
        let Some((Date { year, month, day }, _)) = self.split() else { return String::new() };
        let month = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
        format!("{day} {month} {year}")
    }

    /// The day, and the milliseconds since it began.
    fn split(self) -> Option<(Date, i64)> {
        let date = Date::of_days(self.0.div_euclid(DAY_MS));
        date.is_writable().then(|| (date, self.0.rem_euclid(DAY_MS)))
    }
}

/// Whether a time says how far it is from UTC. What stands before that has a known length.
fn has_offset(text: &str) -> bool {
    text.get("2026-01-05T19:38:56".len()..).is_some_and(|rest| rest.contains(['Z', 'z', '+', '-']))
}

/// A day of the Gregorian calendar. Months and days count from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// From March 1 of the year 0 to the Unix epoch.
    const EPOCH: i64 = 719_468;

    /// Days since the Unix epoch.
    const fn to_days(self) -> i64 {
        // Years that begin in March have their leap day at the end, where no other day moves.
        let (year, month) = if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        days_before(year) + days_before_month(month) + self.day - 1 - Self::EPOCH
    }

    const fn of_days(days: i64) -> Self {
        let days = days + Self::EPOCH;
        // By the calendar's mean, of 146,097 days in 400 years, this is the year or the one after it.
        let mut year = (days * 400).div_euclid(146_097) + 1;
        while days_before(year) > days {
            year -= 1;
        }
        let day = days - days_before(year);
        let month = (5 * day + 2) / 153;
        let day = day - days_before_month(month) + 1;
        if month < 10 { Self { year, month: month + 3, day } } else { Self { year: year + 1, month: month - 9, day } }
    }

    /// Whether there is this day: the calendar gives it back.
    fn exists(self) -> bool {
        (1..=12).contains(&self.month) && Self::of_days(self.to_days()) == self
    }

    /// Whether RFC 3339 has digits for its year.
    const fn is_writable(self) -> bool {
        0 <= self.year && self.year <= 9999
    }

    const fn at(self, time_ms: i64) -> Timestamp {
        Timestamp(self.to_days() * DAY_MS + time_ms)
    }
}

/// Days before March 1 of that year, from March 1 of the year 0.
const fn days_before(year: i64) -> i64 {
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
}

/// Days before a month, counted from March: 31, 30, 31, 30, 31 days over and over.
const fn days_before_month(month: i64) -> i64 {
    (153 * month + 2) / 5
}

/// A number of exactly that many digits.
fn number(rest: &mut &[u8], digits: usize) -> Option<i64> {
    let (number, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    number.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

/// Any one of these.
fn one_of(rest: &mut &[u8], allowed: &[u8]) -> Option<u8> {
    let (first, behind) = rest.split_first().filter(|(first, _)| allowed.contains(first))?;
    *rest = behind;
    Some(*first)
}

/// `19:38`, in minutes.
fn clock(rest: &mut &[u8]) -> Option<i64> {
    let hours = number(rest, 2).filter(|hours| *hours < 24)?;
    one_of(rest, b":")?;
    let minutes = number(rest, 2).filter(|minutes| *minutes < 60)?;
    Some(hours * 60 + minutes)
}

/// The digits behind a decimal point, of which there is at least one, in whole milliseconds.
fn fraction(rest: &mut &[u8]) -> Option<i64> {
    let mut millis = number(rest, 1)? * 100;
    let mut place = 10;
    while let Some(digit) = one_of(rest, b"0123456789") {
        millis += i64::from(digit - b'0') * place;
        place /= 10;
    }
    Some(millis)
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
        assert_eq!(at("2026-01-05T15:08:56.1239-04:30").as_millis(), 1_767_641_936_123);
    }

    #[test]
    fn what_is_no_point_in_time_is_not_read() {
        for unread in [
            "",
            "yesterday",
            "2026-01-05",
            "2026-01-05T19:38:56",
            "2026-01-05T19:38:56.Z",
            "2026-01-05T19:38:56Z ",
            "2026-01-05T19:38Z",
            "2026-1-05T19:38:56Z",
            "+026-01-05T19:38:56Z",
            "2026-00-05T19:38:56Z",
            "2026-13-05T19:38:56Z",
            "2026-01-00T19:38:56Z",
            "2026-02-29T19:38:56Z",
            "2026-04-31T19:38:56Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T19:60:56Z",
            "2026-01-05T19:38:61Z",
            "2026-01-05T19:38:56+24:00",
            "2026-01-05T19:38:56+0100",
        ] {
            assert_eq!(Timestamp::parse(unread), None, "{unread}");
            let without_offset = unread == "2026-01-05T19:38:56";
            assert_eq!(Timestamp::parse_or_utc(unread).is_some(), without_offset, "{unread}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_in_utc_for_whoever_takes_one() {
        let utc = Some(at("2026-01-05T19:38:56Z"));
        for text in ["2026-01-05T19:38:56", "2026-01-05 19:38:56", "2026-01-05T19:38:56.000000", "2026-01-05T19:38:56Z"]
        {
            assert_eq!(Timestamp::parse_or_utc(text), utc, "{text}");
        }
        assert_eq!(Timestamp::parse_or_utc("2026-01-05T20:38:56+01:00"), utc);
        assert_eq!(Timestamp::parse("2026-01-05T19:38:56.000000"), None);
    }

    #[test]
    fn every_day_of_the_calendar_follows_the_one_before_it() {
        let mut days = Date { year: 0, month: 1, day: 1 }.to_days();
        for year in 0..=9999 {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            for (month, length) in (1..).zip([31, 28 + i64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
                for day in 1..=length {
                    let date = Date { year, month, day };
                    assert_eq!((Date::of_days(days), date.to_days()), (date, days));
                    days += 1;
                }
                assert!(!Date { year, month, day: length + 1 }.exists());
            }
        }
        assert_eq!(Date { year: 1970, month: 1, day: 1 }.to_days(), 0);
    }

    #[test]
    fn a_time_is_read_as_it_was_written() {
        for text in ["0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2028-02-29T12:34:56Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(at(text).to_rfc3339(), text);
        }
        for beyond in [i64::MIN, at("9999-12-31T23:59:59Z").as_millis() + 1000, i64::MAX] {
            assert_eq!(Timestamp::from_millis(beyond).to_rfc3339(), "");
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
