//! The scripts of the STARTTLS study (`support/east.rs`).

use std::{net::TcpListener, thread};

use super::{CANARY, DEADLINE, GRACE, MAX_MEMORY, measured_poll, with_short_deadlines};
use crate::support::{
    certs::{Certs, Identity},
    east::{self, ClientBytes, Script},
    scripted::{Session, tls_config},
};

/// The certificates that the scripts use.
struct Certificates {
    /// Certificates from the authority that the mailbox trusts, and a self-signed one.
    ours: Certs,
    /// Certificates from an untrusted authority.
    strangers: Certs,
}

impl Certificates {
    fn for_script(&self, script: &Script) -> &Identity {
        match script.certificate() {
            name if name.contains("self-signed") => &self.ours.self_signed_ca,
            name if name.contains("unknown-root") => &self.strangers.good,
            name if name.contains("other") => &self.ours.foreign,
            name if name.contains("expired") => &self.ours.expired,
            _ => &self.ours.good,
        }
    }

    fn is_trusted(&self, script: &Script) -> bool {
        self.for_script(script).fingerprint == self.ours.good.fingerprint
    }
}

fn has_credentials(said: &[u8]) -> bool {
    Session { received: said.to_vec(), ..Session::default() }.has_credentials(CANARY)
}

fn no_script_gets_a_credential(tls: &str) {
    let scripts = east::from_environment();
    if scripts.is_empty() {
        return;
    }
    let dirs = [(); 2].map(|()| tempfile::TempDir::new().unwrap());
    let certificates = Certificates { ours: Certs::make(dirs[0].path()), strangers: Certs::make(dirs[1].path()) };
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let ca_file = certificates.ours.ca_file.to_string_lossy().into_owned();
    let mailferry = with_short_deadlines(port, tls, &["--ca-file", &ca_file]);
    let limit = DEADLINE + GRACE;
    let (mut succeeded, mut peak) = (0, 0);
    for script in &scripts {
        let config = tls_config(certificates.for_script(script));
        let (visit, (measured, line)): (ClientBytes, _) = thread::scope(|scope| {
            let server = scope.spawn(|| east::play(&listener, script, config, limit));
            let polled = measured_poll(&mailferry, limit);
            (server.join().unwrap(), polled)
        });
        let name = &script.name;
        println!("{name}: {:?}, {} MB, {}", measured.duration, measured.peak >> 20, line["error"]["message"]);
        let said = String::from_utf8_lossy(&visit.plain);
        assert!(!has_credentials(&visit.plain), "{name} received a credential unencrypted:\n{said}");
        assert!(certificates.is_trusted(script) || visit.encrypted.is_empty(), "{name} was trusted");
        assert!(measured.peak <= MAX_MEMORY, "{name} took {} MB", measured.peak >> 20);
        assert!(listener.accept().is_err(), "{name} received two login attempts");
        if line["error"].is_null() {
            succeeded += 1;
            assert!(has_credentials(&visit.encrypted), "{name}: the poll succeeded without a login");
        }
        peak = peak.max(measured.peak);
    }
    assert_eq!(mailferry.messages().len(), 0, "no script serves a mail");
    let most = peak >> 20;
    println!("--tls {tls}: {} scripts, {succeeded} polls went well, none took more than {most} MB", scripts.len());
    assert!(succeeded > 0, "the scripts without an attack can be polled");
}

#[test]
fn no_hostile_script_obtains_a_credential_with_starttls() {
    no_script_gets_a_credential("starttls");
}

#[test]
fn no_hostile_script_obtains_a_credential_with_implicit_tls() {
    no_script_gets_a_credential("implicit");
}
