//! What is told while nobody may wait for whoever reads it: kept here, and written by a thread that
//! may.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that may wait for the reader. A line past them is lost, and counted.
const BYTES_MAX: usize = 2 << 20;
/// Bytes up to which passing lines are taken; the rest is for those that last.
const PASSING_BYTES_MAX: usize = BYTES_MAX / 2;
/// What a line is worth to a reader that is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// One of very many, as of requests, and the first to be lost.
    Passing,
    /// Told once, and looked for.
    Lasting,
}

/// Lines on their way to a stream.
pub(crate) struct Backlog(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Told of all that the thread, or whoever flushes, waits for.
    changed: Condvar,
    /// Makes the line that tells how many were lost.
    lost: Box<dyn Fn(u64) -> String + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// Whole lines that the thread has yet to take.
    text: String,
    /// Bytes that the thread has taken and not yet written.
    writing_bytes: usize,
    /// Whether the thread is at work on something that it has taken.
    busy: bool,
    /// Lines lost since that was last told.
    lost: u64,
    /// At most one.
    later: Option<Later>,
    /// Whether the last line was pushed.
    ended: bool,
    closed: bool,
}

/// A line that is made when it is due, if there is then something to tell.
struct Later {
    due: Instant,
    line: Line,
}

type Line = Box<dyn FnOnce() -> Option<String> + Send>;

/// What the thread has to do.
enum Task {
    Write(String),
    Make(Line),
}

impl Backlog {
    /// Starts the thread. `lost` makes the line that tells how many were lost.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub(crate) fn start(
        stream: impl Write + Send + 'static,
        lost: impl Fn(u64) -> String + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            lost: Box::new(lost),
        });
        let writer = shared.clone();
        thread::Builder::new()
            .name("gary-report".into())
            .spawn(move || writer.write_all_to(stream))?;
        Ok(Self(shared))
    }

    /// Takes whole lines, or loses them where too much waits already. Never waits for the reader.
    pub(crate) fn push(&self, lines: &str, worth: Worth) {
        self.0.push(lines, worth);
    }

    /// Takes the last lines, however much waits: whoever reads them knows that it has read all.
    /// What others push behind them is refused.
    pub(crate) fn push_last(&self, lines: &str) {
        let mut state = self.0.lock();
        if state.ended {
            return;
        }
        state.ended = true;
        state.later = None;
        self.0.tell_lost(&mut state);
        state.text += lines;
        drop(state);
        self.0.changed.notify_all();
    }

    /// Has a line made at a time to come. It takes the place of one that is not due yet.
    pub(crate) fn push_at(
        &self,
        due: Instant,
        line: impl FnOnce() -> Option<String> + Send + 'static,
    ) {
        self.0.lock().later = Some(Later {
            due,
            line: Box::new(line),
        });
        self.0.changed.notify_all();
    }

    /// Waits for so long at most until all that was pushed is written.
    pub(crate) fn flush(&self, wait_max: Duration) {
        let state = self.0.lock();
        let flushed = self.0.changed.wait_timeout_while(state, wait_max, |state| {
            state.busy || !state.text.is_empty() || state.lost > 0
        });
        // A reader that takes nothing loses what it did not take.
        drop(flushed);
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, lines: &str, worth: Worth) {
        let bytes_max = match worth {
            Worth::Passing => PASSING_BYTES_MAX,
            Worth::Lasting => BYTES_MAX,
        };
        let mut state = self.lock();
        if state.ended {
            return;
        }
        let idle = !state.busy && state.text.is_empty();
        if state.text.len() + state.writing_bytes + lines.len() > bytes_max {
            state.lost += 1;
        } else {
            self.tell_lost(&mut state);
            state.text += lines;
        }
        drop(state);
        if idle {
            self.changed.notify_all();
        }
    }

    /// Tells how many lines were lost, where they would have been.
    fn tell_lost(&self, state: &mut State) {
        if state.lost > 0 {
            let line = (self.lost)(std::mem::take(&mut state.lost));
            state.text += &line;
        }
    }

    /// What the thread does for as long as there is anything to do or somebody who could push.
    fn write_all_to(&self, mut stream: impl Write) {
        while let Some(task) = self.next() {
            match task {
                // What cannot be written has nobody to be told about.
                Task::Write(text) => {
                    let _ = stream
                        .write_all(text.as_bytes())
                        .and_then(|()| stream.flush());
                }
                Task::Make(line) => {
                    if let Some(line) = line() {
                        self.push(&line, Worth::Lasting);
                    }
                }
            }
        }
    }

    /// Ends the task before and waits for the next; `None` when there will be none.
    fn next(&self) -> Option<Task> {
        let mut state = self.lock();
        state.busy = false;
        state.writing_bytes = 0;
        self.changed.notify_all();
        loop {
            self.tell_lost(&mut state);
            if !state.text.is_empty() {
                let text = std::mem::take(&mut state.text);
                state.writing_bytes = text.len();
                state.busy = true;
                return Some(Task::Write(text));
            }
            if state.closed {
                return None;
            }
            let now = Instant::now();
            state = match state.later.take_if(|later| later.due <= now) {
                Some(later) => {
                    state.busy = true;
                    return Some(Task::Make(later.line));
                }
                None => self.wait(state, now),
            };
        }
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, now: Instant) -> MutexGuard<'a, State> {
        match &state.later {
            Some(later) => {
                let wait_max = later.due - now;
                let waited = self.changed.wait_timeout(state, wait_max);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => {
                let waited = self.changed.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
        }
    }
}

