//! Reading what was written.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};

use super::files::Written;
use crate::api::LogLine;

/// The most lines that are read of a replica: the last ones.
const LINES_MAX: usize = 10_000;

/// Which lines somebody wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Of this replica only.
    pub(crate) replica: Option<u32>,
    /// Written then or later, in milliseconds since 1970.
    pub(crate) since_ms: u64,
    /// Of the run before the last one only.
    pub(crate) is_previous: bool,
}

impl Wanted {
    /// Whether a line is wanted that has just been written.
    pub(crate) fn takes(&self, line: &LogLine) -> bool {
        self.replica.is_none_or(|its| its == line.replica) && line.at_ms >= self.since_ms
    }
}

/// The lines that are wanted of what there is, in the order of their times. Reads files: not for where others wait.
pub(crate) fn read(written: Vec<Written>, wanted: &Wanted) -> Vec<LogLine> {
    let slots = written.into_iter();
    let slots = slots.filter(|its| wanted.replica.is_none_or(|replica| replica == its.slot.0));
    let mut lines = Vec::from_iter(slots.flat_map(|its| of_replica(its, wanted)));
    lines.sort_by_key(|line| line.at_ms);
    lines
}

fn of_replica(written: Written, wanted: &Wanted) -> VecDeque<LogLine> {
    let (mut lines, mut previous) = (VecDeque::new(), VecDeque::new());
    let mut run = None;
    for (file, length) in written.files {
        for line in BufReader::new(file.take(length)).split(b'\n') {
            // What a crash has cut off in the middle is no line.
            let Some(line) = line.ok().and_then(|it| serde_json::from_slice(&it).ok()) else {
                continue;
            };
            let line: LogLine = line;
            let is_next_run = run.replace(line.run).is_some_and(|run| run != line.run);
            if wanted.is_previous && is_next_run {
                previous = std::mem::take(&mut lines);
            }
            if !wanted.takes(&line) {
                continue;
            }
            if lines.len() == LINES_MAX {
                lines.pop_front();
            }
            lines.push_back(line);
        }
    }
    match wanted.is_previous {
        true => previous,
        false => lines,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gary_host::{OutputSink, StandardStream};
    use gary_promise::{Generation, Slot, WorkloadId};

    use super::super::{Logs, ReplicaKey, Scribe};
    use super::*;
    use crate::api::LogStream;

    fn key() -> ReplicaKey {
        ReplicaKey {
            workload: WorkloadId::from_bytes([7; 16]),
            slot: Slot(1),
        }
    }

    async fn texts(logs: &Logs, wanted: &Wanted) -> Vec<String> {
        let seen = logs.look(key().workload, false).await.expect("it is kept");
        let lines = read(seen.written, wanted).into_iter();
        lines.map(|line| line.text).collect()
    }

    #[tokio::test]
    async fn lines_are_read_as_they_were_written_and_the_run_before_the_last_is_told_apart() {
        let dir = tempfile::tempdir().expect("there is room");
        let logs = Logs::open(dir.path().to_owned()).expect("it can be kept");
        let first = Scribe::new(logs.clone(), key(), Generation::FIRST, "n1");
        first.written(StandardStream::Stdout, b"one\ntw");
        first.written(StandardStream::Stdout, b"o\n\nend");
        first.note("it ended");
        // Two runs never begin at the same time.
        while crate::clock::Clock::wall().0 == last_run(&logs).await {}
        let second = Scribe::new(logs.clone(), key(), Generation::FIRST, "n1");
        second.written(StandardStream::Stderr, b"again\n");
        let all = texts(&logs, &Wanted::default()).await;
        assert_eq!(all, ["one", "two", "", "end", "it ended", "again"]);
        let previous = Wanted {
            is_previous: true,
            ..Wanted::default()
        };
        assert_eq!(texts(&logs, &previous).await.len(), 5);
        let other = Wanted {
            replica: Some(2),
            ..Wanted::default()
        };
        assert!(texts(&logs, &other).await.is_empty());
    }

    #[tokio::test]
    async fn a_line_says_of_which_generation_it_is_and_an_earlier_one_does_without() {
        let dir = tempfile::tempdir().expect("there is room");
        let files = dir.path().join(key().workload.to_string());
        std::fs::create_dir(&files).expect("there is room");
        let earlier = r#"{"at_ms":1,"node":"n1","replica":1,"run":1,"stream":"stdout","text":"x"}"#;
        std::fs::write(files.join("1.log"), format!("{earlier}\n")).expect("there is room");
        let logs = Logs::open(dir.path().to_owned()).expect("it can be kept");
        let second = Generation::FIRST.next().expect("there is one");
        Scribe::new(logs.clone(), key(), second, "n1").note("started");
        let seen = logs.look(key().workload, false).await.expect("it is kept");
        let lines = read(seen.written, &Wanted::default());
        let generations = lines.iter().map(|line| line.generation);
        assert_eq!(Vec::from_iter(generations), [None, Some(2)]);
        // As it was written, it is told.
        assert_eq!(
            serde_json::to_string(&lines[0]).expect("it is JSON"),
            earlier
        );
    }

    #[tokio::test]
    async fn the_run_before_the_last_is_there_however_much_the_last_has_written() {
        let dir = tempfile::tempdir().expect("there is room");
        let logs = Logs::open(dir.path().to_owned()).expect("it can be kept");
        Scribe::new(logs.clone(), key(), Generation::FIRST, "n1")
            .written(StandardStream::Stdout, b"before\n");
        while crate::clock::Clock::wall().0 == last_run(&logs).await {}
        let last = Scribe::new(logs.clone(), key(), Generation::FIRST, "n1");
        for _ in 0..LINES_MAX + 10 {
            last.written(StandardStream::Stdout, b"x\n");
        }
        let previous = Wanted {
            is_previous: true,
            ..Wanted::default()
        };
        assert_eq!(texts(&logs, &previous).await, ["before"]);
    }

    async fn last_run(logs: &Logs) -> u64 {
        let seen = logs.look(key().workload, false).await.expect("it is kept");
        let lines = read(seen.written, &Wanted::default());
        lines.last().map_or(0, |line| line.run)
    }

    #[tokio::test]
    async fn who_writes_without_end_takes_two_files_at_most() {
        let dir = tempfile::tempdir().expect("there is room");
        let logs = Logs::open(dir.path().to_owned()).expect("it can be kept");
        let scribe = Arc::new(Scribe::new(logs.clone(), key(), Generation::FIRST, "n1"));
        let line = [b'x'; 1_000];
        for _ in 0..50_000 {
            scribe.written(StandardStream::Stdout, &line);
            scribe.written(StandardStream::Stdout, b"\n");
        }
        let seen = logs.look(key().workload, false).await.expect("it is kept");
        let bytes: u64 = seen
            .written
            .iter()
            .flat_map(|its| &its.files)
            .map(|its| its.1)
            .sum();
        assert!(bytes <= 8 << 20, "{bytes} bytes");
        // By now there is room again.
        scribe.note("done");
        let seen = logs.look(key().workload, false).await.expect("it is kept");
        let lines = read(seen.written, &Wanted::default());
        let last = lines.last().expect("there is a line");
        assert_eq!((last.stream, last.text.as_str()), (LogStream::Gary, "done"));
    }

    #[tokio::test]
    async fn who_follows_hears_each_line_once() {
        let dir = tempfile::tempdir().expect("there is room");
        let logs = Logs::open(dir.path().to_owned()).expect("it can be kept");
        let scribe = Scribe::new(logs.clone(), key(), Generation::FIRST, "n1");
        scribe.written(StandardStream::Stdout, b"before\n");
        let seen = logs.look(key().workload, true).await.expect("it is kept");
        scribe.written(StandardStream::Stdout, b"after\n");
        let before = read(seen.written, &Wanted::default());
        let mut coming = seen.coming.expect("there is room");
        let after = coming.recv().await.expect("it is told");
        assert_eq!((before.len(), after.text.as_str()), (1, "after"));
    }
}
