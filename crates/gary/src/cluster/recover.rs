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

/// The keeper that knows the latest of a name, of the nodes that answer, and what may be lost by its knowledge. Of how many
/// nodes nothing is known is told first.
async fn assess(name: &str) -> Result<(Client, RecoveryShown), Problem> {
    let (clients, silent) = context::clients().await?;
    let asked = clients.len() + silent;
    let assessed = clients.into_iter().map(async |client| {
        let assessed = client.assess_recovery(name).await;
        // Who says no is named, so that somebody can see to it.
        let node = match &assessed {
            Err(DeployError::Ask(AskError::Refused { .. })) => client.node().await.ok(),
            _ => None,
        };
        let node = node.map_or_else(|| "a node".to_owned(), |its| its.name);
        (client, node, assessed)
    });
    let known = Known::of(name, silent, join_all(assessed).await)?;
    for (node, why) in &known.refused {
        eprintln!("note: {node} does not say what it knows of {name}: {why}");
    }
    context::tell_silent(known.silent, asked, "what they know of it");
    known.best.ok_or_else(|| match known.last {
        Some(error) => not_recovered(name, error),
        None => {
            let what = format!("no node that is asked keeps {name}");
            Problem::new(Code::NotFound, what)
                .why("only a node that keeps a name can begin it again")
                .hint("--node with another one; where none is left, deploy it anew")
        }
    })
}

/// What the nodes that are asked know of a name.
struct Known<C> {
    /// Who knows the latest, and what may be lost by that.
    best: Option<(C, RecoveryShown)>,
    /// Who does not say what it knows, and why.
    refused: Vec<(String, String)>,
    /// How many do not answer.
    silent: usize,
    /// Why the last of these has told nothing.
    last: Option<DeployError>,
}

impl<C> Known<C> {
    /// By what each node answers. Where one of them sees a majority, or knows the name to be deleted, nobody is asked to go
    /// on: what another knows is earlier than that, unless the name was deployed anew.
    fn of(
        name: &str,
        silent: usize,
        answers: impl IntoIterator<Item = (C, String, Result<RecoveryShown, DeployError>)>,
    ) -> Result<Self, Problem> {
        let mut known = Self {
            best: None,
            refused: Vec::new(),
            silent,
            last: None,
        };
        for (client, node, answer) in answers {
            match answer {
                Ok(shown) => {
                    let is_later = |its: &RecoveryShown| its.generation < shown.generation;
                    if known.best.as_ref().is_none_or(|(_, its)| is_later(its)) {
                        known.best = Some((client, shown));
                    }
                }
                Err(DeployError::Ask(AskError::Refused { status: 404, .. })) => {}
                Err(
                    error @ DeployError::Ask(AskError::Refused {
                        status: 409 | 410, ..
                    }),
                ) => return Err(not_recovered(name, error)),
                Err(error) => {
                    match &error {
                        DeployError::Ask(AskError::Refused { why, .. }) => {
                            known.refused.push((node, why.clone()));
                        }
                        _ => known.silent += 1,
                    }
                    known.last = Some(error);
                }
            }
        }
        Ok(known)
    }
}

fn not_recovered(name: &str, error: DeployError) -> Problem {
    match error {
        DeployError::Ask(AskError::Refused { status: 409, why }) => {
            let what = format!("{name} is not recovered");
            Problem::new(Code::Conflict, what).why(why)
        }
        DeployError::Ask(AskError::Refused { status: 410, why }) => {
            let what = format!("{name} is not recovered");
            Problem::new(Code::NotFound, what).why(why).hint(
                "gary deploy; or, if it was deployed anew since, --node with a node that keeps that",
            )
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(status: u16) -> Result<RecoveryShown, DeployError> {
        let why = format!("by {status}");
        Err(DeployError::Ask(AskError::Refused { status, why }))
    }

    fn knows(generation: u64) -> Result<RecoveryShown, DeployError> {
        Ok(RecoveryShown {
            name: "hello".into(),
            node: format!("n{generation}"),
            workload: String::new(),
            generation,
            undecided: false,
            keepers: Vec::new(),
            missing: Vec::new(),
            next: generation + 1,
            intent: String::new(),
            assessment: String::new(),
        })
    }

    fn known<const COUNT: usize>(
        answers: [Result<RecoveryShown, DeployError>; COUNT],
    ) -> Result<Known<()>, Problem> {
        let answers = answers.into_iter().enumerate();
        Known::of(
            "hello",
            1,
            answers.map(|(index, its)| ((), format!("n{index}"), its)),
        )
    }

    #[test]
    fn who_knows_the_latest_recovers_it_and_who_does_not_say_is_counted_or_named() {
        let answers = [
            knows(3),
            refuses(404),
            knows(7),
            refuses(503),
            Err(DeployError::Ask(AskError::Silent)),
            knows(5),
        ];
        let known = known(answers).unwrap_or_else(|_| panic!("nobody knows better"));
        let (_, best) = known.best.expect("three know it");
        assert_eq!(best.generation, 7);
        assert_eq!(known.refused, [("n3".to_owned(), "by 503".to_owned())]);
        assert_eq!(known.silent, 2);
    }

    #[test]
    fn where_one_sees_a_majority_or_knows_it_deleted_nothing_is_recovered() {
        for (status, code) in [(409, Code::Conflict), (410, Code::NotFound)] {
            let Err(problem) = known([knows(3), refuses(status), knows(7)]) else {
                panic!("one knows better");
            };
            assert_eq!(problem.code as u8, code as u8);
        }
    }
}
