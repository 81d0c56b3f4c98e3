//! The binary under test, with its own database and folder and without the caller's environment.

mod connecting;
mod serve;

use std::{
    io::{Read, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::{daemon::is_quick, postgres, wait};

pub use connecting::Connecting;
pub use serve::Serve;

/// The timeout of a command; only a command that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    Postgres,
}

/// Each database that a test is to be run on.
pub fn databases() -> Vec<Database> {
    match is_quick() {
        true => vec![Database::Sqlite],
        false => vec![Database::Sqlite, Database::Postgres],
    }
}

pub struct Mailferry {
    dir: TempDir,
    database_url: String,
    env: Vec<(String, Option<String>)>,
    wrapper: Vec<String>,
}

#[derive(Debug)]
pub struct Output {
    /// The exit code; -1 after a signal.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Output {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard output and standard error, as a person would see them.
    pub fn all(&self) -> String {
        format!("{}{}", self.text(), self.stderr)
    }

    /// Standard output as JSON, one object per line.
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        let lines: Vec<Value> = self.text().lines().map(parse).collect();
        assert!(lines.iter().all(Value::is_object), "one object per line: {lines:?}");
        lines
    }
}

impl Mailferry {
    /// An installation with a new SQLite file.
    pub fn new() -> Self {
        Self::with_database(Database::Sqlite)
    }

    pub fn with_database(database: Database) -> Self {
        let dir = TempDir::with_prefix("mailferry-").unwrap();
        let database_url = match database {
            Database::Sqlite => format!("sqlite://{}", dir.path().join("mailferry.db").display()),
            Database::Postgres => postgres::fresh_database(),
        };
        Self { dir, database_url, env: Vec::new(), wrapper: Vec::new() }
    }

