//! From a deploy to the first 200 that a node gives which does not host it.

use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::super::report::{Comparison, Goal, Outcome};
use super::super::stats::{Spread, Unit, percentile};
use super::asking::first_200;
use super::deadline::Deadline;
use super::dev::Dev;
use super::disk::Disk;
use super::go_between::{GoBetween, Seen};
use super::installation::Installation;

const NODES: usize = 3;
/// Whose API is asked to deploy.
const TAKES: &str = "n1";
/// Whose ingress is asked for what was deployed, in turn.
const ASKED: [&str; 2] = ["n2", "n3"];

/// Longest for each of the two.
const LIMIT: Duration = Duration::from_secs(150);
/// Longest for one deploy to be answered for.
const DEPLOY_LIMIT: Duration = Duration::from_secs(20);
/// How long one request is waited for: no ingress takes longer to say that nobody serves it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What one deploy took, in milliseconds.
#[derive(Clone, Copy)]
struct Took {
    /// From before the process was made to the first 200.
    all_ms: f64,
    /// Of that, until the node was asked to take something.
    process_ms: f64,
    /// Until the node had answered that it is committed.
    commit_ms: f64,
    /// From then to the first 200.
    serve_ms: f64,
    /// Whether the node asked does not host it.
    is_elsewhere: bool,
}

impl Took {
    fn since_api_ms(&self) -> f64 {
        self.commit_ms + self.serve_ms
    }
}

