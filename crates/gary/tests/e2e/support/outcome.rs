//! How a run ended, and what every run is held to.

use serde_json::Value;

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code, or 128+N where signal N ended it.
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Asserts the exit code, and that Gary did not fall over itself.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        // A guest may panic, in its own words; a panic of ours names one of our sources.
        let ours = |line: &str| line.contains("panicked at") && line.contains("crates/");
        assert!(!self.stderr.lines().any(ours), "{self:?}");
        self
    }

    /// Asserts an error of Gary's own: its form, and that it contains all of `words`.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        let outcome = self.exits(code);
        let stderr = &outcome.stderr;
        assert!(stderr.starts_with("error: "), "{stderr}");
        for sign in ["panicked", "RUST_BACKTRACE"] {
            assert!(!stderr.contains(sign), "{stderr}");
        }
        assert!(outcome.stdout.is_empty(), "{outcome:?}");
        for word in words {
            assert!(stderr.contains(word), "no {word:?} in: {stderr}");
        }
        outcome
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("stdout is text")
    }

    /// The events on stderr, in order.
    pub(crate) fn events(&self) -> Vec<Value> {
        let lines = self.stderr.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// The first event of a kind.
    #[track_caller]
    pub(crate) fn event(&self, kind: &str) -> Value {
        let mut events = self.events().into_iter();
        let found = events.find(|event| event["event"] == kind);
        found.unwrap_or_else(|| panic!("no event {kind}: {}", self.stderr))
    }
}
