//! `gary call`: one exported function, its arguments and its result in WAVE.

use crate::support::{Gary, Guest, Outcome};

fn call(text: &str) -> Outcome {
    let path = Guest("calc").path();
    Gary::new()
        .call(["call".as_ref(), path.as_os_str(), text.as_ref()])
        .output()
}

#[test]
fn a_function_is_called_by_its_own_name_and_by_its_full_one() {
    for name in ["add", "demo:calc/ops.add"] {
        let outcome = call(&format!("{name}(2, 3)")).exits(0);
        assert_eq!(
            (outcome.text(), outcome.stderr.as_str()),
            ("5\n", ""),
            "{name}"
        );
    }
    assert_eq!(call("version()").exits(0).text(), "\"0.1.0\"\n");
}

#[test]
fn a_result_is_a_result() {
    assert_eq!(call("div(7, 2)").exits(0).text(), "ok(3)\n");
    let outcome = call("div(1, 0)").exits(1);
    assert_eq!(outcome.text(), "err(\"1 divided by 0 has no answer\")\n");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn records_lists_and_options_are_written_as_wave() {
    assert_eq!(
        call("mirror({x: 1.5, y: -2})").exits(0).text(),
        "{x: -1.5, y: 2}\n"
    );
    let greeted = call("greet(\"ann\", some(2))").exits(0);
    assert_eq!(greeted.text(), "[\"hello, ann\", \"hello, ann\"]\n");
    assert_eq!(
        call("greet(\"ann\", none)").exits(0).text(),
        "[\"hello, ann\"]\n"
    );
}

#[test]
fn a_function_that_is_not_there() {
    call("mul(2, 3)").fails(7, &["mul", "demo:calc/ops.add", "try: "]);
}

#[test]
fn arguments_that_do_not_fit() {
    call("add(2)").fails(2, &["add", "s32"]);
    call("add(2, \"three\")").fails(2, &["add", "s32"]);
    call("add(2, 3").fails(2, &["WAVE", "try: "]);
    call("add(2, 99999999999)").fails(2, &["add"]);
}

#[test]
fn a_name_that_several_interfaces_export() {
    let gary = Gary::new();
    let text = r#"(component
        (core module $m (func (export "f") (result i32) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func $f (result u32) (canon lift (core func $i "f")))
        (instance $e (export "f" (func $f)))
        (export "demo:a/one" (instance $e))
        (export "demo:a/two" (instance $e)))"#;
    gary.write(
        "twice.wasm",
        wat::parse_str(text).expect("it is WebAssembly"),
    );
    let named = |call: &str| gary.call(["call", "twice.wasm", call]).output();
    named("f()").fails(2, &["demo:a/one.f", "demo:a/two.f"]);
    assert_eq!(named("demo:a/two.f()").exits(0).text(), "1\n");
}
