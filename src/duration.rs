//! Durations as people write them in the configuration, on the command line and in the API: "90s", "10min", "1h 30m", "30
//! days".

use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::SpanParser;

/// Parses a duration; `None` if the text is not a duration, is negative, or contains months or years, whose length varies. A
/// day has 24 hours.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let span = SpanParser::new().parse_span(text.trim()).ok()?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(exact).ok()
}

/// Writes a duration to the millisecond: "1day 2h 30m". [`parse`] reads it back.
pub fn format(duration: Duration) -> String {
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let days = match seconds / 86_400 {
        0 => None,
        1 => Some("1day".to_owned()),
        days => Some(format!("{days}days")),
    };
    let parts =
        [(seconds % 86_400 / 3600, "h"), (seconds % 3600 / 60, "m"), (seconds % 60, "s"), (u64::from(millis), "ms")];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}"));
    let written: Vec<String> = days.into_iter().chain(parts).collect();
    if written.is_empty() { "0s".to_owned() } else { written.join(" ") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = Duration::from_secs;
        for (text, wanted) in [
            ("0", seconds(0)),
            ("0s", seconds(0)),
            ("60s", seconds(60)),
            ("60 s", seconds(60)),
            ("60sec", seconds(60)),
            ("60 seconds", seconds(60)),
            ("5m", seconds(300)),
            ("5min", seconds(300)),
            (" 5 min ", seconds(300)),
            ("5 minutes", seconds(300)),
            ("1h30m", seconds(5400)),
            ("1h 30m", seconds(5400)),
            ("1hour 30minutes", seconds(5400)),
            ("1.5h", seconds(5400)),
            ("250ms", Duration::from_millis(250)),
            ("0.25s", Duration::from_millis(250)),
            ("1d", seconds(86_400)),
            ("1day", seconds(86_400)),
            ("30 days", seconds(30 * 86_400)),
            ("1week", seconds(604_800)),
            ("2weeks 1day 1h", seconds(15 * 86_400 + 3600)),
        ] {
            assert_eq!(parse(text), Some(wanted), "{text:?}");
        }
    }

    #[test]
    fn texts_that_are_not_durations_are_rejected() {
        for text in [
            "",
            " ",
            "soon",
            "s",
            "60",
            "1.5",
            "-60s",
            "60s ago",
            "PT1H",
            "1,5",
            "1..5h",
            "5 m in",
            "60s;",
            "0x10s",
            "1e3s",
            "30m 1h",
            "1month",
            "1 year",
            "99999999999999999999s",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_with_days_hours_minutes_and_seconds() {
        for (millis, wanted) in [
            (0, "0s"),
            (1, "1ms"),
            (1_500, "1s 500ms"),
            (60_000, "1m"),
            (90_000, "1m 30s"),
            (3_600_000, "1h"),
            (86_400_000, "1day"),
            (2 * 86_400_000, "2days"),
            (90_061_000, "1day 1h 1m 1s"),
        ] {
            assert_eq!(format(Duration::from_millis(millis)), wanted);
        }
    }

    proptest! {
        #[test]
        fn a_written_duration_reads_back_as_the_same(millis in 0_u64..1 << 42) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(duration)), Some(duration));
        }

        #[test]
        fn no_text_causes_a_panic(text: String, close in "[0-9 .smhdyM]{0,40}") {
            parse(&text);
            parse(&close);
        }
    }
}
