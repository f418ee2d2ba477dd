//! `gary dev`: a cluster of several nodes on this machine, each a process of its own.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::time::Duration;

use gary_node::cluster::Role;
use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chosen::{self, Context, DEV, dev_dir};
use super::list::json;
use super::node::{not_started, write_root};
use super::processes::{Process, all};
use super::table::Table;
use super::typed::{DevArgs, DevCommand, DevUpArgs, ListArgs};
use super::{token, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};
use crate::signals::Signals;

/// How many nodes there are where nothing is said.
const NODES: usize = 3;

/// Where the first node serves, if nobody else does.
const INGRESS_PORT: u16 = 8080;

/// For how long the others may join by the token that is made for them.
const TOKEN_LASTS: Duration = Duration::from_secs(600);

/// How long it is waited until one that was started again sees the others.
const SEES_WITHIN: Duration = Duration::from_secs(5);

/// Memory that each node promises.
const MEMORY: &str = "1GiB";

/// Where a node listens, which it keeps from start to start.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Ports {
    listen: SocketAddr,
    ingress: SocketAddr,
}

/// A node of the cluster, as it is shown.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ShownNode {
    /// What people call it.
    name: String,
    /// Whether its process runs.
    state: State,
    /// Its process, while it runs.
    pid: Option<i32>,
    /// Where other nodes reach it, over UDP.
    address: String,
    /// Where it serves workloads over HTTP.
    ingress: String,
    /// The file that it writes its log to.
    log: String,
}

/// Whether the process of a node runs.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Runs,
    Paused,
    Stopped,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

pub(crate) fn main(typed: DevArgs) -> u8 {
    problem::code_of(match typed.command {
        DevCommand::Up(typed) => up(&typed),
        DevCommand::Down { keep } => down(keep),
        DevCommand::Status(typed) => status(&typed),
        DevCommand::Kill { node } => kill(&node),
        DevCommand::Start { node } => named(&node).and_then(|its| start_again(&its)),
        DevCommand::Pause { node } => {
            let how_on = format!("gary dev resume {node} has it go on");
            signal(&node, Signal::STOP, &format!("stands still; {how_on}"))
        }
        DevCommand::Resume { node } => signal(&node, Signal::CONT, "goes on"),
    })
}

