//! AUTH PLAIN (RFC 4954, RFC 4616) if offered, else AUTH LOGIN. Both send the password as it is, which TLS protects, or the
//! machine itself where the connection does not leave it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::reply::{Expected, Reply};
use super::{Login, Session};
use crate::fact::{DeliveryPhase, DeliveryProblem};

const PHASE: DeliveryPhase = DeliveryPhase::Login;
/// Maximum length of a command line without its CRLF (RFC 5321 4.5.3.1.4). Longer credentials follow in a line of their own.
const MAX_COMMAND: usize = 510;

pub async fn log_in(session: &mut Session, login: &Login) -> Result<(), DeliveryProblem> {
    let secret = login.password.expose_secret();
    // NUL separates the parts of PLAIN.
    let has_nul = login.username.contains('\0') || secret.contains('\0');
    let reply = match (session.offers().plain && !has_nul, session.offers().login) {
        (true, _) => plain(session, &encoded(&format!("\0{}\0{secret}", login.username))).await?,
        (false, true) => {
            next(session, "AUTH LOGIN").await?.expect(Expected::Continuation, PHASE)?;
            next(session, &encoded(&login.username)).await?.expect(Expected::Continuation, PHASE)?;
            next(session, &encoded(secret)).await?
        }
        (false, false) => return Err(DeliveryProblem::NoAuth),
    };
    reply.expect(Expected::Completion, PHASE).map(drop)
}

async fn plain(session: &mut Session, response: &str) -> Result<Reply, DeliveryProblem> {
    let line = Zeroizing::new(format!("AUTH PLAIN {response}"));
    if line.len() <= MAX_COMMAND {
        return next(session, &line).await;
    }
    next(session, "AUTH PLAIN").await?.expect(Expected::Continuation, PHASE)?;
    next(session, response).await
}

async fn next(session: &mut Session, line: &str) -> Result<Reply, DeliveryProblem> {
    let line = Zeroizing::new(format!("{line}\r\n"));
    session.command(line.as_bytes(), PHASE).await
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(text))
}

/// Removes the password from a server's text: some servers repeat the line that they refuse. Where it may be contained in a form
/// that is not recognised for sure, because the text is cut, the whole text goes.
pub fn without_secrets(problem: DeliveryProblem, login: &Login) -> DeliveryProblem {
    let secret = login.password.expose_secret();
    let forms = [encoded(&format!("\0{}\0{secret}", login.username)), encoded(secret), Zeroizing::new(secret.to_owned())];
    let clean = |words: String| {
        let contains = |form: &Zeroizing<String>| {
            let form = form.trim_end_matches('=');
            // A quarter of it, but no fewer characters than a word has that a server would use by itself.
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
