//! One client's conversation: commands in, bytes out. No I/O, so that other kits can speak for this server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::account::{Account, Folder, Message, Tokens};
use super::faults::{Answer, Faults, UidNext, UidValidity};
use super::{fetch, search, uid_set};

/// What is known of one client.
#[derive(Debug, Default)]
pub struct Conversation {
    selected: Option<Selected>,
    is_over: bool,
    is_silent: bool,
    login: u32,
}

#[derive(Debug, Clone)]
struct Selected {
    folder: String,
    read_only: bool,
}

const CAPABILITIES: [&str; 8] =
    ["IMAP4rev1", "SASL-IR", "UIDPLUS", "MOVE", "ID", "NAMESPACE", "SPECIAL-USE", "UNSELECT"];

impl Conversation {
    /// The first line.
    pub fn greeting() -> Vec<u8> {
        b"* OK Mailferry's test server is ready\r\n".to_vec()
    }

    /// Whether the connection is to be closed.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether nothing is answered any more.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Answers one command, its literals in quotes.
    pub fn answer(&mut self, line: &str, account: &mut Account) -> Vec<u8> {
        let (tag, command) = line.split_once(' ').unwrap_or((line, ""));
        let upper = command.to_ascii_uppercase();
        let is_login = upper.starts_with("LOGIN") || upper.starts_with("AUTHENTICATE");
        account.commands.push(if is_login { upper.split(' ').take(1).collect() } else { command.to_owned() });
        account.inbox(); // is always there
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
            Some(Answer::DoneThenCut) => {
                self.is_over = true;
                let _ = self.act(command, account, &mut out);
                return Vec::new();
            }
            Some(Answer::DoneBut(text)) => self.act(command, account, &mut out).map(|_| text),
            None => self.act(command, account, &mut out),
        };
        let end = done.unwrap_or_else(|refusal| refusal);
        if end.is_empty() {
            self.is_over = true; // the connection breaks in the middle of the answer
        } else {
            out.extend(format!("{tag} {end}\r\n").into_bytes());
        }
        out
    }

    /// Does a command; the tagged line without its tag, as `Err` if it is a refusal.
    fn act(&mut self, command: &str, account: &mut Account, out: &mut Vec<u8>) -> Result<String, String> {
        let ok = |what: &str| Ok(format!("OK {what} completed"));
        let words = words(command);
        let mut words = words.iter().map(String::as_str);
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "CAPABILITY" => {
                let by_token = if account.tokens.is_some() { " AUTH=XOAUTH2" } else { "" };
                say(out, &format!("CAPABILITY {}{by_token}", capabilities(&account.faults)));
                ok("CAPABILITY")
            }
            "LOGIN" | "AUTHENTICATE" if account.tokens.as_ref().is_some_and(|tokens| !lets_in(tokens, command)) => {
                Err("NO AUTHENTICATE failed.".to_owned())
            }
            "LOGIN" | "AUTHENTICATE" => {
                account.logins += 1;
                self.login = account.logins;
                ok(&verb)
            }
            "ID" => {
                say(out, "ID NIL");
                ok("ID")
            }
            "NAMESPACE" => {
                say(out, "NAMESPACE ((\"\" \"/\")) NIL NIL");
                ok("NAMESPACE")
            }
            "NOOP" | "CHECK" => ok(&verb),
            "LOGOUT" => {
                self.is_over = true;
                say(out, "BYE see you");
                ok("LOGOUT")
            }
            "LIST" | "LSUB" => {
                for (name, folder) in &account.folders {
                    let attribute = folder.special_use.clone().unwrap_or_default();
                    say(out, &format!("{verb} ({attribute}) \"/\" \"{name}\""));
                }
                ok(&verb)
            }
            "STATUS" => {
                let name = account.own_name(&name(words.next()));
                let folder = account.folders.get(&name).ok_or("NO [NONEXISTENT] no such folder")?;
                let (count, next, validity) = (folder.messages.len(), folder.uidnext, folder.uidvalidity);
                say(
                    out,
                    &format!("STATUS \"{name}\" (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity} UNSEEN 0)"),
                );
                ok("STATUS")
            }
            "CREATE" => {
                let name = account.own_name(&name(words.next()));
                account.folder(&name);
                ok("CREATE")
            }
            "SELECT" | "EXAMINE" => {
                let name = account.own_name(&name(words.next()));
                let read_only = verb == "EXAMINE" || account.faults.read_only;
                let folder = account.folders.get(&name).ok_or("NO [NONEXISTENT] no such folder")?;
                self.opened(folder, &account.faults, out);
                self.selected = Some(Selected { folder: name, read_only });
                Ok(format!("OK [READ-{}] {verb} completed", if read_only { "ONLY" } else { "WRITE" }))
            }
            "CLOSE" | "UNSELECT" => {
                if verb == "CLOSE" {
                    let faults = account.faults.clone();
                    self.changing(account)?.take(|message| message.flags.contains("\\Deleted"), &faults);
                }
                self.selected = None;
                ok(&verb)
            }
            "EXPUNGE" => {
                let faults = account.faults.clone();
                self.changing(account)?.take(|message| message.flags.contains("\\Deleted"), &faults);
                ok("EXPUNGE")
            }
            "UID" => {
                let verb = words.next().unwrap_or_default().to_ascii_uppercase();
                let rest: Vec<&str> = words.collect();
                self.act_on_uids(&verb, &rest, account, out)
            }
            _ => Err("BAD this server does not know that command".to_owned()),
        }
    }

    fn act_on_uids(
        &mut self,
        verb: &str,
        rest: &[&str],
        account: &mut Account,
        out: &mut Vec<u8>,
    ) -> Result<String, String> {
        let selected = self.selected.clone().ok_or("BAD no folder is open")?;
        let faults = account.faults.clone();
        let folder = account.folders.get(&selected.folder).ok_or("NO [NONEXISTENT] the folder is gone")?;
        let existing: Vec<u32> = folder.messages.iter().map(|message| message.uid).collect();
        let (mut limited, mut copied) = (None, None);
        let mut within = |mut uids: Vec<u32>| {
            if let Some(most) = faults.message_limit.filter(|most| uids.len() > *most) {
                limited = uids.get(uids.len() - most).map(|lowest| format!(" [MESSAGELIMIT {most} {lowest}]"));
                uids.drain(..uids.len() - most);
            }
            uids
        };
        let set = rest.first().copied().unwrap_or_default();
        match verb {
            "SEARCH" => {
                let mut hits = search::hits(rest, folder)?;
                if faults.search_misreads_star
                    && rest.iter().any(|key| key.eq_ignore_ascii_case("UID"))
                    && rest.iter().any(|key| key.ends_with(":*"))
                {
                    hits.clear();
                }
                let asks_for_dates = rest.iter().any(|key| matches!(*key, "SINCE" | "BEFORE"));
                hits.retain(|uid| !(asks_for_dates && faults.hidden_from_date_search.contains(uid)));
                let hits = within(hits);
                if !(faults.search_is_silent || faults.search_hides_none && hits.is_empty()) {
                    say(out, search::line(hits, &faults).trim_end());
                }
            }
            "FETCH" => {
                let uids = within(uid_set::named(set, &existing));
                let items = rest.get(1..).unwrap_or_default().join(" ").to_ascii_uppercase();
                let marks_read = items.contains("BODY[") && !selected.read_only;
                fetch::answer(folder, &uids, &items, &faults, out)?;
                if marks_read {
                    for message in self.changing(account)?.messages.iter_mut().filter(|m| uids.contains(&m.uid)) {
                        message.flags.insert("\\Seen".to_owned());
                    }
                }
            }
            "STORE" => {
                let uids = uid_set::named(set, &existing);
                let removes = rest.get(1).is_some_and(|how| how.starts_with('-'));
                let flags = rest.get(2).copied().unwrap_or_default();
                let flags: Vec<&str> = flags.trim_matches(['(', ')']).split(' ').collect();
                for message in self.changing(account)?.messages.iter_mut().filter(|m| uids.contains(&m.uid)) {
                    for flag in &flags {
                        match removes {
                            true => message.flags.remove(*flag),
                            false => message.flags.insert((*flag).to_owned()),
                        };
                    }
                }
            }
            "COPY" | "MOVE" => {
                let uids = uid_set::named(set, &existing);
                let target = account.own_name(&name(rest.get(1).copied()));
                let copies: Vec<_> = folder.messages.iter().filter(|m| uids.contains(&m.uid)).cloned().collect();
                if verb == "MOVE" {
                    self.changing(account)?;
                }
                let into = account.folders.get_mut(&target).ok_or("NO [TRYCREATE] no such folder")?;
                let mut pairs = (Vec::new(), Vec::new());
                for copy in copies {
                    let uid = into.append_at(copy.bytes, copy.date);
                    pairs.0.push(copy.uid.to_string());
                    pairs.1.push(uid.to_string());
                    if let Some(new) = into.messages.iter_mut().find(|message| message.uid == uid) {
                        new.flags = copy.flags;
                    }
                }
                let tells = !pairs.0.is_empty() && !faults.lacks.contains("UIDPLUS");
                copied = tells
                    .then(|| format!(" [COPYUID {} {} {}]", into.uidvalidity, pairs.0.join(","), pairs.1.join(",")));
                if verb == "MOVE" {
                    if let Some(code) = copied.take() {
                        say(out, &format!("OK{code} moved"));
                    }
                    self.changing(account)?.take(|message| uids.contains(&message.uid), &faults);
                }
            }
            "EXPUNGE" if !faults.lacks.contains("UIDPLUS") => {
                let uids = uid_set::named(set, &existing);
                let is_taken = |message: &Message| uids.contains(&message.uid) && message.flags.contains("\\Deleted");
                self.changing(account)?.take(is_taken, &faults);
            }
            _ => return Err("BAD this server does not know that command".to_owned()),
        }
        let code = limited.or(copied).unwrap_or_default();
        Ok(format!("OK{code} UID {verb} completed"))
    }

    /// The open folder, if it may be changed.
    fn changing<'a>(&self, account: &'a mut Account) -> Result<&'a mut Folder, String> {
        match &self.selected {
            Some(selected) if selected.read_only => Err("NO [READ-ONLY] the folder is open read-only".to_owned()),
            Some(selected) => account
                .folders
                .get_mut(&selected.folder)
                .ok_or_else(|| "NO [NONEXISTENT] the folder is gone".to_owned()),
            None => Err("BAD no folder is open".to_owned()),
        }
    }

    fn opened(&self, folder: &Folder, faults: &Faults, out: &mut Vec<u8>) {
        say(out, "FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
        let exists = if faults.exists_none { 0 } else { folder.messages.len() + faults.exists_more as usize };
        say(out, &format!("{exists} EXISTS"));
        say(out, "0 RECENT");
        match faults.uidvalidity {
            UidValidity::True => say(out, &format!("OK [UIDVALIDITY {}] valid", folder.uidvalidity)),
            UidValidity::Missing => {}
            UidValidity::Zero => say(out, "OK [UIDVALIDITY 0] valid"),
            UidValidity::NewAtEachLogin => {
                let number = folder.uidvalidity.saturating_add(self.login);
                say(out, &format!("OK [UIDVALIDITY {number}] valid"));
            }
        }
        match faults.uidnext {
            UidNext::True => say(out, &format!("OK [UIDNEXT {}] next", folder.uidnext)),
            UidNext::Missing => {}
            UidNext::Zero => say(out, "OK [UIDNEXT 0] next"),
            UidNext::Ahead(more) => say(out, &format!("OK [UIDNEXT {}] next", folder.uidnext.saturating_add(more))),
            UidNext::Stuck(number) => say(out, &format!("OK [UIDNEXT {number}] next")),
        }
        if let Some(flags) = &faults.permanent_flags {
            say(out, &format!("OK [PERMANENTFLAGS ({flags})] kept"));
        }
    }
}

