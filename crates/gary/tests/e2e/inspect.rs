//! `gary inspect`: what a component gives and needs.

use serde_json::{Value, json};

use crate::support::{Gary, Guest, check_schema, from_wat};

fn inspect(gary: &Gary, what: &std::path::Path) -> Value {
    let what = what.to_str().expect("the path is text");
    let outcome = gary.call(["inspect", "--json", what]).output().exits(0);
    let document = serde_json::from_slice(&outcome.stdout).expect("stdout is one JSON document");
    check_schema("inspect.schema.json", &document);
    document
}

#[test]
fn every_world_is_told_from_its_exports() {
    let gary = Gary::new();
    for (guest, world) in [
        ("hello-cli", "wasi:cli/command@0.2"),
        ("cli-p3", "wasi:cli/command@0.3"),
        ("hello-http", "wasi:http/proxy@0.2"),
        ("http-p3", "wasi:http/service@0.3"),
        ("calc", "library"),
    ] {
        let path = Guest(guest).path();
        let document = inspect(&gary, &path);
        assert_eq!(document["world"], world, "{guest}");
        assert_eq!(document["runnable"], true, "{guest}");
        assert_eq!(document["core_module"], false, "{guest}");
        let size = path.metadata().expect("it was built").len();
        assert_eq!(document["size_bytes"], size, "{guest}");
    }
}

#[test]
fn a_core_module_is_shown_as_what_it_becomes() {
    let document = inspect(&Gary::new(), &Guest("hello-p1").path());
    assert_eq!(document["core_module"], true);
    assert_eq!(document["world"], "wasi:cli/command@0.2");
}

#[test]
fn what_is_missing_is_shown() {
    let gary = Gary::new();
    let document = inspect(&gary, &Guest("needs-more").path());
    assert_eq!(document["runnable"], false);
    let needed = json!({"name": "acme:missing/thing@1.2.0", "provided": false});
    let imports = document["imports"].as_array().expect("it is a list");
    assert!(imports.contains(&needed), "{document:#}");

    let future = gary.write("future.wasm", from_wat("future-wasi"));
    let document = inspect(&gary, &future);
    let closest = &document["imports"][0]["other_versions"][0];
    assert_eq!(closest, "wasi:clocks/monotonic-clock@0.3.0");
}

#[test]
fn people_read_what_it_gives_and_needs() {
    let gary = Gary::new();
    let path = Guest("needs-more").path();
    let outcome = gary
        .call(["inspect".as_ref(), path.as_os_str()])
        .output()
        .exits(0);
    let text = outcome.text();
    let gives = text.find("\ngives\n").expect("it says what it gives");
    let needs = text.find("\nneeds\n").expect("it says what it needs");
    let handler = text
        .find("+ wasi:http/incoming-handler@0.2")
        .expect("it gives a handler");
    let thing = text
        .find("- acme:missing/thing@1.2.0")
        .expect("it needs the thing");
    assert!(
        gives < handler && handler < needs && needs < thing,
        "{text}"
    );
    assert!(text.contains("MISSING"), "{text}");
    assert!(text.contains("sha256:"), "{text}");
    assert!(text.contains(" KiB\n"), "{text}");
}

#[test]
fn functions_are_shown_with_their_signatures() {
    let gary = Gary::new();
    let path = Guest("calc").path();
    let document = inspect(&gary, &path);
    assert_eq!(
        document["exports"],
        json!([
            {"name": "version", "signature": "func() -> string", "functions": []},
            {
                "name": "demo:calc/ops",
                "functions": [
                    {"name": "add", "signature": "func(a: s32, b: s32) -> s32"},
                    {"name": "div", "signature": "func(a: s32, b: s32) -> result<s32, string>"},
                    {
                        "name": "greet",
                        "signature": "func(name: string, times: option<u32>) -> list<string>",
                    },
                    {"name": "mirror", "signature": "func(p: point) -> point"},
                ],
                "types": ["record point { x: f64, y: f64 }"],
            },
        ])
    );
    for (guest, line) in [
        ("calc", "      mirror: func(p: point) -> point\n"),
        ("calc", "  + version: func() -> string\n"),
        (
            "hello-http",
            "      handle: func(request: incoming-request, response-out: response-outparam)\n",
        ),
        (
            "http-p3",
            "      handle: async func(request: request) -> result<response, error-code>\n",
        ),
    ] {
        let path = Guest(guest).path();
        let run = gary.call(["inspect".as_ref(), path.as_os_str()]);
        let outcome = run.output().exits(0);
        let text = outcome.text();
        assert!(text.contains(line), "{guest}: {text}");
        // What is imported from elsewhere is explained there.
        assert!(!text.contains("variant error-code"), "{guest}: {text}");
    }
}

#[test]
fn what_cannot_be_inspected_is_an_error_as_anywhere() {
    let gary = Gary::new();
    gary.call(["inspect", "missing.wasm"])
        .output()
        .fails(7, &["missing.wasm"]);
    gary.write("notes.txt", "These are notes.\n");
    gary.call(["inspect", "--json", "notes.txt"])
        .output()
        .fails(3, &["text"]);
}
