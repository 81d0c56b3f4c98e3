//! Mail servers on many addresses of this machine, which misbehave on demand: they send very slowly, or without end.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The misbehaviour of a server once it is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFault {
    /// The server behaves well.
    None,
    /// From this command on, the server sends eight bytes every tenth of a second; if empty, from the greeting on.
    Drips(&'static str),
    /// From this command on, the server slowly sends untagged lines and never the tagged one.
    Untagged(&'static str),
    /// The server sends the TLS handshake very slowly.
    Handshake,
    /// The server answers this command with an endless flood of short lines.
    Floods(&'static str),
}

/// One listener for all of 127.0.0.0/8; each address is a server.
pub struct BadServers {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    faults: HashMap<Ipv4Addr, ServerFault>,
    is_bad: AtomicBool,
    ended: AtomicBool,
    /// The times of the connections to each address.
    visits: Mutex<HashMap<Ipv4Addr, Vec<Instant>>>,
    /// Open connections on which a fault has begun.
    affected: AtomicUsize,
}

const DRIP: Duration = Duration::from_millis(100);

impl BadServers {
    pub fn start(faults: &[(Ipv4Addr, ServerFault)]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            faults: faults.iter().copied().collect(),
            is_bad: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            visits: Mutex::default(),
            affected: AtomicUsize::new(0),
        });
        let of_listener = shared.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if of_listener.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = of_listener.clone();
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { port, shared }
    }

    /// Switches the misbehaviours on, for later connections.
    pub fn start_faults(&self) {
        self.shared.is_bad.store(true, Ordering::SeqCst);
    }

    /// Switches the misbehaviours off, and closes the connections on which a fault has begun.
    pub fn stop_faults(&self) {
        self.shared.is_bad.store(false, Ordering::SeqCst);
    }

    /// The number of open connections on which a fault has begun.
    pub fn affected(&self) -> usize {
        self.shared.affected.load(Ordering::SeqCst)
    }

    pub fn visits(&self, address: Ipv4Addr) -> Vec<Instant> {
        self.shared.visits.lock().unwrap().get(&address).cloned().unwrap_or_default()
    }

    pub fn options(&self, address: Ipv4Addr, tls: &str) -> Vec<String> {
        let (host, port) = (address.to_string(), self.port.to_string());
        ["--host", &host, "--tls", tls, "--port", &port].map(str::to_owned).to_vec()
    }
}

impl Drop for BadServers {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let std::net::IpAddr::V4(address) = stream.local_addr().unwrap().ip() else { return };
        self.visits.lock().unwrap().entry(address).or_default().push(Instant::now());
        let fault = match self.is_bad.load(Ordering::SeqCst) {
            true => self.faults.get(&address).copied().unwrap_or(ServerFault::None),
            false => ServerFault::None,
        };
        // An error means that the connection has ended.
        let _ = self.converse(stream, fault);
    }

    fn converse(&self, mut stream: TcpStream, fault: ServerFault) -> std::io::Result<()> {
        match fault {
            ServerFault::Handshake => {
                return self.drip(&mut stream, b"\x16\x03\x03\x3f\x00\x02\x00\x3e\xfc\x03\x03", b"\0");
            }
            ServerFault::Drips("") => return self.drip(&mut stream, b"* OK ", b"x"),
            _ => stream.write_all(b"* OK ready\r\n")?,
        }
        // A mail arrives when the misbehaviours begin, so that there is something to fetch.
        let next = 1 + i32::from(fault != ServerFault::None);
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        while let Some(line) = lines.next().transpose()? {
            let (tag, command) = line.split_once(' ').unwrap_or_default();
            let untagged = untagged(command, next);
            match fault {
                ServerFault::Drips(from) if command.starts_with(from) => {
                    let begun = untagged.trim_end();
                    return self.drip(&mut stream, if begun.is_empty() { b"* OK " } else { begun.as_bytes() }, b"1");
                }
                ServerFault::Untagged(from) if command.starts_with(from) => {
                    return self.drip(&mut stream, untagged.as_bytes(), b"* OK on\r\n");
                }
                ServerFault::Floods(from) if command.starts_with(from) => return self.flood(&mut stream),
                _ => stream.write_all(format!("{untagged}{tag} OK done\r\n").as_bytes())?,
            }
        }
        Ok(())
    }

    fn count_affected(&self, mut write: impl FnMut() -> std::io::Result<()>) -> std::io::Result<()> {
        self.affected.fetch_add(1, Ordering::SeqCst);
        let mut result = Ok(());
        while result.is_ok() && self.is_bad.load(Ordering::SeqCst) {
            result = write();
        }
        self.affected.fetch_sub(1, Ordering::SeqCst);
        result
    }

    fn drip(&self, stream: &mut TcpStream, begin: &[u8], then: &[u8]) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        stream.write_all(begin)?;
        let drop: Vec<u8> = then.iter().copied().cycle().take(then.len().max(8)).collect();
        self.count_affected(|| {
            thread::sleep(DRIP);
            stream.write_all(&drop)
        })
    }

    fn flood(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let lines = b"* 5 EXISTS\r\n".repeat(4000);
        self.count_affected(|| stream.write_all(&lines))
    }
}

/// The untagged answers of a well-behaved server with the mails 1 to `next` - 1.
fn untagged(command: &str, next: i32) -> String {
    let word = command.split(' ').find(|word| !["UID", ""].contains(word)).unwrap_or_default();
    let exists = next - 1;
    match word {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
        "LIST" => "* LIST () \"/\" INBOX\r\n".to_owned(),
        "EXAMINE" | "SELECT" => format!(
            "* FLAGS (\\Seen)\r\n* {exists} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] on\r\n* OK [UIDNEXT {next}] on\r\n"
        ),
        "SEARCH" if exists > 0 => "* SEARCH 1\r\n".to_owned(),
        "SEARCH" => "* SEARCH\r\n".to_owned(),
        "FETCH" if exists > 0 && command.contains("BODY") => {
            "* 1 FETCH (UID 1 RFC822.SIZE 900000 BODY[] {900000}\r\n".to_owned()
        }
        "FETCH" if exists > 0 => {
            "* 1 FETCH (UID 1 FLAGS () INTERNALDATE \"01-Jan-2026 00:00:00 +0000\" RFC822.SIZE 900000)\r\n".to_owned()
        }
        _ => String::new(),
    }
}
