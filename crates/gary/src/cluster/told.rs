//! `gary logs` and `gary events`: what is told line by line.

use std::time::{SystemTime, UNIX_EPOCH};

use gary_node::api::{EventShown, LogLine, LogStream};
use gary_node::client::LogsWanted;
use serde::Serialize;

use super::table::time;
use super::typed::{EventsArgs, LogsArgs};
use super::{asked, context, waiting};
use crate::console;
use crate::problem::{self, Code, Problem};

pub(crate) fn logs(typed: &LogsArgs) -> u8 {
    let since = typed
        .since
        .map(|period| SystemTime::now() - period.duration());
    let since = since.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let wanted = LogsWanted {
        follow: typed.follow,
        since_ms: since.map_or(0, |at| u64::try_from(at.as_millis()).unwrap_or(u64::MAX)),
        replica: typed.replica,
        previous: typed.previous,
    };
    problem::code_of(waiting(async {
        let client = context::client().await?;
        if let Some(replica) = typed.replica {
            let workload = client.workload(&typed.name).await.map_err(asked)?;
            if replica >= workload.replicas {
                let what = format!("{} has no replica {replica}", typed.name);
                return Err(Problem::new(Code::NotFound, what)
                    .why(format!("it has {}, counted from 0", workload.replicas)));
            }
        }
        let mut told = Ok(());
        let heard = client.logs(&typed.name, wanted, |line| {
            told = match typed.json {
                true => line_of_json(&line),
                false => console::out(&shown(&line, typed.timestamps)),
            };
            told.is_ok()
        });
        heard.await.map_err(asked)?;
        told
    }))
}

pub(crate) fn events(typed: &EventsArgs) -> u8 {
    problem::code_of(waiting(async {
        let client = context::client().await?;
        let mut told = Ok(());
        let heard = client.events(typed.follow, |event: EventShown| {
            let text = || {
                let (at, of) = (time(event.at_ms), console::on_one_line(&event.of));
                format!(
                    "{at} {} {of}: {}\n",
                    event.node,
                    console::on_one_line(&event.what)
                )
            };
            told = match typed.json {
                true => line_of_json(&event),
                false => console::out(&text()),
            };
            told.is_ok()
        });
        heard.await.map_err(asked)?;
        told
    }))
}

fn shown(line: &LogLine, with_time: bool) -> String {
    let at = match with_time {
        true => format!("{} ", time(line.at_ms)),
        false => String::new(),
    };
    let mark = match line.stream {
        LogStream::Gary => '*',
        LogStream::Stdout | LogStream::Stderr | LogStream::Log => '|',
    };
    let text = console::on_one_line(&line.text);
    format!("{at}{}/{} {mark} {text}\n", line.node, line.replica)
}

fn line_of_json(line: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string(line);
    let text = text.map_err(|error| Problem::new(Code::Failure, error.to_string()))?;
    console::out(&format!("{text}\n"))
}
