//! Bar charts by day, rendered as SVG on the server, so that they need no script.

use askama::Template;

use crate::http::page::words::Words;

/// The bar of one day.
pub struct Bar {
    /// Left edge.
    pub x: usize,
    /// Upper edge.
    pub y: i64,
    pub height: i64,
    /// Height of the part that shows failures, measured from the bottom.
    pub bad: i64,
    /// The tooltip.
    pub label: String,
}

/// A chart of several days, the last of which is today.
#[derive(Template)]
#[template(path = "chart.html")]
pub struct BarChart {
    title: String,
    bars: Vec<Bar>,
    first: String,
    last: String,
    /// The maximum and the meaning of the colours, as text.
    max: Option<String>,
    /// The text that is shown if there is no data.
    empty: Option<String>,
}

/// Height of the highest bar.
const MAX_HEIGHT: i64 = 100;

impl BarChart {
    /// Creates a chart from (day, count, failed) tuples; the day is the number of days since 1970.
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
                0 => w.t2("chart-day", "date", date(day), "number", count),
                _ => w.t_args("chart-day-failures", &[("date", &date(day)), ("number", &count), ("bad", &bad)]),
            };
            // Make every non-zero count visible.
            let high = |count: i64| if count == 0 { 0 } else { (count * MAX_HEIGHT / max).max(2) };
            let x = usize::try_from(n).unwrap_or(0) * 20;
            Bar { x, y: MAX_HEIGHT - high(count), height: high(count), bad: high(bad).min(high(count)), label }
        });
        let bars: Vec<Bar> = bars.collect();
        let (is_empty, has_bad) = (bars.iter().all(|bar| bar.height == 0), bars.iter().any(|bar| bar.bad > 0));
        let bad = if has_bad { format!(", {}", w.t("chart-failures")) } else { String::new() };
        Self {
            title,
            bars,
            first: date(today - days + 1),
            last: date(today),
            max: (!is_empty).then(|| w.n("chart-most", max) + &bad),
            empty: is_empty.then(|| w.t("chart-none")),
        }
    }
}
