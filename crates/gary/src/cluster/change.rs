//! `gary scale`, `stop`, `rm`, `restart` and `rollback`: what stands is changed.

use gary_node::client::{Client, Person, Standing};

use super::deploy::{person, tell, tell_as};
use super::typed::RollbackArgs;
use super::{asked, context, not_deployed, waiting};
use crate::problem::{self, Code, Problem};

/// Has another number of replicas of what stands; none deletes it.
pub(crate) fn scale(name: &str, replicas: u32) -> u8 {
    change(name, async |client, person, standing| {
        if standing.replicas() == replicas && !standing.is_stopped() {
            eprintln!("note: {name} has {replicas} replicas already");
            return Ok(());
        }
        let scaled = client.scale(&person, &standing, replicas).await;
        let scaled = scaled.map_err(not_deployed)?;
        match replicas {
            0 => tell_as("deleted", name, &scaled),
            _ => tell(name, &scaled),
        }
    })
}

pub(crate) fn stop(name: &str) -> u8 {
    change(name, async |client, person, standing| {
        if standing.is_stopped() {
            eprintln!("note: {name} is stopped already");
            return Ok(());
        }
        let stopped = client.stop_workload(&person, &standing).await;
        tell(name, &stopped.map_err(not_deployed)?)
    })
}

pub(crate) fn restart(name: &str) -> u8 {
    change(name, async |client, person, standing| {
        let renewed = client.renew(&person, &standing).await;
        tell(name, &renewed.map_err(not_deployed)?)
    })
}

pub(crate) fn roll_back(typed: &RollbackArgs) -> u8 {
    let name = &typed.name;
    change(name, async |client, person, standing| {
        let now = standing.generation();
        let to = match typed.generation {
            Some(to) => to,
            None => last_other(&client, &standing).await?,
        };
        if to == now {
            eprintln!("note: {name} is at generation {to} already");
            return Ok(());
        }
        if to == 0 {
            let what = format!("there is nothing to go back to from generation {now} of {name}");
            return Err(Problem::new(Code::NotFound, what).hint(format!("gary history {name}")));
        }
        let earlier = client.earlier(&standing, to).await.map_err(not_deployed)?;
        let earlier = earlier.ok_or_else(|| {
            let what = format!("no keeper of {name} remembers generation {to}");
            Problem::new(Code::NotFound, what).hint(format!("gary history {name}"))
        })?;
        // A new generation would have all replicas made anew, for nothing.
        if standing.says_the_same(&earlier) {
            eprintln!("note: {name} says already what it said at generation {to}");
            return Ok(());
        }
        let gone_back = client.go_back(&person, &standing, earlier).await;
        tell(name, &gone_back.map_err(not_deployed)?)?;
        if typed.generation.is_none() {
            eprintln!("note: it says what generation {to} said");
        }
        Ok(())
    })
}

/// The last generation that said something else than what stands, and was not stopped; 0 where none is remembered.
async fn last_other(client: &Client, standing: &Standing) -> Result<u64, Problem> {
    let history = client.history(standing.name()).await.map_err(asked)?;
    let mut earlier = Vec::from_iter(history.iter().map(|its| its.generation));
    earlier.retain(|generation| *generation < standing.generation());
    earlier.sort_unstable();
    for generation in earlier.into_iter().rev() {
        let its = client.earlier(standing, generation).await;
        if let Some(its) = its.map_err(not_deployed)?
            && !its.is_stopped()
            && !standing.says_the_same(&its)
        {
            return Ok(generation);
        }
    }
    Ok(0)
}

fn change(
    name: &str,
    how: impl AsyncFnOnce(Client, Person, Standing) -> Result<(), Problem>,
) -> u8 {
    problem::code_of(waiting(async {
        let (client, person) = (context::client().await?, person()?);
        let standing = client.standing(name).await.map_err(not_deployed)?;
        let standing = standing.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("no workload is called {name}")).hint("gary ps")
        })?;
        how(client, person, standing).await
    }))
}
