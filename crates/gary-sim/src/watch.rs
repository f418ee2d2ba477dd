//! Whoever watches a world: those who check it, and the one who writes down what was said.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Time};

use crate::checker::{Book, Checker, Verdict, all_checkers};
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
    violations: Vec<Violation>,
}

impl Watch {
    /// Checks every property, and writes down what was said where there is something to write it to: that
    /// takes more time than the rest of a simulation together.
    pub fn new(transcript: Option<Transcript>) -> Self {
        Self {
            reader: Reader::new(CLUSTER),
            book: Book::default(),
            checkers: all_checkers(),
            transcript,
            violations: Vec::new(),
        }
    }

    /// Checks nothing: for what is no cluster of honest agents, and for what is only measured.
    pub fn unchecked(transcript: Option<Transcript>) -> Self {
        Self {
            checkers: Vec::new(),
            ..Self::new(transcript)
        }
    }

    /// The first property that did not hold.
    pub fn violation(&self) -> Option<&Violation> {
        self.violations.first()
    }

    /// All properties that did not hold of what was seen when the first did not.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
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

    /// Writes down what comes next, for whoever reads the transcript.
    pub fn heading(&mut self, text: &str) {
        if let Some(transcript) = &mut self.transcript {
            transcript.heading(text);
        }
    }

    /// Everything is calm and settled: looks at all there is.
    pub fn scan(&mut self, at: Time) {
        if self.violations.is_empty() {
            let verdicts = self.checkers.iter_mut();
            let verdicts = verdicts.map(|its| (its.property(), its.scan(at, &self.book)));
            let found = verdicts.filter_map(|its| violation(at, its)).collect();
            self.found(found);
        }
    }

    /// What did not hold, and nothing before it.
    fn found(&mut self, violations: Vec<Violation>) {
        if let Some(transcript) = &mut self.transcript {
            for violation in &violations {
                transcript.mark(&violation.to_string());
            }
        }
        self.violations = violations;
    }

    /// Gives an agent the name that it has in transcripts.
    pub fn name(&mut self, agent: AgentId, name: String) {
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
        // Of what is seen they are the most by far, and nobody is held to anything by them.
        if matches!(seen, Seen::Sends { .. }) {
            return;
        }
        let verdicts = self.checkers.iter_mut();
        let verdicts = verdicts.map(|its| (its.property(), its.check(at, &seen, &self.book)));
        let found = verdicts.filter_map(|its| violation(at, its));
        match self.violations.is_empty() {
            true => {
                let found = found.collect();
                self.found(found);
            }
            // Whatever follows from a violation is none of its own. The checkers go on counting.
            false => drop(found.count()),
        }
    }
}

fn violation(at: Time, (property, verdict): (Property, Verdict)) -> Option<Violation> {
    let what = verdict.err()?;
    let at_us = at.as_us();
    Some(Violation {
        property,
        what,
        at_us,
    })
}
