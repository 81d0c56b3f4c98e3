//! A model test with random histories of a mailbox: whatever the customer, the server and the network do, in the end
//! every mail that the customer did not delete before it could be fetched is in the inbox, and never more often than it
//! was in the folder.

mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Timestamp};
use crate::config::{self, Overrides};
use crate::egress::Egress;
use crate::mailbox::{AfterImport, Start, TlsMode};
use crate::poll::{Deps, Report};
use crate::schedule::{lease, worker};
use crate::store::{MessageFilter, NewInbox, NewMailbox, Server, Store};
use crate::test_server::{Account, Answer, Body, Parts, Reply, Sizes, TestServer, UidNext, UidValidity};
use crate::vault::Location;

/// An event in a history.
#[derive(Debug, Clone)]
enum Event {
    /// A mail arrives.
    Append,
    /// A mail that was in the folder before arrives again, as from a virus scanner that puts it back (reference row
    /// A19).
    AppendAgain(usize),
    /// The customer deletes a mail.
    Expunge(usize),
    /// The folder is rebuilt: UIDVALIDITY changes, and the mails are in another order.
    Renumber,
    /// A backup is restored: the newest mails are deleted, and their UIDs are assigned again.
    Rewind(usize),
    /// The server has this fault until `EndFaults`, or until another event of the same kind.
    Fault(Fault),
    /// All faults end.
    EndFaults,
    /// A poll.
    Poll,
    /// A poll that compares every UID.
    Verify,
    /// A poll whose connection breaks after this number of bytes.
    PollCutAfter(u64),
    /// A day passes: quarantined mail is requested again, and the daily comparison is due.
    Day,
}

