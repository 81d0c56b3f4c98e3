//! Reading a password without it standing in an argument, where every user of the machine can read it.

use std::io::Read;
use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::Failure;

/// Longer is no password.
const LONGEST: u64 = 64 << 10;

/// From a file, or from standard input. One line end behind it is not part of it.
pub fn read(file: Option<&Path>, stdin: bool) -> Result<Option<SecretString>, Failure> {
    let mut text = Zeroizing::new(String::new());
    match (file, stdin) {
        (Some(path), _) => std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
            .map_err(|error| Failure::failed(format!("{}: the password cannot be read: {error}", path.display())))?,
        (None, true) => std::io::stdin()
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| Failure::failed(format!("the password cannot be read from standard input: {error}")))?,
        (None, false) => return Ok(None),
    };
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    crate::app::mailboxes::settings::password(secret).map(Some).map_err(|why| Failure::usage(why.to_string()))
}
