//! The misbehaviours of a provider, and the handling of a request.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use super::{
    PATHS, Shared, State, answers, error_body,
    http::{self, Answer, Request},
    tokens::Settings,
};

/// A misbehaviour. Unless a variant says otherwise, the request is not carried out.
#[derive(Clone, Debug)]
pub enum Misbehaviour {
    /// Answers with a status, headers and a body.
    Status(u16, Vec<(&'static str, String)>, String),
    /// Answers with an OAuth error and its description: 400, or 401 for `invalid_client`.
    Error(&'static str, &'static str),
    /// Carries out the request, and closes the connection without an answer.
    Cut,
    /// Carries out the request, and closes the connection in the middle of the answer.
    Truncated,
    /// Answers 200 with an HTML page.
    Html,
    /// Answers 200 with a token of one gigabyte.
    Huge,
    /// Answers 200 and then sends one byte per second for ever.
    Drip,
    /// Never answers.
    Silent,
    /// Answers 307 to this URL.
    Redirect(String),
    /// Carries out the request, and redirects with the state of another consent.
    WrongState,
    /// Carries out the request, and redirects with another issuer (RFC 9207).
    WrongIssuer,
    /// Redirects with an error and its description.
    Denied(&'static str, &'static str),
    /// Answers a device code with authorization_pending.
    Pending,
    /// Answers a device code with slow_down.
    SlowDown,
    /// Answers a device code with access_denied.
    AccessDenied,
    /// Answers a device code with expired_token.
    Expired,
}

/// The answer on the wire.
enum Outcome {
    Whole(Answer),
    Half(Answer),
    Nothing,
    Huge,
    Drip,
    Silent,
}

pub fn serve(stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    let Some(request) = http::read(stream) else {
        return Ok(());
    };
    let outcome = outcome(&mut shared.lock(), request);
    if matches!(outcome, Outcome::Huge | Outcome::Drip | Outcome::Silent) {
        shared.open_connections.lock().unwrap().push(stream.try_clone()?);
    }
    match outcome {
        Outcome::Whole(answer) => answer.send(stream, answer.body.len()),
        Outcome::Half(answer) => answer.send(stream, answer.body.len() / 2),
        Outcome::Nothing => Ok(()),
        Outcome::Huge => huge(stream),
        Outcome::Drip => drip(stream),
        Outcome::Silent => wait_for_disconnect(stream),
    }
}

fn outcome(state: &mut State, mut request: Request) -> Outcome {
    let Some(&(_, endpoint)) = PATHS.iter().find(|(path, _)| *path == request.path) else {
        return Outcome::Whole(Answer::text(404, "there is no such place"));
    };
    let misbehaviour = state.receive(endpoint, &request.parameters);
    let State { settings, tokens, .. } = state;
    let error = |status, error, description| Answer::json(status, error_body(error, description));
    let answer = match misbehaviour {
        None => answers::answer(endpoint, settings, tokens, &request),
        Some(Misbehaviour::Status(status, headers, body)) => Answer { status, headers, body },
        Some(Misbehaviour::Error("invalid_client", description)) => error(401, "invalid_client", description),
        Some(Misbehaviour::Error(name, description)) => error(400, name, description),
        Some(Misbehaviour::Cut) => {
            answers::answer(endpoint, settings, tokens, &request);
            return Outcome::Nothing;
        }
        Some(Misbehaviour::Truncated) => return Outcome::Half(answers::answer(endpoint, settings, tokens, &request)),
        Some(Misbehaviour::Html) => {
            let headers = vec![("Content-Type", "text/html".to_owned())];
            Answer {
                status: 200,
                headers,
                body: "<!DOCTYPE html><title>Log in to the guest network</title>".to_owned(),
            }
        }
        Some(Misbehaviour::Huge) => return Outcome::Huge,
        Some(Misbehaviour::Drip) => return Outcome::Drip,
        Some(Misbehaviour::Silent) => return Outcome::Silent,
        Some(Misbehaviour::Redirect(url)) => Answer::redirect(307, url),
        Some(Misbehaviour::WrongState) => {
            request.parameters.insert("state".to_owned(), "of-another-consent".to_owned());
            answers::answer(endpoint, settings, tokens, &request)
        }
        Some(Misbehaviour::WrongIssuer) => {
            let other = Settings { issuer: "https://login.example.org".to_owned(), ..settings.clone() };
            answers::answer(endpoint, &other, tokens, &request)
        }
        Some(Misbehaviour::Denied(name, description)) => answers::denied(settings, &request, name, description),
        Some(Misbehaviour::Pending) => {
            error(400, "authorization_pending", "AADSTS70016: nobody has entered the code yet")
        }
        Some(Misbehaviour::SlowDown) => error(400, "slow_down", "you ask too often"),
        Some(Misbehaviour::AccessDenied) => error(400, "access_denied", "the person has said no"),
        Some(Misbehaviour::Expired) => error(400, "expired_token", "AADSTS70020: the code is too old"),
    };
    Outcome::Whole(answer)
}

fn ok_json(more: &[(&'static str, String)]) -> String {
    http::head(200, [("Content-Type", "application/json".to_owned())].iter().chain(more))
}

fn huge(mut stream: &TcpStream) -> std::io::Result<()> {
    const PIECE: usize = 1 << 16;
    stream.write_all(ok_json(&[("Transfer-Encoding", "chunked".to_owned())]).as_bytes())?;
    let mut chunk = |text: &str| stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
    chunk("{\"token_type\":\"Bearer\",\"expires_in\":3600,\"access_token\":\"")?;
    let piece = "a".repeat(PIECE);
    for _ in 0..(1 << 30) / PIECE {
        chunk(&piece)?;
    }
    chunk("\"}")?;
    chunk("")
}

fn drip(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(ok_json(&[]).as_bytes())?;
    // The read timeout of one second is the pause between two bytes.
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    loop {
        stream.write_all(b" ")?;
        match stream.read(&mut [0; 64]) {
            Ok(0) => return Ok(()),
            Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Err(error),
            _ => {}
        }
    }
}

fn wait_for_disconnect(mut stream: &TcpStream) -> std::io::Result<()> {
    while stream.read(&mut [0; 64])? > 0 {}
    Ok(())
}
