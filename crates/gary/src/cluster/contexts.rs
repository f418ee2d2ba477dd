//! `gary context`: which cluster is asked, over the network or here.

use gary_node::client::{Admittance, Client, Person};

use super::chosen::{self, Context};
use super::node::{not_started, read_token};
use super::table::Table;
use super::typed::{ContextArgs, ContextCommand};
use super::{context, not_deployed, processes, waiting};
use crate::console;
use crate::places;
use crate::problem::{self, Problem};

/// The most nodes that a context remembers besides that of its token.
const ADDRESSES_MAX: usize = 15;

pub(crate) fn main(typed: ContextArgs) -> u8 {
    problem::code_of(match typed.command {
        ContextCommand::Add { name, token } => add(&name, &token),
        ContextCommand::Use { name } => {
            context::of(&name).and_then(|its| chosen::choose(its).map(|_| ()))
        }
        ContextCommand::List => list(),
        ContextCommand::Rm { name } => context::remove(&name),
    })
}

/// Has the person admitted by a token, and asks the nodes of its cluster from then on.
fn add(name: &str, token: &str) -> Result<(), Problem> {
    context::check_free(name)?;
    let token = read_token(token)?;
    let person = Person::of(&places::config()?).map_err(|error| not_deployed(error.into()))?;
    let admittance = waiting(async {
        let admitted = Admittance::by(&person, &token).await;
        let admitted = admitted.map_err(|error| not_started(&error))?;
        Ok(with_others(&person, admitted).await)
    })?;
    context::keep(name, &admittance)?;
    let before = chosen::choose(Context::Network(name.to_owned()))?;
    let back = before.unwrap_or(Context::Local);
    eprintln!("note: {name} is asked from now on; gary context use {back} goes back");
    Ok(())
}

/// The same, with the other nodes that are there now: one of them answers when that of the token does not.
async fn with_others(person: &Person, mut admittance: Admittance) -> Admittance {
    let Some(first) = admittance.addresses.first().copied() else {
        return admittance;
    };
    let Ok(client) = Client::connect(person, &admittance, first).await else {
        return admittance;
    };
    let nodes = client.nodes().await.unwrap_or_default();
    let others = nodes.iter().filter_map(|its| its.address.parse().ok());
    let known = admittance.addresses.clone();
    let others = others.filter(|its| !known.contains(its));
    admittance.addresses.extend(others.take(ADDRESSES_MAX));
    admittance
}

fn list() -> Result<(), Problem> {
    let asked = chosen::chosen()?;
    let mut table = Table::new(["NAME", "NODES", ""]);
    let mut row = |context: Context, nodes: String| {
        let mark = if context == asked { "asked" } else { "" };
        table.row([context.to_string(), nodes, mark.to_owned()]);
    };
    row(Context::Local, "of this machine".to_owned());
    if let Some(dev) = context::dev()? {
        let nodes = match &dev {
            Context::Dev(dir) => processes::all(dir),
            Context::Local | Context::Network(_) => Vec::new(),
        };
        let names = Vec::from_iter(nodes.into_iter().map(|its| its.name));
        row(dev, names.join(", "));
    }
    for (name, admittance) in context::all()? {
        let addresses = admittance.addresses.iter().map(ToString::to_string);
        row(Context::Network(name), Vec::from_iter(addresses).join(", "));
    }
    console::out(&table.text())
}
