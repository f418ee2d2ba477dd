//! A gary.toml that makes no sense.

use crate::support::{Gary, Outcome};

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
