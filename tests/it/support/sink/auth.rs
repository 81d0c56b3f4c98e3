//! AUTH PLAIN (RFC 4616) and AUTH LOGIN.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    personality::Step,
    session::{Session, SessionEnded},
};

impl Session<'_> {
    pub(super) fn auth(&mut self, argument: &str) -> Result<(), SessionEnded> {
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let given = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let response = if initial.is_empty() { self.challenge("")? } else { decoded(initial) };
                let mut parts = response.split('\0').skip(1).map(str::to_owned);
                parts.next().zip(parts.next())
            }
            "LOGIN" => {
                let user = if initial.is_empty() { self.challenge("Username:")? } else { decoded(initial) };
                Some((user, self.challenge("Password:")?))
            }
            _ => return self.send(b"504 5.5.4 unknown mechanism\r\n"),
        };
        let is_right = given.is_some() && given == self.personality.login;
        let usual = if is_right { "235 2.7.0 welcome" } else { "535 5.7.8 authentication failed" };
        let said = self.step(&[Step::Auth], usual)?;
        if said.starts_with("235") {
            self.transaction.login = given.map(|(user, _)| user);
        }
        Ok(())
    }

    fn challenge(&mut self, text: &str) -> Result<String, SessionEnded> {
        self.send(format!("334 {}\r\n", STANDARD.encode(text)).as_bytes())?;
        self.line().map(|line| decoded(&line))
    }
}

fn decoded(response: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(response).unwrap_or_default()).into_owned()
}
