//! AUTH PLAIN (RFC 4954, RFC 4616) if offered, else AUTH LOGIN. Both send the password unencrypted, so the connection must have TLS
//! or stay on this machine.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::reply::{Expected, Reply};
use super::{Login, Session};
use crate::fact::{DeliveryPhase, DeliveryProblem};

const PHASE: DeliveryPhase = DeliveryPhase::Login;
/// Maximum length of a command line without its CRLF (RFC 5321 4.5.3.1.4). Longer credentials follow on a separate line.
const MAX_COMMAND: usize = 510;

impl Session {
    /// Logs in with a password.
    pub(super) async fn log_in(&mut self, login: &Login) -> Result<(), DeliveryProblem> {
        let reply = self.authenticate(login).await.and_then(|reply| reply.expect(Expected::Completion, PHASE));
        reply.map(drop).map_err(|problem| without_secrets(problem, login))
    }

    async fn authenticate(&mut self, login: &Login) -> Result<Reply, DeliveryProblem> {
        let secret = login.password.expose_secret();
        // NUL separates the parts of PLAIN.
        let has_nul = login.username.contains('\0') || secret.contains('\0');
        match (self.extensions().auth_plain && !has_nul, self.extensions().auth_login) {
            (true, _) => self.auth_plain(&encoded(&plain_text(login))).await,
            (false, true) => {
                self.send_line("AUTH LOGIN").await?.expect(Expected::Continuation, PHASE)?;
                self.send_line(&encoded(&login.username)).await?.expect(Expected::Continuation, PHASE)?;
                self.send_line(&encoded(secret)).await
            }
            (false, false) => Err(DeliveryProblem::NoAuth),
        }
    }

    async fn auth_plain(&mut self, response: &str) -> Result<Reply, DeliveryProblem> {
        let line = Zeroizing::new(format!("AUTH PLAIN {response}"));
        if line.len() <= MAX_COMMAND {
            return self.send_line(&line).await;
        }
        self.send_line("AUTH PLAIN").await?.expect(Expected::Continuation, PHASE)?;
        self.send_line(response).await
    }

    async fn send_line(&mut self, line: &str) -> Result<Reply, DeliveryProblem> {
        let line = Zeroizing::new(format!("{line}\r\n"));
        self.command(line.as_bytes(), PHASE).await
    }
}

/// The PLAIN message: an empty authorization identity, the user name, the password.
fn plain_text(login: &Login) -> Zeroizing<String> {
    Zeroizing::new(format!("\0{}\0{}", login.username, login.password.expose_secret()))
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(text))
}

/// Removes a server text that may contain the password, even truncated: some servers repeat the line that they refuse.
fn without_secrets(problem: DeliveryProblem, login: &Login) -> DeliveryProblem {
    let secret = login.password.expose_secret();
    let forms = [encoded(&plain_text(login)), encoded(secret), Zeroizing::new(secret.to_owned())];
    let clean = |words: String| {
        let contains = |form: &Zeroizing<String>| {
            let form = form.trim_end_matches('=');
            // The text may be cut inside the password, so its beginning is enough; but fewer than 8 characters may match a common word.
            let start = form.get(..form.ceil_char_boundary((form.len() / 4).max(8).min(form.len()))).unwrap_or(form);
            !start.is_empty() && words.contains(start)
        };
        if forms.iter().any(contains) { String::new() } else { words }
    };
    match problem {
        DeliveryProblem::Refused { phase, code, enhanced, words } => {
            DeliveryProblem::Refused { phase, code, enhanced, words: clean(words) }
        }
        DeliveryProblem::NotUnderstood { phase, fault, words } => {
            DeliveryProblem::NotUnderstood { phase, fault, words: clean(words) }
        }
        other => other,
    }
}
