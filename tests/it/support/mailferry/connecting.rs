//! `mailferry oauth connect`, which waits while a person consents.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Stdio},
    thread::JoinHandle,
};

use serde_json::Value;

use super::{LIMIT, Mailferry, Output, end, read_in_background};
use crate::support::wait;

pub struct Connecting {
    child: Child,
    /// The first line of the command's output: the link, or the device code.
    pub first_line: Value,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Connecting {
    pub(super) fn start(mailferry: &Mailferry, args: &[&str]) -> Self {
        let mut command = mailferry.command(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        let first_line = serde_json::from_str(&first).unwrap_or_else(|_| {
            let mut said = String::new();
            let _ = stderr.read_to_string(&mut said);
            panic!("mailferry {args:?} does not wait for a consent: {first}{said}")
        });
        Self { child, first_line, stdout: Some(read_in_background(stdout)), stderr: Some(read_in_background(stderr)) }
    }

    pub fn link(&self) -> &str {
        self.first_line["link"].as_str().expect("a link")
    }

    /// Waits for the end of the command; returns its output after the first line.
    pub fn finish(mut self) -> Output {
        let status = wait::within(LIMIT, || self.child.try_wait().unwrap());
        end(&mut self.child);
        let text = |pipe: &mut Option<JoinHandle<Vec<u8>>>| pipe.take().unwrap().join().unwrap();
        let (stdout, stderr) = (text(&mut self.stdout), text(&mut self.stderr));
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let status = status.unwrap_or_else(|| panic!("oauth connect hangs:\n{stderr}"));
        Output { code: status.code().unwrap_or(-1), stdout, stderr }
    }
}

impl Drop for Connecting {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
