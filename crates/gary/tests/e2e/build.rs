//! `[build]`: what its command prints, and to whom.

use std::fs;

use rustix::process::Signal;

use crate::support::{Gary, Guest, Outcome, check_schema};

/// Runs a workload that is built by this command, with the component there already.
fn run(command: &str, flags: &[&str]) -> Outcome {
    let gary = Gary::new();
    let bytes = fs::read(Guest("hello-cli").path()).expect("it was built");
    gary.write("app.wasm", bytes);
    gary.write(
        "gary.toml",
        format!("component = \"app.wasm\"\n[build]\ncommand = '''{command}'''\n"),
    );
    gary.run(".").args(flags).output()
}

#[test]
fn what_a_build_prints_goes_to_stderr() {
    let outcome = run("echo one; echo two >&2", &[]).exits(0);
    assert_eq!(outcome.text(), "hello from gary\n");
    assert!(
        outcome.stderr.ends_with("\none\ntwo\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_quiet_see_what_a_build_prints_once_it_fails() {
    assert_eq!(run("echo one", &["-q"]).exits(0).stderr, "");
    let outcome = run("echo one; echo two >&2; exit 3", &["-q"]).exits(1);
    let told = "one\ntwo\nerror: the build failed: ";
    assert!(outcome.stderr.starts_with(told), "{}", outcome.stderr);
}

#[test]
fn for_a_program_every_line_of_a_build_is_an_event() {
    for (command, flags, code) in [
        ("echo '\"one'; echo two >&2", &["--json"][..], 0),
        ("echo '\"one'; echo two >&2; false", &["--json"], 1),
        ("echo '\"one'; echo two >&2; false", &["--json", "-q"], 1),
    ] {
        let outcome = run(command, flags).exits(code);
        let events = outcome.events();
        assert_eq!(events.len(), outcome.stderr.lines().count(), "{outcome:?}");
        for event in &events {
            check_schema("run-events.schema.json", event);
        }
        let lines: Vec<_> = events
            .iter()
            .filter(|event| event["event"] == "build_output")
            .map(|event| event["line"].clone())
            .collect();
        assert_eq!(lines, ["\"one", "two"], "{flags:?}");
    }
}

/// A build that tells of its start and, once a signal has ended all that it started, of its end. The
/// last program that is started tells of it: before that one is there, a shell may lose the signal.
const SLOW_BUILD: &str = r#"
component = "app.wasm"
[build]
command = '''
trap 'echo ended > ended; exit 1' TERM INT
sh -c '
  trap "echo ended > child-ended; kill \$!; exit" TERM INT
  sh -c "echo started; exec sleep 60" &
  wait
'
'''
"#;

#[test]
fn a_signal_ends_a_build_with_all_that_it_started() {
    for flags in [&[][..], &["--json"], &["--watch"]] {
        for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            let gary = Gary::new();
            gary.write("gary.toml", SLOW_BUILD);
            let run = gary.run(".").args(flags).start();
            // The command itself, as it is told of, says echo too.
            run.stderr_with(match flags.contains(&"--json") {
                true => "\"line\":\"started\"",
                false => "\nstarted\n",
            });
            run.signal(signal);
            let outcome = run.wait().exits(code);
            for mark in ["ended", "child-ended"] {
                assert!(gary.work().join(mark).exists(), "{mark}: {outcome:?}");
            }
        }
    }
}
