//! The binary, with places of its own for all that it keeps, and the calls to it.

use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::invocation::Invocation;
use super::deadline::Deadline;

/// Longest a call may take that only asks or says something.
const CALL_WAIT_MAX: Duration = Duration::from_secs(60);

/// A binary that keeps everything below one directory.
#[derive(Debug, Clone)]
pub(super) struct Installation {
    binary: PathBuf,
    dir: PathBuf,
}

impl Installation {
    pub(super) fn new(binary: &Path, dir: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        Ok(Self {
            binary: binary.to_owned(),
            dir,
        })
    }

    /// The same binary, as somebody else's who shares nothing with it.
    pub(super) fn another(&self, name: &str) -> Result<Self> {
        Self::new(&self.binary, self.dir.join(name))
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn state(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// Has it ask at this socket from now on, where its own node would be asked.
    pub(super) fn asks(&self, socket: &Path) -> Result<()> {
        let node = self.state().join("node");
        std::fs::create_dir_all(&node)?;
        symlink(socket, node.join("node.sock")).context("cannot have a node asked there")
    }

    pub(super) fn invocation(&self, args: &[&str]) -> Invocation {
        Invocation::new(&self.binary)
            .env("GARY_CACHE_DIR", self.dir.join("cache"))
            .env("GARY_CONFIG_DIR", self.dir.join("config"))
            .env("GARY_STATE_DIR", self.state())
            .args(args)
    }

    /// What a call says on stdout.
    ///
    /// # Errors
    /// When it fails, or takes too long.
    pub(super) fn does(&self, args: &[&str]) -> Result<String> {
        self.begins(args)?
            .ends(Deadline::within(CALL_WAIT_MAX))
            .with_context(|| format!("gary {}", args.join(" ")))
    }

    /// The list that a call prints as JSON.
    pub(super) fn lists(&self, args: &[&str]) -> Result<Vec<Value>> {
        let said = self.does(&[args, &["--json"]].concat())?;
        serde_json::from_str(&said)
            .with_context(|| format!("gary {} printed no list", args.join(" ")))
    }

    pub(super) fn begins(&self, args: &[&str]) -> Result<Call> {
        let mut child = self
            .invocation(args)
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("gary did not start")?;
        // Read as it comes: a pipe that is full would hold it up.
        let said = child.stdout.take().map(read_to_end);
        let told = child.stderr.take().map(read_to_end);
        Ok(Call { child, said, told })
    }
}

type Reading = thread::JoinHandle<String>;

fn read_to_end(mut pipe: impl Read + Send + 'static) -> Reading {
    thread::spawn(move || {
        let mut text = String::new();
        let _ = pipe.read_to_string(&mut text);
        text
    })
}

/// A call under way. It is killed when dropped, if it has not ended.
pub(super) struct Call {
    child: Child,
    said: Option<Reading>,
    told: Option<Reading>,
}

impl Call {
    /// What it has said on stdout, once it has ended well.
    ///
    /// # Errors
    /// When it fails, or does not end in time.
    pub(super) fn ends(mut self, deadline: Deadline) -> Result<String> {
        let status = deadline.until("it ended", || Ok(self.child.try_wait()?))?;
        let text = |reading: Option<Reading>| {
            reading
                .and_then(|reading| reading.join().ok())
                .unwrap_or_default()
        };
        let (said, told) = (text(self.said.take()), text(self.told.take()));
        ensure!(status.success(), "ended with {status}: {}", told.trim());
        Ok(said)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
