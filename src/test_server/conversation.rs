//! The dialogue with one client: commands in, bytes out. It does no I/O, so that other test tools can reuse it.

mod uids;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::account::{Account, Folder, Tokens};
use super::faults::{Answer, Faults, UidNext, UidValidity};
use super::wire::{name, untagged, words};

/// The state of one client.
#[derive(Debug, Default)]
pub struct Conversation {
    selected: Option<OpenFolder>,
    is_over: bool,
    is_silent: bool,
    /// The number of this client's login among all logins to the account.
    login: u32,
}

#[derive(Debug, Clone)]
struct OpenFolder {
    folder: String,
    read_only: bool,
}

const CAPABILITIES: [&str; 8] =
    ["IMAP4rev1", "SASL-IR", "UIDPLUS", "MOVE", "ID", "NAMESPACE", "SPECIAL-USE", "UNSELECT"];

impl Conversation {
    /// The greeting line.
    pub fn greeting() -> Vec<u8> {
        b"* OK Mailferry's test server is ready\r\n".to_vec()
    }

    /// Whether to close the connection.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether to stop answering.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Answers one command, in which literals have been replaced by quoted strings.
    pub fn answer(&mut self, line: &str, account: &mut Account) -> Vec<u8> {
        let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
        let upper = command.to_ascii_uppercase();
        let is_login = upper.starts_with("LOGIN") || upper.starts_with("AUTHENTICATE");
        account.commands.push(if is_login { upper.split(' ').take(1).collect() } else { command.to_owned() });
        account.inbox(); // always exists
        let mut out = Vec::new();
        let done = match account.faults.reply(command) {
            Some(Answer::Tagged(text)) => return format!("{tag} {text}\r\n").into_bytes(),
            Some(Answer::Raw(bytes)) => return bytes,
            Some(Answer::Silence) => {
                self.is_silent = true;
                return out;
            }
            Some(Answer::Bye(text)) => {
                self.is_over = true;
                return format!("* BYE {text}\r\n").into_bytes();
            }
            Some(Answer::Cut) => {
                self.is_over = true;
                return out;
            }
            Some(Answer::ExecuteThenCut) => {
                self.is_over = true;
                let _ = self.execute(command, account, &mut out);
                return Vec::new();
            }
            Some(Answer::ExecuteThen(text)) => self.execute(command, account, &mut out).map(|_| text),
            None => self.execute(command, account, &mut out),
        };
        let end = done.unwrap_or_else(|refusal| refusal);
        if end.is_empty() {
            self.is_over = true; // the connection breaks in the middle of the answer
        } else {
            out.extend(format!("{tag} {end}\r\n").into_bytes());
        }
        out
    }

    /// Executes a command. Returns the tagged line without its tag, as `Err` for a refusal. An empty `Err` means that the
    /// connection breaks.
    fn execute(&mut self, command: &str, account: &mut Account, out: &mut Vec<u8>) -> Result<String, String> {
        let words = words(command);
        let mut words = words.iter().map(String::as_str);
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        match verb.as_str() {
            "LIST" | "LSUB" | "STATUS" | "CREATE" => folder_command(&verb, &words, account, out)?,
            "SELECT" | "EXAMINE" => return self.open(&verb, &words, account, out),
            "CLOSE" | "UNSELECT" | "EXPUNGE" => self.purge(&verb, account)?,
            "UID" => {
                let verb = words.first().copied().unwrap_or_default().to_ascii_uppercase();
                return self.execute_on_uids(&verb, words.get(1..).unwrap_or_default(), account, out);
            }
            _ => self.session_command(&verb, command, account, out)?,
        }
        Ok(format!("OK {verb} completed"))
    }

    /// Commands that need no open folder.
    fn session_command(
        &mut self,
        verb: &str,
        command: &str,
        account: &mut Account,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        match verb {
            "CAPABILITY" => {
                let by_token = if account.tokens.is_some() { " AUTH=XOAUTH2" } else { "" };
                untagged(out, &format!("CAPABILITY {}{by_token}", capabilities(&account.faults)));
            }
            "LOGIN" | "AUTHENTICATE"
                if account.tokens.as_ref().is_some_and(|tokens| !accepts_login(tokens, command)) =>
            {
                return Err("NO AUTHENTICATE failed.".to_owned());
            }
            "LOGIN" | "AUTHENTICATE" => {
                account.logins += 1;
                self.login = account.logins;
            }
            "ID" => untagged(out, "ID NIL"),
            "NAMESPACE" => untagged(out, "NAMESPACE ((\"\" \"/\")) NIL NIL"),
            "NOOP" | "CHECK" => {}
            "LOGOUT" => {
                self.is_over = true;
                untagged(out, "BYE see you");
            }
            _ => return Err("BAD this server does not know that command".to_owned()),
        }
        Ok(())
    }

