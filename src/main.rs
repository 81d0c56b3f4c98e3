//! The entry point of the program; the documentation of the library explains the structure of the code.

fn main() -> std::process::ExitCode {
    mailferry::cli::main()
}
