//! Time. No other module reads the wall clock, so that tests can set the time.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize, Serializer};

/// A point in time, in milliseconds since 1970 UTC, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct Timestamp(pub i64);

const DAY_MS: i64 = 24 * 3600 * 1000;
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const FAR_FUTURE: DateTime = DateTime::constant(9999, 12, 31, 23, 59, 59, 0);

/// Parses a day such as "2027-05-01"; the other forms of ISO 8601 are refused.
pub fn day(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|day| day.to_string() == text)
}

impl Timestamp {
    /// The time `duration` later.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time `duration` earlier.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time without its fraction of a second: INTERNALDATE (RFC 3501 section 2.3.3) has none.
    #[must_use]
    pub fn whole_seconds(self) -> Self {
        Self(self.0.div_euclid(1000).saturating_mul(1000))
    }

    /// The day, in days since 1970 UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// The start of the next day, UTC.
    #[must_use]
    pub fn next_day(self) -> Self {
        Self((self.day() + 1).saturating_mul(DAY_MS))
    }

    /// The time elapsed since `earlier`; zero if `earlier` is in the future.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The calendar date and time in UTC; the far future if the number is out of range.
    pub fn to_datetime(self) -> DateTime {
        // jiff's own `Timestamp` ends a day before the year 9999 does, so it is not used here.
        EPOCH.checked_add(SignedDuration::from_millis(self.0)).unwrap_or(FAR_FUTURE)
    }

    /// The timestamp of a calendar date and time in UTC.
    pub fn from_datetime(at: DateTime) -> Self {
        Self(i64::try_from(at.duration_since(EPOCH).as_millis()).unwrap_or(i64::MAX))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Only whole seconds are shown, since people do not need fractions.
        write!(f, "{}Z", self.whole_seconds().to_datetime())
    }
}

/// RFC 3339 in UTC: the format of every time in the program's output.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl utoipa::ToSchema for Timestamp {}

/// A source of the current time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that may read the wall clock")]
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp(1_700_000_000_123).to_string(), "2023-11-14T22:13:20Z");
        assert_eq!(serde_json::to_string(&Timestamp(0)).unwrap(), "\"1970-01-01T00:00:00Z\"");
    }

    #[test]
    fn a_time_out_of_range_is_written_as_the_far_future() {
        for (millis, wanted) in [
            (253_402_300_799_999, "9999-12-31T23:59:59Z"),
            (253_402_300_800_000, "9999-12-31T23:59:59Z"),
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp(millis).to_string(), wanted);
        }
        assert!(!Timestamp(i64::MIN).to_string().is_empty());
    }

    #[test]
    fn a_day_is_read_in_one_form_only() {
        for text in ["2026-02-28", "2024-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(day(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-2-1",
            "20260201",
            "2026-02-01T00:00",
            " 2026-02-01",
            "2026-02-01Z",
            "2026-W05-7",
            "2026-032",
            "26-02-01",
            "10000-01-01",
            "-2026-02-01",
            "yesterday",
        ] {
            assert_eq!(day(text), None, "{text:?}");
        }
    }

    proptest! {
        /// Compares with `jiff`, which itself writes and reads RFC 3339 for times in its range.
        #[test]
        fn a_time_is_written_as_jiff_writes_it(seconds in -62_167_219_200_i64..=253_402_207_200) {
            let judged = jiff::Timestamp::from_second(seconds).unwrap();
            prop_assert_eq!(Timestamp(seconds * 1000).to_string(), judged.to_string());
        }

        #[test]
        fn a_time_becomes_a_date_and_the_same_time_again(millis in -62_167_219_200_000_i64..=253_402_300_799_999) {
            prop_assert_eq!(Timestamp::from_datetime(Timestamp(millis).to_datetime()), Timestamp(millis));
        }
    }

    #[test]
    fn a_time_is_cut_to_whole_seconds_also_before_1970() {
        assert_eq!(Timestamp(1999).whole_seconds(), Timestamp(1000));
        assert_eq!(Timestamp(-1).whole_seconds(), Timestamp(-1000));
    }
}
