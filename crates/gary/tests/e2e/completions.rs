//! `gary completions`: a script for each shell.

use std::process::Command;

use crate::support::{Gary, skip};

#[test]
fn every_shell_gets_a_script_that_it_can_read() {
    let gary = Gary::new();
    for shell in ["bash", "zsh", "fish"] {
        let outcome = gary.call(["completions", shell]).output().exits(0);
        assert!(outcome.text().contains("inspect"), "{shell}");
        assert_eq!(outcome.stderr, "", "{shell}");

        let script = gary.write(shell, &outcome.stdout);
        match Command::new(shell).arg("-n").arg(script).output() {
            Ok(checked) => assert!(checked.status.success(), "{shell}: {checked:?}"),
            Err(error) => skip("reading the script", &format!("{shell}: {error}")),
        }
    }
}

#[test]
fn a_shell_that_nobody_knows() {
    Gary::new()
        .call(["completions", "sh"])
        .output()
        .fails(2, &["sh", "bash"]);
}