/// What is deployed.
enum Component<'a> {
    /// The same each time, which the nodes have fetched and compiled.
    Known(&'a Path),
    /// Another each time, by a custom section that differs.
    New(&'a [u8]),
}

/// A cluster, and a person who shares no directory with it.
struct Stage {
    dev: Dev,
    person: Installation,
    between: GoBetween,
}

/// Measures both, each this many times.
pub(super) fn measure(
    installation: Installation,
    guest: &Path,
    count: usize,
    disk: &Disk,
) -> Result<Outcome> {
    let stage = Stage::set(installation)?;
    stage.acquaint(guest)?;
    let bytes = std::fs::read(guest)?;
    let known = stage.sample("cached", &Component::Known(guest), count)?;
    let new = stage.sample("not cached", &Component::New(&bytes), count)?;
    stage.dev.down()?;

    let mut outcome = Outcome::new(
        "From a deploy to the first 200 of a node that does not host it",
        &[
            "",
            "deploys",
            "p50",
            "p99",
            "from the API, p50",
            "from the API, p99",
            "process",
            "commit",
            "serve",
        ],
    );
    for (name, took) in [
        ("cached on the nodes", &known),
        ("fetched and compiled", &new),
    ] {
        outcome.figures.push(row(name, took)?);
    }
    let (aim_ms, all, api) = (
        20.0 + 4.0 * disk.sync_ms.median,
        elsewhere(&known, |its| its.all_ms),
        elsewhere(&known, Took::since_api_ms),
    );
    outcome.comparisons = vec![
        plain(
            "deploy to first 200, cached, p50, from the process",
            percentile(&all, 50.0)?,
            Goal::aim_at_most(aim_ms),
        )?,
        plain(
            "deploy to first 200, cached, p50, from the API",
            percentile(&api, 50.0)?,
            Goal::aim_at_most(aim_ms),
        )?,
        plain(
            "deploy to first 200, cached, p99, from the process",
            percentile(&all, 99.0)?,
            Goal::aim_at_most(100.0),
        )?,
        plain(
            "deploy to first 200, cached, p99, from the API",
            percentile(&api, 99.0)?,
            Goal::aim_at_most(100.0),
        )?,
    ];
    outcome.notes.push(format!(
        "{NODES} nodes of `gary dev`; `gary deploy --name NAME hello_http.wasm` ({:.1} kB) asks {TAKES}, and from its \
         answer on, *committed*, NAME.localhost is asked for at the ingress of {} in turn. Where that node turned out to \
         host it the deploy does not count. The clock runs from before the process of `gary deploy` is made, and beside that \
         from the first byte by which it asks the API to take something. The last three columns are medians of what \
         follows one another: the process until it asks, the API until it answers, and from there the first 200. A p99 of \
         fewer than a hundred is the longest. Whoever deploys has a cache of their own, in which the component that is \
         cached is compiled, and one that is not is compiled as part of the process, by way of a check; its host compiles \
         it again. Each is deleted before the next is deployed.",
        bytes.len() as f64 / 1e3,
        ASKED.join(" or "),
    ));
    outcome.notes.push(
        "Context, and no ratio: a peer that is based on Kubernetes has published a median of 383 ms, on two Raspberry Pis."
            .to_owned(),
    );
    Ok(outcome)
}

impl Stage {
    fn set(installation: Installation) -> Result<Self> {
        let person = installation.another("person")?;
        let dev = Dev::up(installation, NODES)?;
        let socket = person.dir().join("between.sock");
        let between = GoBetween::stand(&socket, dev.socket(TAKES))?;
        person.asks(&socket)?;
        Ok(Self {
            dev,
            person,
            between,
        })
    }

    /// Has every node fetch the component, compile it and serve it once.
    fn acquaint(&self, guest: &Path) -> Result<()> {
        let guest = guest.to_string_lossy();
        let replicas = NODES.to_string();
        self.person.does(&[
            "deploy",
            &guest,
            "--name",
            "known",
            "--replicas",
            &replicas,
            "--wait",
        ])?;
        self.person.does(&["rm", "known"])?;
        self.is_gone("known")
    }

    fn is_gone(&self, name: &str) -> Result<()> {
        Deadline::within(DEPLOY_LIMIT).until(&format!("{name} is gone"), || {
            let listed = self.dev.installation().lists(&["ps"])?;
            Ok(listed.iter().all(|its| its["name"] != name).then_some(()))
        })
    }

    /// Deploys until so many are hosted elsewhere than where they are asked for, or the time is over.
    fn sample(&self, what: &str, component: &Component<'_>, count: usize) -> Result<Vec<Took>> {
        let limit = Deadline::within(LIMIT);
        let mut all: Vec<Took> = Vec::new();
        while all.iter().filter(|its| its.is_elsewhere).count() < count && !limit.is_over() {
            let (kind, file): (_, PathBuf) = match component {
                Component::Known(file) => ("k", file.to_path_buf()),
                Component::New(bytes) => ("n", self.another(bytes, all.len())?),
            };
            let name = format!("{kind}{}", all.len());
            let asked = ASKED[all.len() % ASKED.len()];
            let took = self.deploy(&file, &name, asked)?;
            eprintln!(
                "bench: deploys, {what}, {name}: {:.1} + {:.1} + {:.1} ms{}",
                took.process_ms,
                took.commit_ms,
                took.serve_ms,
                if took.is_elsewhere {
                    ""
                } else {
                    ", hosted where it is asked for"
                }
            );
            all.push(took);
        }
        Ok(all)
    }

    /// The component with a custom section that no other has.
    fn another(&self, bytes: &[u8], number: usize) -> Result<PathBuf> {
        let file = self.person.dir().join("another.wasm");
        let section = custom_section("bench", format!("{number:08}").as_bytes())?;
        std::fs::write(&file, [bytes, &section].concat())?;
        Ok(file)
    }

    fn deploy(&self, file: &Path, name: &str, asked: &str) -> Result<Took> {
        let nodes = self.dev.nodes()?;
        let node = nodes.iter().find(|node| node.name == asked);
        let node = node.with_context(|| format!("{asked} does not run"))?;
        let ingress = node.ingress;
        let file = file.to_string_lossy();
        self.between.forget();

        let deadline = Deadline::within(DEPLOY_LIMIT);
        let began = Instant::now();
        let call = self
            .person
            .begins(&["deploy", &file, "--name", name, "--no-wait"])?;
        let Some((asks, answered)) = self.answered(deadline)? else {
            // What the process says is why.
            call.ends(deadline)?;
            bail!("the node was not asked to deploy {name}");
        };
        let served = first_200(ingress, name, PATIENCE, deadline);
        call.ends(deadline)?;
        let served = served.with_context(|| format!("{name} was not served"))?;

        let hosts = self.dev.hostings()?;
        let host = hosts.iter().find(|hosting| hosting.workload == name);
        let host = host.with_context(|| format!("{name} has no host"))?;
        self.person.does(&["rm", name])?;
        self.is_gone(name)?;
        Ok(Took {
            all_ms: milliseconds(served - began),
            process_ms: milliseconds(asks - began),
            commit_ms: milliseconds(answered - asks),
            serve_ms: milliseconds(served - answered),
            is_elsewhere: host.node != asked,
        })
    }

    /// When the node was first asked to take something, and when it has answered the deploy.
    fn answered(&self, deadline: Deadline) -> Result<Option<(Instant, Instant)>> {
        let mut first = None;
        loop {
            match self.between.seen().recv_timeout(deadline.left()) {
                Ok(Seen::Asked(at)) => {
                    first.get_or_insert(at);
                }
                Ok(Seen::Answered(at)) => return Ok(first.map(|first| (first, at))),
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => bail!("nobody stands between any more"),
            }
        }
    }
}

fn elsewhere(took: &[Took], of: fn(&Took) -> f64) -> Vec<f64> {
    let counted = took.iter().filter(|its| its.is_elsewhere);
    counted.map(of).collect()
}

fn row(name: &str, took: &[Took]) -> Result<Vec<String>> {
    let (all, api) = (
        elsewhere(took, |its| its.all_ms),
        elsewhere(took, Took::since_api_ms),
    );
    let shown = |value: f64| Unit::Milliseconds.show(value);
    let median = |of: fn(&Took) -> f64| -> Result<String> {
        Ok(shown(Spread::of(&elsewhere(took, of))?.median))
    };
    Ok(vec![
        name.to_owned(),
        all.len().to_string(),
        shown(percentile(&all, 50.0)?),
        shown(percentile(&all, 99.0)?),
        shown(percentile(&api, 50.0)?),
        shown(percentile(&api, 99.0)?),
        median(|its| its.process_ms)?,
        median(|its| its.commit_ms)?,
        median(|its| its.serve_ms)?,
    ])
}

fn plain(what: &str, value_ms: f64, goal: Goal) -> Result<Comparison> {
    Comparison::plain(what.to_owned(), &[value_ms], Unit::Milliseconds, vec![goal])
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// A section of a component that means nothing to anybody.
fn custom_section(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let body_bytes = 1 + name.len() + content.len();
    // Lengths below 128 are one byte of LEB128.
    ensure!(body_bytes < 128, "a long section needs a long length");
    let mut section = vec![0, u8::try_from(body_bytes)?, u8::try_from(name.len())?];
    section.extend_from_slice(name.as_bytes());
    section.extend_from_slice(content);
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_section_is_as_the_binary_format_has_it() {
        let section = custom_section("ab", b"xyz").unwrap();
        assert_eq!(section, b"\0\x06\x02abxyz");
        assert!(custom_section("ab", &[0; 200]).is_err());
    }
}
