//! Durations as people write them in the configuration, on the command line and in the API: "90s", "10min", "1h 30m".
//!
//! `jiff` reads a narrower form: it refuses "1day" (a day of 25 hours exists), "1M", units out of order and blanks at the ends.
//! A configuration of today would notice, so the form is read here, with fixed lengths for days, months and years.

use std::time::Duration;

const SECOND: u128 = 1_000_000_000;
const DAY: u64 = 86_400;
/// 30.44 days.
const MONTH: u64 = 2_630_016;
/// 365.25 days.
const YEAR: u64 = 31_557_600;

/// Reads a sum of numbers with units; `None` if the text is no duration or more than 2^64 seconds.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos: u128 = 0;
    let mut rest = text;
    loop {
        let (term, behind) = term(rest)?;
        nanos = nanos.checked_add(term)?;
        rest = behind.trim_start();
        if rest.is_empty() {
            break;
        }
    }
    Some(Duration::new(u64::try_from(nanos / SECOND).ok()?, u32::try_from(nanos % SECOND).ok()?))
}

/// Reads one number with its unit from the beginning; returns the nanoseconds and the rest of the text.
fn term(text: &str) -> Option<(u128, &str)> {
    let (number, behind) = split_while(text, |c| c.is_ascii_digit() || c == '.' || c.is_whitespace());
    let (name, behind) = split_while(behind, |c| c.is_ascii_alphabetic() || c == 'µ');
    let (length, finest) = unit(name)?;
    let number: String = number.split_whitespace().collect();
    let (whole, part) = match number.split_once('.') {
        Some((whole, decimals)) => (whole, fraction(decimals, length, finest)?),
        None => (number.as_str(), 0),
    };
    // Below 2^64 years in nanoseconds, which 128 bits hold.
    Some((u128::from(whole.parse::<u64>().ok()?) * length + part, behind))
}

/// The part of a unit that these decimals stand for, where it is a multiple of `finest`: "0.5h" is, "0.0001h" is not. A nanosecond has
/// no parts.
fn fraction(decimals: &str, length: u128, finest: u128) -> Option<u128> {
    let scale = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let scaled = u128::from(decimals.parse::<u64>().ok()?) * length;
    let part = scaled / u128::from(scale);
    (length > 1 && scaled % u128::from(scale) == 0 && part % finest == 0).then_some(part)
}

/// The length of a unit, and the finest part of it that decimals may name, in nanoseconds.
fn unit(name: &str) -> Option<(u128, u128)> {
    let seconds = |count: u64| u128::from(count) * SECOND;
    Some(match name {
        "nanos" | "nsec" | "ns" => (1, 1),
        "usec" | "us" | "µs" => (1_000, 1),
        "millis" | "msec" | "ms" => (1_000_000, 1),
        "seconds" | "second" | "secs" | "sec" | "s" => (SECOND, 1),
        "minutes" | "minute" | "mins" | "min" | "m" => (seconds(60), 1),
        "hours" | "hour" | "hrs" | "hr" | "h" => (seconds(3600), SECOND),
        "days" | "day" | "d" => (seconds(DAY), SECOND),
        "weeks" | "week" | "wks" | "wk" | "w" => (seconds(7 * DAY), SECOND),
        "months" | "month" | "M" => (seconds(MONTH), SECOND),
        "years" | "year" | "yrs" | "yr" | "y" => (seconds(YEAR), SECOND),
        _ => return None,
    })
}

fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(|c| !belongs(c)).map_or((text, ""), |end| text.split_at(end))
}

