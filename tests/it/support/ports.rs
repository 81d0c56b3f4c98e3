//! Free TCP ports for servers that cannot be told to choose one themselves.

use std::{
    collections::HashSet,
    net::TcpListener,
    sync::{Mutex, OnceLock},
};

/// A port of 127.0.0.1 that nobody listens on and that was not given out before in this run. It lies below the range
/// from which the system takes the near end of outgoing connections, so that none of them can occupy it meanwhile.
pub fn free_port() -> u16 {
    static GIVEN: OnceLock<Mutex<HashSet<u16>>> = OnceLock::new();
    loop {
        let port = rand::random_range(15_000..32_000);
        let is_free = TcpListener::bind(("127.0.0.1", port)).is_ok();
        let mut given = GIVEN.get_or_init(Mutex::default).lock().unwrap();
        if is_free && given.insert(port) {
            return port;
        }
    }
}
