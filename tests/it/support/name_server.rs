//! A scripted name server (RFC 1035, over UDP), which serves records and failures without zone files. It answers NXDOMAIN for every
//! unknown name.
//!
//! ```ignore
//! let names = NameServer::start();
//! names.mx("kundo.se", &[(10, "mx.kundo.se")]);
//! names.address("mx.kundo.se", "127.0.0.1");
//! ```

use std::{
    collections::BTreeMap,
    net::UdpSocket,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

pub const A: u16 = 1;
const SOA: u16 = 6;
pub const MX: u16 = 15;
pub const TXT: u16 = 16;
const SRV: u16 = 33;

const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;

pub struct NameServer {
    /// The port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    is_stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The data of the records of each name and type.
    records: BTreeMap<String, BTreeMap<u16, Vec<Vec<u8>>>>,
    /// The names whose lookup fails.
    failing: Vec<String>,
    queries: Vec<(String, u16)>,
}

impl NameServer {
    pub fn start() -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let port = socket.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || serve(&socket, &for_listener));
        Self { port, shared, listener: Some(listener) }
    }

    /// Sets the MX records of a domain: preferences and hosts. The host of a null MX is "".
    pub fn mx(&self, domain: &str, hosts: &[(u16, &str)]) {
        let record = |(preference, host): &(u16, &str)| [&preference.to_be_bytes()[..], &encoded(host)].concat();
        self.set(domain, MX, hosts.iter().map(record).collect());
    }

    /// Sets the IPv4 address of a host.
    pub fn address(&self, host: &str, address: &str) {
        let address: std::net::Ipv4Addr = address.parse().unwrap();
        self.set(host, A, vec![address.octets().to_vec()]);
    }

    /// Sets the TXT record of a name, split into strings of at most 10 octets.
    pub fn txt(&self, name: &str, text: &str) {
        let strings = text.as_bytes().chunks(10).map(|part| [&[part.len() as u8], part].concat());
        self.set(name, TXT, vec![strings.collect::<Vec<_>>().concat()]);
    }

    /// Sets the SRV record of a service (RFC 2782).
    pub fn srv(&self, service: &str, port: u16, host: &str) {
        let data = [&[0; 4], &port.to_be_bytes()[..], &encoded(host)].concat();
        self.set(service, SRV, vec![data]);
    }

    /// Answers SERVFAIL for this name from now on.
    pub fn fail(&self, name: &str) {
        self.shared.lock().failing.push(name.to_owned());
    }

    /// Ends the effect of `fail` for this name.
    pub fn recover(&self, name: &str) {
        self.shared.lock().failing.retain(|failing| failing != name);
    }

    /// Answers NXDOMAIN for this name from now on.
    pub fn forget(&self, name: &str) {
        self.shared.lock().records.remove(name);
    }

    /// The names and types that were queried, in order.
    pub fn queries(&self) -> Vec<(String, u16)> {
        self.shared.lock().queries.clone()
    }

    fn set(&self, name: &str, kind: u16, data: Vec<Vec<u8>>) {
        self.shared.lock().records.entry(name.to_owned()).or_default().insert(kind, data);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn serve(socket: &UdpSocket, shared: &Shared) {
    let mut query = [0; 1500];
    while let Ok((length, client)) = socket.recv_from(&mut query) {
        if shared.is_stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Some(answer) = answer(&query[..length], &mut shared.lock()) {
            let _ = socket.send_to(&answer, client);
        }
    }
}

/// The answer to a query. The question is repeated unchanged, since clients randomise the case of letters.
fn answer(query: &[u8], state: &mut State) -> Option<Vec<u8>> {
    let (name, length) = name(query.get(12..)?)?;
    let question = query.get(12..12 + length + 4)?;
    let kind = u16::from_be_bytes([question[length], question[length + 1]]);
    state.queries.push((name.clone(), kind));
    let (code, data) = match state.records.get(&name) {
        _ if state.failing.contains(&name) => (SERVFAIL, Vec::new()),
        Some(kinds) => (0, kinds.get(&kind).cloned().unwrap_or_default()),
        None => (NXDOMAIN, Vec::new()),
    };
    let is_negative = code != SERVFAIL && data.is_empty();
    let counts = [0, 1, 0, data.len() as u8, 0, u8::from(is_negative), 0, 0];
    // Flags: a response, with recursion desired and available.
    let mut answer = [&query[..2], &[0x81, 0x80 | code], &counts, question].concat();
    for data in data {
        answer.extend(record(kind, &data));
    }
    if is_negative {
        // RFC 2308: without an SOA record, clients do not trust a negative answer.
        answer.extend(record(SOA, &[0; 22]));
    }
    Some(answer)
}

/// A record for the name in the question, with a TTL of 0, so that it is never cached.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let [high, low] = kind.to_be_bytes();
    [&[0xc0, 12, high, low, 0, 1, 0, 0, 0, 0], &(data.len() as u16).to_be_bytes()[..], data].concat()
}

/// The name at the start of a question, in lower case, and its length in octets.
fn name(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 0);
    loop {
        let length = usize::from(*question.get(at)?);
        if length == 0 {
            return Some((labels.join("."), at + 1));
        }
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).to_lowercase());
        at += 1 + length;
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = labels.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it notices the stop.
        if let Ok(socket) = UdpSocket::bind(("127.0.0.1", 0)) {
            let _ = socket.send_to(&[0], ("127.0.0.1", self.port));
        }
        let _ = self.listener.take().map(JoinHandle::join);
    }
}