/// Writes a duration: "1day 2h 30m". [`parse`] reads it back as the same duration.
pub fn format(duration: Duration) -> String {
    let (seconds, nanos) = (duration.as_secs(), u64::from(duration.subsec_nanos()));
    let days = seconds % YEAR % MONTH;
    let terms = [
        (seconds / YEAR, "year"),
        (seconds % YEAR / MONTH, "month"),
        (days / DAY, "day"),
        (days % DAY / 3600, "h"),
        (days % 3600 / 60, "m"),
        (days % 60, "s"),
        (nanos / 1_000_000, "ms"),
        (nanos / 1_000 % 1_000, "us"),
        (nanos % 1_000, "ns"),
    ];
    let written = terms.into_iter().filter(|(count, _)| *count > 0).map(|(count, unit)| {
        let is_word = unit.len() > 2;
        format!("{count}{unit}{}", if is_word && count > 1 { "s" } else { "" })
    });
    let written: Vec<String> = written.collect();
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
            ("5min", seconds(300)),
            ("5 min", seconds(300)),
            (" 5 min ", seconds(300)),
            ("1h30m", seconds(5400)),
            ("1h 30m", seconds(5400)),
            ("1hour 30minutes", seconds(5400)),
            ("30m 1h", seconds(5400)),
            ("1m 1m", seconds(120)),
            ("1.5h", seconds(5400)),
            ("1.5h 0.5m", seconds(5430)),
            ("1 . 5 h", seconds(5400)),
            ("1 000 s", seconds(1000)),
            ("0.25s", Duration::from_millis(250)),
            ("0.000000001s", Duration::from_nanos(1)),
            ("1day", seconds(86_400)),
            ("1.5 days", seconds(129_600)),
            ("1week", seconds(604_800)),
            ("1month", seconds(2_630_016)),
            ("1M", seconds(2_630_016)),
            ("1year", seconds(31_557_600)),
            ("1y", seconds(31_557_600)),
            ("18446744073709551615s", seconds(u64::MAX)),
        ] {
            assert_eq!(parse(text), Some(wanted), "{text:?}");
        }
    }

    #[test]
    fn every_name_of_a_unit_is_read() {
        for (names, nanos) in [
            ("nanos nsec ns", 1),
            ("usec us µs", 1_000),
            ("millis msec ms", 1_000_000),
            ("seconds second secs sec s", SECOND),
            ("minutes minute mins min m", 60 * SECOND),
            ("hours hour hrs hr h", 3600 * SECOND),
            ("days day d", 86_400 * SECOND),
            ("weeks week wks wk w", 7 * 86_400 * SECOND),
            ("months month M", 2_630_016 * SECOND),
            ("years year yrs yr y", 31_557_600 * SECOND),
        ] {
            for name in names.split(' ') {
                assert_eq!(parse(&format!("3{name}")).map(|read| read.as_nanos()), Some(3 * nanos), "{name}");
            }
        }
    }

    #[test]
    fn other_texts_are_no_durations() {
        for text in [
            "",
            " ",
            "soon",
            "s",
            "60",
            "00",
            "1.5",
            "-60s",
            "+60s",
            "60s ago",
            "1:00:00",
            "PT1H",
            "1h, 30m",
            "1,5h",
            "1.h",
            ".5h",
            "1..5h",
            "1.5.5h",
            "5 m in",
            "1H",
            "1S",
            "1Min",
            "1mo",
            "1μs", // the Greek letter; the unit is the micro sign
            "60s;",
            "0x10s",
            "1e3s",
            "6٠s", // an Arabic digit
            "0.0001h",
            "0.1ns",
            "1.0ns",
            "18446744073709551615s 1s",
            "18446744073709551616s",
            "18446744073709551615y",
            "0.00000000000000000001s",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn durations_are_written_as_ever() {
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
            (2_630_016_000, "1month"),
            (366 * 86_400_000, "1year 18h"),
        ] {
            assert_eq!(format(Duration::from_millis(millis)), wanted);
        }
        assert_eq!(format(Duration::new(2 * YEAR + 3 * MONTH, 1_002_003)), "2years 3months 1ms 2us 3ns");
    }

    proptest! {
        #[test]
        fn a_written_duration_reads_back_as_the_same(seconds: u64, nanos in 0_u32..1_000_000_000) {
            let duration = Duration::new(seconds, nanos);
            prop_assert_eq!(parse(&format(duration)), Some(duration));
        }

        /// `jiff` is the judge where both read.
        #[test]
        fn hours_minutes_and_seconds_are_read_as_jiff_reads_them(
            text in "([0-9]{1,4} ?(h|hr|hrs|hour|hours) ?)?([0-9]{1,4} ?(m|min|mins|minute|minutes) ?)?[0-9]{1,4}(\\.[0-9]{1,9})? ?(s|sec|secs|second|seconds)",
        ) {
            let judged = jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(&text).unwrap();
            prop_assert_eq!(parse(&text), Some(judged));
        }

        #[test]
        fn no_text_ends_in_a_panic(text: String, close in "[0-9 .smhdyM]{0,40}") {
            parse(&text);
            parse(&close);
        }
    }
}
