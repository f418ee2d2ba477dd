//! What hosts of what runs to completion and its keepers say to one another, at random.

use gary_promise::{
    Completion, Failure, Outcome, RUNS_MAX, Run, RunKey, RunWord, Runner, Running, Runs, Slot,
    Tick, WallTime,
};
use proptest::{collection::vec, option, prelude::*};

use crate::saying::{generations, ids, versions, workloads};

pub(super) fn all_running() -> impl Strategy<Value = Running> {
    let word = prop_oneof![
        Just(RunWord::Claims),
        completions().prop_map(RunWord::Ends),
        (keys(), runs()).prop_map(|(key, run)| RunWord::Stands(key, run)),
        option::of((keys(), runs())).prop_map(RunWord::Kept),
    ];
    let of = (workloads(), generations(), versions(), versions(), keys());
    (of, word).prop_map(
        |((workload, generation, offer, asked, key), word)| Running {
            workload,
            generation,
            offer,
            asked,
            key,
            word,
        },
    )
}

pub(super) fn all_runs() -> impl Strategy<Value = Runs> {
    let some = vec((keys(), runs()), 0..=RUNS_MAX);
    let all = prop_oneof![Just(Vec::new()), some];
    (all, any::<u64>(), any::<u64>())
        .prop_map(|(all, missed, skipped)| Runs::new(all, (missed, skipped)).expect("few enough"))
}

fn keys() -> impl Strategy<Value = RunKey> {
    (any::<u64>(), any::<u32>()).prop_map(|(tick, slot)| RunKey {
        tick: Tick(tick),
        slot: Slot(slot),
    })
}

fn runs() -> impl Strategy<Value = Run> {
    let by = (ids(), versions()).prop_map(|(offer, asked)| Runner { offer, asked });
    let counts = (1..=u32::MAX, any::<u32>());
    (counts, by, option::of(completions())).prop_map(|((attempt, failures), by, ended)| Run {
        attempt,
        failures,
        by,
        ended,
    })
}

fn completions() -> impl Strategy<Value = Completion> {
    let failure = prop_oneof![
        Just(Failure::Unstated),
        Just(Failure::Start),
        Just(Failure::Ended),
        Just(Failure::Health),
        Just(Failure::Trapped),
        Just(Failure::TimedOut),
    ];
    let outcome = prop_oneof![
        any::<u32>().prop_map(Outcome::Exited),
        failure.prop_map(Outcome::Failed),
        Just(Outcome::Lost),
    ];
    let at = option::of(any::<u64>().prop_map(WallTime));
    let note = option::of("[a-zäß =]{1,9}".prop_map(|text| text.parse().expect("a note")));
    (outcome, at, note).prop_map(|(outcome, at, note)| Completion { outcome, at, note })
}
