//! One WebSocket to the browser: commands out, answers and events in. The protocol is JSON; a *session* is one target, such as a
//! page or a frame that runs in its own process.

use std::{collections::HashMap, io::ErrorKind, net::TcpStream, time::Duration};

use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket, client::client, protocol::WebSocketConfig};

/// The timeout of one read from the socket.
const LOOK: Duration = Duration::from_millis(20);

pub struct Connection {
    socket: WebSocket<TcpStream>,
    sent: u64,
    /// Answers that have not been taken yet.
    answers: HashMap<u64, Result<Value, String>>,
}

pub enum Received {
    Event(Event),
    /// An answer, which is kept until it is taken.
    Answer,
    /// Nothing arrived within the timeout.
    Nothing,
}

/// An event of the browser.
pub struct Event {
    pub session: String,
    pub method: String,
    pub params: Value,
}

impl Event {
    /// A text in the parameters, by a path such as `/frame/id`; empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        self.params.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Connection {
    pub fn open(endpoint: &str) -> Self {
        let authority = endpoint.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = TcpStream::connect(authority).unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut socket, _) = client(endpoint, stream).expect("the browser speaks WebSocket");
        socket.get_ref().set_read_timeout(Some(LOOK)).unwrap();
        // A screenshot of a long page is one message.
        let no_limit = |config: &mut WebSocketConfig| {
            config.max_message_size = None;
            config.max_frame_size = None;
        };
        socket.set_config(no_limit);
        Self { socket, sent: 0, answers: HashMap::new() }
    }

    /// Sends a command to a session, or to the browser itself if the session is empty. Returns the number of its answer.
    pub fn send(&mut self, session: &str, method: &str, params: &Value) -> u64 {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": params});
        if !session.is_empty() {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string())).expect("the browser listens");
        self.sent
    }

    /// The answer to the command with this number, if it has arrived: a result or an error.
    pub fn answer(&mut self, number: u64) -> Option<Result<Value, String>> {
        self.answers.remove(&number)
    }

    /// Reads one message, if one arrives.
    pub fn receive(&mut self) -> Received {
        let text = match self.socket.read() {
            Ok(Message::Text(text)) => text,
            Ok(other) => panic!("the browser speaks JSON, and not {other:?}"),
            Err(Error::Io(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Received::Nothing;
            }
            Err(error) => panic!("the browser has disconnected: {error}"),
        };
        let mut message: Value = serde_json::from_str(text.as_str()).unwrap();
        if let Some(number) = message["id"].as_u64() {
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].take()),
            };
            self.answers.insert(number, answer);
            return Received::Answer;
        }
        let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
        let (session, method) = (text("sessionId"), text("method"));
        Received::Event(Event { session, method, params: message["params"].take() })
    }
}