#[derive(Debug, Clone)]
enum Fault {
    HiddenFromSearch(usize),
    HiddenFromFetch(usize),
    SilentSearch,
    SilentIfNone,
    Unsorted,
    Unsolicited,
    UidValidity(UidValidity),
    UidNext(UidNext),
    Sizes(Sizes),
    Body(usize, Body),
    Refuses(&'static str, Answer),
    MessageLimit(usize),
    LacksCapability(&'static str),
    Parts(Parts),
    HiddenFromDateSearch(usize),
    BreaksAtSizeOf(usize),
    MisreadsStar,
    ExistsTooHigh(u32),
    RestoresMail,
}

/// A clock that stands still until the test moves it.
struct Manual(AtomicI64);

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct World {
    server: TestServer,
    deps: Arc<Deps>,
    clock: Arc<Manual>,
    /// How often each mail was appended, by its name.
    appended: BTreeMap<String, usize>,
    /// The names of the mails that the customer deleted before they were fetched.
    may_be_missing: BTreeSet<String>,
    _folder: tempfile::TempDir,
}

const MAILBOX: &str = "jobb@lillestad.se";
const INBOX: &str = "jobb.lillestad.se@mail.kundo.se";

fn content(name: &str) -> Vec<u8> {
    format!(
        "From: anna@example.se\r\nTo: {MAILBOX}\r\nSubject: {name}\r\nMessage-ID: <{name}@example.se>\r\nDate: Tue, 03 Mar 2026 \
         09:30:00 +0100\r\n\r\n{}\r\n",
        format!("This is {name}. ").repeat(30)
    )
    .into_bytes()
}

fn name_of(mail: &[u8]) -> String {
    let text = String::from_utf8_lossy(mail);
    let subject = text.lines().find_map(|line| line.strip_prefix("Subject: "));
    subject.unwrap_or_default().to_owned()
}

impl World {
    async fn new(after_import: AfterImport) -> Self {
        let server =
            TestServer::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), Account::with_mails([b""; 0])).await.unwrap();
        // The database is in memory, if possible: each of thousands of polls would wait for the disk several times.
        let memory = std::path::Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).unwrap(),
            false => tempfile::tempdir().unwrap(),
        };
        let store = Store::open(&format!("sqlite://{}", folder.path().join("model.db").display())).await.unwrap();
        let vault = Location::File { path: folder.path().join("key"), create: true }.open(false).unwrap();
        let clock = Arc::new(Manual(AtomicI64::new(1_800_000_000_000)));
        let config = config::load(&Overrides::default()).unwrap();
        let inbox = NewInbox { address: INBOX.parse().unwrap(), name: None, reply_from: None, organisation_id: None };
        store.add_inbox(&inbox, clock.now()).await.unwrap();
        let new = NewMailbox {
            server: Server {
                port: server.address().port(),
                ..Server::on_default_port("127.0.0.1".into(), TlsMode::None)
            },
            settings: crate::mailbox::Settings { start: Start::All, after_import, ..Default::default() },
            ..NewMailbox::with_password(MAILBOX, INBOX, "secret")
        };
        store.add_mailbox(&new, &vault, clock.now()).await.unwrap();
        let mut limits = config.limits;
        limits.batch_messages = config::Count(3);
        let mut deadlines = config.deadlines;
        deadlines.silence.0 = Duration::from_millis(300);
        let deps = Deps {
            store: Arc::new(store),
            vault: Arc::new(vault),
            egress: Arc::new(Egress::new(vec!["127.0.0.0/8".parse().unwrap()], Arc::default())),
            clock: clock.clone(),
            imap: crate::wiring::terms(&deadlines, &limits, 1),
            deadlines,
            limits,
            oauth: Arc::new(config.oauth),
            renewals: Default::default(),
            lease: Duration::from_secs(60),
            counts_login_attempts: true,
            raw_retention: Duration::from_hours(1),
        };
        Self {
            server,
            deps: Arc::new(deps),
            clock,
            appended: BTreeMap::new(),
            may_be_missing: BTreeSet::new(),
            _folder: folder,
        }
    }

    async fn poll(&self) -> Report {
        self.clock.0.fetch_add(60_000, Ordering::SeqCst);
        let lease = lease::wait_for(&self.deps, &MAILBOX.parse().unwrap()).await.unwrap().unwrap();
        let limits = worker::Limits { time: Duration::from_secs(60), grace: Duration::from_secs(1) };
        worker::poll(lease, &self.deps, limits, CancellationToken::new(), Arc::default()).await
    }

    async fn verify(&self) -> Report {
        let id = self.deps.store.mailbox(&MAILBOX.parse().unwrap()).await.unwrap().id;
        self.deps.store.request_comparison(id).await.unwrap();
        self.poll().await
    }

    /// How often each content is in the inbox.
    async fn imported(&self) -> BTreeMap<String, usize> {
        let mut count = BTreeMap::new();
        for message in self.deps.store.messages(MessageFilter::default(), 0, 10_000).await.unwrap() {
            *count.entry(message.subject.unwrap_or_default()).or_default() += 1;
        }
        count
    }

    fn append(&mut self, name: &str) {
        *self.appended.entry(name.to_owned()).or_default() += 1;
        self.may_be_missing.remove(name);
        self.server.account().inbox().append(content(name));
    }

    /// Records a deletion by the customer: mail that was not fetched before need not be in the inbox.
    async fn record_deletions(&mut self, deleted: Vec<String>) {
        let imported = self.imported().await;
        self.may_be_missing.extend(deleted.into_iter().filter(|name| !imported.contains_key(name)));
    }

    async fn apply(&mut self, event: Event) {
        let uid_at = |server: &TestServer, at: usize| {
            let mut account = server.account();
            let messages = &account.inbox().messages;
            (!messages.is_empty()).then(|| messages[at % messages.len()].uid)
        };
        match event {
            Event::Append => {
                let name = format!("mail-{}", self.appended.len());
                self.append(&name);
            }
            Event::AppendAgain(at) => {
                let names: Vec<String> = self.appended.keys().cloned().collect();
                if !names.is_empty() {
                    self.append(&names[at % names.len()]);
                }
            }
            Event::Expunge(at) => {
                if let Some(uid) = uid_at(&self.server, at) {
                    let name = name_of(&self.server.account().inbox().message(uid).unwrap().bytes);
                    self.server.account().inbox().expunge(uid);
                    self.record_deletions(vec![name]).await;
                }
            }
            Event::Renumber => {
                let mut account = self.server.account();
                let inbox = account.inbox();
                inbox.messages.reverse();
                inbox.renumber(inbox.uidvalidity + 1000); // a value that the fault `NewAtEachLogin` never sends
            }
            Event::Rewind(back) => {
                let deleted: Vec<String> = {
                    let mut account = self.server.account();
                    let inbox = account.inbox();
                    let next = inbox.uidnext.saturating_sub(u32::try_from(back).unwrap()).max(1);
                    let deleted = inbox.messages.iter().filter(|m| m.uid >= next).map(|m| name_of(&m.bytes)).collect();
                    inbox.rewind(next);
                    deleted
                };
                self.record_deletions(deleted).await;
            }
            Event::Fault(fault) => self.fault(fault, uid_at),
            Event::EndFaults => self.server.account().faults = Default::default(),
            Event::Poll => drop(self.poll().await),
            Event::Verify => drop(self.verify().await),
            Event::PollCutAfter(bytes) => {
                self.server.account().faults.cut_after = Some(bytes);
                self.poll().await;
                self.server.account().faults.cut_after = None;
            }
            Event::Day => drop(self.clock.0.fetch_add(25 * 3600 * 1000, Ordering::SeqCst)),
        }
    }

    fn fault(&self, fault: Fault, uid_at: impl Fn(&TestServer, usize) -> Option<u32>) {
        let uid = match &fault {
            Fault::HiddenFromSearch(at)
            | Fault::HiddenFromFetch(at)
            | Fault::HiddenFromDateSearch(at)
            | Fault::BreaksAtSizeOf(at)
            | Fault::Body(at, _) => uid_at(&self.server, *at),
            _ => None,
        };
        let mut account = self.server.account();
        let faults = &mut account.faults;
        match fault {
            Fault::HiddenFromSearch(_) => faults.hidden_from_search.extend(uid),
            Fault::HiddenFromFetch(_) => faults.hidden_from_fetch.extend(uid),
            Fault::HiddenFromDateSearch(_) => faults.hidden_from_date_search.extend(uid),
            Fault::BreaksAtSizeOf(_) => faults.breaks_at_size_of.extend(uid),
            Fault::SilentIfNone => faults.search_hides_none = true,
            Fault::SilentSearch => faults.search_is_silent = true,
            Fault::Unsorted => faults.search_is_unsorted = true,
            Fault::Unsolicited => faults.unsolicited = true,
            Fault::UidValidity(value) => faults.uidvalidity = value,
            Fault::UidNext(value) => faults.uidnext = value,
            // If a server reports a size of zero and returns an empty body, the mail counts as empty.
            Fault::Body(_, Body::Empty) if faults.sizes == Sizes::Zero => {}
            Fault::Sizes(Sizes::Zero) if faults.bodies.values().any(|body| *body == Body::Empty) => {}
            Fault::Sizes(sizes) => faults.sizes = sizes,
            Fault::Body(_, body) => faults.bodies.extend(uid.map(|uid| (uid, body))),
            Fault::Refuses(command, answer) => {
                faults.replies = vec![Reply { command: command.into(), after: 1, times: Some(2), answer }];
            }
            Fault::MessageLimit(limit) => faults.message_limit = Some(limit),
            Fault::LacksCapability(capability) => drop(faults.missing_capabilities.insert(capability)),
            Fault::Parts(parts) => faults.parts = parts,
            Fault::MisreadsStar => faults.search_misreads_star = true,
            Fault::ExistsTooHigh(more) => faults.exists_more = more,
            Fault::RestoresMail => faults.removed_mail_returns = true,
        }
    }

    /// Ends all faults, polls, and checks that every mail was imported as the documentation of this module promises.
    async fn check_promises(&self) -> Result<(), String> {
        self.server.account().faults = Default::default();
        for _ in 0..3 {
            self.clock.0.fetch_add(25 * 3600 * 1000, Ordering::SeqCst);
            self.verify().await;
        }
        let last = self.verify().await;
        // A mail that came back after Mailferry moved or removed it is reported until a person has acted.
        let is_expected =
            |message: &str| message.contains("new UIDVALIDITY") || message.contains("after Mailferry had moved");
        if let Some(error) = last.error.filter(|error| !is_expected(&error.message)) {
            return Err(format!("the last poll fails: {}", error.message));
        }
        if last.imported > 0 {
            return Err(format!("the last poll still imports {}", last.imported));
        }
        let imported = self.imported().await;
        for (name, appended) in &self.appended {
            let count = imported.get(name).copied().unwrap_or(0);
            if count == 0 && !self.may_be_missing.contains(name) {
                return Err(format!("lost: {name}"));
            }
            if count > *appended {
                return Err(format!("twice: {name} was imported {count} times and appended {appended} times"));
            }
        }
        let moved: Vec<String> =
            self.server.account().folder("Klart").messages.iter().map(|message| name_of(&message.bytes)).collect();
        for name in &moved {
            let count = moved.iter().filter(|other| *other == name).count();
            if count > self.appended[name] {
                return Err(format!("moved twice: {name} is in the target folder {count} times"));
            }
        }
        if let Some(unknown) = imported.keys().find(|name| !self.appended.contains_key(*name)) {
            return Err(format!("a message that was never appended: {unknown}"));
        }
        match self.deps.store.open_cases(1).await.unwrap().unaccounted() {
            Some(0) => Ok(()),
            count => Err(format!("{count:?} UIDs are unaccounted for")),
        }
    }
}

