//! The program; the library has the map of the code.

fn main() -> std::process::ExitCode {
    mailferry::cli::main()
}