    /// Like `new`, on a file system in memory if there is one, for a test with many commands that would wait for the disk.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let dir = TempDir::with_prefix_in("mailferry-", parent).unwrap();
        let database_url = format!("sqlite://{}", dir.path().join("mailferry.db").display());
        Self { dir, database_url, env: Vec::new(), wrapper: Vec::new() }
    }

    /// The folder of this installation, which is also its working directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Sets a variable for every later command; the last value set for a name counts.
    pub fn env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), Some(value.to_owned())));
    }

    /// Removes a variable from the environment of every later command, even one that the kit sets.
    pub fn unset(&mut self, name: &str) {
        self.env.push((name.to_owned(), None));
    }

    /// Runs every later command through this wrapper command; an empty one removes the wrapper.
    pub fn wrap(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|&word| word.to_owned()).collect();
    }

    /// Runs a statement on the installation's SQLite file, for instance to write a row as an older version did.
    pub fn sql(&self, statement: &str) {
        let url = format!("sqlite://{}", self.dir().join("mailferry.db").display());
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut database = SqliteConnection::connect(&url).await.unwrap();
            sqlx::query(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut database).await.unwrap();
            database.close().await.unwrap();
        });
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let words: Vec<&str> =
            self.wrapper.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_mailferry")]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(args).current_dir(self.dir.path());
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("MAILFERRY")) {
            command.env_remove(name);
        }
        command.env_remove("RUST_LOG");
        command.env("MAILFERRY_DATABASE_URL", &self.database_url);
        command.env("MAILFERRY__EGRESS__ALLOW", "127.0.0.0/8,::1/128");
        // Tests cannot wait as long as the shortest interval that is allowed for a customer's server.
        command.env("MAILFERRY__SCHEDULE__LEAST_INTERVAL", "1s");
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.run_with_input(args, "")
    }

    pub fn run_with_input(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read its input closes the pipe, which is not a failure of the test.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let stdout = read_in_background(child.stdout.take().unwrap());
        let stderr = read_in_background(child.stderr.take().unwrap());
        let status = wait::within(LIMIT, || child.try_wait().unwrap());
        end(&mut child);
        let stderr = String::from_utf8_lossy(&stderr.join().unwrap()).into_owned();
        let status = status.unwrap_or_else(|| panic!("mailferry {args:?} hangs:\n{stderr}"));
        Output { code: status.code().unwrap_or(-1), stdout: stdout.join().unwrap(), stderr }
    }

    /// Runs a command that must succeed.
    pub fn ok(&self, args: &[&str]) -> Output {
        self.ok_with_input(args, "")
    }

    pub fn ok_with_input(&self, args: &[&str], input: &str) -> Output {
        let output = self.run_with_input(args, input);
        assert_eq!(output.code, 0, "mailferry {args:?}:\n{}", output.all());
        output
    }

    /// Runs a command that must succeed, with `--json`.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        self.ok(&[&["--json"], args].concat()).json()
    }

    /// Polls every mailbox once, which may fail; returns the line of each, in the order of the output.
    pub fn poll(&self) -> Vec<Value> {
        let output = self.run(&["--json", "poll"]);
        assert!(output.code == 0 || output.code == 1, "poll ends with {}:\n{}", output.code, output.all());
        let lines = output.json();
        let has_failed = lines.iter().any(|line| !line["error"].is_null());
        assert_eq!(output.code, i32::from(has_failed), "the exit code must report a failure:\n{}", output.all());
        lines
    }

    /// Polls every mailbox once, which must succeed; returns the number of imported mails.
    pub fn poll_ok(&self) -> u64 {
        let lines = self.poll();
        assert!(!lines.is_empty(), "no mailbox was polled");
        for line in &lines {
            assert!(line["error"].is_null(), "{line}");
        }
        lines.iter().map(|line| line["imported"].as_u64().expect("imported")).sum()
    }

    /// Polls the only mailbox once, which must fail; returns the error.
    pub fn poll_error(&self) -> Value {
        let lines = self.poll();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let error = lines[0]["error"].clone();
        assert!(error.is_object(), "the poll should have failed: {}", lines[0]);
        error
    }

    pub fn add_inbox(&self, address: &str) {
        self.ok(&["inbox", "add", address]);
    }

    /// Adds a mailbox with the password `secret`; `options` are those of the server, `more` are others.
    pub fn add_mailbox(&self, address: &str, inbox: &str, options: &[String], more: &[&str]) {
        self.add_mailbox_with_password(address, inbox, options, more, "secret");
    }

    pub fn add_mailbox_with_password(
        &self,
        address: &str,
        inbox: &str,
        options: &[String],
        more: &[&str],
        password: &str,
    ) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let args = [&["mailbox", "add", address, "--inbox", inbox, "--password-stdin"], &options[..], more].concat();
        self.ok_with_input(&args, &format!("{password}\n"));
    }

    pub fn messages(&self) -> Vec<Value> {
        self.json(&["message", "list"])
    }

    /// The subjects of all messages, sorted; a subject that cannot be parsed is empty.
    pub fn subjects(&self) -> Vec<String> {
        let subject = |message: &Value| message["subject"].as_str().unwrap_or_default().to_owned();
        let mut subjects: Vec<String> = self.messages().iter().map(subject).collect();
        subjects.sort();
        subjects
    }

    pub fn ledger(&self) -> Vec<Value> {
        self.json(&["ledger"])
    }

    /// The stored bytes of a message.
    pub fn raw(&self, message: &Value) -> Vec<u8> {
        self.ok(&["message", "raw", &id(message)]).stdout
    }

    /// Writes a configuration file, which every later command reads.
    pub fn configure(&mut self, text: &str) {
        let file = self.dir.path().join("mailferry.toml");
        std::fs::write(&file, text).unwrap();
        self.env("MAILFERRY_CONFIG", &file.to_string_lossy());
    }

    /// Adds a mailbox that is opened with access tokens of this provider, and whose old mail is imported too.
    pub fn add_mailbox_by_token(&self, address: &str, inbox: &str, provider: &str, options: &[String], more: &[&str]) {
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let args = ["mailbox", "add", address, "--inbox", inbox, "--oauth", provider, "--start", "all"];
        self.ok(&[&args, &options[..], more].concat());
    }

    /// Starts `oauth connect` and waits for its first line.
    pub fn connect(&self, address: &str, more: &[&str]) -> Connecting {
        Connecting::start(self, &[&["--json", "oauth", "connect", address], more].concat())
    }

    pub fn serve(&self) -> Serve {
        Serve::start(self)
    }
}

/// The id of a message as an argument, whether it is a number or a string.
fn id(message: &Value) -> String {
    let id = &message["id"];
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn read_in_background(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