    fn open(&mut self, verb: &str, words: &[&str], account: &mut Account, out: &mut Vec<u8>) -> Result<String, String> {
        let name = account.own_name(&name(words.first().copied()));
        let read_only = verb == "EXAMINE" || account.faults.read_only;
        let folder = account.folders.get(&name).ok_or("NO [NONEXISTENT] no such folder")?;
        self.describe_folder(folder, &account.faults, out);
        self.selected = Some(OpenFolder { folder: name, read_only });
        Ok(format!("OK [READ-{}] {verb} completed", if read_only { "ONLY" } else { "WRITE" }))
    }

    /// EXPUNGE removes the mails flagged as deleted, UNSELECT closes the folder, and CLOSE does both.
    fn purge(&mut self, verb: &str, account: &mut Account) -> Result<(), String> {
        if verb != "UNSELECT" {
            let faults = account.faults.clone();
            self.open_for_changes(account)?.take(|message| message.flags.contains("\\Deleted"), &faults);
        }
        if verb != "EXPUNGE" {
            self.selected = None;
        }
        Ok(())
    }

    /// The open folder, if it may be changed.
    fn open_for_changes<'a>(&self, account: &'a mut Account) -> Result<&'a mut Folder, String> {
        match &self.selected {
            Some(selected) if selected.read_only => Err("NO [READ-ONLY] the folder is open read-only".to_owned()),
            Some(selected) => account
                .folders
                .get_mut(&selected.folder)
                .ok_or_else(|| "NO [NONEXISTENT] the folder is gone".to_owned()),
            None => Err("BAD no folder is open".to_owned()),
        }
    }

    fn describe_folder(&self, folder: &Folder, faults: &Faults, out: &mut Vec<u8>) {
        untagged(out, "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
        let exists = if faults.exists_none { 0 } else { folder.messages.len() + faults.exists_more as usize };
        untagged(out, &format!("{exists} EXISTS"));
        untagged(out, "0 RECENT");
        match faults.uidvalidity {
            UidValidity::Correct => untagged(out, &format!("OK [UIDVALIDITY {}] valid", folder.uidvalidity)),
            UidValidity::Missing => {}
            UidValidity::Zero => untagged(out, "OK [UIDVALIDITY 0] valid"),
            UidValidity::NewAtEachLogin => {
                let number = folder.uidvalidity.saturating_add(self.login);
                untagged(out, &format!("OK [UIDVALIDITY {number}] valid"));
            }
        }
        match faults.uidnext {
            UidNext::Correct => untagged(out, &format!("OK [UIDNEXT {}] next", folder.uidnext)),
            UidNext::Missing => {}
            UidNext::Zero => untagged(out, "OK [UIDNEXT 0] next"),
            UidNext::Ahead(more) => {
                untagged(out, &format!("OK [UIDNEXT {}] next", folder.uidnext.saturating_add(more)))
            }
            UidNext::Stuck(number) => untagged(out, &format!("OK [UIDNEXT {number}] next")),
        }
        if let Some(flags) = &faults.permanent_flags {
            untagged(out, &format!("OK [PERMANENTFLAGS ({flags})] kept"));
        }
    }
}

/// Commands about folders that need not be open.
fn folder_command(verb: &str, words: &[&str], account: &mut Account, out: &mut Vec<u8>) -> Result<(), String> {
    let name = account.own_name(&name(words.first().copied()));
    match verb {
        "STATUS" => {
            let folder = account.folders.get(&name).ok_or("NO [NONEXISTENT] no such folder")?;
            let (count, next, validity) = (folder.messages.len(), folder.uidnext, folder.uidvalidity);
            untagged(
                out,
                &format!("STATUS \"{name}\" (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity} UNSEEN 0)"),
            );
        }
        "CREATE" => drop(account.folder(&name)),
        _ => {
            for (name, folder) in &account.folders {
                let attribute = folder.special_use.clone().unwrap_or_default();
                untagged(out, &format!("{verb} ({attribute}) \"/\" \"{name}\""));
            }
        }
    }
    Ok(())
}

/// Whether this is an XOAUTH2 login with an accepted token.
fn accepts_login(tokens: &Tokens, command: &str) -> bool {
    let response = command.split_once("XOAUTH2 ").and_then(|(_, response)| STANDARD.decode(response.trim()).ok());
    let text = response.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let token = text.split('\u{1}').find_map(|part| part.strip_prefix("auth=Bearer "));
    token.is_some_and(|token| tokens.accepts(token))
}

fn capabilities(faults: &Faults) -> String {
    let offered = CAPABILITIES
        .iter()
        .filter(|name| !faults.missing_capabilities.contains(*name))
        .chain(&faults.extra_capabilities);
    let mut list: Vec<String> = offered.map(|name| (*name).to_owned()).collect();
    list.extend(faults.message_limit.map(|most| format!("MESSAGELIMIT={most}")));
    list.join(" ")
}
