//! A scripted SMTP and LMTP server on a real socket, which records each mail with its envelope and can misbehave on demand.
//!
//! ```ignore
//! let greylist = Personality::smtp().first(2, Step::Rcpt, say("451 4.7.1 later"));
//! let sink = Sink::start(greylist);
//! // ... deliver to sink.port ...
//! assert_eq!(sink.wait_for(1)[0].sender, "anna@example.se");
//! ```

mod auth;
mod body;
mod personality;
mod session;
mod transaction;

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{gate::Gate, ports::free_port, wait};
use session::Session;

pub use personality::{Act, Personality, Step, say};
pub use transaction::Transaction;

/// Time limit for a transaction to arrive.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Sink {
    /// The port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    gate: Gate,
    is_stopping: AtomicBool,
}

struct State {
    personality: Arc<Personality>,
    transactions: Vec<Transaction>,
    /// The lines of the clients, each with the number of its connection.
    commands: Vec<(usize, String)>,
    connections: Vec<TcpStream>,
}

impl Sink {
    pub fn start(personality: Personality) -> Self {
        Self::start_at(free_port(), personality)
    }

    /// Starts a sink on the port of an earlier one, like a server that is up again.
    pub fn start_at(port: u16, personality: Personality) -> Self {
        // A process that another test is just starting may hold the old listener open for a moment.
        let listener = wait::until("the port", LIMIT, || TcpListener::bind(("127.0.0.1", port)).ok());
        let state = State {
            personality: Arc::new(personality),
            transactions: Vec::new(),
            commands: Vec::new(),
            connections: Vec::new(),
        };
        let shared =
            Arc::new(Shared { state: Mutex::new(state), gate: Gate::default(), is_stopping: AtomicBool::default() });
        let for_listener = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &for_listener));
        Self { port, shared, listener: Some(listener) }
    }

    /// Sets the behaviour on later connections.
    pub fn set_personality(&self, personality: Personality) {
        self.shared.lock().personality = Arc::new(personality);
    }

    /// Lets this number of `Act::Wait` and `Act::Drip` steps pass, now or later.
    pub fn release(&self, steps: usize) {
        self.shared.gate.release(steps);
    }

    /// Waits until the sink is blocked in `Act::Wait` or `Act::Drip`.
    pub fn wait_until_blocked(&self) {
        wait::until("a step that waits", LIMIT, || (self.shared.gate.waiting() > 0).then_some(()));
    }

    /// Every mail that arrived completely, in order.
    pub fn transactions(&self) -> Vec<Transaction> {
        self.shared.lock().transactions.clone()
    }

    /// Waits until this number of mails has arrived.
    pub fn wait_for(&self, count: usize) -> Vec<Transaction> {
        let is_there = || Some(()).filter(|()| self.shared.lock().transactions.len() >= count);
        if wait::within(LIMIT, is_there).is_none() {
            panic!("{} mails have arrived, not {count}: {:?}", self.transactions().len(), self.commands());
        }
        self.transactions()
    }

    /// The number of connections that were made.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// Every line that a client sent outside bodies, decrypted, with the number of its connection.
    pub fn commands(&self) -> Vec<(usize, String)> {
        self.shared.lock().commands.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut sessions = Vec::new();
    while let Ok((tcp, _)) = listener.accept() {
        let mut state = shared.lock();
        // Checked under the lock, so that every listed connection is closed at the end.
        if shared.is_stopping.load(Ordering::SeqCst) {
            break;
        }
        state.connections.push(tcp.try_clone().unwrap());
        let (number, personality) = (state.connections.len(), Arc::clone(&state.personality));
        drop(state);
        let shared = Arc::clone(shared);
        sessions.push(thread::spawn(move || Session::serve(tcp, number, &personality, &shared)));
    }
    for session in sessions {
        // A panic has been printed already.
        let _ = session.join();
    }
}

impl Drop for Sink {
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
