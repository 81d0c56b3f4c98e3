//! The test kit: real servers on free ports, a scripted one, and the binary under test. Everything that a value starts is ended
//! when the value is dropped, also when the test panics.

pub mod bad_servers;
pub mod browser;
pub mod canary;
pub mod certs;
pub mod changing;
pub mod chromium;
pub mod corpus;
pub mod daemon;
pub mod delivered;
pub mod dovecot;
pub mod east;
pub mod facts;
pub mod fault_proxy;
pub mod faulty;
pub mod files;
pub mod greenmail;
pub mod identity_provider;
pub mod imap_client;
pub mod knob;
pub mod mail;
pub mod mailferry;
pub mod measured;
pub mod oauth_client;
pub mod oauth_server;
pub mod ordinary;
pub mod own_postgres;
pub mod ports;
pub mod postgres;
pub mod scripted;
pub mod sha256;
pub mod small_disk;
pub mod urlencoded;
pub mod wait;
