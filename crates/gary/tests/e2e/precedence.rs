//! gary.toml and the command line together: the command line wins.

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");

fn manifest(guest: Guest, rest: &str) -> String {
    format!(
        "name = \"from-toml\"\ncomponent = \"{}\"\n{rest}",
        guest.path().display()
    )
}

#[test]
fn a_directory_with_a_manifest_is_run() {
    let gary = Gary::new();
    let rest = "[grant]\nenv = { GREETING = \"toml\" }\n[run]\nargs = [\"env\"]\n";
    gary.write("project/gary.toml", manifest(HELLO, rest));
    for what in ["project", "project/gary.toml", "./project/"] {
        assert_eq!(
            gary.run(what).output().exits(0).text(),
            "GREETING=toml\n",
            "{what}"
        );
    }
}

#[test]
fn a_variable_on_the_command_line_wins_and_the_others_stay() {
    let gary = Gary::new();
    gary.write("vars", "A=file\nB=file\nC=file\nD=file\n");
    let rest = "[grant]\nenv_file = \"vars\"\nenv = { B = \"toml\", C = \"toml\", D = \"toml\" }\n";
    gary.write("gary.toml", manifest(HELLO, rest));
    gary.write("more", "C=more\nD=more\n");
    let run = gary
        .run(".")
        .args(["--env-file", "more", "-e", "D=flag"])
        .guest_args(["env"]);
    assert_eq!(
        run.output().exits(0).text(),
        "A=file\nB=toml\nC=more\nD=flag\n"
    );
}

#[test]
fn arguments_on_the_command_line_replace_the_manifests() {
    let gary = Gary::new();
    gary.write(
        "gary.toml",
        manifest(HELLO, "[run]\nargs = [\"one\", \"two\"]\n"),
    );
    assert_eq!(
        gary.run(".").output().exits(0).text(),
        "hello from gary\none\ntwo\n"
    );
    let run = gary.run(".").guest_args(["three"]).output();
    assert_eq!(run.exits(0).text(), "hello from gary\nthree\n");
}

#[test]
fn the_name_is_the_flags_then_the_manifests_then_the_files() {
    let gary = Gary::new();
    let http = Guest("hello-http");
    gary.write(
        "gary.toml",
        manifest(http, "[http]\naddr = \"127.0.0.1:0\"\n"),
    );
    let flag = gary
        .run(".")
        .args(["--name", "from-flag"])
        .start()
        .serving();
    flag.stderr_with("serving from-flag at http://");
    let toml = gary.run(".").start().serving();
    toml.stderr_with("serving from-toml at http://");
    let file = gary.serve(http.path()).start().serving();
    file.stderr_with("serving hello-http at http://");
}

#[test]
fn a_limit_on_the_command_line_wins() {
    let gary = Gary::new();
    gary.write(
        "gary.toml",
        manifest(Guest("burn"), "[promise]\ntimeout = \"300ms\"\n"),
    );
    let run = gary.run(".").output().exits(124);
    assert!(run.stderr.contains("300ms"), "{}", run.stderr);
    let run = gary
        .run(".")
        .args(["--timeout", "400ms"])
        .output()
        .exits(124);
    assert!(run.stderr.contains("400ms"), "{}", run.stderr);
}

#[test]
fn paths_in_a_manifest_are_relative_to_it() {
    let gary = Gary::new();
    gary.write("project/hello.wasm", HELLO.bytes());
    gary.write("project/data/in", "from outside");
    gary.write(
        "project/gary.toml",
        "component = \"hello.wasm\"\n[grant]\ndirs = [\"data::/data:ro\"]\n",
    );
    let run = gary
        .run("project")
        .guest_args(["read", "/data/in"])
        .output();
    assert_eq!(run.exits(0).text(), "from outside");
}

#[test]
fn the_build_command_is_run_first() {
    let gary = Gary::new();
    gary.write("project/gary.toml", format!(
        "component = \"built.wasm\"\n[build]\ncommand = \"cp '{}' built.wasm && echo a word\"\n",
        HELLO.path().display()
    ));
    let outcome = gary.run("project").output().exits(0);
    assert_eq!(outcome.text(), "hello from gary\n");
    assert!(outcome.stderr.contains("a word"), "{}", outcome.stderr);
}

#[test]
fn a_build_that_fails_is_told() {
    let gary = Gary::new();
    gary.write(
        "gary.toml",
        "component = \"a.wasm\"\n[build]\ncommand = \"exit 9\"\n",
    );
    let outcome = gary.run(".").output().exits(1);
    assert!(
        outcome.stderr.contains("error: the build failed: exit 9"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("exited with code 9"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_component_with_another_digest_is_refused() {
    let gary = Gary::new();
    let digest = format!("digest = \"sha256:{}\"\n", "0".repeat(64));
    gary.write("gary.toml", manifest(HELLO, &digest));
    gary.run(".")
        .output()
        .fails(3, &["is another component", "sha256:0000"]);
}
