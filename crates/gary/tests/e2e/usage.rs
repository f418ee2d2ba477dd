//! A command line that makes no sense.

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");

#[test]
fn a_flag_that_nobody_knows() {
    let run = Gary::new().run(HELLO.path()).arg("--memroy=1MiB").output();
    run.fails(2, &["--memroy", "try: ", "--memory"]);
}

#[test]
fn a_command_that_nobody_knows() {
    Gary::new()
        .call(["insepct"])
        .output()
        .fails(2, &["insepct", "try: ", "inspect"]);
}

#[test]
fn a_value_that_cannot_be() {
    for (flag, value, words) in [
        ("--memory", "0", ["--memory", "more than zero"]),
        ("--memory", "12parsecs", ["--memory", "12parsecs"]),
        (
            "--instance-memory",
            "0",
            ["--instance-memory", "more than zero"],
        ),
        ("--cpu", "-1", ["--cpu", "-1"]),
        ("--cpu", "0", ["--cpu", "0"]),
        ("--timeout", "0s", ["--timeout", "0s"]),
        ("--timeout", "soon", ["--timeout", "soon"]),
        ("--max-concurrency", "0", ["--max-concurrency", "0"]),
        ("--reuse", "x", ["--reuse", "x"]),
        ("--addr", "127.0.0.1:99999", ["--addr", "65535"]),
        ("--addr", "nowhere at all", ["--addr", "nowhere"]),
        ("--env", "=x", ["--env", "empty"]),
        ("--allow-net", "host:0", ["--allow-net", "host:0"]),
        ("--name", "Not A Name", ["--name", "Not A Name"]),
    ] {
        let run = Gary::new()
            .run(HELLO.path())
            .arg(format!("{flag}={value}"))
            .output();
        run.fails(2, &words).fails(2, &["try: "]);
    }
}

#[test]
fn a_negative_number_is_a_value() {
    for flag in [
        "--memory",
        "--cpu",
        "--timeout",
        "--max-concurrency",
        "--drain",
    ] {
        let run = Gary::new().run(HELLO.path()).args([flag, "-1"]).output();
        run.fails(2, &[flag, "negative", "try: "]);
    }
}

#[test]
fn a_command_that_was_left_out_or_mixed_up() {
    let call = |args: &[&str]| Gary::new().call(args).output();
    call(&["hello-cli.wasm"]).fails(2, &["try: gary run hello-cli.wasm\n"]);
    call(&["rnu", "hello-cli.wasm"]).fails(2, &["`rnu`", "try: did you mean `run`?\n"]);
}

#[test]
fn arguments_of_a_call_stand_in_it() {
    let run = Gary::new().call(["call", "calc.wasm", "add(1, 2)", "--", "3"]);
    run.output()
        .fails(2, &["`3`", "try: write the arguments in the call: "]);
    let run = Gary::new().call(["run", "calc.wasm", "3"]);
    run.output().fails(
        2,
        &["`3`", "try: put what is for the guest behind `--`: -- 3\n"],
    );
}

#[test]
fn a_directory_that_is_not_there() {
    let run = Gary::new()
        .run(HELLO.path())
        .args(["--dir", "missing"])
        .output();
    run.fails(7, &["missing", "no such directory", "try: "]);
}

#[test]
fn a_directory_that_is_a_file() {
    let gary = Gary::new();
    gary.write("file", "x");
    let run = gary.run(HELLO.path()).args(["--dir", "file"]).output();
    run.fails(3, &["file", "not a directory", "try: "]);
}

#[test]
fn an_env_file_that_makes_no_sense() {
    let gary = Gary::new();
    gary.write("vars", "A=1\nno equals sign\n");
    let run = gary.run(HELLO.path()).args(["--env-file", "vars"]).output();
    // The line itself may be a secret.
    let outcome = run.fails(3, &["vars\nline 2: there is no `=`\ntry: "]);
    assert!(
        !outcome.stderr.contains("equals sign"),
        "{}",
        outcome.stderr
    );
    gary.run(HELLO.path())
        .args(["--env-file", "missing"])
        .output()
        .fails(7, &["missing"]);
}

#[test]
fn an_address_that_is_another_machines() {
    let run = Gary::new()
        .run(Guest("hello-http").path())
        .args(["--addr", "192.0.2.1:0"])
        .output();
    run.fails(1, &["192.0.2.1", "no such address", "try: "]);
}

#[test]
fn nothing_at_all() {
    let outcome = Gary::new().call::<&str>([]).output().exits(2);
    assert!(outcome.stderr.contains("Usage"), "{}", outcome.stderr);
}

#[test]
fn help_is_a_result() {
    for args in [&["--help"][..], &["run", "--help"], &["help", "inspect"]] {
        let outcome = Gary::new().call(args).output().exits(0);
        assert!(outcome.text().contains("Usage"), "{args:?}");
        assert_eq!(outcome.stderr, "", "{args:?}");
    }
}

#[test]
fn the_version() {
    let outcome = Gary::new().call(["--version"]).output().exits(0);
    assert_eq!(
        outcome.text(),
        concat!("gary ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn a_directory_is_written_as_other_tools_want_it() {
    let gary = Gary::new();
    gary.write("data/in", "x");
    let run = |dir: &str| gary.run(HELLO.path()).args(["--dir", dir]).output();
    run("data:/data").fails(7, &["data:/data", "try: data::/data, with two colons"]);
    run("data:/data:ro").fails(7, &["try: data::/data:ro, "]);
    run("data:rw").fails(2, &["--dir", "try: write data\n"]);
    run("data:/data:rw").fails(2, &["try: write data::/data\n"]);
}

#[test]
fn what_is_elsewhere_is_not_taken_for_a_file() {
    let gary = Gary::new();
    let run = |what: &str| gary.run(what).output();
    run("https://example.com/a/app.wasm").fails(
        3,
        &[
            "cannot fetch https://example.com/a/app.wasm\n",
            "this version runs files only",
            "try: download it first: curl -LO https://example.com/a/app.wasm && gary run app.wasm\n",
        ],
    );
    run("oci://ghcr.io/me/app:1").fails(3, &["cannot fetch oci://ghcr.io/me/app:1\n", "try: "]);
}

#[test]
fn arguments_are_not_a_part_of_serving() {
    let help = Gary::new().call(["run", "--help"]).output().exits(0);
    let (before, serving) = help
        .text()
        .split_once("Serving HTTP:")
        .expect("there is a heading");
    for word in ["[ARGS]...", "--watch"] {
        assert!(before.contains(word) && !serving.contains(word), "{word}");
    }
}
