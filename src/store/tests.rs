//! Tests of the store, each run on SQLite and on PostgreSQL.

mod backlog;
mod closed_sets;
mod dedupe;
mod deliveries;
mod effects;
mod facts;
mod forwarded;
mod grants;
mod housekeeping;
mod leases;
mod ledger;
mod mailbox_states;
mod mailboxes;
mod mta_sts;
mod once;
mod outbox_rules;
mod ownership;
mod people;
mod statements;
mod tokens;

// These modules are shared with the integration tests, which start the same PostgreSQL.
#[path = "../../tests/it/support/daemon.rs"]
mod daemon;
#[path = "../../tests/it/support/ports.rs"]
mod ports;
#[path = "../../tests/it/support/postgres.rs"]
mod postgres;
#[path = "../../tests/it/support/wait.rs"]
#[expect(dead_code, reason = "the other suite waits in more ways")]
mod wait;

use sha2::{Digest, Sha256};

use super::*;
use crate::address::Address;
use crate::clock::Timestamp;
use crate::mailbox::{AfterImport, Start, TlsMode};
use crate::vault::{Location, Vault};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";

/// A store with an inbox, and the vault for its passwords.
struct Fixture {
    store: Store,
    vault: Vault,
    place: Location,
    _folder: tempfile::TempDir,
}

/// A store on each database; with `make quick`, on SQLite only.
async fn stores() -> Vec<(Fixture, &'static str)> {
    let mut kinds = vec![(None, "SQLite")];
    if !daemon::is_quick() {
        kinds.push((Some(tokio::task::spawn_blocking(postgres::fresh_database).await.unwrap()), "PostgreSQL"));
    }
    let mut fixtures = Vec::new();
    for (url, name) in kinds {
        let folder = tempfile::tempdir().unwrap();
        let sqlite = || format!("sqlite://{}", folder.path().join("sub/mailferry.db").display());
        let store = Store::open(&url.unwrap_or_else(sqlite)).await.unwrap();
        let inbox = NewInbox { address: address(INBOX), name: None, reply_from: None, organisation_id: None };
        store.add_inbox(&inbox, NOW).await.unwrap();
        let place = Location::File { path: folder.path().join("key"), create: true };
        let vault = place.open(false).unwrap();
        fixtures.push((Fixture { store, vault, place, _folder: folder }, name));
    }
    fixtures
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

impl Fixture {
    async fn add(&self, mailbox: &str) {
        self.add_with(mailbox, AfterImport::Leave).await;
    }

    async fn add_with(&self, mailbox: &str, after_import: AfterImport) {
        let new = NewMailbox {
            server: Server::on_default_port("imap.example.se".into(), TlsMode::Implicit),
            settings: crate::mailbox::Settings {
                folders: vec!["INBOX".into(), "Ärenden".into()],
                after_import,
                ..Default::default()
            },
            ..NewMailbox::with_password(mailbox, INBOX, "hemligt")
        };
        self.store.add_mailbox(&new, &self.vault, NOW).await.unwrap();
    }

    /// Adds a mailbox, with its lease and the first epoch of its first folder.
    async fn add_leased(&self, mailbox: &str) -> (Lease, Epoch) {
        self.add(mailbox).await;
        let lease = self.lease(mailbox).await;
        let epoch = self.epoch(&lease, 0, 7).await;
        (lease, epoch)
    }

    async fn lease(&self, mailbox: &str) -> Lease {
        let until = Timestamp(NOW.0 + 60_000);
        self.store
            .take_lease(&address(mailbox), LeaseTaker { owner: "me", dead_token: None }, NOW, until)
            .await
            .unwrap()
            .expect("nobody has it")
    }

    /// The open epoch of the mailbox's n-th folder with this UIDVALIDITY. If the newest epoch is another one, a new epoch
    /// is opened.
    async fn epoch(&self, lease: &Lease, folder: usize, uidvalidity: u32) -> Epoch {
        let folders = self.store.watched_folders(lease.mailbox.id).await.unwrap();
        let folder = folders[folder].id;
        match self
            .store
            .newest_epoch(folder)
            .await
            .unwrap()
            .filter(|epoch| !epoch.closed && epoch.uidvalidity == uidvalidity)
        {
            Some(epoch) => epoch,
            None => self
                .store
                .open_epoch(lease, crate::store::NewEpoch { folder_id: folder, uidvalidity, boundary: 1 }, NOW)
                .await
                .unwrap(),
        }
    }

    async fn import(&self, lease: &Lease, epoch: &Epoch, findings: Vec<(u32, Finding)>) -> Imported {
        let cursor = findings.iter().map(|(uid, _)| uid + 1).max().unwrap_or(1);
        let batch = batch(epoch, findings, cursor);
        self.store.import(lease, batch, NOW).await.unwrap()
    }

    async fn ledger(&self, mailbox: &str) -> Vec<(u32, String, Option<i64>)> {
        let (lines, _) = self.store.ledger_page(Some(mailbox), (0, 0), 1000).await.unwrap();
        lines.into_iter().map(|line| (line.uid, line.state.as_str().to_owned(), line.message)).collect()
    }

    async fn messages(&self) -> Vec<MessageLine> {
        self.store.messages(MessageFilter::default(), 0, 1000).await.unwrap()
    }

    async fn inbox_id(&self, inbox: &str) -> i64 {
        self.store.inbox(&address(inbox)).await.unwrap().id
    }
}

fn batch(epoch: &Epoch, findings: Vec<(u32, Finding)>, cursor: u32) -> Batch {
    Batch {
        epoch_id: epoch.id,
        folder: "INBOX".into(),
        uidvalidity: epoch.uidvalidity,
        top: cursor - 1,
        findings,
        cursor,
        sender_limit: 500,
    }
}

/// The stored error of a failed poll that is retried.
fn failure(step: &'static str, blame: &'static str) -> StoredError {
    let json = serde_json::json!({ "step": step, "blame": blame, "retry": "2027-01-15T08:00:00Z" });
    StoredError { json: json.to_string(), step, blame, waits_for_person: false }
}

/// A downloaded chunk of the mail with UID 1.
fn chunk(epoch: &Epoch, seq: i64, data: &[u8]) -> DownloadChunk {
    DownloadChunk { epoch_id: epoch.id, uid: 1, seq, data: data.to_vec() }
}

/// A mail with this text, for these inboxes.
fn mail(text: &str, inboxes: &[i64]) -> Finding {
    let sha256: [u8; 32] = Sha256::digest(text).into();
    Finding::Mail(Box::new(Mail {
        raw: Raw::Whole(text.as_bytes().to_vec().into()),
        size: text.len() as u64,
        sha256,
        identity: sha256,
        message_id: Some(format!("<{text}>")),
        from: None,
        subject: Some("Ärende 📬".into()),
        internal_date: Some(NOW),
        historic: false,
        targets: inboxes.iter().map(|inbox| (*inbox, "mailbox: a@b.se".to_owned())).collect(),
        bounce: None,
        effect: None,
    }))
}

fn mail_with_effect(text: &str, inbox: i64, effect: &str) -> Finding {
    match mail(text, &[inbox]) {
        Finding::Mail(mail) => Finding::Mail(Box::new(Mail { effect: Some(effect.into()), ..*mail })),
        other => other,
    }
}
