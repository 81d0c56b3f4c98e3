//! Texts in the visitor's language, with times in their time zone.

mod facts;

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::locale::{self, Language};
use crate::poll::is_connection_step;

/// A visitor's language and time zone, and the current time.
#[derive(Clone)]
pub struct Words {
    pub language: Language,
    pub zone: TimeZone,
    /// The time of the request.
    pub now: Timestamp,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The id of the text about a failed step; `what` is `error` or `remedy`.
pub fn step_text_id(what: &str, step: &str) -> String {
    format!("{what}-{}", if is_connection_step(step) { "reach" } else { step })
}

impl Words {
    /// Creates the words of a visitor. An unknown time zone is replaced by UTC.
    pub fn new(language: Language, zone: &str, now: Timestamp) -> Self {
        Self { language, zone: TimeZone::get(zone).unwrap_or(TimeZone::UTC), now }
    }

    /// A text by its id.
    pub fn t(&self, name: &str) -> String {
        locale::text(self.language, name)
    }

    /// A text whose id is `prefix` followed by `name`.
    pub fn tt(&self, prefix: &str, name: &str) -> String {
        locale::text(self.language, &format!("{prefix}{name}"))
    }

    /// A text with one argument.
    pub fn t1(&self, name: &str, key: &str, value: impl Display) -> String {
        self.t_args(name, &[(key, &value)])
    }

    /// A text with two arguments.
    pub fn t2(&self, name: &str, key: &str, value: impl Display, key2: &str, value2: impl Display) -> String {
        self.t_args(name, &[(key, &value), (key2, &value2)])
    }

    /// A text with a count.
    pub fn n(&self, name: &str, count: impl Display) -> String {
        self.t_args(name, &[("count", &count)])
    }

    /// A text with any number of arguments.
    pub fn t_args(&self, name: &str, args: &[(&str, &dyn Display)]) -> String {
        let args: BTreeMap<String, String> =
            args.iter().map(|(key, value)| ((*key).to_owned(), value.to_string())).collect();
        locale::message(self.language, name, None, &args)
    }

    /// The language tag for the `lang` attribute.
    pub fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// Date and time, to the minute.
    pub fn at(&self, at: &Timestamp) -> String {
        self.format(*at, "%Y-%m-%d %H:%M")
    }

    /// Date and time, to the second.
    pub fn exactly(&self, at: &Timestamp) -> String {
        self.format(*at, "%Y-%m-%d %H:%M:%S")
    }

    fn format(&self, at: Timestamp, form: &str) -> String {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(moment) => moment.to_zoned_datetime(self.zone.clone()).strftime(form).to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// A past or future time relative to now ("5 minutes ago", "in 5 minutes").
    pub fn ago(&self, at: &Timestamp) -> String {
        let seconds = (self.now.0 - at.0) / 1000;
        let (count, unit) = match seconds.abs() {
            s if s < MINUTE => return self.t(if seconds < -5 { "time-soon" } else { "time-just-now" }),
            s if s < HOUR => (s / MINUTE, "minutes"),
            s if s < 2 * DAY => (s / HOUR, "hours"),
            s => (s / DAY, "days"),
        };
        let name = if seconds < 0 { format!("time-in-{unit}") } else { format!("time-{unit}-ago") };
        self.n(&name, count)
    }

    /// Time until a future event ("in 5 minutes"). Events less than a minute ahead, and overdue ones, read "in a moment".
    pub fn ahead(&self, at: &Timestamp) -> String {
        if at.0 - self.now.0 < MINUTE * 1000 { self.t("time-soon") } else { self.ago(at) }
    }

    /// A number of bytes, with a unit.
    pub fn size<T: Copy + TryInto<u64>>(&self, bytes: &T) -> String {
        let text = bytesize::ByteSize((*bytes).try_into().unwrap_or(0)).display().si().to_string();
        match self.language {
            Language::Swedish => text.replace('.', ","),
            Language::English => text,
        }
    }

    /// The start of the visitor's day.
    pub fn today(&self) -> Timestamp {
        let start = jiff::Timestamp::from_millisecond(self.now.0)
            .and_then(|now| now.to_zoned_datetime(self.zone.clone()).start_of_day())
            .map(|start| start.timestamp().as_millisecond());
        start.map_or(self.now, Timestamp)
    }

    /// The visitor's calendar day at a point in time, in days since 1970.
    pub fn day(&self, at: Timestamp) -> i64 {
        let moment = jiff::Timestamp::from_millisecond(at.0);
        let date = moment.map(|at| at.to_zoned_datetime(self.zone.clone()).date());
        date.map_or(0, |date| date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_visitors_zone_and_language() {
        let now = Timestamp(1_764_010_800_000); // 2025-11-24T19:00:00Z
        let words = Words::new(Language::Swedish, "Europe/Stockholm", now);
        assert_eq!(words.at(&now), "2025-11-24 20:00");
        assert_eq!(words.today(), Timestamp(1_763_938_800_000), "midnight in Stockholm is 23:00 UTC");
        assert_eq!(words.day(words.today()), words.day(Timestamp(words.today().0 - 1)) + 1);
        // 22:30 UTC in summer is half past midnight in Stockholm (UTC+2); `now` is in winter (UTC+1).
        assert_eq!(words.day(Timestamp(1_750_026_600_000)), 20_255);
        for (seconds, swedish, english) in [
            (0, "nyss", "just now"),
            (60, "för 1 minut sedan", "1 minute ago"),
            (7200, "för 2 timmar sedan", "2 hours ago"),
            (-90, "om 1 minut", "in 1 minute"),
            (10 * DAY, "för 10 dagar sedan", "10 days ago"),
        ] {
            let at = Timestamp(now.0 - seconds * 1000);
            assert_eq!(words.ago(&at), swedish);
            assert_eq!(Words { language: Language::English, ..words.clone() }.ago(&at), english);
        }
        for (seconds, swedish) in
            [(-DAY, "strax"), (0, "strax"), (59, "strax"), (60, "om 1 minut"), (7200, "om 2 timmar")]
        {
            assert_eq!(words.ahead(&Timestamp(now.0 + seconds * 1000)), swedish);
        }
        assert_eq!(words.size(&1_500_000_u64), "1,5 MB");
        assert_eq!(Words::new(Language::English, "Not/AZone", now).at(&now), "2025-11-24 19:00");
    }
}
