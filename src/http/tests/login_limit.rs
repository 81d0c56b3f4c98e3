//! Tests of the rate limits on logins at customers' servers.

use std::net::IpAddr;

use crate::http::testing;
use crate::imap::{ImapError, LoginError};
use crate::mailbox::TlsMode;
use crate::poll::login_attempts::{LoginAccount, LoginAttempt, LoginTrigger, minutes_to_wait};
use crate::poll::{Deps, PollError};
use crate::store::{Mailbox, NewInbox, NewLogin, NewMailbox, Server};

/// The id of our organisation.
const OURS: i64 = 1;
/// The id of another organisation.
const THEIRS: i64 = 2;

fn server_at(host: &str) -> Server {
    Server::on_default_port(host.to_owned(), TlsMode::Implicit)
}

fn account(organisation: i64, host: &str, username: &str, addresses: &[&str]) -> LoginAccount {
    let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    LoginAccount::new(organisation, &server_at(host), username, &addresses)
}

/// Two organisations, each with a mailbox for the same account.
struct World {
    deps: std::sync::Arc<Deps>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let (state, folder) = testing::state(|_| {}).await;
        let (store, now) = (&state.deps.store, state.deps.clock.now());
        let other = store.organisation_named("other", now).await.unwrap().id;
        assert_eq!(other, THEIRS);
        for (name, organisation) in [("ours", OURS), ("theirs", THEIRS)] {
            let inbox = format!("{name}@k.se");
            let organisation_id = Some(organisation);
            let new = NewInbox { address: inbox.parse().unwrap(), name: None, reply_from: None, organisation_id };
            store.add_inbox(&new, now).await.unwrap();
            let new = NewMailbox {
                server: server_at("imap.b.se"),
                username: "anna@b.se".to_owned(),
                ..NewMailbox::with_password(&format!("{name}@b.se"), &inbox, "x")
            };
            store.add_mailbox(&new, &state.deps.vault, now).await.unwrap();
        }
        Self { deps: state.deps.clone(), _folder: folder }
    }

    async fn mailbox(&self, name: &str) -> Mailbox {
        self.deps.store.mailbox(&format!("{name}@b.se").parse().unwrap()).await.unwrap()
    }

    /// Attempts a login with this result (`None`: success). Returns whether the rate limit let it through.
    async fn attempt(
        &self,
        mailbox: &Mailbox,
        host: &str,
        username: &str,
        trigger: LoginTrigger,
        result: Option<&LoginError>,
    ) -> bool {
        let account =
            LoginAccount::new(mailbox.organisation_id, &server_at(host), username, &[IpAddr::from([192, 0, 2, 1])]);
        let attempt = match LoginAttempt::begin(&account, trigger, mailbox, &self.deps).await {
            Ok(attempt) => attempt,
            Err(error) => {
                assert!(minutes_to_wait(&error).is_some_and(|minutes| (1..=15).contains(&minutes)), "{error:?}");
                return false;
            }
        };
        let poll_error = result.map(|error| PollError::login(error, host, &Default::default()));
        attempt.end(result.map_or(Ok(&()), |error| Err((error, poll_error.as_ref())))).await;
        true
    }

    /// Attempts a login that the server refuses. Returns whether the rate limit let it through.
    async fn guessed(&self, mailbox: &Mailbox, host: &str, username: &str) -> bool {
        self.attempt(mailbox, host, username, LoginTrigger::Person, Some(&refusal())).await
    }
}

fn refusal() -> LoginError {
    LoginError::Refused("[AUTHENTICATIONFAILED] no".to_owned())
}

#[tokio::test]
async fn spelling_variants_share_a_limit_and_other_organisations_are_unaffected() {
    let world = World::new().await;
    let (ours, theirs) = (world.mailbox("ours").await, world.mailbox("theirs").await);
    let spellings = [
        ("imap.b.se", "anna@b.se"),
        ("IMAP.b.se.", "Anna@B.se"),
        ("alias.evil.se", " anna@b.se"),
        ("192.0.2.1", "ANNA@b.se"),
    ];
    let mut tried = 0;
    for n in 0..200 {
        let (host, username) = spellings[n % spellings.len()];
        tried += usize::from(world.guessed(&theirs, host, username).await);
    }
    assert_eq!(tried, 8, "of 200 guesses");
    // Names that look like other accounts to us may be the same account to the server, so they do not allow many more
    // attempts.
    for n in 0..200 {
        let username = ["B\\anna".to_owned(), "anna".to_owned(), format!("anna@alias{n}.se")][n % 3].clone();
        tried += usize::from(world.guessed(&theirs, "imap.b.se", &username).await);
    }
    assert!(tried <= 18, "{tried} of 400 guesses");
    // Other organisations and other accounts are not affected.
    assert!(world.attempt(&ours, "imap.b.se", "anna@b.se", LoginTrigger::Person, None).await);
    assert!(world.mailbox("ours").await.login_proven);
    assert!(world.guessed(&theirs, "imap.b.se", "bo@b.se").await, "another account of the other organisation");
    assert!(
        !world.guessed(&theirs, "imap.b.se", "anna@b.se").await,
        "a success of another organisation does not end the wait"
    );
}

