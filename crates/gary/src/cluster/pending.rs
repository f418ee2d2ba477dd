//! `gary pending`: what is left with nodes until its keepers can be reached, and what was refused since.

use gary_node::api::{PendingShown, SettlementWord};
use gary_node::client::{Client, DeployError};

use super::deploy::person;
use super::list::show;
use super::table::{Table, ago};
use super::typed::{PendingArgs, PendingCommand};
use super::{context, not_deployed, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};

pub(crate) fn main(typed: &PendingArgs) -> u8 {
    problem::code_of(waiting(async {
        match &typed.command {
            None => list(typed).await,
            Some(PendingCommand::Withdraw(typed)) => withdraw(&typed.name).await,
            Some(PendingCommand::Dismiss(typed)) => dismiss(&typed.name).await,
        }
    }))
}

async fn list(typed: &PendingArgs) -> Result<(), Problem> {
    let all = Vec::from_iter(all().await?.into_iter().map(|(_, its)| its));
    show(&all, &typed.list, table)
}

/// Takes back all of a name that is pending and this person's, the latest first: what was made from another is refused with
/// that. What is somebody else's is theirs to take back.
async fn withdraw(name: &str) -> Result<(), Problem> {
    let pending = named(name, |its| its.verdict == SettlementWord::Pending).await?;
    if pending.is_empty() {
        let what = format!("nothing is pending under the name {name}");
        return Err(Problem::new(Code::NotFound, what).hint("gary pending"));
    }
    let person = person()?;
    let mut others = Vec::new();
    for (client, its) in pending.iter().rev() {
        match client.withdraw(&person, its).await {
            Ok(()) => console::out(&format!("withdrawn {name} gen {}\n", its.generation))?,
            Err(error @ DeployError::NotTheirs { .. }) => others.push(error),
            Err(error) => return Err(not_deployed(error)),
        }
    }
    if others.len() < pending.len() {
        eprintln!("note: it may still be committed if a keeper has voted for it");
    }
    let mut others = others.into_iter();
    match others.next() {
        None => Ok(()),
        Some(first) => Err(others.fold(not_deployed(first), Problem::why)),
    }
}

/// Has all of a name that was refused be shown no more.
async fn dismiss(name: &str) -> Result<(), Problem> {
    let refused = named(name, |its| its.verdict != SettlementWord::Pending).await?;
    if refused.is_empty() {
        let what = format!("nothing was refused under the name {name}");
        return Err(Problem::new(Code::NotFound, what)
            .why("what is pending is withdrawn, by who has signed it")
            .hint("gary pending"));
    }
    for (client, its) in &refused {
        client.dismiss(its).await.map_err(not_deployed)?;
        console::out(&format!("dismissed {name} gen {}\n", its.generation))?;
    }
    Ok(())
}

async fn named(
    name: &str,
    is: impl Fn(&PendingShown) -> bool,
) -> Result<Vec<(Client, PendingShown)>, Problem> {
    let mut all = all().await?;
    all.retain(|(_, its)| its.name == name && is(its));
    Ok(all)
}

/// All that is left with the nodes that answer, each with its node, by name and generation.
async fn all() -> Result<Vec<(Client, PendingShown)>, Problem> {
    let (clients, mut silent) = context::clients().await?;
    let asked = clients.len() + silent;
    let mut all = Vec::new();
    for client in clients {
        match client.pending().await {
            Ok(left) => all.extend(left.into_iter().map(|its| (client.clone(), its))),
            Err(_) => silent += 1,
        }
    }
    context::tell_silent(silent, asked, "what is left with them");
    let place = |its: &PendingShown| (its.name.clone(), its.generation, its.node.clone());
    all.sort_by_key(|(_, its)| place(its));
    Ok(all)
}

fn table(all: &[PendingShown]) -> String {
    let mut table = Table::new(["NAME", "GEN", "NODE", "SINCE", "STATE"]);
    for its in all {
        let state = match its.verdict {
            SettlementWord::Pending => "pending".to_owned(),
            _ => format!("refused: {}", its.detail),
        };
        // How long a node was down is not counted.
        let since = its.since_ms.map(ago);
        table.row([
            its.name.clone(),
            its.generation.to_string(),
            its.node.clone(),
            since.unwrap_or_else(|| "before its start".to_owned()),
            state,
        ]);
    }
    table.text()
}
