//! Commands that have to do with nodes: they ask one, and know nothing that it does not tell.

pub(crate) mod change;
mod chosen;
pub(crate) mod context;
pub(crate) mod contexts;
pub(crate) mod deploy;
pub(crate) mod dev;
mod install;
pub(crate) mod list;
pub(crate) mod node;
mod node_settings;
mod operate;
pub(crate) mod pending;
mod plan;
mod processes;
pub(crate) mod recover;
mod table;
pub(crate) mod token;
pub(crate) mod told;
pub(crate) mod typed;
pub(crate) mod wait;
pub(crate) mod why;

#[cfg(test)]
pub(crate) use dev::ShownNode;
#[cfg(test)]
pub(crate) use plan::Planned;

use gary_node::client::{AskError, DeployError, StoreError};

use crate::problem::{Code, Problem};

/// What a node does not do, for a person.
pub(crate) fn asked(error: AskError) -> Problem {
    match error {
        AskError::Unreachable { socket, source } => {
            Problem::new(Code::Unreachable, "no node answers")
                .why(format!("{}: {source}", socket.display()))
                .hint("start one: gary dev up, or gary node run")
        }
        AskError::NoAnswer { address, why } => {
            Problem::new(Code::Unreachable, format!("no node answers at {address}"))
                .why(why)
                .hint("--node with another of its nodes, or gary context use local")
        }
        AskError::Refused { status: 404, why } => {
            Problem::new(Code::NotFound, why).hint("gary ps and gary nodes show what there is")
        }
        AskError::Refused { status: 503, why } => {
            Problem::new(Code::Unreachable, why).hint("gary nodes shows who is there")
        }
        AskError::Refused { status: 403, why } => {
            Problem::new(Code::Refused, "the node refuses").why(why)
        }
        AskError::Refused { status: 409, why } => {
            Problem::new(Code::Conflict, "the node refuses").why(why)
        }
        AskError::Silent => Problem::new(Code::TimedOut, error.to_string())
            .hint("gary dev status shows which nodes run; one that is paused does not answer"),
        AskError::Refused { why, .. } => Problem::new(Code::Failure, "the node refuses").why(why),
        error => Problem::new(Code::Failure, error.to_string()),
    }
}

/// What was not deployed, for a person.
pub(crate) fn not_deployed(error: DeployError) -> Problem {
    match error {
        DeployError::Ask(AskError::Refused { status: 503, why }) => {
            Problem::new(Code::NoMajority, "the node does not take it now")
                .why(why)
                .hint("again in a few seconds; gary nodes shows who is there, and --ack local leaves a deploy with the node until a majority is")
        }
        DeployError::Ask(error) => asked(error),
        DeployError::Person(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            Problem::new(Code::Failure, error.to_string()).why(why.unwrap_or_default())
        }
        DeployError::NotTheirs { .. } => Problem::new(Code::Refused, error.to_string())
            .why("who has signed something takes it back, and nobody else does")
            .hint("by the configuration directory that the key is in: GARY_CONFIG_DIR"),
        DeployError::Store(error) => no_store(error),
        error => Problem::new(Code::BadInput, "it cannot be deployed").why(error),
    }
}

/// What has stores, and cannot be so.
fn no_store(error: StoreError) -> Problem {
    let problem = Problem::new(Code::BadInput, "it cannot be deployed").why(&error);
    match error {
        StoreError::Shared { .. } => problem.hint(
            "one replica, or store = \"per-replica\" under [promise] in gary.toml, where each has a store of its own",
        ),
        StoreError::OfRun => problem.hint("remove store from gary.toml: it has one store, on one node"),
        StoreError::Label => problem.hint("require = { node = \"NAME\" } in gary.toml, for a node by its name"),
        StoreError::Elsewhere { .. } => problem.hint(
            "require what that node is, or name another one: require = { node = \"NAME\" } moves it there, and leaves what it has stored behind",
        ),
        StoreError::Nowhere { why } => {
            let whys = why.into_iter();
            let problem = whys.fold(problem, |problem, (node, why)| problem.why(format!("{node}: {why}")));
            problem.hint("ask for less, or require labels that a node has")
        }
    }
}

/// Does something that waits for nodes.
pub(crate) fn waiting<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    crate::run::on_this_thread(work)?
}
