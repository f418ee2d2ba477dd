//! `gary context`: the clusters that are asked over the network.

use gary_node::client::{Admittance, Client, Person};

use super::node::{not_started, read_token};
use super::table::Table;
use super::typed::{ContextArgs, ContextCommand};
use super::{context, not_deployed, waiting};
use crate::console;
use crate::places;
use crate::problem::{self, Problem};

/// The most nodes that a context remembers besides that of its token.
const ADDRESSES_MAX: usize = 15;

pub(crate) fn main(typed: ContextArgs) -> u8 {
    problem::code_of(match typed.command {
        ContextCommand::Add { name, token } => add(&name, &token),
        ContextCommand::Use { name } => context::select_context(&name),
        ContextCommand::List => list(),
        ContextCommand::Rm { name } => context::remove(&name),
    })
}

/// Has the person admitted by a token, and asks the nodes of its cluster from then on.
fn add(name: &str, token: &str) -> Result<(), Problem> {
    let token = read_token(token)?;
    let person = Person::of(&places::config()?).map_err(|error| not_deployed(error.into()))?;
    let admittance = waiting(async {
        let admitted = Admittance::by(&person, &token).await;
        let admitted = admitted.map_err(|error| not_started(&error))?;
        Ok(with_others(&person, admitted).await)
    })?;
    context::keep(name, &admittance)?;
    context::select_context(name)?;
    eprintln!(
        "note: {name} is asked from now on; gary context use {} goes back",
        context::LOCAL
    );
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
    let selected = context::selected()?;
    let mut table = Table::new(["NAME", "NODES", ""]);
    let mark = |is: bool| if is { "asked" } else { "" }.to_owned();
    table.row([
        context::LOCAL.to_owned(),
        "of this machine".to_owned(),
        mark(selected.is_none()),
    ]);
    for (name, admittance) in context::all()? {
        let addresses = admittance.addresses.iter().map(ToString::to_string);
        let is_asked = selected.as_ref() == Some(&name);
        table.row([name, Vec::from_iter(addresses).join(", "), mark(is_asked)]);
    }
    console::out(&table.text())
}
