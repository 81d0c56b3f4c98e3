//! Records the mail delivered to JOBB, so that a test can check in the end that no mail was lost or imported twice, and that every
//! mail that is gone from the customer's folder has been stored.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rand::{RngExt as _, rngs::StdRng};

use super::{
    dovecot::Dovecot,
    facts::{JOBB, text},
    mailferry::Mailferry,
    sha256, wait,
};

#[derive(Default)]
pub struct Delivered {
    /// The file name and the SHA-256 of each mail.
    mails: BTreeMap<String, String>,
}

impl Delivered {
    pub fn len(&self) -> usize {
        self.mails.len()
    }

    /// Delivers mails between 0.15 and 60 KB. Returns their size in bytes.
    pub fn deliver(&mut self, server: &Dovecot, count: u64, random: &mut StdRng) -> u64 {
        (0..count).map(|_| self.deliver_one(server, random.random_range(1..900))).sum()
    }

    /// Delivers mails of about 220 bytes, which are smaller than the answers about them. Returns their size in bytes.
    pub fn deliver_tiny(&mut self, server: &Dovecot, count: u64) -> u64 {
        (0..count).map(|_| self.deliver_one(server, 2)).sum()
    }

    /// Delivers a mail between 1.1 and 2 MB, which is fetched in chunks. Returns its size in bytes.
    pub fn deliver_large(&mut self, server: &Dovecot, random: &mut StdRng) -> u64 {
        self.deliver_one(server, random.random_range(17_000..30_000))
    }

    fn deliver_one(&mut self, server: &Dovecot, lines: usize) -> u64 {
        let number = self.mails.len();
        let mail = [
            format!("From: anna@example.se\r\nTo: {JOBB}\r\nSubject: {number}\r\n"),
            format!("Message-ID: <{number}@example.se>\r\n\r\n"),
            format!("{number:06}: the quick brown fox jumps over the lazy dog. 0123456789\r\n").repeat(lines),
        ]
        .concat()
        .into_bytes();
        let name = format!("{number:06}");
        server.deliver(JOBB, "INBOX", &name, &mail);
        self.mails.insert(name, sha256::hex(&mail));
        mail.len() as u64
    }

    /// Checks that every mail is still on the server, or stored, or both.
    pub fn assert_nothing_lost(&self, server: &Dovecot, mailferry: &Mailferry) {
        let messages = mailferry.messages();
        let stored: BTreeSet<&str> = messages.iter().map(|message| text(message, "sha256")).collect();
        let missing_mails = || -> Vec<&String> {
            let with_customer: BTreeSet<String> = server.names(JOBB, "INBOX").into_iter().collect();
            let all = self.mails.iter();
            all.filter(|(name, sha256)| !with_customer.contains(*name) && !stored.contains(sha256.as_str()))
                .map(|(name, _)| name)
                .collect()
        };
        // The server may still be renaming files for a client that is gone; a mail that is really gone stays missing.
        let settled = wait::within(Duration::from_secs(5), || missing_mails().is_empty().then_some(()));
        assert!(settled.is_some(), "deleted without a stored copy: {:?}", missing_mails());
    }

    pub fn assert_all_imported_once(&self, mailferry: &Mailferry) {
        let messages = mailferry.messages();
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for message in &messages {
            *times.entry(text(message, "sha256")).or_default() += 1;
        }
        let lost: Vec<_> = self.mails.iter().filter(|(_, sha256)| !times.contains_key(sha256.as_str())).collect();
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        println!("{} delivered, {} lost, {} more than once", self.mails.len(), lost.len(), twice.len());
        assert!(lost.is_empty() && twice.is_empty(), "lost: {lost:?}, more than once: {twice:?}");
        assert_eq!(messages.len(), self.mails.len());
        // The list has the hashes computed at import; about twenty mails are read back to check the stored bytes.
        for message in messages.iter().step_by((messages.len() / 20).max(1)) {
            assert_eq!(sha256::hex(&mailferry.raw(message)), text(message, "sha256"));
        }
    }
}
