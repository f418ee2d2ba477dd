//! Runs seeds: `seeds COUNT [FIRST]` for many, `seeds --replay SEED` for one with its transcript.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
    if words.first().is_some_and(|word| word == "--replay") {
        let outcome = gary_sim::run_seed(number(1).unwrap_or(0), true);
        println!("{}", outcome.transcript.unwrap_or_default());
        if let Some(violation) = outcome.violation {
            println!("{violation}");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    let (count, first) = (number(0).unwrap_or(100), number(1).unwrap_or(0));
    let report = gary_sim::run(first..first + count);
    println!(
        "{} runs, {} nodes, {} s of virtual time, {} frames",
        report.runs,
        report.nodes,
        report.virtual_time.as_secs(),
        report.frames
    );
    for (property, count) in &report.premises {
        println!("{count:>10} times: {property}");
    }
    for (seed, violation) in &report.failures {
        println!(
            "seed {seed}: {violation}\n    {}",
            gary_sim::replay_line(*seed)
        );
    }
    match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
