//! Files that are no component, or none that can be run.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Gary, Guest, from_wat, skip};

const HELLO: Guest = Guest("hello-cli");

#[test]
fn a_missing_file() {
    let gary = Gary::new();
    gary.run("missing.wasm")
        .output()
        .fails(7, &["missing.wasm", "no such file", "try: "]);
}

#[test]
fn a_missing_file_that_differs_by_a_dash_only() {
    let gary = Gary::new();
    gary.write("hello_world.wasm", HELLO.bytes());
    gary.run("hello-world.wasm")
        .output()
        .fails(7, &["try: ", "hello_world.wasm"]);
}

#[test]
fn a_link_that_leads_nowhere() {
    let gary = Gary::new();
    symlink("gone.wasm", gary.work().join("link.wasm")).expect("it is new");
    gary.run("link.wasm").output().fails(
        7,
        &[
            "link.wasm",
            "a link to gone.wasm",
            "try: make what it leads to",
        ],
    );
}

#[test]
fn a_directory_without_a_manifest() {
    let gary = Gary::new();
    gary.run(".")
        .output()
        .fails(3, &["without a gary.toml", "try: "]);
}

#[test]
fn an_empty_file() {
    let gary = Gary::new();
    gary.write("empty.wasm", "");
    gary.run("empty.wasm")
        .output()
        .fails(3, &["empty.wasm", "empty", "try: "]);
}

#[test]
fn a_component_that_breaks_off() {
    let gary = Gary::new();
    let whole = HELLO.bytes();
    // Its first eight bytes alone are a whole component, with nothing in it.
    for kept in [1, 4, 7, 9, 100, whole.len() / 2, whole.len() - 1] {
        gary.write("cut.wasm", &whole[..kept]);
        gary.run("cut.wasm").output().fails(3, &["cut.wasm"]);
    }
}

#[test]
fn a_module_that_breaks_off() {
    let gary = Gary::new();
    let whole = Guest("hello-p1").bytes();
    for kept in [9, whole.len() / 2, whole.len() - 1] {
        gary.write("cut.wasm", &whole[..kept]);
        gary.run("cut.wasm").output().fails(3, &["cut.wasm"]);
    }
}

#[test]
fn random_bytes() {
    let gary = Gary::new();
    let mut state = 88_172_645_463_325_252_u64;
    let noise: Vec<u8> = (0..100_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    gary.write("noise.wasm", &noise);
    gary.run("noise.wasm")
        .output()
        .fails(3, &["not WebAssembly", "try: "]);

    for head in [
        &b"\0asm\x01\0\0\0"[..],
        b"\0asm\x0d\0\x01\0",
        b"\0asm\xff\xff\xff\xff",
    ] {
        gary.write("noise.wasm", [head, &noise].concat());
        gary.run("noise.wasm").output().fails(3, &["noise.wasm"]);
    }
}

#[test]
fn a_text_file() {
    let gary = Gary::new();
    gary.write("notes.txt", "These are notes.\n");
    gary.run("notes.txt")
        .output()
        .fails(3, &["not WebAssembly", "text", "try: "]);
}

#[test]
fn a_file_of_a_gibibyte() {
    let gary = Gary::new();
    let path = gary.write("huge.wasm", "");
    let file = File::options().write(true).open(path);
    file.and_then(|file| file.set_len(1 << 30))
        .expect("it can be sparse");
    gary.run("huge.wasm")
        .output()
        .fails(3, &["huge.wasm", "more than the ", "try: "]);
}

#[test]
fn a_module_with_an_import_that_is_not_wasis() {
    let gary = Gary::new();
    gary.write("unknown.wasm", from_wat("unknown-import"));
    gary.run("unknown.wasm")
        .output()
        .fails(4, &["env", "mystery", "try: "]);
}

#[test]
fn a_component_with_an_import_that_nobody_has() {
    let gary = Gary::new();
    let path = Guest("needs-more").path();
    gary.run(&path)
        .output()
        .fails(4, &["needs_more.wasm", "acme:missing/thing@1.2.0", "try: "]);
}

#[test]
fn a_component_for_a_newer_wasi() {
    let gary = Gary::new();
    gary.write("future.wasm", from_wat("future-wasi"));
    let (wanted, closest) = (
        "wasi:clocks/monotonic-clock@0.9.0",
        "wasi:clocks/monotonic-clock@0.3.0",
    );
    gary.run("future.wasm")
        .output()
        .fails(4, &["future.wasm", wanted, closest]);
}

#[test]
fn a_component_that_is_neither_command_nor_server() {
    let run = Gary::new().run(Guest("calc").path()).output();
    run.fails(
        4,
        &[
            "demo:calc/ops",
            "wasi:cli/run",
            "wasi:http/incoming-handler",
            "gary call",
        ],
    );
}

#[test]
fn a_file_that_may_not_be_read() {
    let gary = Gary::new();
    let path = gary.write("private.wasm", HELLO.bytes());
    fs::set_permissions(&path, Permissions::from_mode(0o0)).expect("it is ours");
    if File::open(&path).is_ok() {
        return skip("a_file_that_may_not_be_read", "root reads every file");
    }
    gary.run("private.wasm")
        .output()
        .fails(3, &["permission denied", "try: "]);
}

#[test]
fn a_file_without_an_end() {
    let gary = Gary::new();
    symlink("/dev/zero", gary.work().join("endless.toml")).expect("it is new");
    gary.run("endless.toml")
        .output()
        .fails(3, &["endless.toml", "more than the 262144 bytes"]);
    gary.run(HELLO.path())
        .args(["--env-file", "/dev/zero"])
        .output()
        .fails(3, &["/dev/zero", "more than the 1048576 bytes"]);
}
