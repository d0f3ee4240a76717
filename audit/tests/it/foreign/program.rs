//! A verifier that is a program: one process judges any number of logs, a request and an answer a line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{Judged, Verifier};

pub(super) struct Program {
    name: &'static str,
    hash_tiles: bool,
    pace: u64,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it. It ends when its standard input does.
    pub(super) fn start(name: &'static str, command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a verifier");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its standard output"));
        Self { name, hash_tiles: true, pace: 1, child, requests, answers }
    }

    /// It reads entries only, and computes every hash itself.
    pub(super) const fn without_hash_tiles(mut self) -> Self {
        self.hash_tiles = false;
        self
    }

    /// Of a thousand logs it judges one of so many in the short form.
    pub(super) const fn one_of(mut self, pace: u64) -> Self {
        self.pace = pace;
        self
    }
}

impl Verifier for Program {
    fn name(&self) -> &'static str {
        self.name
    }

    fn pace(&self) -> u64 {
        self.pace
    }

    fn reads_hash_tiles(&self) -> bool {
        self.hash_tiles
    }

    fn judge(&mut self, log: &Path, key: &str, anchors: &[String]) -> Judged {
        let request = json!({ "dir": log, "key": key, "anchors": anchors });
        let requests = self.requests.as_mut().expect("its standard input");
        writeln!(requests, "{request}").and_then(|()| requests.flush()).expect("ask");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("answer");
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        match answer["accepted"].as_bool().expect("accepted") {
            true => Ok((answer["size"].as_u64().expect("size"), answer["root"].as_str().expect("root").to_owned())),
            false => Err(answer["why"].as_str().expect("why").to_owned()),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.requests = None;
        let ended = self.child.wait().expect("wait");
        assert!(ended.success() || std::thread::panicking(), "{} ended with {ended}", self.name);
    }
}
