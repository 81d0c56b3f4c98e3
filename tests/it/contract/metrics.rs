//! The names, labels and help texts of `/metrics`, and the other endpoints for monitoring.

use super::{snapshots::Snapshots, visitor::Visitor};
use crate::support::mailferry::Serve;

/// The lines without their values, sorted, because the order within a metric is arbitrary.
fn without_values(text: &str) -> String {
    let is_comment = |line: &&str| line.starts_with('#');
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.lines().peekable();
    while rest.peek().is_some() {
        lines.extend(std::iter::from_fn(|| rest.next_if(is_comment)).map(str::to_owned));
        let samples = std::iter::from_fn(|| rest.next_if(|line| !is_comment(line)));
        let mut samples: Vec<String> =
            samples.filter_map(|line| Some(format!("{} VALUE", line.rsplit_once(' ')?.0))).collect();
        samples.sort();
        lines.extend(samples);
    }
    lines.join("\n")
}

/// Takes the snapshots of the monitoring endpoints.
pub fn take(serve: &Serve, snapshots: &mut Snapshots) {
    let visitor = Visitor::guest(serve, "en");
    let answer = visitor.get("/metrics");
    snapshots.take("watching/metrics", &format!("{}\n\n{}", answer.head(), without_values(&answer.body)));
    for name in ["healthz", "readyz"] {
        snapshots.take(&format!("watching/{name}"), &visitor.get(&format!("/{name}")).shown());
    }
}
