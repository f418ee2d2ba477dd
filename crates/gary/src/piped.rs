//! Runs a program and takes what it prints line by line.

use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::companion::Companion;

/// Bytes of a line; the rest of a longer one is the next.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// Lines read ahead. Past them the program waits, as it would for a slow terminal.
const LINES_AHEAD_MAX: usize = 256;

/// How long output may still come once the program has ended. What it leaves running, as a build
/// server, may hold the pipe open for ever.
const LINGER: Duration = Duration::from_millis(500);

enum Event {
    Line(String),
    /// Nobody can write any more.
    Closed,
    Ended(io::Result<ExitStatus>),
}

/// Runs the command to its end; `line` gets what it writes to stdout and stderr, in order.
pub(crate) fn run(mut command: Command, mut line: impl FnMut(&str)) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = Companion::spawn(&mut command)?;
    // It holds the pipe open as well.
    drop(command);
    let (events, coming) = sync_channel(LINES_AHEAD_MAX);
    let ends = events.clone();
    // Either thread ends by itself once nobody listens and the other side is gone.
    thread::spawn(move || read(reader, &events));
    thread::spawn(move || ends.send(Event::Ended(child.wait())));
    follow(&coming, &mut line)
}

fn read(reader: PipeReader, events: &SyncSender<Event>) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let taken = reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line);
        let event = match taken {
            Ok(1..) => Event::Line(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(0) | Err(_) => Event::Closed,
        };
        let is_over = matches!(event, Event::Closed);
        if events.send(event).is_err() || is_over {
            return;
        }
    }
}

fn follow(coming: &Receiver<Event>, line: &mut impl FnMut(&str)) -> io::Result<ExitStatus> {
    let (mut closed, mut ended, mut until) = (false, None, None::<Instant>);
    loop {
        let event = match until {
            None => coming.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => coming.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        match event {
            Ok(Event::Line(text)) => line(&text),
            Ok(Event::Closed) => closed = true,
            Ok(Event::Ended(status)) => {
                ended = Some(status);
                until = Some(Instant::now() + LINGER);
            }
            Err(_) => closed = true,
        }
        if let Some(status) = ended.take_if(|_| closed) {
            return status;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(script: &str) -> (Vec<String>, ExitStatus) {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let mut lines = Vec::new();
        let status = run(command, |line| lines.push(line.to_owned())).expect("there is a shell");
        (lines, status)
    }

    #[test]
    fn both_streams_come_in_order() {
        let (lines, status) = lines("echo one; echo two >&2; printf three; exit 3");
        assert_eq!(lines, ["one", "two", "three"]);
        assert_eq!(status.code(), Some(3));
    }

    #[test]
    fn a_long_line_comes_in_pieces() {
        let (lines, _) = lines("head -c 40000 /dev/zero | tr '\\0' x");
        let lengths: Vec<usize> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [16384, 16384, 7232]);
    }

    #[test]
    fn what_is_left_running_is_not_waited_for() {
        let (lines, status) = lines("sleep 60 & echo built");
        assert_eq!(lines, ["built"]);
        assert!(status.success());
    }
}
