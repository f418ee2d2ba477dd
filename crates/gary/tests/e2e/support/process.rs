//! A running process: what it has said so far, and how it ends. Every wait is bounded.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Answer, Client, Outcome, get};

/// Longest that a test waits for one thing to happen.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);

/// A child, killed by its id where a test is over before it is.
pub(crate) struct Process {
    pid: Pid,
    /// Locked so that threads of a test can share the process.
    exited: Mutex<Receiver<ExitStatus>>,
    over: bool,
    stdout: Capture,
    stderr: Capture,
    addr: Option<SocketAddr>,
    _home: Arc<TempDir>,
}

/// What a stream has brought so far.
#[derive(Clone, Default)]
struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    closed: bool,
    /// Nothing is read for now.
    stopped: bool,
}

impl Process {
    pub(super) fn start(mut command: Command, stdin: Vec<u8>, home: Arc<TempDir>) -> Self {
        command.stdout(Stdio::piped());
        Self::start_with_own_stdout(command, stdin, home)
    }

    /// Starts a command that has been told where its stdout goes.
    pub(super) fn start_with_own_stdout(
        mut command: Command,
        stdin: Vec<u8>,
        home: Arc<TempDir>,
    ) -> Self {
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built");
        // The command holds a copy of what its child got as stdout.
        drop(command);

        let stdout = Capture::default();
        match child.stdout.take() {
            Some(stream) => stdout.fill_from(stream),
            None => stdout.close(),
        }
        let stderr = Capture::default();
        stderr.fill_from(child.stderr.take().expect("it is piped"));
        let mut input = child.stdin.take().expect("it is piped");
        thread::spawn(move || {
            // A child that reads no further is no failure of the test's.
            let _ = input.write_all(&stdin);
        });
        let pid = Pid::from_child(&child);
        let (tell, exited) = mpsc::channel();
        thread::spawn(move || {
            let _ = tell.send(child.wait().expect("it is our child"));
        });
        Self {
            pid,
            exited: Mutex::new(exited),
            over: false,
            stdout,
            stderr,
            addr: None,
            _home: home,
        }
    }

    /// Waits for the serving line, in words or as an event.
    pub(crate) fn serving(self) -> Self {
        self.serving_within(WAIT_MAX)
    }

    pub(crate) fn serving_within(mut self, wait_max: Duration) -> Self {
        let text = self
            .stderr
            .wait(wait_max, |text| address_in(text).is_some());
        let addr = address_in(&text);
        self.addr = Some(addr.unwrap_or_else(|| panic!("it does not serve: {text}")));
        self
    }

    /// Where it serves.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr.expect("the serving line was waited for")
    }

    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().cast_unsigned()
    }

    /// Asks for a path over a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(get(path))
    }

    /// Sends a request over a connection of its own.
    pub(crate) fn send(&self, request: super::http::Request) -> Answer {
        Client::ask_once(self.addr(), request)
    }

    /// Sends a request whose answer may not even begin.
    pub(crate) fn try_send(&self, request: super::http::Request) -> Result<Answer, String> {
        Client::try_once(self.addr(), request)
    }

    /// Waits until stderr has this text, and returns all of stderr so far.
    pub(crate) fn stderr_with(&self, wanted: &str) -> String {
        let text = self.stderr.wait(WAIT_MAX, |text| text.contains(wanted));
        assert!(text.contains(wanted), "it never says {wanted:?}: {text}");
        text
    }

    /// Waits until stdout has this text, and returns all of stdout so far.
    pub(crate) fn stdout_with(&self, wanted: &str) -> String {
        let text = self.stdout.wait(WAIT_MAX, |text| text.contains(wanted));
        assert!(text.contains(wanted), "it never says {wanted:?}: {text}");
        text
    }

    /// Reads no more of stderr, as a terminal does that is stopped, but for one chunk at most.
    pub(crate) fn stop_reading_stderr(&self) {
        self.stderr.stop(true);
    }

    /// Reads stderr again.
    pub(crate) fn read_stderr_again(&self) {
        self.stderr.stop(false);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).expect("it still runs");
    }

    /// Stops a server and waits for its end.
    pub(crate) fn stop(self) -> Outcome {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(self) -> Outcome {
        self.wait_within(WAIT_MAX)
    }

    pub(crate) fn wait_within(mut self, wait_max: Duration) -> Outcome {
        let exited = self.exited.get_mut().expect("nobody panics with it");
        let status = exited.recv_timeout(wait_max);
        self.over = status.is_ok();
        let Ok(status) = status else {
            panic!("it does not end: {}", self.stderr.text());
        };
        self.read_stderr_again();
        // A grandchild may hold the streams open for longer; what it says is not waited for.
        self.stdout.wait(WAIT_MAX, |_| false);
        self.stderr.wait(WAIT_MAX, |_| false);
        Outcome {
            code: status
                .code()
                .or(status.signal().map(|signal| 128 + signal))
                .unwrap_or(-1),
            stdout: self.stdout.bytes(),
            stderr: self.stderr.text(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // While its end was not waited for, its id cannot be another's.
        let exited = self.exited.get_mut().ok();
        if !self.over && exited.is_none_or(|exited| exited.try_recv().is_err()) {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

impl Capture {
    fn fill_from(&self, mut stream: impl Read + Send + 'static) {
        let capture = self.clone();
        thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = stream.read(&mut chunk) {
                let (captured, changed) = &*capture.0;
                let mut captured = captured.lock().expect("nobody panics with it");
                captured.bytes.extend_from_slice(&chunk[..length]);
                changed.notify_all();
                let stopped = changed.wait_while(captured, |captured| captured.stopped);
                drop(stopped.expect("nobody panics with it"));
            }
            capture.close();
        });
    }

    fn stop(&self, stopped: bool) {
        let (captured, changed) = &*self.0;
        captured.lock().expect("nobody panics with it").stopped = stopped;
        changed.notify_all();
    }

    fn close(&self) {
        let (captured, changed) = &*self.0;
        captured.lock().expect("nobody panics with it").closed = true;
        changed.notify_all();
    }

    /// Waits until the text is as wanted or can no longer be; returns it as it then is.
    fn wait(&self, wait_max: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + wait_max;
        let (captured, changed) = &*self.0;
        let mut captured = captured.lock().expect("nobody panics with it");
        loop {
            let text = String::from_utf8_lossy(&captured.bytes).into_owned();
            let left = deadline.saturating_duration_since(Instant::now());
            if captured.closed || left.is_zero() || wanted(&text) {
                return text;
            }
            captured = changed
                .wait_timeout(captured, left)
                .expect("nobody panics with it")
                .0;
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.0
            .0
            .lock()
            .expect("nobody panics with it")
            .bytes
            .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

/// The address in a whole serving line.
fn address_in(text: &str) -> Option<SocketAddr> {
    let (whole_lines, _) = text.rsplit_once('\n')?;
    let line = whole_lines
        .lines()
        .find(|line| line.starts_with("serving ") || line.contains(r#""event":"serving""#))?;
    let (_, url) = line.split_once("http://")?;
    url.split('/').next()?.parse().ok()
}
