//! A host that should get no connections. It counts them, and answers each with a script that reports that it ran.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nAccess-Control-Allow-Origin: *\r\n\
    Content-Length: 25\r\nConnection: close\r\n\r\nalert('connections back')";

pub struct Canary {
    port: u16,
    connections: Arc<Mutex<Vec<String>>>,
    ends: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Canary {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, ends) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (notes, until) = (Arc::clone(&connections), Arc::clone(&ends));
        let listener = thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if until.load(Ordering::SeqCst) {
                    break;
                }
                let asked = serve(stream);
                notes.lock().unwrap().push(asked);
            }
        });
        Self { port, connections, ends, listener: Some(listener) }
    }

    /// The canary's host and port.
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The first request line of each connection, in order; empty if there was none.
    pub fn connections(&self) -> Vec<String> {
        self.connections.lock().unwrap().clone()
    }
}

/// Answers a connection; returns its first request line. A connection without a request counts too.
fn serve(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut asked = [0; 1024];
    let length = stream.read(&mut asked).unwrap_or_default();
    let _ = stream.write_all(ANSWER.as_bytes());
    String::from_utf8_lossy(&asked[..length]).lines().next().unwrap_or_default().to_owned()
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it notices that it should end.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}