fn faults() -> impl Strategy<Value = Fault> {
    let at = 0..20_usize;
    prop_oneof![
        at.clone().prop_map(Fault::HiddenFromSearch),
        at.clone().prop_map(Fault::HiddenFromFetch),
        at.clone().prop_map(Fault::HiddenFromDateSearch),
        at.clone().prop_map(Fault::BreaksAtSizeOf),
        Just(Fault::SilentSearch),
        Just(Fault::SilentIfNone),
        Just(Fault::Unsorted),
        Just(Fault::Unsolicited),
        prop_oneof![
            Just(UidValidity::Correct),
            Just(UidValidity::Missing),
            Just(UidValidity::Zero),
            Just(UidValidity::NewAtEachLogin)
        ]
        .prop_map(Fault::UidValidity),
        prop_oneof![
            Just(UidNext::Correct),
            Just(UidNext::Missing),
            Just(UidNext::Zero),
            (1..500_u32).prop_map(UidNext::Ahead),
            (1..20_u32).prop_map(UidNext::Stuck)
        ]
        .prop_map(Fault::UidNext),
        prop_oneof![
            Just(Sizes::Missing),
            Just(Sizes::Zero),
            Just(Sizes::Negative),
            Just(Sizes::MultipliedBy(10)),
            Just(Sizes::DividedBy(10))
        ]
        .prop_map(Fault::Sizes),
        (
            at,
            prop_oneof![
                Just(Body::Absent),
                Just(Body::Nil),
                Just(Body::Empty),
                Just(Body::Substitute),
                Just(Body::Refused),
                Just(Body::LiteralTooShort(7)),
                Just(Body::OtherUid(3)),
                Just(Body::Split),
                Just(Body::Cut),
                Just(Body::Bye)
            ]
        )
            .prop_map(|(at, body)| Fault::Body(at, body)),
        (
            prop_oneof![
                Just("UID FETCH"),
                Just("UID SEARCH"),
                Just("UID STORE"),
                Just("UID EXPUNGE"),
                Just("UID MOVE"),
                Just("UID COPY"),
                Just("SELECT"),
                Just("LOGIN")
            ],
            prop_oneof![
                Just(Answer::Tagged("NO [UNAVAILABLE] later".into())),
                Just(Answer::Tagged("BAD what?".into())),
                Just(Answer::Bye("Session invalidated".into())),
                Just(Answer::Cut),
                Just(Answer::ExecuteThenCut),
            ]
        )
            .prop_map(|(command, answer)| Fault::Refuses(command, answer)),
        (1..4_usize).prop_map(Fault::MessageLimit),
        prop_oneof![Just("MOVE"), Just("UIDPLUS")].prop_map(Fault::LacksCapability),
        prop_oneof![Just(Parts::Echoed), Just(Parts::NoSpace), Just(Parts::Whole)].prop_map(Fault::Parts),
        Just(Fault::MisreadsStar),
        (1..3_u32).prop_map(Fault::ExistsTooHigh),
        Just(Fault::RestoresMail),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Append),
        1 => (0..20_usize).prop_map(Event::AppendAgain),
        2 => (0..20_usize).prop_map(Event::Expunge),
        1 => Just(Event::Renumber),
        1 => (0..6_usize).prop_map(Event::Rewind),
        4 => faults().prop_map(Event::Fault),
        2 => Just(Event::EndFaults),
        6 => Just(Event::Poll),
        1 => Just(Event::Verify),
        2 => (0..6000_u64).prop_map(Event::PollCutAfter),
        1 => Just(Event::Day),
    ]
}

fn effects() -> impl Strategy<Value = AfterImport> {
    prop_oneof![
        Just(AfterImport::Leave),
        Just(AfterImport::Seen),
        Just(AfterImport::Delete),
        Just(AfterImport::Move("Klart".into()))
    ]
}

/// Number of histories; set by MAILFERRY_TEST_HISTORIES.
fn histories() -> u32 {
    std::env::var("MAILFERRY_TEST_HISTORIES").map_or(60, |text| text.parse().expect("a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: histories(), max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mail_is_lost_or_imported_twice(effect in effects(), history in proptest::collection::vec(events(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(async {
            let mut world = World::new(effect).await;
            for event in history {
                world.apply(event).await;
            }
            world.check_promises().await
        });
        if let Err(broken) = result {
            return Err(TestCaseError::fail(broken));
        }
    }
}
