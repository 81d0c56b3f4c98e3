//! The scripts of EAST's fake-mail-server, from the study "Why TLS Is Better Without STARTTLS" (USENIX Security 2021): every
//! `.ron` file below the folder that the environment variable MAILFERRY_HOSTILE names.
//!
//! Each setting that the authors left in a comment, to be enabled alone, makes a script of its own.

mod server;
mod words;

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use super::files;

pub use server::{ClientBytes, play};
pub use words::{Capability, Greeting, No};

#[derive(Debug, Deserialize)]
pub struct Script {
    /// The name of the file, and the number of the comment that is enabled, if one is.
    #[serde(skip)]
    pub name: String,
    #[serde(default)]
    greeting: Greeting,
    #[serde(default)]
    response_after_greeting: Option<String>,
    #[serde(default)]
    response_after_tls: Option<String>,
    #[serde(default)]
    starttls_response: Option<String>,
    #[serde(default = "yes")]
    starttls_transition: bool,
    caps: Vec<Capability>,
    caps_tls: Vec<Capability>,
    caps_auth: Vec<Capability>,
    caps_tls_auth: Vec<Capability>,
    #[serde(default)]
    hide_commands: Vec<String>,
    #[serde(default)]
    ignore_commands: Vec<String>,
    #[serde(default)]
    ignore_commands_tls: Vec<String>,
    #[serde(default)]
    override_response: BTreeMap<String, String>,
    #[serde(default)]
    override_login: Option<No>,
    #[serde(default)]
    override_authenticate: Option<No>,
    #[serde(default)]
    override_select: Option<No>,
    cert: Cert,
    pub implicit_tls: bool,
}

#[derive(Debug, Deserialize)]
enum Cert {
    Cert { crt_path: String },
}

impl Script {
    /// The name of the certificate's file; ours must be of the same kind.
    pub fn certificate(&self) -> &str {
        let Cert::Cert { crt_path } = &self.cert;
        crt_path
    }
}

fn yes() -> bool {
    true
}

/// All scripts, sorted by name; none, with a message, if the variable is not set.
pub fn from_environment() -> Vec<Script> {
    let files = files::from_environment("MAILFERRY_HOSTILE", "hostile scripts");
    let is_set = !files.is_empty();
    let is_script = |name: &str| name.ends_with(".ron") && !name.ends_with("config.ron");
    let mut scripts: Vec<Script> =
        files.iter().filter(|(name, _)| is_script(name)).flat_map(|(name, path)| read(name, path)).collect();
    assert!(!(is_set && scripts.is_empty()), "MAILFERRY_HOSTILE has no scripts");
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

/// The script in a file, and the variants from its comments.
fn read(file: &str, path: &Path) -> Vec<Script> {
    let text = fs::read_to_string(path).unwrap();
    let texts = with_comments_switched_on(&text);
    let script = |(number, text): (usize, &String)| {
        let name = if number == 0 { file.to_owned() } else { format!("{file} with comment {number}") };
        let script: Script = ron::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        Script { name, ..script }
    };
    texts.iter().enumerate().map(script).collect()
}

/// The settings that make a script of their own if they are in a comment.
const SETTINGS: [&str; 7] = [
    "kind:",
    "starttls_response:",
    "response_after_tls:",
    "ignore_commands_tls:",
    "override_login:",
    "override_authenticate:",
    "override_select:",
];

/// The text, and one variant for each setting in a comment.
fn with_comments_switched_on(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let comment = |line: &str| line.trim_start().strip_prefix("//").map(|rest| rest.trim_start().to_owned());
    let setting = |line: &str| SETTINGS.into_iter().find(|name| line.starts_with(name));
    let mut texts = vec![text.to_owned()];
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = comment(line).as_deref().and_then(setting) else { continue };
        let mut switched: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        // The setting replaces another value of the same field.
        switched.iter_mut().filter(|line| line.trim_start().starts_with(name)).for_each(String::clear);
        let mut open = 0;
        for line in &mut switched[at..] {
            let Some(code) = comment(line) else { break };
            open += code.matches('(').count();
            open = open.saturating_sub(code.matches(')').count());
            *line = code;
            if open == 0 {
                break;
            }
        }
        texts.push(switched.join("\n"));
    }
    texts
}
