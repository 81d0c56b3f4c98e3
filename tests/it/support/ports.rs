//! Free TCP ports for servers that cannot choose one themselves.

use std::{
    collections::HashSet,
    net::TcpListener,
    sync::{Mutex, OnceLock},
};

/// A free port of 127.0.0.1 that was not returned before in this run. It is below the ephemeral port range, so that no outgoing
/// connection can take it in the meantime.
pub fn free_port() -> u16 {
    static USED_PORTS: OnceLock<Mutex<HashSet<u16>>> = OnceLock::new();
    loop {
        let port = rand::random_range(15_000..32_000);
        let is_free = TcpListener::bind(("127.0.0.1", port)).is_ok();
        let mut given = USED_PORTS.get_or_init(Mutex::default).lock().unwrap();
        if is_free && given.insert(port) {
            return port;
        }
    }
}
