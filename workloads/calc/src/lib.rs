//! Plain WIT functions for `gary call`, and nothing that `gary run` could run.

wit_bindgen::generate!({ path: "../wit/calc.wit", world: "calc" });

use exports::demo::calc::ops;

export!(Calc);

/// More greetings than this would be a flood.
const GREETINGS_MAX: u32 = 1_000;

struct Calc;

impl ops::Guest for Calc {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    fn div(a: i32, b: i32) -> Result<i32, String> {
        a.checked_div(b)
            .ok_or_else(|| format!("{a} divided by {b} has no answer"))
    }

    fn greet(name: String, times: Option<u32>) -> Vec<String> {
        let times = times.unwrap_or(1).min(GREETINGS_MAX);
        (0..times).map(|_| format!("hello, {name}")).collect()
    }

    fn mirror(p: ops::Point) -> ops::Point {
        ops::Point { x: -p.x, y: -p.y }
    }
}

impl Guest for Calc {
    fn version() -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }
}
