//! A cluster of `gary dev`, and what people see of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::deadline::Deadline;
use super::installation::Installation;

/// Longest the nodes may take until they see each other.
const UP_WAIT_MAX: Duration = Duration::from_secs(120);

/// A cluster that ends with its owner, however that ends.
pub(super) struct Dev {
    installation: Installation,
    warden: Warden,
}

/// One of its processes.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) pid: u64,
    pub(super) ingress: SocketAddr,
}

/// Where a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosting {
    pub(super) workload: String,
    pub(super) node: String,
    /// Whether it runs, by its host's last word.
    pub(super) runs: bool,
}

impl Dev {
    /// Starts so many nodes, and waits until they see each other.
    pub(super) fn up(installation: Installation, nodes: usize) -> Result<Self> {
        let dev = Self {
            warden: Warden::over(&installation)?,
            installation,
        };
        let nodes = nodes.to_string();
        // What listens at 8080 on this machine is not to matter.
        dev.installation
            .begins(&["dev", "up", "--nodes", &nodes, "--ingress", "127.0.0.1:0"])?
            .ends(Deadline::within(UP_WAIT_MAX))
            .context("gary dev up")?;
        Ok(dev)
    }

    /// Ends it, and says if that fails.
    pub(super) fn down(mut self) -> Result<()> {
        self.installation.does(&["dev", "down"])?;
        self.warden.dismiss();
        Ok(())
    }

    pub(super) fn installation(&self) -> &Installation {
        &self.installation
    }

    pub(super) fn socket(&self, node: &str) -> PathBuf {
        self.installation
            .state()
            .join("dev")
            .join(node)
            .join("node.sock")
    }

    /// The nodes that run.
    pub(super) fn nodes(&self) -> Result<Vec<Node>> {
        let listed = self.installation.lists(&["dev", "status"])?;
        listed
            .iter()
            .filter(|node| node["state"] == "runs")
            .map(|node| {
                let url = node["ingress"].as_str().unwrap_or_default();
                let address = url.trim_start_matches("http://").trim_end_matches('/');
                Ok(Node {
                    name: node["name"].as_str().unwrap_or_default().to_owned(),
                    pid: node["pid"].as_u64().context("a node has no process")?,
                    ingress: address.parse().context("a node serves nowhere")?,
                })
            })
            .collect()
    }

    /// How many nodes are up, as the one sees it that is asked.
    pub(super) fn seen_up(&self) -> Result<usize> {
        let listed = self.installation.lists(&["nodes"])?;
        Ok(listed.iter().filter(|node| node["state"] == "up").count())
    }

    /// Waits until so many nodes are up and so many replicas run, and says where.
    pub(super) fn settled(
        &self,
        nodes: usize,
        replicas: usize,
        deadline: Deadline,
    ) -> Result<Vec<Hosting>> {
        deadline.until("everything runs", || {
            let running: BTreeSet<String> =
                self.nodes()?.into_iter().map(|node| node.name).collect();
            let mut hostings = self.hostings()?;
            // Whose name is not known yet, as after a start, is called by its id.
            hostings.retain(|its| its.runs && running.contains(&its.node));
            let is_so = self.seen_up()? == nodes && hostings.len() == replicas;
            Ok(is_so.then_some(hostings))
        })
    }

    /// Every replica that its keeper holds for kept.
    pub(super) fn hostings(&self) -> Result<Vec<Hosting>> {
        Ok(kept(&self.installation.lists(&["ps"])?))
    }
}

/// Of what `gary ps` lists, what keepers hold for kept.
pub(super) fn kept(workloads: &[Value]) -> Vec<Hosting> {
    let hostings = workloads.iter().flat_map(|workload| {
        let its = workload["hostings"].as_array().into_iter().flatten();
        its.filter(|hosting| hosting["state"] == "kept")
            .map(|hosting| Hosting {
                workload: workload["name"].as_str().unwrap_or_default().to_owned(),
                node: hosting["node"].as_str().unwrap_or_default().to_owned(),
                runs: hosting["runs"] == true,
            })
    });
    hostings.collect()
}

/// Runs `gary dev down` as soon as this program is done with the cluster, is interrupted or killed: the nodes are in
/// process groups of their own and would outlive it.
struct Warden(Child);

impl Warden {
    fn over(installation: &Installation) -> Result<Self> {
        let down = installation.invocation(&["dev", "down"]).command();
        let mut warden = Command::new("sh");
        warden
            .args(["-c", "read -r end; exec \"$@\"", "warden"])
            .arg(down.get_program())
            .args(down.get_args())
            .envs(
                down.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is not for it.
            .process_group(0);
        Ok(Self(warden.spawn().context("sh did not start")?))
    }

    /// Has it do its work, which is none if the cluster is down, and waits until that is done.
    fn dismiss(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.dismiss();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_kept_and_nothing_else() {
        let listed = serde_json::json!([{ "name": "a", "hostings": [
            { "node": "n1", "state": "kept", "runs": true },
            { "node": "n2", "state": "broken", "runs": true },
            { "node": "n3", "state": "kept", "runs": false },
        ] }, { "name": "b" }]);
        let listed = listed.as_array().cloned().unwrap_or_default();
        let nodes: Vec<(String, bool)> = kept(&listed)
            .into_iter()
            .map(|its| (its.node, its.runs))
            .collect();
        assert_eq!(nodes, [("n1".to_owned(), true), ("n3".to_owned(), false)]);
    }
}