/// A stream whose reader is slow, for the tests of this file and of its neighbours.
#[cfg(test)]
pub(crate) mod testing {
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    pub(crate) const LONG: Duration = Duration::from_secs(60);

    /// A stream whose reader takes one write for each time it is told to.
    pub(crate) struct Slow {
        entered: Sender<()>,
        go: Receiver<()>,
        written: Sender<String>,
    }

    /// The reader of it.
    pub(crate) struct Reader {
        entered: Receiver<()>,
        pub(crate) go: Sender<()>,
        pub(crate) got: Receiver<String>,
    }

    pub(crate) fn slow() -> (Slow, Reader) {
        let (enters, entered) = mpsc::channel();
        let (goes, go) = mpsc::channel();
        let (written, got) = mpsc::channel();
        let stream = Slow {
            entered: enters,
            go,
            written,
        };
        let reader = Reader {
            entered,
            go: goes,
            got,
        };
        (stream, reader)
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Few wait for it.
            let _ = self.entered.send(());
            self.go.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.written.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Reader {
        /// Waits until somebody waits for this reader.
        pub(crate) fn wait_until_waited_for(&self) {
            let entered = self.entered.recv_timeout(LONG);
            entered.expect("somebody writes");
        }

        /// All that the reader gets when it takes whatever comes, until the writer ends.
        pub(crate) fn read_all(self) -> String {
            let mut read = String::new();
            loop {
                // The thread may have ended by now.
                let _ = self.go.send(());
                match self.got.recv_timeout(LONG) {
                    Ok(text) => read += &text,
                    Err(_) => return read,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{LONG, Reader};
    use super::*;

    /// What is being written when a test begins.
    const FIRST: &str = "first\n";

    /// A backlog, and its reader.
    fn slow() -> (Backlog, Reader) {
        let (stream, reader) = testing::slow();
        let backlog = Backlog::start(stream, |count| format!("{count} lost\n"));
        (backlog.expect("there are threads"), reader)
    }

    /// The same, with the thread at work on [`FIRST`], so that it takes nothing else meanwhile.
    fn stuck() -> (Backlog, Reader) {
        let (backlog, reader) = slow();
        backlog.push(FIRST, Worth::Lasting);
        reader.wait_until_waited_for();
        (backlog, reader)
    }

    /// A line of which four have room beside [`FIRST`], and no more.
    fn quarter_of(bytes_max: usize) -> String {
        format!("{}\n", "x".repeat(bytes_max / 4 - FIRST.len()))
    }

    /// What is read behind [`FIRST`] and four of these lines.
    fn read_behind(line: &str, backlog: Backlog, reader: Reader) -> String {
        drop(backlog);
        let (read, before) = (reader.read_all(), format!("{FIRST}{}", line.repeat(4)));
        let rest = read.strip_prefix(&before).expect("they are read first");
        rest.to_owned()
    }

    #[test]
    fn a_reader_that_is_slow_gets_every_line_in_order() {
        let (backlog, reader) = slow();
        let mut lines = String::new();
        for n in 0..1000 {
            let line = format!("line {n}\n");
            backlog.push(&line, Worth::Passing);
            lines += &line;
        }
        drop(backlog);
        assert_eq!(reader.read_all(), lines);
    }

    #[test]
    fn passing_lines_are_lost_first_and_counted_where_they_would_have_been() {
        let (backlog, reader) = stuck();
        let line = quarter_of(PASSING_BYTES_MAX);
        for _ in 0..7 {
            backlog.push(&line, Worth::Passing);
        }
        backlog.push("error\n", Worth::Lasting);
        backlog.push(&line, Worth::Passing);
        backlog.push("serving\n", Worth::Lasting);
        assert_eq!(
            read_behind(&line, backlog, reader),
            "3 lost\nerror\n1 lost\nserving\n"
        );
    }

    #[test]
    fn lasting_lines_are_bounded_too() {
        let (backlog, reader) = stuck();
        let line = quarter_of(BYTES_MAX);
        for _ in 0..6 {
            backlog.push(&line, Worth::Lasting);
        }
        assert_eq!(read_behind(&line, backlog, reader), "2 lost\n");
    }

    #[test]
    fn the_last_line_finds_room_and_nothing_comes_behind_it() {
        let (backlog, reader) = stuck();
        let line = quarter_of(BYTES_MAX);
        for _ in 0..6 {
            backlog.push(&line, Worth::Lasting);
        }
        backlog.push_last("exit\n");
        for worth in [Worth::Passing, Worth::Lasting] {
            backlog.push("late\n", worth);
        }
        backlog.push_last("exit again\n");
        assert_eq!(read_behind(&line, backlog, reader), "2 lost\nexit\n");
    }

    #[test]
    fn a_line_is_made_when_it_is_due() {
        let (backlog, reader) = slow();
        reader.go.send(()).expect("the thread lives");
        let due = Instant::now() + Duration::from_millis(20);
        backlog.push_at(due, move || {
            Some(format!("late: {}\n", Instant::now() < due))
        });
        let told = reader.got.recv_timeout(LONG).expect("it is told");
        assert_eq!(told, "late: false\n");
    }

    #[test]
    fn a_flush_waits_for_a_reader_that_reads() {
        let (backlog, reader) = slow();
        backlog.push("line\n", Worth::Lasting);
        reader.go.send(()).expect("the thread lives");
        backlog.flush(LONG);
        assert_eq!(reader.got.try_recv().as_deref(), Ok("line\n"));
    }

    #[test]
    fn a_flush_does_not_wait_for_ever_for_one_that_does_not() {
        let (backlog, _reader) = stuck();
        backlog.flush(Duration::from_millis(10));
    }
}
