//! Which node is asked: the first that answers of those that the context names.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use futures::future::join_all;
use gary_node::SOCKET;
use gary_node::client::{Admittance, AskError, Client};

use super::chosen::{self, Context, DEV, LOCAL};
use super::deploy::person;
use super::processes::{self, Process};
use crate::places;
use crate::problem::{Code, Problem};

/// How long a node has to say that it is there, before the next is asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Where the contexts of clusters are that are asked over the network, in the configuration directory.
const CONTEXTS: &str = "contexts";

/// What is typed of whom to ask; set once, before anybody asks.
static TYPED: OnceLock<Typed> = OnceLock::new();

/// What is typed of whom to ask.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub(crate) context: Option<String>,
    pub(crate) node: Option<SocketAddr>,
}

/// Asks whom the command line says for the rest of the process.
pub(crate) fn ask(typed: Typed) {
    // There is one command line, so nobody can have been first.
    let _ = TYPED.set(typed);
}

/// Whom to ask.
enum Asked {
    /// The nodes of this machine whose sockets these are.
    Sockets(Vec<PathBuf>),
    /// The nodes of a cluster, over the network.
    Network(Admittance),
}

/// The context of a name: one that is there.
pub(super) fn of(name: &str) -> Result<Context, Problem> {
    match name {
        LOCAL => Ok(Context::Local),
        DEV => dev()?.ok_or_else(|| {
            let problem = Problem::new(Code::NotFound, format!("there is no context {DEV}"));
            problem
                .why("there is no cluster of gary dev on this machine")
                .hint("gary dev up")
        }),
        name => {
            let _known = admittance(name)?;
            Ok(Context::Network(name.to_owned()))
        }
    }
}

/// The cluster of `gary dev`, if there is one: that which is asked, or else that of the state directory.
pub(super) fn dev() -> Result<Option<Context>, Problem> {
    if let asked @ Context::Dev(_) = chosen::chosen()? {
        return Ok(Some(asked));
    }
    let dir = chosen::dev_dir()?;
    let is_there = !processes::all(&dir).is_empty();
    Ok(is_there.then_some(Context::Dev(dir)))
}

/// The contexts of clusters that are asked over the network, by name.
pub(super) fn all() -> Result<Vec<(String, Admittance)>, Problem> {
    let entries = fs::read_dir(places::config()?.join(CONTEXTS));
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| {
        let path = entry.path();
        let is_one = path.extension().is_some_and(|its| its == "json");
        let stem = path.file_stem().filter(|_| is_one)?;
        Some(stem.to_string_lossy().into_owned())
    });
    let mut names = Vec::from_iter(names.filter(|its| is_name(its)));
    names.sort();
    let read = names.into_iter().map(|name| {
        let admittance = admittance(&name)?;
        Ok((name, admittance))
    });
    read.collect()
}

/// Whether a context can be called so that is asked over the network.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && ![LOCAL, DEV].contains(&name) && name.chars().all(is_plain)
}

fn file_of(name: &str) -> Result<PathBuf, Problem> {
    if !is_name(name) {
        let what = format!("{name} is no name of a cluster over the network");
        return Err(Problem::new(Code::BadInput, what)
            .why(format!(
                "{LOCAL} is this machine's own node, and {DEV} the cluster of gary dev"
            ))
            .hint("letters, digits, - and _"));
    }
    let dir = places::config()?.join(CONTEXTS);
    Ok(dir.join(format!("{name}.json")))
}

/// Refuses a name that is none, or that a context has already: its admission would be lost.
pub(super) fn check_free(name: &str) -> Result<(), Problem> {
    if !file_of(name)?.exists() {
        return Ok(());
    }
    let problem = Problem::new(Code::Conflict, format!("there is a context {name} already"));
    Err(problem.hint(format!("another name, or gary context rm {name}")))
}

