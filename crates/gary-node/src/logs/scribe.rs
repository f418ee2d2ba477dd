//! What one run of a replica writes, cut into lines.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gary_host::{Level, LogSink, OutputSink, StandardStream};
use gary_promise::Generation;

use super::ReplicaKey;
use super::archive::Logs;
use crate::api::{LogLine, LogStream};
use crate::clock::Clock;

/// The most bytes of a line. A longer one goes on in the next.
const LINE_BYTES_MAX: usize = 16 << 10;

/// Takes what one run of a replica writes.
pub(crate) struct Scribe {
    logs: Logs,
    key: ReplicaKey,
    generation: Generation,
    node: String,
    run: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What has been written of lines that have no end yet.
    begun: BTreeMap<LogStream, Vec<u8>>,
    left_out: u64,
}

impl Scribe {
    /// For a run that begins now, of a replica of that generation on the node of that name.
    pub(crate) fn new(logs: Logs, key: ReplicaKey, generation: Generation, node: &str) -> Self {
        Self {
            logs,
            key,
            generation,
            node: node.to_owned(),
            run: Clock::wall().0,
            state: Mutex::default(),
        }
    }

    /// Says something of the run itself.
    pub(crate) fn note(&self, text: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for (stream, begun) in std::mem::take(&mut state.begun) {
            self.line(&mut state, stream, &begun);
        }
        for line in text.lines() {
            self.line(&mut state, LogStream::Gary, line.as_bytes());
        }
    }

    fn line(&self, state: &mut State, stream: LogStream, text: &[u8]) {
        let line = |stream, text| LogLine {
            at_ms: Clock::wall().0,
            node: self.node.clone(),
            replica: self.key.slot.0,
            generation: Some(self.generation.get()),
            run: self.run,
            stream,
            text,
        };
        if state.left_out > 0 {
            let note = format!("{} lines are left out here", state.left_out);
            if !self.logs.write(self.key, line(LogStream::Gary, note)) {
                state.left_out += 1;
                return;
            }
            state.left_out = 0;
        }
        let text = String::from_utf8_lossy(text).into_owned();
        if !self.logs.write(self.key, line(stream, text)) {
            state.left_out += 1;
        }
    }
}

impl OutputSink for Scribe {
    fn written(&self, stream: StandardStream, mut bytes: &[u8]) {
        let stream = match stream {
            StandardStream::Stdout => LogStream::Stdout,
            StandardStream::Stderr => LogStream::Stderr,
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut begun = state.begun.remove(&stream).unwrap_or_default();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            begun.extend_from_slice(line);
            bytes = &rest[1..];
            for part in parts(&begun) {
                self.line(&mut state, stream, part);
            }
            begun.clear();
        }
        begun.extend_from_slice(bytes);
        while begun.len() > LINE_BYTES_MAX {
            let rest = begun.split_off(LINE_BYTES_MAX);
            self.line(&mut state, stream, &begun);
            begun = rest;
        }
        if !begun.is_empty() {
            state.begun.insert(stream, begun);
        }
    }
}

/// A line in pieces that are no longer than one may be: one that has nothing in it is one too.
fn parts(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let empty = line.is_empty().then_some(line);
    line.chunks(LINE_BYTES_MAX).chain(empty)
}

impl LogSink for Scribe {
    fn log(&self, level: Level, context: &str, message: &str) {
        let text = match context {
            "" => format!("{level} {message}"),
            context => format!("{level} {context}: {message}"),
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.lines() {
            self.line(&mut state, LogStream::Log, line.as_bytes());
        }
    }
}
