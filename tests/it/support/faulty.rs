//! The program's own test server, controlled by a test: its faults can change between two polls.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::MutexGuard,
};

use mailferry::test_server::{Account, Profile, TestServer};
use tokio::runtime::Runtime;

use super::changing::is_changing;

pub struct Faulty {
    server: TestServer,
    _runtime: Runtime,
}

impl Faulty {
    pub fn start(account: Account) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = runtime.block_on(TestServer::start(anywhere, account)).unwrap();
        Self { server, _runtime: runtime }
    }

    /// Starts a server with the faults of this profile, and this number of mails.
    pub fn with(profile: &str, mails: u32) -> Self {
        Self::start(Profile::find(profile).expect("a profile").account(mails))
    }

    /// The options of `mailbox add` for this server.
    pub fn options(&self) -> Vec<String> {
        let port = self.server.address().port().to_string();
        ["--host", "127.0.0.1", "--tls", "none", "--port", &port].map(str::to_owned).to_vec()
    }

    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.server.account()
    }

    /// Removes all faults.
    pub fn remove_faults(&self) {
        self.account().faults = Default::default();
    }

    /// The UIDs in INBOX.
    pub fn uids(&self) -> Vec<u32> {
        self.account().inbox().messages.iter().map(|message| message.uid).collect()
    }

    /// The commands that change something, or open a folder read-write, in order.
    pub fn changes(&self) -> Vec<String> {
        let commands = &self.account().commands;
        commands.iter().filter(|command| is_changing(command) || command.starts_with("SELECT ")).cloned().collect()
    }
}
