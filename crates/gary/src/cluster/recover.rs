//! `gary recover`: a name is begun again, whose keepers are mostly gone for good.

use std::io::{IsTerminal, stderr, stdin};

use futures::future::join_all;
use gary_node::api::RecoveryShown;
use gary_node::client::{AskError, Client, DeployError};

use super::deploy::{person, tell_as};
use super::typed::RecoverArgs;
use super::{context, not_deployed, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};

pub(crate) fn main(typed: &RecoverArgs) -> u8 {
    problem::code_of(waiting(async {
        let name = &typed.name;
        let (client, shown) = assess(name).await?;
        console::out(&text(&shown))?;
        if !typed.yes {
            confirm(name)?;
        }
        let recovered = client.recover(&person()?, &shown).await;
        let recovered = recovered.map_err(|error| not_recovered(name, error))?;
        tell_as("recovered", name, &recovered)?;
        eprintln!(
            "note: {} keeps it, and others come to keep it too",
            shown.node
        );
        Ok(())
    }))
}

/// The keeper that knows the latest of a name, of the nodes that answer, and what may be lost by its knowledge. Where one
/// of them sees a majority, nobody is asked to go on without.
async fn assess(name: &str) -> Result<(Client, RecoveryShown), Problem> {
    let (clients, _) = context::clients().await?;
    let assessed = clients.iter().map(|client| client.assess_recovery(name));
    let (mut best, mut none): (Option<(Client, RecoveryShown)>, _) = (None, None);
    for (client, answer) in clients.iter().zip(join_all(assessed).await) {
        match answer {
            Ok(shown) => {
                let is_later = |its: &RecoveryShown| its.generation < shown.generation;
                if best.as_ref().is_none_or(|(_, its)| is_later(its)) {
                    best = Some((client.clone(), shown));
                }
            }
            Err(DeployError::Ask(AskError::Refused { status: 404, .. })) => {}
            Err(error) if is_conflict(&error) => return Err(not_recovered(name, error)),
            Err(error) => none = Some(not_recovered(name, error)),
        }
    }
    best.ok_or_else(|| {
        none.unwrap_or_else(|| {
            let what = format!("no node that is asked keeps {name}");
            Problem::new(Code::NotFound, what)
                .why("only a node that keeps a name can begin it again")
                .hint("--node with another one; where none is left, deploy it anew")
        })
    })
}

const fn is_conflict(error: &DeployError) -> bool {
    matches!(
        error,
        DeployError::Ask(AskError::Refused { status: 409, .. })
    )
}

fn not_recovered(name: &str, error: DeployError) -> Problem {
    match error {
        DeployError::Ask(AskError::Refused { status: 409, why }) => {
            let what = format!("{name} is not recovered");
            Problem::new(Code::Conflict, what).why(why)
        }
        DeployError::Ask(AskError::Refused { status: 503, why }) => {
            let what = format!("{name} is not recovered");
            Problem::new(Code::Unreachable, what).why(why)
        }
        error => not_deployed(error),
    }
}

/// What may be lost, for whoever decides.
fn text(shown: &RecoveryShown) -> String {
    let RecoveryShown {
        name,
        node,
        generation,
        keepers,
        missing,
        next,
        ..
    } = shown;
    let (all, gone) = (keepers.len(), missing.len());
    let missing = missing.join(", ");
    let mut text = format!(
        "{name}, as {node} knows it, which is one of the {all} that keep it:\n\
         \x20 {gone} of them are not there: {missing}\n\
         \x20 generation {generation} is the last that {node} knows to be committed: any later one is lost\n"
    );
    if shown.undecided {
        text.push_str(&format!(
            "  {node} has voted for another, and never heard whether it was committed: if it was, it is lost too\n"
        ));
    }
    text.push_str(&format!(
        "  it goes on as generation {next}, which is what generation {generation} was\n\
         \x20 those that are not there are refused from then on: if they are only cut off, what they commit meanwhile is lost\n"
    ));
    text
}

/// Has a person at a terminal say so; nobody else is asked.
fn confirm(name: &str) -> Result<(), Problem> {
    let unconfirmed = |what: &str| {
        let hint = format!("gary recover {name} --yes, if they are gone for good");
        Err(Problem::new(Code::Usage, what).hint(hint))
    };
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return unconfirmed("nobody has confirmed it, and nothing has changed");
    }
    console::err(&format!("type {name} to recover it: "));
    let mut line = String::new();
    let read = stdin().read_line(&mut line);
    match read {
        Ok(_) if line.trim() == name => Ok(()),
        _ => unconfirmed("it was not confirmed, and nothing has changed"),
    }
}