/// How the person was admitted to the cluster of a context.
pub(super) fn admittance(name: &str) -> Result<Admittance, Problem> {
    let file = file_of(name)?;
    let text = fs::read_to_string(&file).map_err(|error| {
        let code = match error.kind() {
            ErrorKind::NotFound => Code::NotFound,
            _ => Code::Failure,
        };
        Problem::new(code, format!("there is no context {name}"))
            .why(format!("{}: {error}", file.display()))
            .hint("gary context list")
    })?;
    serde_json::from_str(&text).map_err(|error| {
        Problem::new(Code::BadInput, format!("the context {name} is damaged"))
            .why(format!("{}: {error}", file.display()))
            .hint("gary context add, with a new token")
    })
}

/// Keeps how the person was admitted to a cluster.
pub(super) fn keep(name: &str, admittance: &Admittance) -> Result<(), Problem> {
    let file = file_of(name)?;
    let failed = |why: String| {
        let what = format!("cannot keep the context {name}");
        Problem::new(Code::Failure, what).why(format!("{}: {why}", file.display()))
    };
    let text = serde_json::to_string_pretty(admittance).map_err(|its| failed(its.to_string()))?;
    let dir = file.parent().unwrap_or(&file);
    let written = fs::create_dir_all(dir).and_then(|()| fs::write(&file, text));
    written.map_err(|error| failed(error.to_string()))
}

/// Forgets how the person was admitted to the cluster of a context.
pub(super) fn remove(name: &str) -> Result<(), Problem> {
    let file = file_of(name)?;
    let _known = admittance(name)?;
    if chosen::chosen()? == Context::Network(name.to_owned()) {
        chosen::choose(Context::Local)?;
    }
    fs::remove_file(&file).map_err(|error| {
        let what = format!("cannot remove the context {name}");
        Problem::new(Code::Failure, what).why(format!("{}: {error}", file.display()))
    })
}

fn asked() -> Result<Asked, Problem> {
    let nothing = Typed::default();
    let typed = TYPED.get().unwrap_or(&nothing);
    let context = match &typed.context {
        Some(name) => of(name)?,
        None => chosen::chosen()?,
    };
    match (context, typed.node) {
        (Context::Network(name), None) => Ok(Asked::Network(admittance(&name)?)),
        (Context::Network(name), Some(node)) => Ok(Asked::Network(admittance(&name)?.at(node))),
        (Context::Local | Context::Dev(_), Some(node)) => Ok(Asked::Network(only()?.at(node))),
        (Context::Local, None) => Ok(Asked::Sockets(vec![node_dir()?.join(SOCKET)])),
        (Context::Dev(dir), None) => sockets(&dir).map(Asked::Sockets),
    }
}

/// The only context that there is, for whoever names a node and no context.
fn only() -> Result<Admittance, Problem> {
    let mut all = all()?;
    let only = all.pop().filter(|_| all.is_empty());
    only.map(|(_, admittance)| admittance).ok_or_else(|| {
        let problem = Problem::new(
            Code::Usage,
            "it is not said to which cluster the node belongs",
        );
        match all.is_empty() {
            true => problem
                .why("a node answers over the network whom its cluster has admitted")
                .hint("gary context add NAME TOKEN, with a token of gary token create --client"),
            false => problem.hint("--context with one of gary context list"),
        }
    })
}

/// The sockets of the nodes of a `gary dev`.
fn sockets(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let nodes = processes::all(dir);
    if nodes.is_empty() {
        return Err(Problem::new(Code::Unreachable, "no node answers")
            .why(format!("there is no cluster in {} any more", dir.display()))
            .hint(format!("gary dev up, or gary context use {LOCAL}")));
    }
    Ok(nodes.iter().map(Process::socket).collect())
}

/// Where this machine's node keeps its state.
pub(super) fn node_dir() -> Result<PathBuf, Problem> {
    Ok(places::state()?.join("node"))
}

