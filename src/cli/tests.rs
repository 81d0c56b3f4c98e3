//! Tests of the command line in this process.

mod documents;
mod doors;

use clap::CommandFactory;

#[test]
fn the_command_line_is_well_formed() {
    super::Cli::command().debug_assert();
}
