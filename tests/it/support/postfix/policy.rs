//! A policy service (SMTPD_POLICY_README) through which a test accepts or refuses recipients while Postfix runs.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// By address: the number of refusals left, and the reply.
type Refusals = Arc<Mutex<BTreeMap<String, (usize, String)>>>;

pub struct Policy {
    pub port: u16,
    refusals: Refusals,
    ends: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Policy {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (refusals, ends) = (Refusals::default(), Arc::<AtomicBool>::default());
        let (asked, until) = (Arc::clone(&refusals), Arc::clone(&ends));
        let listener = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let refusals = Arc::clone(&asked);
                // The thread ends when Postfix closes the connection.
                thread::spawn(move || serve(&stream, &refusals));
            }
        });
        Self { port, refusals, ends, listener: Some(listener) }
    }

    /// Refuses an address this number of times.
    pub fn set(&self, address: &str, times: usize, reply: &str) {
        self.refusals.lock().unwrap().insert(address.to_owned(), (times, reply.to_owned()));
    }
}

/// Serves requests, each of which has a line per attribute and ends with an empty line.
fn serve(stream: &TcpStream, refusals: &Refusals) {
    let mut recipient = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(address) = line.strip_prefix("recipient=") {
            address.clone_into(&mut recipient);
        }
        let action = match refusals.lock().unwrap().get_mut(&recipient) {
            _ if !line.is_empty() => continue,
            Some((times, reply)) if *times > 0 => {
                *times -= 1;
                reply.clone()
            }
            _ => "DUNNO".to_owned(),
        };
        let mut stream = stream;
        if stream.write_all(format!("action={action}\n\n").as_bytes()).is_err() {
            return;
        }
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it notices the stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        let _ = self.listener.take().map(JoinHandle::join);
    }
}
