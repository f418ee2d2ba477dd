//! Memory, processor and time: what is limited, and that reaching a limit names it.

use std::time::Instant;

use crate::support::{Gary, Guest};

/// A slice of the processor, in seconds, by which a share may be overdrawn; several times of what
/// it is, for a machine that is busy.
const SLICE_S: f64 = 0.025;
/// What Gary itself may use to start, to keep time and to end, in seconds; several times of what it
/// is.
const HOST_S: f64 = 0.25;
/// Two steps, one for user and one for system time, of the clock that a shell reads, in seconds.
const CLOCK_STEPS_S: f64 = 0.02;

#[test]
fn a_run_ends_at_its_time_limit() {
    let run = Gary::new()
        .run(Guest("burn").path())
        .args(["--timeout", "300ms"])
        .output();
    run.fails(124, &["time limit", "300ms", "try: "]);
}

#[test]
fn a_waiting_guest_ends_at_its_time_limit_too() {
    let run = Gary::new()
        .run(Guest("hello-cli").path())
        .args(["--timeout", "300ms", "--listen-net"])
        .guest_args(["listen", "0"])
        .output();
    assert!(run.exits(124).stderr.contains("time limit"));
}

#[test]
fn a_request_ends_at_its_time_limit() {
    let gary = Gary::new();
    let waiting = gary
        .serve(Guest("slow").path())
        .args(["--timeout", "300ms"])
        .start()
        .serving();
    assert_eq!(waiting.get("/?ms=600000").status, 504);
    let p3 = gary
        .serve(Guest("http-p3").path())
        .args(["--timeout", "300ms"])
        .start()
        .serving();
    assert_eq!(p3.get("/slow?ms=600000").status, 504);
}

#[test]
fn a_response_ends_at_its_requests_time_limit() {
    let gary = Gary::new();
    let server = gary
        .serve(Guest("slow").path())
        .args(["--timeout", "1s"])
        .start()
        .serving();
    let answer = server.get("/drip?n=1000&ms=100");
    assert_eq!(answer.status, 200);
    assert!(answer.broken.is_some(), "{answer:?}");
}

#[test]
fn processor_time_is_held_to_its_share() {
    let gary = Gary::new();
    let burn = |args: &[&str]| {
        let run = gary
            .run(Guest("burn").path())
            .args(["-v", "--json"])
            .args(args);
        run.guest_args(["ms", "1500"])
    };
    // Compiled beforehand, so that what is measured is the guest's run.
    burn(&["--timeout", "1ms"]).output();

    let started = Instant::now();
    let outcome = burn(&["--cpu", "0.5"]).output().exits(0);
    let elapsed_s = started.elapsed().as_secs_f64();
    let used_s = outcome.event("usage")["cpu_s"]
        .as_f64()
        .expect("it is a number");
    assert!(
        used_s <= elapsed_s * 0.5 * 1.05 + SLICE_S,
        "{used_s} s in {elapsed_s} s"
    );
    // How much it gets at least is the machine's to say: others may be using it.
    assert!(used_s > 0.0, "{outcome:?}");
}

#[test]
fn the_processor_time_that_is_counted_is_what_was_used() {
    let gary = Gary::new();
    let burn = |ms: u32, cpu: &str| {
        let run = format!(
            "\"$GARY\" run '{}' -v --json --cpu {cpu} -- ms {ms}; times",
            Guest("burn").path().display()
        );
        gary.shell(&run).output().exits(0)
    };
    // Compiled beforehand, so that little more than the guest is left.
    burn(1, "1");
    // As long as makes a second of it, beside which Gary's own is little.
    for (cpu, ms) in [("0.5", 2000), ("1", 1000)] {
        let outcome = burn(ms, cpu);
        let used_s = outcome.event("usage")["cpu_s"]
            .as_f64()
            .expect("it is a number");
        // The system's own account of the process. A machine that is busy gives it less, and so
        // the guest; the two go together all the same.
        let process_s = childrens_time_s(outcome.text());
        assert!(
            (process_s - HOST_S..process_s + CLOCK_STEPS_S).contains(&used_s),
            "{used_s} s of {process_s} s"
        );
    }
}

/// The processor time of a shell's children, out of what its `times` prints.
fn childrens_time_s(times: &str) -> f64 {
    let children = times.lines().nth(1).expect("the second line is theirs");
    let parts = children.split_whitespace().map(|part| {
        let (minutes, seconds) = part.trim_end_matches('s').split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    });
    parts.sum::<Option<f64>>().expect("it is a time")
}

#[test]
fn an_instance_is_refused_memory_past_its_limit() {
    let gary = Gary::new();
    for (limit, way) in [
        ("--instance-memory", "grow"),
        ("--memory", "grow"),
        ("--memory", "take"),
    ] {
        let run = gary
            .run(Guest("hog").path())
            .args([limit, "8MiB"])
            .guest_args([way, "64"]);
        let outcome = run.output().exits(0);
        let mib: Vec<u64> = outcome
            .text()
            .split(' ')
            .filter_map(|word| word.parse().ok())
            .collect();
        assert!(
            matches!(mib[..], [1..=8]),
            "{limit} {way}: {}",
            outcome.text()
        );
    }
}

#[test]
fn a_guest_that_cannot_do_without_more_memory_names_the_limit() {
    let gary = Gary::new();
    let variables: String = (0..1000)
        .map(|n| format!("V{n}={}\n", "x".repeat(1000)))
        .collect();
    gary.write("vars", variables);
    for (flag, name) in [
        ("--instance-memory", "instance_memory"),
        ("--memory", "memory"),
    ] {
        let run = gary
            .run(Guest("hello-cli").path())
            .args(["--env-file", "vars", flag, "1536KiB"])
            .guest_args(["env"]);
        run.output().fails(
            134,
            &["memory limit reached", &format!("{name} is 1536KiB")],
        );
    }
}

#[test]
fn a_guest_that_starts_with_more_than_its_limit_names_it() {
    let run = Gary::new()
        .run(Guest("hog").path())
        .args(["--instance-memory", "64KiB"])
        .output();
    run.fails(1, &["instance_memory is 64KiB"]);
    let run = Gary::new()
        .serve(Guest("slow").path())
        .args(["--memory", "64KiB"])
        .output();
    run.fails(1, &["memory is 64KiB"]);
}

#[test]
fn what_was_used_is_counted() {
    let run = Gary::new()
        .run(Guest("hog").path())
        .args(["-v", "--json"])
        .guest_args(["16"])
        .output()
        .exits(0);
    let peak = run.event("usage")["memory_peak_bytes"]
        .as_u64()
        .expect("it is a number");
    assert!((16 << 20..64 << 20).contains(&peak), "{peak}");
}
