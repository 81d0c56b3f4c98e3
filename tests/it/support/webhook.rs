//! An HTTP or HTTPS server on a real socket, which records each request and gives scripted answers.
//!
//! ```ignore
//! let webhook = Webhook::start();
//! webhook.next([Reply::status(429).header("Retry-After", "120")]);
//! // ... deliver to webhook.url("/hook") ...
//! assert_eq!(webhook.wait_for(2)[1].header("webhook-id"), webhook.requests()[0].header("webhook-id"));
//! ```

mod connection;
mod http;
mod reply;

use std::{
    collections::VecDeque,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio_rustls::rustls::ServerConfig;

use super::{certs::Identity, gate::Gate, scripted::tls_config, wait};

use reply::Manner;

pub use http::Request;
pub use reply::Reply;

/// Time limit for a request to arrive.
const LIMIT: Duration = Duration::from_secs(60);

/// Answers the requests for which no other answer is set.
type Handler = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

pub struct Webhook {
    /// The port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    handler: Handler,
    tls: Option<Arc<ServerConfig>>,
    gate: Gate,
    /// The number of body octets that were sent.
    sent: AtomicU64,
    is_stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    next: VecDeque<Reply>,
    always: Option<Reply>,
    requests: Vec<Request>,
    connections: Vec<TcpStream>,
}

impl Webhook {
    /// A server that answers 204.
    pub fn start() -> Self {
        Self::launch(Box::new(|_| Reply::status(204)), None)
    }

    /// Like `start`, with TLS.
    pub fn start_tls(identity: &Identity) -> Self {
        Self::launch(Box::new(|_| Reply::status(204)), Some(tls_config(identity)))
    }

    /// A server that answers each request with the result of this function.
    pub fn start_with(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::launch(Box::new(handler), None)
    }

    fn launch(handler: Handler, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            handler,
            tls,
            gate: Gate::default(),
            sent: AtomicU64::default(),
            is_stopping: AtomicBool::default(),
        });
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &for_listener));
        Self { port, shared, listener: Some(listener) }
    }

    /// The URL of a path. With TLS its host is `localhost`, as in the certificates.
    pub fn url(&self, path: &str) -> String {
        match self.shared.tls {
            Some(_) => format!("https://localhost:{}{path}", self.port),
            None => format!("http://127.0.0.1:{}{path}", self.port),
        }
    }

    /// Sets the answers to the next requests, in order.
    pub fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.lock().next.extend(replies);
    }

    /// Sets the answer to all requests after those of `next`.
    pub fn always(&self, reply: Reply) {
        self.shared.lock().always = Some(reply);
    }

    /// Lets this number of `Reply::when_released` answers pass, now or later.
    pub fn release(&self, answers: usize) {
        self.shared.gate.release(answers);
    }

    /// Every request, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Waits until this number of requests has arrived.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let is_there = || Some(()).filter(|()| self.shared.lock().requests.len() >= count);
        wait::until("requests of a webhook", LIMIT, is_there);
        self.requests()
    }

    /// The number of connections that were made.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// The number of body octets that were sent to clients.
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Returns true if the next answer is to close the connection after the head of the request. In that case, records the
    /// request and removes the answer from those of `next`.
    fn refuses_body(&self, request: &Request) -> bool {
        let mut state = self.lock();
        let reply = state.next.front().or(state.always.as_ref());
        if reply.is_none_or(|reply| reply.manner != Manner::CloseBeforeBody) {
            return false;
        }
        state.next.pop_front();
        state.requests.push(request.clone());
        true
    }

    /// Records a request and chooses its answer.
    fn receive(&self, request: &Request) -> Reply {
        let mut state = self.lock();
        state.requests.push(request.clone());
        let set = state.next.pop_front().or_else(|| state.always.clone());
        drop(state);
        set.unwrap_or_else(|| (self.handler)(request))
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut connections = Vec::new();
    while let Ok((tcp, _)) = listener.accept() {
        let mut state = shared.lock();
        // Checked under the lock, so that every listed connection is closed at the end.
        if shared.is_stopping.load(Ordering::SeqCst) {
            break;
        }
        state.connections.push(tcp.try_clone().unwrap());
        let number = state.connections.len();
        drop(state);
        let shared = Arc::clone(shared);
        connections.push(thread::spawn(move || connection::serve(tcp, number, &shared)));
    }
    for connection in connections {
        // A panic has been printed already.
        let _ = connection.join();
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        self.shared.gate.open();
        // Wakes the listener, so that it notices the stop.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for connection in &self.shared.lock().connections {
            let _ = connection.shutdown(Shutdown::Both);
        }
        let _ = self.listener.take().map(JoinHandle::join);
    }
}
