//! Which node is asked: the first that answers of those that the context names.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gary_node::client::Client;
use gary_node::{SOCKET, client::AskError};

use crate::places;
use crate::problem::{Code, Problem};

/// How long a node has to say that it is there, before the next is asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Where it is said, in the configuration directory: the sockets to try, one a line.
const FILE: &str = "context";

/// Asks these from now on.
pub(super) fn select(sockets: &[PathBuf]) -> Result<(), Problem> {
    let dir = places::config()?;
    let lines = sockets.iter().map(|its| its.display().to_string());
    let text = Vec::from_iter(lines).join("\n");
    let written = fs::create_dir_all(&dir).and_then(|()| fs::write(dir.join(FILE), text));
    written.map_err(|error| {
        Problem::new(Code::Failure, "cannot remember which nodes to ask")
            .why(format!("{}: {error}", dir.join(FILE).display()))
    })
}

/// Asks nobody in particular any more, if it was these.
pub(super) fn deselect(below: &Path) -> Result<(), Problem> {
    let file = places::config()?.join(FILE);
    let is_theirs = sockets()?.iter().any(|its| its.starts_with(below));
    if is_theirs && let Err(error) = fs::remove_file(&file) {
        return Err(
            Problem::new(Code::Failure, "cannot forget which nodes to ask")
                .why(format!("{}: {error}", file.display())),
        );
    }
    Ok(())
}

/// The sockets to try: those of the context, or that of this machine's node.
fn sockets() -> Result<Vec<PathBuf>, Problem> {
    let named = fs::read_to_string(places::config()?.join(FILE)).unwrap_or_default();
    let mut named: Vec<PathBuf> = named.lines().map(PathBuf::from).collect();
    // Who says where state is kept means the nodes that keep theirs there.
    if places::is_state_typed() {
        let state = places::state()?;
        named.retain(|its| its.starts_with(&state));
    }
    match named.is_empty() {
        true => Ok(vec![node_dir()?.join(SOCKET)]),
        false => Ok(named),
    }
}

/// Where this machine's node keeps its state.
pub(super) fn node_dir() -> Result<PathBuf, Problem> {
    Ok(places::state()?.join("node"))
}

/// The node of this name, of those that can be asked from here.
pub(super) async fn client_of(name: &str) -> Result<Client, Problem> {
    let mut others = Vec::new();
    for socket in sockets()? {
        let client = Client::at(&socket);
        let asked = tokio::time::timeout(ANSWERS_WITHIN, client.node()).await;
        match asked {
            Ok(Ok(node)) if node.name == name => return Ok(client),
            Ok(Ok(node)) => others.push(node.name),
            Ok(Err(_)) | Err(_) => {}
        }
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

/// The first node that answers.
pub(super) async fn client() -> Result<Client, Problem> {
    let mut last = None;
    for socket in sockets()? {
        let client = Client::at(&socket);
        let asked = tokio::time::timeout(ANSWERS_WITHIN, client.node()).await;
        match asked.unwrap_or(Err(AskError::Silent)) {
            Ok(_) => return Ok(client),
            // Another may be up.
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(
        || Problem::new(Code::Unreachable, "there is no node to ask"),
        super::asked,
    ))
}
