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
        let workload = client.workload(&typed.name).await.map_err(asked)?;
        if let Some(replica) = typed.replica
            && replica >= workload.replicas
        {
            let what = format!("{} has no replica {replica}", typed.name);
            return Err(Problem::new(Code::NotFound, what)
                .why(format!("it has {}, counted from 0", workload.replicas)));
        }
        let mut told = Ok(());
        // While it is followed a later one may come.
        let mut latest = workload.generation;
        let heard = client.logs(&typed.name, wanted, |line| {
            latest = latest.max(line.generation.unwrap_or_default());
            told = match typed.json {
                true => line_of_json(&line),
                false => console::out(&shown(&line, latest, typed.timestamps)),
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

/// A line for people. Of another generation than the latest it says so, while that is replaced or after.
fn shown(line: &LogLine, latest: u64, with_time: bool) -> String {
    let at = match with_time {
        true => format!("{} ", time(line.at_ms)),
        false => String::new(),
    };
    let mark = match line.stream {
        LogStream::Gary => '*',
        LogStream::Stdout | LogStream::Stderr | LogStream::Log => '|',
    };
    let text = console::on_one_line(&line.text);
    let generation = match line.generation {
        Some(earlier) if earlier != latest => format!(".g{earlier}"),
        _ => String::new(),
    };
    format!(
        "{at}{}/{}{generation} {mark} {text}\n",
        line.node, line.replica
    )
}

fn line_of_json(line: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string(line);
    let text = text.map_err(|error| Problem::new(Code::Failure, error.to_string()))?;
    console::out(&format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_another_generation_than_the_latest_says_so() {
        let line = |generation| LogLine {
            at_ms: 0,
            node: "n1".into(),
            replica: 0,
            generation,
            run: 0,
            stream: LogStream::Stdout,
            text: "hello".into(),
        };
        assert_eq!(shown(&line(Some(1)), 2, false), "n1/0.g1 | hello\n");
        assert_eq!(shown(&line(Some(2)), 2, false), "n1/0 | hello\n");
        // Nobody has written down of which it is.
        assert_eq!(shown(&line(None), 2, false), "n1/0 | hello\n");
    }
}
