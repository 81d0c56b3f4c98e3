//! The `mailferry` program. The documentation of the library describes the structure of the code.

fn main() -> std::process::ExitCode {
    mailferry::cli::main()
}
