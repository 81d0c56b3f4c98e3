//! The command line. Names of commands and options, JSON keys and exit codes are a contract: other programs depend on them.

mod check;
mod delivery;
mod failure;
mod inbox;
mod key;
mod ledger;
mod mailbox;
mod message;
mod oauth;
mod output;
mod poll;
mod route;
mod secret;
mod serve;
mod test_server;
mod token;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::app::mailboxes::inspect::Inspector;
use crate::app::{Acting, Actor};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::config::{self, Config, Overrides};
use crate::deliver::DeliverDeps;
use crate::locale::Language;
use crate::oauth::Renewals;
use crate::poll::{Deps, Visits};
use crate::private;
use crate::store::Store;
use crate::telemetry::{self, LogFormat};
use crate::vault::Vault;
use crate::wiring;

use failure::Failure;
use output::Output;

/// The heading of the options that every command accepts.
const GLOBAL: &str = "Global options";

/// Fetches mail from customers' IMAP mailboxes into your inboxes: nothing lost, nothing twice, and the customer's copy left
/// as the customer wants it.
#[derive(Parser)]
#[command(name = "mailferry", version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 something failed, 2 wrong usage, 78 bad configuration.")]
struct Cli {
    /// Configuration file (TOML); every key and its default: `mailferry check --defaults`
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "FILE", env = "MAILFERRY_CONFIG")]
    config: Option<PathBuf>,
    /// Database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://data/mailferry.db]; set a URL with a
    /// password in the environment, because other users of the machine can read arguments
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "URL", env = "MAILFERRY_DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// Print JSON, one object per line
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Language of diagnoses, remedies and warnings in mailbox check, mailbox list and oauth; everything else is English
    /// [default: from the environment (LC_ALL, LC_MESSAGES, LANG), else en]
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, value_name = "LANGUAGE", env = "MAILFERRY_LANG")]
    lang: Option<Language>,
    /// Format of log lines on standard error
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Inboxes: where mail ends up
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// Mailboxes: the customers' mail accounts that Mailferry polls
    #[command(subcommand)]
    Mailbox(mailbox::Command),
    /// Routes: rules that send the mail of a recipient to an inbox
    #[command(subcommand)]
    Route(route::Command),
    /// Access tokens instead of passwords: Office 365, Google and others
    #[command(subcommand)]
    Oauth(oauth::Command),
    /// Poll mailboxes once, now
    Poll(poll::Args),
    /// Imported messages
    #[command(subcommand)]
    Message(message::Command),
    /// Deliveries: the hand-over of messages to the targets of their inboxes
    #[command(subcommand)]
    Delivery(delivery::Command),
    /// Ledger: the outcome of every UID ever seen
    Ledger(ledger::Args),
    /// Serve the pages and the API, and poll every mailbox when it is due, until stopped by a signal
    Serve,
    /// Check the configuration, the database and the key, and explain how to fix problems
    Check(check::Args),
    /// The master key that seals passwords and tokens
    #[command(subcommand)]
    Key(key::Command),
    /// Users: the people who may sign in to the pages
    #[command(subcommand)]
    User(user::Command),
    /// Tokens for programs that use the API
    #[command(subcommand)]
    Token(token::Command),
    /// Run an IMAP server with a chosen fault, to test Mailferry or another client
    TestServer(test_server::Args),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    private::create_private_files();
    let cli = Cli::parse(); // exits with 2 on wrong usage
    let level = if matches!(cli.command, Command::Serve) { LevelFilter::INFO } else { LevelFilter::ERROR };
    telemetry::start(cli.log_format, level);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return Failure::failed(format!("the runtime cannot be started: {error}")).report();
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let overrides = Overrides { file: cli.config, database_url: cli.database };
    let output = Output { json: cli.json };
    if let Command::Check(args) = &cli.command {
        return check::run(args, &overrides, output).await;
    }
    if let Command::TestServer(args) = cli.command {
        return test_server::run(args, output).await;
    }
    let config = config::load(&overrides).map_err(Failure::configuration)?;
    let store = wiring::store(&config).await?;
    store.exposed().iter().for_each(private::Exposed::log);
    let language = cli.lang.unwrap_or_else(Language::from_environment);
    let renewals = Renewals::default();
    let context = Context { config, store: Arc::new(store), output, language, renewals: renewals.clone() };
    let result = run_with(cli.command, context).await;
    renewals.finish().await; // whether the command succeeded or not
    result
}

