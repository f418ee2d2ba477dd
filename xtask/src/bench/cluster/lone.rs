//! One node that runs by `gary node run`, and promises what it is told to.

use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::super::process::free_addr;
use super::deadline::Deadline;
use super::installation::Installation;

/// Longest a node may take until it answers, and until it has ended.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A cluster of one. It ends with its owner.
pub(super) struct Lone {
    installation: Installation,
    child: Child,
    ingress: SocketAddr,
}

impl Lone {
    /// Founds it, and waits until it answers.
    pub(super) fn up(installation: Installation, cpu: &str, memory: &str) -> Result<Self> {
        installation.does(&["node", "init", "--name", "lone"])?;
        let ingress = free_addr()?;
        let address = ingress.to_string();
        let mut command = installation
            .invocation(&[
                "node",
                "run",
                "--config",
                "/dev/null",
                "--listen",
                "127.0.0.1:0",
                "--ingress",
                &address,
                "--promise-cpu",
                cpu,
                "--promise-memory",
                memory,
            ])
            .command();
        command.stderr(Stdio::null());
        let child = command.spawn().context("the node did not start")?;
        let mut lone = Self {
            installation,
            child,
            ingress,
        };
        Deadline::within(WAIT_MAX).until("the node answers", || {
            if let Some(status) = lone.child.try_wait()? {
                bail!("the node ended with {status}");
            }
            Ok(lone.installation.lists(&["nodes"]).ok().map(drop))
        })?;
        Ok(lone)
    }

    pub(super) fn installation(&self) -> &Installation {
        &self.installation
    }

    pub(super) fn pid(&self) -> u64 {
        u64::from(self.child.id())
    }

    pub(super) fn ingress(&self) -> SocketAddr {
        self.ingress
    }
}

impl Drop for Lone {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let ended =
            Deadline::within(WAIT_MAX).until("the node ends", || Ok(self.child.try_wait()?));
        if ended.is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
