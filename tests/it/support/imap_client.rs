//! A small blocking IMAP client, independent of the code under test, for comparison. It supports plain TCP only and returns every
//! byte of a literal unchanged.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

pub struct ImapClient {
    stream: BufReader<TcpStream>,
    commands: u32,
}

/// One untagged response: its text without the literals, and the literals.
#[derive(Debug)]
pub struct Response {
    pub text: String,
    pub literals: Vec<Vec<u8>>,
}

impl ImapClient {
    pub fn login(port: u16, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut client = Self { stream: BufReader::new(stream), commands: 0 };
        let greeting = client.response();
        assert!(greeting.text.starts_with("* OK"), "greeting {greeting:?}");
        client.command(&format!("LOGIN \"{user}\" \"{password}\""));
        client
    }

    /// Sends a command and reads up to its tagged line; panics unless that is OK.
    pub fn command(&mut self, command: &str) -> Vec<Response> {
        self.commands += 1;
        let tag = format!("T{}", self.commands);
        self.stream.get_mut().write_all(format!("{tag} {command}\r\n").as_bytes()).unwrap();
        let mut untagged = Vec::new();
        loop {
            let response = self.response();
            match response.text.strip_prefix(&format!("{tag} ")) {
                Some(end) if end.starts_with("OK") => return untagged,
                Some(end) => panic!("{command}: {end}"),
                None => untagged.push(response),
            }
        }
    }

    fn response(&mut self) -> Response {
        let mut text = String::new();
        let mut literals = Vec::new();
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line).unwrap();
            assert!(line.ends_with(b"\r\n"), "the server ended the connection after {text:?}");
            let line = String::from_utf8_lossy(&line[..line.len() - 2]).into_owned();
            let Some((before, length)) = line.strip_suffix('}').and_then(|rest| rest.rsplit_once('{')) else {
                text.push_str(&line);
                return Response { text, literals };
            };
            let mut literal = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut literal).unwrap();
            text.push_str(before);
            literals.push(literal);
        }
    }

    pub fn examine(&mut self, folder: &str) -> &mut Self {
        self.command(&format!("EXAMINE \"{folder}\""));
        self
    }

    pub fn select(&mut self, folder: &str) -> &mut Self {
        self.command(&format!("SELECT \"{folder}\""));
        self
    }

    pub fn create(&mut self, folder: &str) {
        self.command(&format!("CREATE \"{folder}\""));
    }

    /// The UIDs in the open folder that match a search criterion.
    pub fn search(&mut self, criterion: &str) -> Vec<u32> {
        let responses = self.command(&format!("UID SEARCH {criterion}"));
        let hits = responses.iter().filter_map(|response| response.text.strip_prefix("* SEARCH"));
        let mut uids: Vec<u32> = hits.flat_map(str::split_whitespace).map(|uid| uid.parse().unwrap()).collect();
        uids.sort_unstable();
        uids
    }

    /// The bytes of a message in the open folder, as the server returns them.
    pub fn fetch(&mut self, uid: u32) -> Vec<u8> {
        let responses = self.command(&format!("UID FETCH {uid} (BODY.PEEK[])"));
        let body = responses.into_iter().find(|response| response.text.contains("BODY[]")).expect("a BODY[]");
        // The server may send an empty message as "" instead of an empty literal.
        body.literals.into_iter().next().unwrap_or_default()
    }

    /// The flags of a message in the open folder, without `\Recent`, sorted.
    pub fn flags(&mut self, uid: u32) -> Vec<String> {
        let responses = self.command(&format!("UID FETCH {uid} (FLAGS)"));
        let text = &responses.iter().find(|response| response.text.contains("FLAGS (")).expect("FLAGS").text;
        let flags = text.split_once("FLAGS (").unwrap().1.split_once(')').unwrap().0;
        let mut flags: Vec<String> = flags.split_whitespace().map(str::to_owned).collect();
        flags.retain(|flag| flag != "\\Recent");
        flags.sort();
        flags
    }
}
