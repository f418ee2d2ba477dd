//! A gary.toml that makes no sense.

use crate::support::{Gary, Guest, Outcome};

fn run(toml: &str) -> Outcome {
    let gary = Gary::new();
    gary.write("gary.toml", toml);
    gary.run(".").output()
}

#[test]
fn a_manifest_that_breaks_off() {
    run("component = \"a.wasm\"\nname = \n").fails(3, &["gary.toml:2:8: "]);
}

#[test]
fn a_key_that_nobody_knows() {
    let toml = "component = \"a.wasm\"\n[promise]\nrepliacs = 3\n";
    run(toml).fails(3, &["gary.toml:3:1: ", "`repliacs`", "try: ", "`replicas`"]);
}

#[test]
fn a_limit_of_nothing() {
    let toml = "component = \"a.wasm\"\n[promise]\nmemory = \"0\"\n";
    run(toml).fails(
        3,
        &[
            "gary.toml:3:10: ",
            "promise.memory",
            "more than zero",
            "try: ",
        ],
    );
}

#[test]
fn a_manifest_without_a_component() {
    run("name = \"x\"\n").fails(3, &["gary.toml:1:1: ", "`component`"]);
}

#[test]
fn a_manifest_whose_component_is_not_there() {
    run("component = \"a.wasm\"\n").fails(7, &["a.wasm", "no such file"]);
}

#[test]
fn a_path_that_is_relative_to_the_manifest() {
    let gary = Gary::new();
    gary.write("app/gary.toml", "component = \"a.wasm\"\n");
    let hint =
        "try: build it, or correct component in app/gary.toml; it is relative to that file\n";
    gary.run("app").output().fails(7, &["app/a.wasm", hint]);

    let build = "component = \"a.wasm\"\n[build]\ncommand = \"true\"\n";
    gary.write("app/gary.toml", build);
    let words = [
        "the build did not make it",
        "try: correct component in app/gary.toml",
    ];
    let outcome = gary.run("app").arg("-q").output();
    outcome.fails(7, &words);

    for grant in ["dirs = [\"public\"]", "env_file = \"public\""] {
        let path = Guest("hello-cli").path();
        let toml = format!("component = {path:?}\n[grant]\n{grant}\n");
        gary.write("app/gary.toml", toml);
        let words = ["app/public", "in app/gary.toml it is relative to that file"];
        gary.run("app").output().fails(7, &words);
    }
}

#[test]
fn a_value_of_another_kind() {
    let toml = "component = \"a.wasm\"\n[grant]\ndirs = \"public\"\n";
    let words = [
        "has to be a list",
        "try: put it in brackets: [\"public\"]\n",
    ];
    run(toml).fails(3, &words);
}

#[test]
fn a_manifest_that_is_no_text() {
    let gary = Gary::new();
    gary.write("gary.toml", b"name = \"\xff\"\n");
    gary.run(".").output().fails(3, &["gary.toml", "UTF-8"]);
}

#[test]
fn a_component_that_is_not_a_file() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let toml = format!("component = \"oci://registry.example/a@{digest}\"\n");
    run(&toml).fails(3, &["oci://registry.example/a", "try: "]);
}
