//! Whoever watches a world: those who check it, and the one who writes down what was said.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Time};

use crate::checker::{Book, Checker, all_checkers};
use crate::property::{Property, Violation};
use crate::reader::Reader;
use crate::seen::Seen;
use crate::transcript::Transcript;
use crate::world::CLUSTER;

/// Whoever watches a world.
#[derive(Debug)]
pub struct Watch {
    reader: Reader,
    book: Book,
    checkers: Vec<Box<dyn Checker>>,
    transcript: Option<Transcript>,
    violation: Option<Violation>,
}

impl Watch {
    /// Checks every property. Writes down what was said if it is asked to: that takes more time than the
    /// rest of a simulation together.
    pub fn new(writes: bool) -> Self {
        Self {
            reader: Reader::new(CLUSTER),
            book: Book::default(),
            checkers: all_checkers(),
            transcript: writes.then(Transcript::default),
            violation: None,
        }
    }

    /// The first property that did not hold.
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// How often the premise of each property was true.
    pub fn premises(&self) -> BTreeMap<Property, u64> {
        let each = self.checkers.iter();
        each.map(|its| (its.property(), its.premises())).collect()
    }

    /// What was said, as a person reads it.
    pub fn transcript(&self) -> Option<&Transcript> {
        self.transcript.as_ref()
    }

    /// Everything is calm and settled: looks at all there is.
    pub fn scan(&mut self, at: Time) {
        for checker in &mut self.checkers {
            let verdict = checker.scan(at, &self.book);
            note(&mut self.violation, checker.property(), verdict, at);
        }
    }

    pub(crate) fn name(&mut self, agent: AgentId, name: String) {
        self.book.names.agent(agent, name);
    }

    pub(crate) const fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    pub(crate) fn see(&mut self, at: Time, seen: Seen<'_>) {
        self.book.learn(at, &seen, &mut self.reader);
        if let Some(transcript) = &mut self.transcript {
            transcript.write(at, &seen, &self.book, &mut self.reader);
        }
        for checker in &mut self.checkers {
            let verdict = checker.check(at, &seen, &self.book);
            note(&mut self.violation, checker.property(), verdict, at);
        }
    }
}

/// Keeps the first violation.
fn note(
    violation: &mut Option<Violation>,
    property: Property,
    verdict: Result<(), String>,
    at: Time,
) {
    if let Err(what) = verdict
        && violation.is_none()
    {
        *violation = Some(Violation {
            property,
            what,
            at_us: at.as_us(),
        });
    }
}
