//! An IMAP server for tests that misbehaves on demand, as real servers do on bad days. Its folders' UIDVALIDITY,
//! UIDNEXT and mails can be changed while clients are connected, and [`Faults`] describe its misbehaviour.
//!
//! `mailferry test-server PROFILE` starts it with one of the [`PROFILES`]; a Rust test starts it with
//! [`TestServer::start`] and controls it with [`TestServer::account`]. It speaks plain IMAP4rev1 on a loopback address,
//! keeps everything in memory and accepts any login, so it is not for real mail. It does not replace tests against real
//! servers, which show correct behaviour.

mod account;
mod conversation;
mod faults;
mod fetch;
mod profile;
mod search;
mod uid_set;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

pub use account::{Account, Folder, Message, Tokens};
pub use conversation::Conversation;
pub use faults::{Answer, Body, Faults, Parts, Reply, Sizes, UidNext, UidValidity};
pub use profile::{PROFILES, Profile};

/// Maximum size of a command, including its literals.
const MAX_COMMAND: usize = 64 << 20;

/// A server that runs until it is dropped.
pub struct TestServer {
    address: SocketAddr,
    account: Arc<Mutex<Account>>,
    listening: AbortHandle,
}

impl TestServer {
    /// Listens on this address, or on a free port if the port is 0.
    ///
    /// # Errors
    /// Listening fails, or the address is not a loopback address: this server accepts any password.
    pub async fn start(listen: SocketAddr, account: Account) -> std::io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(std::io::Error::other("the test server listens on loopback addresses only"));
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let account = Arc::new(Mutex::new(account));
        let shared = account.clone();
        let listening = tokio::spawn(async move {
            let mut clients = JoinSet::new(); // ended with the listener
            while let Ok((stream, _)) = listener.accept().await {
                clients.spawn(serve(stream, shared.clone()));
                while clients.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, account, listening: listening.abort_handle() })
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Locks the account for reading and changing. Clients wait while it is locked.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        locked(&self.account)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Locks the account, even after a client or a test has panicked while it held the lock, since the account remains
/// usable.
fn locked(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(mut stream: TcpStream, account: Arc<Mutex<Account>>) {
    let mut conversation = Conversation::default();
    let mut unread = Vec::new();
    let mut sent = 0;
    if send(&mut stream, &Conversation::greeting(), &account, &mut sent).await.is_none() {
        return;
    }
    while let Some(line) = command(&mut stream, &mut unread).await {
        let answer = conversation.answer(&line, &mut locked(&account));
        if send(&mut stream, &answer, &account, &mut sent).await.is_none() || conversation.is_over() {
            return;
        }
        if conversation.is_silent() {
            // Wait until the client gives up.
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
            return;
        }
    }
}

/// Sends these bytes as far as the faults permit; `None` when the connection has ended.
async fn send(stream: &mut TcpStream, mut bytes: &[u8], account: &Mutex<Account>, sent: &mut u64) -> Option<()> {
    let (cut, drip) = {
        let account = locked(account);
        (account.faults.cut_after, account.faults.drip)
    };
    let is_cut = cut.is_some_and(|after| *sent + bytes.len() as u64 > after);
    if let Some(after) = cut.filter(|_| is_cut) {
        let room = usize::try_from(after.saturating_sub(*sent)).unwrap_or(usize::MAX);
        bytes = bytes.get(..room).unwrap_or(bytes);
    }
    *sent += bytes.len() as u64;
    match drip {
        None => stream.write_all(bytes).await.ok()?,
        Some((size, pause)) => {
            for piece in bytes.chunks(size.max(1)) {
                stream.write_all(piece).await.ok()?;
                tokio::time::sleep(pause).await;
            }
        }
    }
    (!is_cut).then_some(())
}

/// The next command, with its literals converted to quoted strings; `None` when the client has disconnected.
async fn command(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<String> {
    let mut command = String::new();
    loop {
        let end = loop {
            match unread.iter().position(|byte| *byte == b'\n') {
                Some(end) => break end + 1,
                None => read_more(stream, unread).await?,
            }
        };
        let line: Vec<u8> = unread.drain(..end).collect();
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let literal = line.strip_suffix('}').and_then(|line| line.rsplit_once('{'));
        let Some((before, size)) = literal else {
            command.push_str(&line);
            return Some(command);
        };
        command.push_str(before);
        if !size.ends_with('+') {
            stream.write_all(b"+ go on\r\n").await.ok()?;
        }
        let size: usize = size.trim_end_matches('+').parse().ok().filter(|size| *size <= MAX_COMMAND)?;
        while unread.len() < size {
            read_more(stream, unread).await?;
        }
        let literal: Vec<u8> = unread.drain(..size).collect();
        let literal = String::from_utf8_lossy(&literal).replace('\\', "\\\\").replace('"', "\\\"");
        command.push_str(&format!("\"{literal}\""));
    }
}

async fn read_more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    let mut space = [0; 4096];
    let count = stream.read(&mut space).await.ok().filter(|count| *count > 0)?;
    unread.extend_from_slice(space.get(..count)?);
    (unread.len() <= MAX_COMMAND).then_some(())
}
