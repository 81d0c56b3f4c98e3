//! The commands that change something on the server.

/// Whether a command, without its tag, changes something on the server.
pub fn is_changing(command: &str) -> bool {
    let verb = command.strip_prefix("UID ").unwrap_or(command).split(' ').next().unwrap_or_default();
    ["STORE", "COPY", "MOVE", "EXPUNGE", "CREATE", "APPEND", "DELETE", "RENAME", "CLOSE"].contains(&verb)
}