/// Whether this is an XOAUTH2 login with a token that opens the account.
fn lets_in(tokens: &Tokens, command: &str) -> bool {
    let response = command.split_once("XOAUTH2 ").and_then(|(_, response)| STANDARD.decode(response.trim()).ok());
    let text = response.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let token = text.split('\u{1}').find_map(|part| part.strip_prefix("auth=Bearer "));
    token.is_some_and(|token| tokens.open(token))
}

fn capabilities(faults: &Faults) -> String {
    let offered = CAPABILITIES.iter().filter(|name| !faults.lacks.contains(*name)).chain(&faults.also);
    let mut list: Vec<String> = offered.map(|name| (*name).to_owned()).collect();
    list.extend(faults.message_limit.map(|most| format!("MESSAGELIMIT={most}")));
    list.join(" ")
}

/// An untagged answer.
pub(super) fn say(out: &mut Vec<u8>, text: &str) {
    out.extend(format!("* {text}\r\n").into_bytes());
}

/// A folder's name; INBOX is the same in every case.
fn name(word: Option<&str>) -> String {
    let word = word.unwrap_or_default();
    if word.eq_ignore_ascii_case("INBOX") { "INBOX".to_owned() } else { word.to_owned() }
}

/// The words of a command: quotes are taken off, what stands in parentheses or brackets stays together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped, mut any) = (0_u32, false, false, false);
    for c in command.chars() {
        match c {
            _ if escaped => (escaped, _) = (false, word.push(c)),
            '\\' if quoted => escaped = true,
            '"' if depth == 0 => (quoted, any) = (!quoted, true),
            ' ' if !quoted && depth == 0 => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => {
                match c {
                    '(' | '[' if !quoted => depth += 1,
                    ')' | ']' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                word.push(c);
            }
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_taken_apart() {
        assert_eq!(
            words("UID FETCH 1 (UID BODY[HEADER.FIELDS (X)])"),
            ["UID", "FETCH", "1", "(UID BODY[HEADER.FIELDS (X)])"]
        );
        assert_eq!(words("LOGIN \"a \\\"b\" \"\""), ["LOGIN", "a \"b", ""]);
    }
}