/// Waits for its turn to make a cluster here.
fn turn(dir: &Path) -> Result<fs::File, Problem> {
    let lock = dir.with_extension("lock");
    let failed = |error: std::io::Error| {
        let why = format!("{}: {error}", lock.display());
        Problem::new(Code::Failure, "cannot make a cluster here").why(why)
    };
    let parent = lock.parent().unwrap_or(dir);
    fs::create_dir_all(parent).map_err(failed)?;
    let file = fs::File::create(&lock).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn named(name: &str) -> Result<Process, Problem> {
    let nodes = all(&dev_dir()?);
    let names = Vec::from_iter(nodes.iter().map(|its| its.name.clone()));
    let found = nodes.into_iter().find(|its| its.name == name);
    found.ok_or_else(|| {
        let problem = Problem::new(Code::NotFound, format!("no node is called {name}"));
        match names.is_empty() {
            true => problem.hint("gary dev up"),
            false => problem.hint(format!("there are {}", names.join(", "))),
        }
    })
}

fn kill(name: &str) -> Result<(), Problem> {
    let node = named(name)?;
    waiting(node.end(Signal::KILL))?;
    eprintln!("{name} is dead; gary dev start {name} brings it back");
    Ok(())
}

fn signal(name: &str, signal: Signal, what_then: &str) -> Result<(), Problem> {
    match named(name)?.signal(signal) {
        true => {
            eprintln!("{name} {what_then}");
            Ok(())
        }
        false => Err(Problem::new(Code::Conflict, format!("{name} does not run"))
            .hint(format!("gary dev start {name}"))),
    }
}

fn up(typed: &DevUpArgs) -> Result<(), Problem> {
    let dir = dev_dir()?;
    // Of two at once the second finds what the first has made.
    let _turn = turn(&dir)?;
    let there = all(&dir);
    if there.iter().any(|its| its.pid().is_some()) {
        let stopped = there.iter().filter(|its| its.pid().is_none());
        let stopped = Vec::from_iter(stopped.map(|its| format!("gary dev start {}", its.name)));
        return Err(Problem::new(Code::Conflict, "a cluster runs already").hint(
            match stopped.is_empty() {
                true => "gary dev status, or gary dev down".to_owned(),
                false => stopped.join(", "),
            },
        ));
    }
    let is_new = there.is_empty();
    let count = match typed.nodes.map(usize::from) {
        Some(count) if !is_new && count != there.len() => {
            let what = format!("there are {} nodes already, and not {count}", there.len());
            return Err(Problem::new(Code::Conflict, what)
                .why("they were kept by gary dev down --keep")
                .hint("leave out --nodes, or gary dev down and up for others"));
        }
        count => count.unwrap_or(NODES),
    };
    let made = waiting(async {
        let mut signals = Signals::new()?;
        tokio::select! {
            made = make(&dir, count, typed.ingress) => made,
            () = signals.next() => Err(Problem::new(Code::Interrupted, "no cluster was made")),
        }
    });
    // Half a cluster helps nobody. Why it came to that is told, and what was left is not worth a second error.
    let nodes = made.inspect_err(|_| _ = down(!is_new))?;
    let before = chosen::choose(Context::Dev(dir))?;
    let ports = nodes.first().map(ports).transpose()?;
    match nodes.len() {
        1 => eprintln!("one node runs"),
        count => eprintln!("{count} nodes run and see each other"),
    }
    match before {
        None | Some(Context::Local) => eprintln!("note: {DEV} is asked from now on"),
        Some(before) => {
            let before = before.in_full();
            eprintln!("note: {DEV} is asked from now on, and no longer {before}");
            eprintln!("note: gary dev down goes back to that");
        }
    }
    eprintln!("try: gary deploy app.wasm --replicas 2");
    eprintln!("     gary ps");
    if let Some(last) = nodes.last() {
        eprintln!("     gary dev kill {}", last.name);
    }
    if typed.json {
        return status(&ListArgs { json: true });
    }
    match ports {
        Some(ports) => console::out(&format!("ingress http://{}/\n", ports.ingress)),
        None => Ok(()),
    }
}

/// Makes so many nodes of one cluster, or takes those that there are, starts them, and waits until they see each other.
async fn make(
    dir: &Path,
    count: usize,
    ingress: Option<SocketAddr>,
) -> Result<Vec<Process>, Problem> {
    match all(dir) {
        none if none.is_empty() => found(dir, count, ingress).await?,
        there => there.iter().try_for_each(start)?,
    }
    let nodes = all(dir);
    for node in &nodes {
        node.sees(nodes.len()).await?;
    }
    Ok(nodes)
}

/// Makes so many nodes of one cluster, and starts them.
async fn found(dir: &Path, count: usize, ingress: Option<SocketAddr>) -> Result<(), Problem> {
    let nodes = (1..=count).map(|number| {
        let name = format!("n{number}");
        let dir = dir.join(&name);
        Process { name, dir }
    });
    let nodes: Vec<Process> = nodes.collect();
    let Some((first, others)) = nodes.split_first() else {
        return Ok(());
    };
    for node in &nodes {
        let checked = gary_node::check_socket_path(&node.socket());
        // Each has its socket in its own directory.
        checked.map_err(|error| not_started(&error).hint("--state-dir with a shorter path"))?;
    }
    let root = gary_node::draw_root().map_err(|error| not_started(&error))?;
    write_root(&dir.join("root.key"), &root)?;
    let founded = gary_node::found(&first.dir, &first.name, &root).await;
    founded.map_err(|error| not_started(&error))?;
    let first_ports = choose_ports(first, ingress, own(INGRESS_PORT))?;
    start(first)?;
    first.sees(1).await?;
    let token = token::invite(&root, Role::Member, Some(first_ports.listen), TOKEN_LASTS)?;
    for node in others {
        let from = (Ipv4Addr::LOCALHOST, 0).into();
        let joined = gary_node::join(&node.dir, &node.name, &token, from).await;
        joined.map_err(|error| not_started(&error))?;
        choose_ports(node, None, own(0))?;
        start(node)?;
    }
    Ok(())
}

/// Chooses where a node listens, for as long as there is one: a port that is free now.
fn choose_ports(
    node: &Process,
    typed: Option<SocketAddr>,
    ingress: SocketAddr,
) -> Result<Ports, Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(Code::Failure, format!("there is no port for {}", node.name)).why(error)
    };
    let listen = UdpSocket::bind(own(0)).and_then(|its| its.local_addr());
    let bound = match typed {
        Some(typed) => TcpListener::bind(typed).map_err(|error| {
            let code = match error.kind() {
                ErrorKind::AddrInUse => Code::Conflict,
                _ => Code::Failure,
            };
            let problem = Problem::new(code, format!("cannot serve at {typed}"));
            problem
                .why(error)
                .hint("--ingress with another port, or port 0")
        })?,
        None => TcpListener::bind(ingress)
            .or_else(|_| TcpListener::bind(own(0)))
            .map_err(failed)?,
    };
    let ports = Ports {
        listen: listen.map_err(failed)?,
        ingress: bound.local_addr().map_err(failed)?,
    };
    let text = serde_json::to_string(&ports).map_err(|error| failed(error.into()))?;
    fs::write(node.dir.join("ports.json"), text).map_err(failed)?;
    Ok(ports)
}