/// The node of this name, of those that can be asked from here.
pub(super) async fn client_of(name: &str) -> Result<Client, Problem> {
    let Asked::Sockets(sockets) = asked()? else {
        let what = format!("{name} is not asked over the network");
        return Err(Problem::new(Code::Refused, what)
            .why("what a node does is its operator's to say, on its own machine")
            .hint("--context local, on the machine of that node"));
    };
    let mut others = Vec::new();
    // A node of `gary dev` has a directory of its name.
    let is_its = |socket: &PathBuf| socket.parent().is_some_and(|dir| dir.ends_with(name));
    let is_dev = sockets.len() > 1 && sockets.iter().any(is_its);
    for socket in sockets {
        let client = Client::at(&socket);
        let asked = tokio::time::timeout(ANSWERS_WITHIN, client.node()).await;
        match asked {
            Ok(Ok(node)) if node.name == name => return Ok(client),
            Ok(Ok(node)) => others.push(node.name),
            Ok(Err(_)) | Err(_) => {}
        }
    }
    if is_dev {
        let what = format!("{name} does not answer");
        return Err(Problem::new(Code::Unreachable, what)
            .hint(format!("gary dev start {name}, or gary dev resume {name}")));
    }
    let what = format!("no node called {name} answers here");
    let problem = Problem::new(Code::NotFound, what);
    Err(match others.is_empty() {
        true => problem.hint("start one: gary dev up, or gary node run"),
        false => problem
            .why(format!("there are {}", others.join(", ")))
            .hint("what a node does is its operator's to say: ask on its own machine"),
    })
}

/// All nodes that answer, and how many do not.
pub(super) async fn clients() -> Result<(Vec<Client>, usize), Problem> {
    let asked = match asked()? {
        Asked::Sockets(sockets) => {
            let asked = sockets.iter().map(|socket| at_socket(socket));
            join_all(asked).await
        }
        Asked::Network(admittance) => {
            let person = person()?;
            let addresses = admittance.addresses.iter();
            let asked = addresses.map(|at| Client::connect(&person, &admittance, *at));
            join_all(asked).await
        }
    };
    let (mut clients, mut silent, mut last) = (Vec::new(), 0, None);
    for answer in asked {
        match answer {
            Ok(client) => clients.push(client),
            Err(error) => (silent, last) = (silent + 1, Some(error)),
        }
    }
    match clients.is_empty() {
        true => Err(nobody(last)),
        false => Ok((clients, silent)),
    }
}

/// Tells of how many nodes nothing is known, of all that are asked.
pub(super) fn tell_silent(silent: usize, asked: usize, what: &str) {
    if silent > 0 {
        eprintln!("note: {silent} of {asked} nodes do not answer, and {what} is not known");
    }
}

/// The node at a socket, if it answers.
async fn at_socket(socket: &Path) -> Result<Client, AskError> {
    let client = Client::at(socket);
    let asked = tokio::time::timeout(ANSWERS_WITHIN, client.node()).await;
    asked.unwrap_or(Err(AskError::Silent)).map(|_| client)
}

fn nobody(last: Option<AskError>) -> Problem {
    last.map_or_else(
        || Problem::new(Code::Unreachable, "there is no node to ask"),
        super::asked,
    )
}

/// The first node that answers.
pub(super) async fn client() -> Result<Client, Problem> {
    let mut last = None;
    match asked()? {
        Asked::Sockets(sockets) => {
            for socket in sockets {
                match at_socket(&socket).await {
                    Ok(client) => return Ok(client),
                    // Another may be up.
                    Err(error) => last = Some(error),
                }
            }
        }
        Asked::Network(admittance) => {
            let person = person()?;
            for address in &admittance.addresses {
                match Client::connect(&person, &admittance, *address).await {
                    Ok(client) => return Ok(client),
                    Err(error) => last = Some(error),
                }
            }
        }
    }
    Err(nobody(last))
}
