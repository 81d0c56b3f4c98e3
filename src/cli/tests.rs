//! Tests of the command line that run in the test's own process.

mod documents;
mod doors;

use clap::CommandFactory;

#[test]
fn the_command_line_is_well_formed() {
    super::Cli::command().debug_assert();
}