/// An address of this machine's own.
fn own(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn ports(node: &Process) -> Result<Ports, Problem> {
    let file = node.dir.join("ports.json");
    let read = fs::read_to_string(&file).map_err(|error| error.to_string());
    let read = read.and_then(|text| serde_json::from_str(&text).map_err(|its| its.to_string()));
    read.map_err(|why| {
        Problem::new(
            Code::Failure,
            format!("cannot tell where {} listens", node.name),
        )
        .why(format!("{}: {why}", file.display()))
        .hint("gary dev down, and up again")
    })
}

fn start(node: &Process) -> Result<(), Problem> {
    let ports = ports(node)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (listen, ingress) = (ports.listen.to_string(), ports.ingress.to_string());
    let cores = cores.to_string();
    let args = [
        // What this machine's own node is to do is not for these.
        "--config",
        "/dev/null",
        "--listen",
        &listen,
        "--ingress",
        &ingress,
        "--promise-cpu",
        &cores,
        "--promise-memory",
        MEMORY,
    ];
    node.start(&args.map(str::to_owned))
}

fn start_again(node: &Process) -> Result<(), Problem> {
    if node.pid().is_some() {
        return Err(Problem::new(
            Code::Conflict,
            format!("{} runs already", node.name),
        ));
    }
    start(node)?;
    let others = all(&dev_dir()?).into_iter();
    let there = others.filter(|its| its.pid().is_some() && !its.is_paused());
    let (name, count) = (&node.name, there.count());
    waiting(async {
        node.sees(1).await?;
        match node.sees_within(count, SEES_WITHIN).await {
            Ok(()) => eprintln!("{name} runs"),
            // It may be cut off from others, or be let in by them no more.
            Err(_) => eprintln!("{name} runs, and does not see all others yet; gary nodes"),
        }
        Ok(())
    })
}

fn down(keep: bool) -> Result<(), Problem> {
    let dir = dev_dir()?;
    let nodes = all(&dir);
    for node in &nodes {
        // One that is paused would not hear that it is to end.
        node.signal(Signal::CONT);
        node.signal(Signal::TERM);
    }
    for node in &nodes {
        if waiting(node.end(Signal::TERM)).is_err() {
            waiting(node.end(Signal::KILL))?;
        }
    }
    if let Some(next) = chosen::leave(&dir)? {
        eprintln!("note: {} is asked from now on", next.in_full());
    }
    if keep || !dir.exists() {
        return Ok(());
    }
    fs::remove_dir_all(&dir).map_err(|error| {
        Problem::new(Code::Failure, format!("cannot remove {}", dir.display())).why(error)
    })
}

fn status(typed: &ListArgs) -> Result<(), Problem> {
    let shown = all(&dev_dir()?).into_iter().map(|node| {
        let (pid, ports) = (node.pid(), ports(&node)?);
        Ok(ShownNode {
            state: match pid {
                Some(_) if node.is_paused() => State::Paused,
                Some(_) => State::Runs,
                None => State::Stopped,
            },
            pid: pid.map(|its| its.as_raw_nonzero().get()),
            address: ports.listen.to_string(),
            ingress: format!("http://{}/", ports.ingress),
            log: node.log().display().to_string(),
            name: node.name,
        })
    });
    let shown: Vec<ShownNode> = shown.collect::<Result<_, Problem>>()?;
    if typed.json {
        return json(&shown);
    }
    let mut table = Table::new(["NAME", "STATE", "PID", "ADDRESS", "INGRESS"]);
    for node in shown {
        let pid = node
            .pid
            .map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        table.row([
            node.name,
            node.state.word().to_owned(),
            pid,
            node.address,
            node.ingress,
        ]);
    }
    console::out(&table.text())
}
