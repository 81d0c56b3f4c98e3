//! `--help` of every command, found by walking the "Commands:" of each help text.

use super::{installation::Installation, snapshots::Snapshots};
use crate::support::mailferry::Mailferry;

/// The names of the subcommands, which the help text lists below "Commands:".
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // The continuation line of a description is indented further than a name.
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).filter(|name| name != "help").collect()
}

fn walk(mailferry: &Mailferry, path: &[&str], snapshots: &mut Snapshots) {
    let help = mailferry.ok(&[path, &["--help"]].concat()).text();
    snapshots.take(&[&["mailferry"], path].concat().join("-"), &help);
    for name in subcommands(&help) {
        walk(mailferry, &[path, &[&name]].concat(), snapshots);
    }
}

#[test]
fn every_help_text_matches_its_snapshot() {
    let Installation { mut mailferry, masks, .. } = Installation::empty();
    mailferry.unset("MAILFERRY_CONFIG");
    let mut snapshots = Snapshots::in_folder("help", masks);
    walk(&mailferry, &[], &mut snapshots);
    snapshots.take("version", &mailferry.ok(&["--version"]).text());
    snapshots.finish();
}
