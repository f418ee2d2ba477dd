//! `gary token`: invites nodes and people.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gary_node::api::ThisNode;
use gary_node::cluster::{Role, RootKey, Token};

use super::typed::{TokenArgs, TokenCommand, TokenCreateArgs, TokenRevokeArgs};
use super::{context, waiting};
use crate::console;
use crate::places;
use crate::problem::{self, Code, Problem};

pub(crate) fn main(typed: TokenArgs) -> u8 {
    problem::code_of(match typed.command {
        TokenCommand::Create(typed) => create(&typed),
        TokenCommand::Revoke(typed) => revoke(&typed),
    })
}

fn create(typed: &TokenCreateArgs) -> Result<(), Problem> {
    let (file, root) = root_of(typed.root.as_ref())?;
    let node = waiting(async {
        let client = context::client().await?;
        client.node().await.map_err(super::asked)
    })?;
    is_of(&root, &file, &node)?;
    let address: Option<SocketAddr> = node.address.parse().ok();
    let role = match (typed.client, typed.read_only) {
        (false, _) => Role::Member,
        (true, false) => Role::Client,
        (true, true) => Role::Reader,
    };
    let token = invite(&root, role, address, typed.expires.duration())?;
    console::out(&format!("{token}\n"))
}

/// Revokes a key. Whoever is a member now stays one, though that key may have let them in.
fn revoke(typed: &TokenRevokeArgs) -> Result<(), Problem> {
    let (file, root) = root_of(typed.root.as_ref())?;
    waiting(async {
        let client = context::client().await?;
        let node = client.node().await.map_err(super::asked)?;
        is_of(&root, &file, &node)?;
        let nodes = client.nodes().await.map_err(super::asked)?;
        let named = Vec::from_iter(nodes.iter().filter(|its| its.name == typed.of));
        let of = match named.as_slice() {
            [] => &typed.of,
            [node] => &node.id,
            _ => {
                let what = format!("{} nodes are called {}", named.len(), typed.of);
                return Err(Problem::new(Code::Conflict, what).hint("say which by its id"));
            }
        };
        let agent = of.parse().map_err(|_| {
            let what = format!("no node is called {}", typed.of);
            Problem::new(Code::NotFound, what)
                .why("nor is it the id of a key, which has 64 hexadecimal digits")
                .hint("gary nodes --json")
        })?;
        let before = client.revocations().await.map_err(super::asked)?;
        let members = nodes.iter().filter_map(|its| its.id.parse().ok());
        let list = root.revoke(before.as_ref(), agent, members);
        let list = list.map_err(|error| Problem::new(Code::Failure, error.to_string()))?;
        client.revoke(&list).await.map_err(super::asked)?;
        console::out(&format!("revoked {of}\n"))
    })
}

fn root_of(typed: Option<&PathBuf>) -> Result<(PathBuf, RootKey), Problem> {
    let file = match typed {
        Some(file) => file.clone(),
        None => places::config()?.join("root.key"),
    };
    let root = read_root(&file)?;
    Ok((file, root))
}

/// Whether a root key is that of the cluster that is asked.
fn is_of(root: &RootKey, file: &Path, node: &ThisNode) -> Result<(), Problem> {
    if node.cluster == root.cluster().to_string() {
        return Ok(());
    }
    Err(
        Problem::new(Code::BadInput, "the root key is of another cluster")
            .why(format!("{} is of {}", file.display(), root.cluster()))
            .why(format!("the node {} is of {}", node.name, node.cluster))
            .hint("--root with the root key of that cluster"),
    )
}

/// A token by which nodes or people are let in, by way of the node at this address.
pub(super) fn invite(
    root: &RootKey,
    role: Role,
    address: Option<SocketAddr>,
    within: Duration,
) -> Result<Token, Problem> {
    gary_node::invite(root, role, within, address)
        .map_err(|error| Problem::new(Code::Failure, "cannot make a token").why(error))
}

pub(super) fn read_root(file: &Path) -> Result<RootKey, Problem> {
    let text = fs::read_to_string(file).map_err(|error| {
        let code = match error.kind() {
            ErrorKind::NotFound => Code::NotFound,
            _ => Code::Failure,
        };
        Problem::new(code, "cannot read the root key")
            .why(format!("{}: {error}", file.display()))
            .hint("--root with the file that gary node init wrote")
    })?;
    RootKey::from_text(&text).map_err(|error| {
        Problem::new(
            Code::BadInput,
            format!("{} holds no root key", file.display()),
        )
        .why(error)
    })
}
