//! Runs to completion, written down for people.

use gary_promise::{AgentId, Completion, PromiseId, Run, RunKey, RunWord, Running, Runs, Tick};

use crate::checker::Book;

/// What the host of something that runs to completion and its keeper say to one another.
pub(crate) fn running(from: AgentId, running: &Running, book: &Book) -> String {
    let of = format!(
        "{} of {}",
        which(&running.key),
        book.names.of_workload(&running.workload)
    );
    let offer = |promiser| {
        let version = running.offer;
        book.names.of_promise(&PromiseId { promiser, version })
    };
    match &running.word {
        RunWord::Claims => format!("claims {of} by {}", offer(from)),
        RunWord::Ends(completion) => format!("says that {of} {}", how(completion)),
        RunWord::Stands(key, its) => {
            let which = format!(
                "{} of {}",
                which(key),
                book.names.of_workload(&running.workload)
            );
            format!("says of {which}: {}", run(its, book))
        }
        RunWord::Kept(None) => format!("keeps nothing of {of}"),
        RunWord::Kept(Some((_, its))) => format!("keeps of {of}: {}", run(its, book)),
    }
}

/// What a register holds of runs, if anything.
pub(crate) fn runs(runs: &Runs, book: &Book) -> Option<String> {
    let (key, latest) = runs.latest()?;
    let ended = runs.iter().filter(|(_, run)| run.ended.is_some()).count();
    let all = match key.tick {
        Tick::ONLY => {
            let each = runs
                .iter()
                .map(|(key, its)| format!("{} {}", which(key), run(its, book)));
            each.collect::<Vec<_>>().join(", ")
        }
        _ => format!("{} {}, {ended} ended", which(key), run(latest, book)),
    };
    let left_out = match (runs.missed, runs.skipped) {
        (0, 0) => String::new(),
        (missed, skipped) => format!(", {missed} missed, {skipped} skipped"),
    };
    Some(all + &left_out)
}

/// Which run it is, of its workload.
pub(crate) fn which(key: &RunKey) -> String {
    match key.tick {
        Tick::ONLY => format!("run {}", key.slot),
        tick => format!("tick {tick}"),
    }
}

fn run(run: &Run, book: &Book) -> String {
    let by = book.names.of_promise(&run.by.offer);
    let attempt = match run.attempt {
        1 => String::new(),
        number => format!(", attempt {number}"),
    };
    match &run.ended {
        None => format!("is begun by {by}{attempt}"),
        Some(completion) => format!("{} by {by}{attempt}", how(completion)),
    }
}

/// How a run ended.
fn how(completion: &Completion) -> String {
    match &completion.note {
        None => completion.outcome.to_string(),
        Some(note) => format!("{} ({note})", completion.outcome),
    }
}