#[tokio::test]
async fn many_servers_for_one_login_name_share_a_limit_of_forty() {
    let world = World::new().await;
    let theirs = world.mailbox("theirs").await;
    let mut tried = 0;
    for n in 0..100_u8 {
        let account = account(THEIRS, &format!("a{n}.evil.se"), "anna@b.se", &[&format!("198.51.100.{n}")]);
        if let Ok(attempt) = LoginAttempt::begin(&account, LoginTrigger::Person, &theirs, &world.deps).await {
            let poll_error = PollError::login(&refusal(), "h", &Default::default());
            attempt.end(Err((&refusal(), Some(&poll_error)))).await;
            tried += 1;
        }
    }
    assert_eq!(tried, 40);
}

#[tokio::test]
async fn concurrent_attempts_are_counted() {
    let world = World::new().await;
    let theirs = world.mailbox("theirs").await;
    let account = account(THEIRS, "imap.b.se", "anna@b.se", &["192.0.2.1"]);
    let tries = (0..40).map(|_| LoginAttempt::begin(&account, LoginTrigger::Person, &theirs, &world.deps));
    let begun = futures::future::join_all(tries).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(begun, 8, "before any attempt has ended");
}

#[tokio::test]
async fn untried_logins_do_not_count_and_success_clears_its_own_account() {
    let world = World::new().await;
    let theirs = world.mailbox("theirs").await;
    let unavailable = LoginError::Refused("[UNAVAILABLE] try again later".to_owned());
    for error in [LoginError::PasswordsNotOffered(""), LoginError::Imap(ImapError::Slow("the login")), unavailable] {
        for _ in 0..20 {
            assert!(
                world.attempt(&theirs, "imap.b.se", "anna@b.se", LoginTrigger::Person, Some(&error)).await,
                "{error}"
            );
        }
    }
    for _ in 0..3 {
        for _ in 0..7 {
            assert!(world.guessed(&theirs, "imap.b.se", "anna@b.se").await);
        }
        assert!(world.attempt(&theirs, "imap.b.se", "anna@b.se", LoginTrigger::Person, None).await);
    }
    // A success clears the failed attempts of its own account only.
    for _ in 0..7 {
        assert!(world.guessed(&theirs, "imap.b.se", "anna@b.se").await);
        assert!(world.attempt(&theirs, "imap.b.se", "eve@b.se", LoginTrigger::Person, None).await);
    }
    assert!(world.guessed(&theirs, "imap.b.se", "anna@b.se").await);
    assert!(!world.guessed(&theirs, "imap.b.se", "anna@b.se").await);
    // A server that closes the connection instead of answering counts as a refusal.
    let bye = LoginError::Imap(ImapError::Bye("invalid credentials".to_owned()));
    let mut tried = 0;
    for _ in 0..20 {
        tried += usize::from(world.attempt(&theirs, "imap.b.se", "carl@b.se", LoginTrigger::Person, Some(&bye)).await);
    }
    assert_eq!(tried, 8);
}

#[tokio::test]
async fn polls_with_proven_credentials_never_wait() {
    let world = World::new().await;
    let ours = world.mailbox("ours").await;
    assert!(!ours.login_proven);
    assert!(world.attempt(&ours, "imap.b.se", "anna@b.se", LoginTrigger::Schedule, None).await);
    let proven = world.mailbox("ours").await;
    assert!(proven.login_proven);
    while world.guessed(&ours, "imap.b.se", "anna@b.se").await {}
    for _ in 0..20 {
        assert!(
            world.attempt(&proven, "imap.b.se", "anna@b.se", LoginTrigger::Schedule, None).await,
            "its own polls continue"
        );
    }
    // After a change of the password, the polls are limited, too, until the server accepts the new one. Otherwise, several
    // mailboxes for one account would allow more attempts.
    let login = Some(NewLogin::Password("guess".into()));
    let changes = crate::store::Changes { login, ..Default::default() };
    let (store, now) = (&world.deps.store, world.deps.clock.now());
    store.change_mailbox(&"ours@b.se".parse().unwrap(), &changes, Some(&world.deps.vault), now).await.unwrap();
    let anew = world.mailbox("ours").await;
    assert!(!anew.login_proven);
    assert!(!world.attempt(&anew, "imap.b.se", "anna@b.se", LoginTrigger::Schedule, Some(&refusal())).await);
    // Repeated polls with a refused password are counted separately, and do not block somebody who enters the right
    // one.
    let theirs = world.mailbox("theirs").await;
    let failing =
        Mailbox { status: crate::store::MailboxStatus { failures: 3, ..theirs.status.clone() }, ..theirs.clone() };
    let mut tried = 0;
    for _ in 0..50 {
        tried += usize::from(
            world.attempt(&failing, "imap.b.se", "anna@b.se", LoginTrigger::Schedule, Some(&refusal())).await,
        );
    }
    assert_eq!(tried, 8);
    assert!(world.attempt(&theirs, "imap.b.se", "anna@b.se", LoginTrigger::Schedule, None).await);
}

#[tokio::test]
async fn the_command_line_is_not_rate_limited() {
    let world = World::new().await;
    let theirs = world.mailbox("theirs").await;
    while world.guessed(&theirs, "imap.b.se", "anna@b.se").await {}
    let World { deps, _folder } = world;
    let deps = Deps { counts_login_attempts: false, ..std::sync::Arc::into_inner(deps).unwrap() };
    let account = account(THEIRS, "imap.b.se", "anna@b.se", &["192.0.2.1"]);
    assert!(LoginAttempt::begin(&account, LoginTrigger::Person, &theirs, &deps).await.is_ok());
}