async fn run_with(command: Command, context: Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Inbox(command) => context.run_and_close(async |c| inbox::run(command, c).await).await,
        Command::Mailbox(command) => mailbox::run(command, context).await,
        Command::Oauth(command) => oauth::run(command, context).await,
        Command::Route(command) => context.run_and_close(async |c| route::run(command, c).await).await,
        Command::Poll(args) => poll::run(args, context).await,
        Command::Message(command) => context.run_and_close(async |c| message::run(command, c).await).await,
        Command::Delivery(command) => context.run_and_close(async |c| delivery::run(command, c).await).await,
        Command::Ledger(args) => ledger::run(args, context).await,
        Command::Serve => serve::run(context).await,
        Command::Check(_) | Command::TestServer(_) => Ok(ExitCode::SUCCESS),
        Command::User(command) => context.run_and_close(async |c| user::run(command, c).await).await,
        Command::Token(command) => context.run_and_close(async |c| token::run(command, c).await).await,
        Command::Key(command) => context.run_and_close(async |c| key::run(command, c).await).await,
    }
}

/// The configuration, the database and the output that every command uses.
struct Context {
    config: Config,
    store: Arc<Store>,
    output: Output,
    language: Language,
    renewals: Renewals,
}

impl Context {
    fn now() -> Timestamp {
        SystemClock.now()
    }

    async fn vault(&self) -> Result<Vault, Failure> {
        Ok(wiring::vault(&self.config, &self.store).await?)
    }

    /// The dependencies of a poll.
    async fn deps(&self) -> Result<Deps, Failure> {
        Ok(wiring::deps(&self.config, self.store.clone(), self.vault().await?, self.renewals.clone()))
    }

    /// The dependencies of deliveries.
    async fn deliver_deps(&self) -> Result<DeliverDeps, Failure> {
        Ok(wiring::deliver_deps(&self.config, &self.deps().await?).await?)
    }

    /// The dependencies of a poll, with the configuration and the output.
    async fn into_deps(self) -> Result<(Deps, Config, Output), Failure> {
        Ok((self.deps().await?, self.config, self.output))
    }

    /// The actor of use cases: the command line.
    fn acting(&self) -> Acting<'_> {
        Acting { actor: &Actor::CommandLine, store: &self.store, now: Self::now() }
    }

    /// Creates the access to customers' mail servers.
    async fn servers(&self) -> Result<Servers, Failure> {
        let deps = Arc::new(self.deps().await?);
        let visits = Visits::new(tokio::runtime::Handle::current(), deps.clone());
        Ok(Servers { deps, visits })
    }

    /// Runs a command and closes the database, so that SQLite removes its write-ahead log.
    async fn run_and_close(
        self,
        command: impl AsyncFnOnce(&Self) -> Result<ExitCode, Failure>,
    ) -> Result<ExitCode, Failure> {
        let result = command(&self).await;
        self.renewals.finish().await; // stores renewed tokens before the database is closed
        self.store.close().await;
        result
    }
}

/// Access to customers' mail servers.
struct Servers {
    deps: Arc<Deps>,
    visits: Visits,
}

impl Servers {
    /// Inspects a mail server for the command line.
    fn inspector<'a>(&'a self, context: &'a Context) -> Inspector<'a> {
        Inspector { acting: context.acting(), visits: &self.visits, deps: &self.deps }
    }
}

#[cfg(test)]
mod tests;
