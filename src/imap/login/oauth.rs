//! The login by access token: OAUTHBEARER (RFC 7628) or XOAUTH2 (Google and Microsoft), with an initial response if
//! SASL-IR is offered (RFC 4959).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use imap_proto::Response;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{LoginError, without_secret};
use crate::imap::error::printable;
use crate::imap::guard::RawAnswer;
use crate::imap::session::AnswerPart;
use crate::imap::{ImapError, Session, Status, TaggedAnswer};

/// A SASL mechanism for access tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    OAuthBearer,
    XOAuth2,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Self::OAuthBearer => "OAUTHBEARER",
            Self::XOAuth2 => "XOAUTH2",
        }
    }

    fn response(self, user: &str, token: &str, host: &str, port: u16) -> Zeroizing<String> {
        let text = Zeroizing::new(match self {
            Self::OAuthBearer => {
                // The user name is part of a GS2 header, in which `,` and `=` are special (RFC 5801 4).
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {token}\u{1}\u{1}")
            }
            Self::XOAuth2 => format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"),
        });
        Zeroizing::new(STANDARD.encode(text.as_bytes()))
    }

    /// The message that ends the exchange after the server's reason for refusing (RFC 7628 3.2.3; XOAUTH2: an empty
    /// line).
    fn final_response(self) -> &'static str {
        match self {
            Self::OAuthBearer => "AQ==",
            Self::XOAuth2 => "",
        }
    }
}

impl Session {
    /// Logs in as `user` with an access token, and updates the capabilities. Never tries a password mechanism.
    pub async fn login_with_token(
        &mut self,
        user: &str,
        token: &SecretString,
        host: &str,
        port: u16,
    ) -> Result<(), LoginError> {
        if user.contains(|c: char| c.is_control()) {
            return Err(ImapError::Unsendable("the user name").into());
        }
        self.ensure_capabilities().await?;
        let offered = |mechanism: &Mechanism| self.can(&format!("AUTH={}", mechanism.name()));
        let Some(mechanism) = [Mechanism::OAuthBearer, Mechanism::XOAuth2].into_iter().find(offered) else {
            let hint = match self.can("STARTTLS") {
                true => "; it offers STARTTLS: use --tls starttls",
                false => "",
            };
            return Err(LoginError::TokensNotOffered(hint));
        };
        let response = mechanism.response(user, token.expose_secret(), host, port);
        let clean = |text: &str| without_secret(text, &[response.as_str(), token.expose_secret()], "(the token)");
        let deadline = self.deadlines.login;
        let exchange = timeout(deadline, self.authenticate_with_token(mechanism, &response)).await;
        let (answer, challenge) = match exchange.map_err(|_| ImapError::Slow("the login"))? {
            Ok(exchanged) => exchanged,
            Err(ImapError::Bye(text)) => return Err(ImapError::Bye(clean(&text)).into()),
            Err(error) => return Err(error.into()),
        };
        if answer.status != Status::Ok {
            return Err(LoginError::TokenRefused {
                text: clean(&answer.text),
                challenge: challenge.map(|challenge| clean(&challenge)),
            });
        }
        self.wire.logged_in();
        self.ensure_capabilities().await?;
        Ok(())
    }

    /// Runs the exchange to its tagged answer. Also returns the server's reason for a refusal.
    async fn authenticate_with_token(
        &mut self,
        mechanism: Mechanism,
        response: &str,
    ) -> Result<(TaggedAnswer, Option<String>), ImapError> {
        let has_initial_response = self.can("SASL-IR");
        // Capabilities from before the login are no longer valid after it.
        self.forget_capabilities();
        let line = match has_initial_response {
            true => Zeroizing::new(format!("AUTHENTICATE {} {response}", mechanism.name())),
            false => Zeroizing::new(format!("AUTHENTICATE {}", mechanism.name())),
        };
        self.send(&line).await?;
        let mut to_send = (!has_initial_response).then_some(response);
        let mut challenge = None;
        let mut untagged = 0;
        loop {
            let mut on_continue = |response: &Response<'_>, _: &RawAnswer| match response {
                Response::Continue(request) => Ok(Some(request.information.as_deref().unwrap_or_default().to_owned())),
                _ => Ok(None),
            };
            match self.next("AUTHENTICATE", &mut untagged, &mut on_continue).await? {
                AnswerPart::Tagged(answer) => return Ok((answer, challenge)),
                AnswerPart::Untagged(None) => {}
                AnswerPart::Untagged(Some(text)) => {
                    let answer = match (to_send.take(), &challenge) {
                        (Some(response), _) => Zeroizing::new(format!("{response}\r\n")),
                        (None, None) => {
                            challenge = Some(decode_challenge(&text));
                            Zeroizing::new(format!("{}\r\n", mechanism.final_response()))
                        }
                        // `*` cancels (RFC 3501 6.2.2).
                        (None, Some(_)) => Zeroizing::new("*\r\n".to_owned()),
                    };
                    self.write(answer.as_bytes()).await?;
                }
            }
        }
    }
}

/// Decodes `eyJzdGF0dXMiOiI0MDAiLC…` to `{"status":"400",…`. Some servers omit the padding.
fn decode_challenge(challenge: &str) -> String {
    let text = challenge.trim();
    let bytes = STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text.trim_end_matches('=')));
    printable(&bytes.map_or_else(|_| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sasl_responses_match_the_examples_in_the_providers_documentation() {
        // The example of developers.google.com/workspace/gmail/imap/xoauth2-protocol, "Initial client response".
        let wanted = "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==";
        let token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
        assert_eq!(Mechanism::XOAuth2.response("someuser@example.com", token, "", 0).as_str(), wanted);
        // Modelled on the example of RFC 7628 4.1, with its host and port.
        let bearer = Mechanism::OAuthBearer.response("us,er=@example.com", "t", "server.example.com", 143);
        let text = String::from_utf8(STANDARD.decode(bearer.as_str()).unwrap()).unwrap();
        assert_eq!(
            text,
            "n,a=us=2Cer=3D@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer t\u{1}\u{1}"
        );
    }

    #[test]
    fn a_challenge_is_read_with_and_without_padding() {
        assert_eq!(decode_challenge("eyJzdGF0dXMiOiI0MDAifQ=="), r#"{"status":"400"}"#);
        assert_eq!(decode_challenge("eyJzdGF0dXMiOiI0MDAifQ"), r#"{"status":"400"}"#);
        assert_eq!(decode_challenge("not base64!"), "not base64!");
    }
}
