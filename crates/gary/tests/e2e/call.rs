//! `gary call`: one exported function, its arguments and its result in WAVE.

use crate::support::{Gary, Guest, Outcome, check_schema};

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
    call("mul(2, 3)").fails(
        7,
        &[
            "mul",
            "\ndemo:calc/ops.add: func(a: s32, b: s32) -> s32\n",
            "calc.wasm 'mirror({x: 1.5, y: 1.5})'\n",
        ],
    );
    // The nearest one is what to try.
    call("ad(2, 3)").fails(7, &["try: gary call", "'add(1, 1)'\n"]);
}

#[test]
fn arguments_that_do_not_fit() {
    let add = "demo:calc/ops.add: func(a: s32, b: s32) -> s32\ntry: gary call ";
    for (text, words) in [
        (
            "add(2)",
            "argument 2 is missing, b: s32\n  add(2)\n       ^\n",
        ),
        (
            "add(2, 3, 4, 5)",
            "it takes 2 arguments\n  add(2, 3, 4, 5)\n            ^^^^\n",
        ),
        (
            "add(2, \"three\")",
            "argument 2, b: s32, cannot be \"three\", which is a string\n  add(2, \"three\")\n         ^^^^^^^\n",
        ),
        (
            "add(2, 99999999999)",
            "argument 2, b: s32, cannot be 99999999999, which does not fit\n",
        ),
    ] {
        call(text).fails(2, &[words, add, "'add(1, 1)'\n"]);
    }
    let text = "mirror({x: 1.5, y: \"a\"})";
    let words = "argument 1, p: point, cannot have \"a\"";
    let mark = format!(
        "  {text}\n  {}^^^\n",
        " ".repeat("mirror({x: 1.5, y: ".len())
    );
    let point = "func(p: point) -> point\nrecord point { x: f64, y: f64 }\n";
    call(text).fails(2, &[words, &mark, point]);
    let text = "mirror({x: 1.5, y: 2, z: 3})";
    let mark = format!(
        "argument 1, p: point, has no field z\n  {text}\n  {}^\n",
        " ".repeat("mirror({x: 1.5, y: 2, z: ".len())
    );
    call(text).fails(2, &[&mark, point]);
    // A shell ate the quotes.
    call("greet(ann)").fails(
        2,
        &[
            "which is a word without quotes",
            "'greet(\"text\", some(1))'",
        ],
    );
}

#[test]
fn what_is_wrong_is_an_event_line_by_line() {
    let gary = Gary::new();
    let run = gary.call(["call", "--json"]).args([Guest("calc").path()]);
    let event = run.args(["mirror(7)"]).output().exits(2).event("error");
    check_schema("run-events.schema.json", &event);
    assert_eq!(
        event["why"],
        serde_json::json!([
            "argument 1, p: point, cannot be 7, which is a number",
            "  mirror(7)",
            "         ^",
            "demo:calc/ops.mirror: func(p: point) -> point",
            "record point { x: f64, y: f64 }",
        ])
    );
}

#[test]
fn what_is_no_wave() {
    for (text, words) in [
        (
            "add(2, 3",
            "it breaks off; something is not closed\n  add(2, 3\n          ^\n",
        ),
        (
            "add(2, 3) + 1",
            "the call ends before this\n  add(2, 3) + 1\n            ^\n",
        ),
        (
            "add(2 3)",
            "this does not belong here\n  add(2 3)\n        ^\n",
        ),
        (
            "greet('ann')",
            "a string stands in double quotes\n  greet('ann')\n        ^^^^^\n",
        ),
        ("greet(\"ann", "the string is not closed\n"),
        (
            "greet(\"\u{e9}\" !)",
            "\n  greet(\"\u{e9}\" !)\n            ^\n",
        ),
        ("add(2,\n !)", "that is at character 9 of the call\n"),
    ] {
        call(text).fails(
            2,
            &["it is not a call in WAVE: ", words, "\ntry: gary call "],
        );
    }
}

#[test]
fn options_at_the_end_may_be_left_out() {
    assert_eq!(call("greet(\"ann\")").exits(0).text(), "[\"hello, ann\"]\n");
}

#[test]
fn the_call_to_try_can_be_made() {
    let hint = call("mirror()").exits(2).stderr;
    let typed = hint
        .lines()
        .find_map(|line| line.strip_prefix("try: gary "));
    let gary = Gary::new();
    let outcome = gary
        .shell(&format!("$GARY {}", typed.expect("there is one")))
        .output();
    assert_eq!(outcome.exits(0).text(), "{x: -1.5, y: -1.5}\n");
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
