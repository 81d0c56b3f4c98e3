//! Plots of days as bars, drawn here, so that they need no script.

use askama::Template;

use crate::http::page::words::Words;

/// One day's bar.
pub struct Bar {
    /// Where it begins, from the left.
    pub x: usize,
    /// From where down it reaches.
    pub y: i64,
    /// How high it is.
    pub height: i64,
    /// How much of it, from below, is bad.
    pub bad: i64,
    /// What it stands for, in words.
    pub label: String,
}

/// Bars of some days, the last of them today.
#[derive(Template)]
#[template(path = "plot.html")]
pub struct Plot {
    /// What is shown.
    title: String,
    bars: Vec<Bar>,
    first: String,
    last: String,
    /// How high the highest bar is, and what is bad, in words.
    max: Option<String>,
    /// That there is nothing, in words.
    empty: Option<String>,
}

/// So high is the highest bar.
const MAX_HEIGHT: i64 = 100;

impl Plot {
    /// From counts by day (a number of days since 1970), each with how many of it are bad.
    pub fn new(title: String, w: &Words, days: i64, today: i64, counts: &[(i64, i64, i64)]) -> Self {
        let max = counts.iter().map(|(_, count, _)| *count).max().unwrap_or(0).max(1);
        let date = |day: i64| {
            jiff::Timestamp::from_second(day * 86_400).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
        };
        let bars = (0..days).map(|n| {
            let day = today - days + 1 + n;
            let (count, bad) = counts
                .iter()
                .find(|(counted_day, ..)| *counted_day == day)
                .map_or((0, 0), |(_, count, bad)| (*count, *bad));
            let label = match bad {
                0 => w.t2("plot-day", "date", date(day), "number", count),
                _ => w.t_args("plot-day-bad", &[("date", &date(day)), ("number", &count), ("bad", &bad)]),
            };
            // What there is at all can be seen.
            let high = |count: i64| if count == 0 { 0 } else { (count * MAX_HEIGHT / max).max(2) };
            let x = usize::try_from(n).unwrap_or(0) * 20;
            Bar { x, y: MAX_HEIGHT - high(count), height: high(count), bad: high(bad).min(high(count)), label }
        });
        let bars: Vec<Bar> = bars.collect();
        let (is_empty, has_bad) = (bars.iter().all(|bar| bar.height == 0), bars.iter().any(|bar| bar.bad > 0));
        let bad = if has_bad { format!(", {}", w.t("plot-bad")) } else { String::new() };
        Self {
            title,
            bars,
            first: date(today - days + 1),
            last: date(today),
            max: (!is_empty).then(|| w.n("plot-most", max) + &bad),
            empty: is_empty.then(|| w.t("plot-none")),
        }
    }
}
