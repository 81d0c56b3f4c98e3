//! Reads a password from a file or standard input, but not from arguments, which every user of the machine can read.

use std::io::Read;
use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Failure;

/// Maximum length of a password, in bytes.
const MAX_LENGTH: u64 = 64 << 10;

/// Reads a password from a file or from standard input, and removes one line break at its end.
pub fn read(file: Option<&Path>, stdin: bool) -> Result<Option<SecretString>, Failure> {
    let mut text = Zeroizing::new(String::new());
    match (file, stdin) {
        (Some(path), _) => {
            std::fs::File::open(path)
                .and_then(|file| file.take(MAX_LENGTH).read_to_string(&mut text))
                .map_err(|error| Failure::failed(format!("{}: the password cannot be read: {error}", path.display())))?
        }
        (None, true) => std::io::stdin()
            .take(MAX_LENGTH)
            .read_to_string(&mut text)
            .map_err(|error| Failure::failed(format!("the password cannot be read from standard input: {error}")))?,
        (None, false) => return Ok(None),
    };
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    crate::app::mailboxes::settings::password(secret).map(Some).map_err(|why| Failure::usage(why.to_string()))
}
