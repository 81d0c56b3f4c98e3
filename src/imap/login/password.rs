//! The login by password: AUTHENTICATE PLAIN (RFC 4616) if offered, else LOGIN (RFC 3501 6.2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imap_proto::Response;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{LoginError, without_secret};
use crate::imap::folder_name::quoted;
use crate::imap::guard::RawAnswer;
use crate::imap::session::AnswerPart;
use crate::imap::{ImapError, Session, Status, TaggedAnswer};

impl Session {
    /// Logs in, and updates the capabilities: some servers offer more after the login (Exchange MOVE, Gmail UIDPLUS).
    pub async fn login(&mut self, username: &str, password: &SecretString) -> Result<(), LoginError> {
        for (name, text) in [("the user name", username), ("the password", password.expose_secret())] {
            if text.contains(['\r', '\n', '\0']) {
                return Err(ImapError::Unsendable(name).into());
            }
        }
        self.ensure_capabilities().await?;
        let deadline = self.deadlines.login;
        let answer =
            timeout(deadline, self.attempt(username, password)).await.map_err(|_| ImapError::Slow("the login"))?;
        let answer = answer.map_err(|error| match error {
            LoginError::Imap(ImapError::Bye(text)) => {
                ImapError::Bye(without_password(&text, username, password)).into()
            }
            other => other,
        })?;
        if answer.status != Status::Ok {
            return Err(LoginError::Refused(without_password(&answer.text, username, password)));
        }
        self.wire.logged_in();
        self.ensure_capabilities().await?;
        Ok(())
    }

    async fn attempt(&mut self, username: &str, password: &SecretString) -> Result<TaggedAnswer, LoginError> {
        let plain_offered = self.can("AUTH=PLAIN");
        let login_offered = !self.can("LOGINDISABLED");
        let initial_response = self.can("SASL-IR");
        let literals = self.can("LITERAL+");
        // Capabilities from before the login are no longer valid after it.
        if plain_offered {
            self.forget_capabilities();
            let answer = self.authenticate_plain(username, password, initial_response).await?;
            // Some servers list PLAIN without supporting it and answer BAD. A NO, in contrast, concerns the password.
            if answer.status != Status::Bad || !login_offered {
                return Ok(answer);
            }
        }
        if !login_offered {
            let hint = match self.can("STARTTLS") {
                true => " (LOGINDISABLED); it offers STARTTLS: use --tls starttls",
                false => " (LOGINDISABLED)",
            };
            return Err(LoginError::PasswordsNotOffered(hint));
        }
        self.forget_capabilities();
        self.login_command(username, password, literals).await
    }

    async fn authenticate_plain(
        &mut self,
        username: &str,
        password: &SecretString,
        initial_response: bool,
    ) -> Result<TaggedAnswer, LoginError> {
        let plain = Zeroizing::new(format!("\0{username}\0{}", password.expose_secret()));
        let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
        if initial_response {
            let line = Zeroizing::new(format!("AUTHENTICATE PLAIN {}", encoded.as_str()));
            self.send(&line).await?;
        } else {
            self.send("AUTHENTICATE PLAIN").await?;
        }
        let mut response = (!initial_response).then_some(encoded);
        let mut untagged = 0;
        loop {
            let mut on_continue =
                |response: &Response<'_>, _: &RawAnswer| Ok(matches!(response, Response::Continue(_)));
            match self.next("AUTHENTICATE", &mut untagged, &mut on_continue).await? {
                AnswerPart::Tagged(answer) => return Ok(answer),
                AnswerPart::Untagged(false) => {}
                AnswerPart::Untagged(true) => {
                    // PLAIN has only one response, so `*` cancels the exchange at a second challenge (RFC 3501 6.2.2).
                    let answer = response.take().unwrap_or_else(|| Zeroizing::new("*".to_owned()));
                    let line = Zeroizing::new(format!("{}\r\n", answer.as_str()));
                    self.write(line.as_bytes()).await?;
                }
            }
        }
    }

    async fn login_command(
        &mut self,
        username: &str,
        password: &SecretString,
        has_literal_plus: bool,
    ) -> Result<TaggedAnswer, LoginError> {
        let mut line = Zeroizing::new("LOGIN".to_owned());
        let mut later: std::collections::VecDeque<Zeroizing<String>> = std::collections::VecDeque::new();
        for argument in [username, password.expose_secret()] {
            // Quoted strings are ASCII; other texts are sent as literals (RFC 3501 4.3).
            if argument.is_ascii() {
                let text = Zeroizing::new(format!(" {}", quoted(argument)));
                later.back_mut().unwrap_or(&mut line).push_str(&text);
            } else {
                let plus = if has_literal_plus { "+" } else { "" };
                later.back_mut().unwrap_or(&mut line).push_str(&format!(" {{{}{plus}}}", argument.len()));
                later.push_back(Zeroizing::new(argument.to_owned()));
            }
        }
        if has_literal_plus {
            while let Some(part) = later.pop_front() {
                line.push_str("\r\n");
                line.push_str(&part);
            }
        }
        self.send(&line).await?;
        let mut untagged = 0;
        loop {
            let mut on_continue =
                |response: &Response<'_>, _: &RawAnswer| Ok(matches!(response, Response::Continue(_)));
            match self.next("LOGIN", &mut untagged, &mut on_continue).await? {
                AnswerPart::Tagged(answer) => return Ok(answer),
                AnswerPart::Untagged(true) => {
                    let part = later
                        .pop_front()
                        .ok_or_else(|| ImapError::Protocol("it requests more data than LOGIN has".into()))?;
                    let line = Zeroizing::new(format!("{}\r\n", part.as_str()));
                    self.write(line.as_bytes()).await?;
                }
                AnswerPart::Untagged(false) => {}
            }
        }
    }
}

/// Removes the password from a server's text. Some servers repeat the received password: unchanged, quoted, or in
/// base64.
fn without_password(text: &str, username: &str, password: &SecretString) -> String {
    let secret = password.expose_secret();
    let plain = STANDARD.encode(format!("\0{username}\0{secret}"));
    let quoted = quoted(secret);
    without_secret(text, &[&plain, plain.trim_end_matches('='), quoted.trim_matches('"'), secret], "(the password)")
}
