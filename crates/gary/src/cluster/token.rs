//! `gary token`: invites nodes and people.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use gary_node::cluster::{Role, RootKey, Token};

use super::typed::{TokenArgs, TokenCommand, TokenCreateArgs};
use super::{context, waiting};
use crate::console;
use crate::places;
use crate::problem::{self, Code, Problem};

pub(crate) fn main(typed: TokenArgs) -> u8 {
    let TokenCommand::Create(typed) = typed.command;
    problem::code_of(create(&typed))
}

fn create(typed: &TokenCreateArgs) -> Result<(), Problem> {
    let file = match &typed.root {
        Some(file) => file.clone(),
        None => places::config()?.join("root.key"),
    };
    let root = read_root(&file)?;
    let node = waiting(async {
        let client = context::client().await?;
        client.node().await.map_err(super::asked)
    })?;
    if node.cluster != root.cluster().to_string() {
        return Err(
            Problem::new(Code::BadInput, "the root key is of another cluster")
                .why(format!("{} is of {}", file.display(), root.cluster()))
                .why(format!("the node {} is of {}", node.name, node.cluster))
                .hint("--root with the root key of that cluster"),
        );
    }
    let address: Option<SocketAddr> = node.address.parse().ok();
    let role = match (typed.client, typed.read_only) {
        (false, _) => Role::Member,
        (true, false) => Role::Client,
        (true, true) => Role::Reader,
    };
    let token = invite(&root, role, address, typed.expires.duration())?;
    console::out(&format!("{token}\n"))
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
