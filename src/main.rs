//! The program: see the library for the map.

fn main() -> std::process::ExitCode {
    mailferry::cli::main()
}
