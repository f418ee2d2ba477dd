//! 5. The binding is the overlap: what is enforced never exceeds min(give, use).

use gary_promise::Time;

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// No component gets more than its host gives and its owner uses, which shows where they differ.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    premises: u64,
}

impl Checker for Overlap {
    fn property(&self) -> Property {
        Property {
            number: 5,
            name: "the binding is the overlap",
        }
    }

    fn check(&mut self, _at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Runs { binding, given, .. } = *seen else {
            return Ok(());
        };
        let name = book.names.of_promise(&binding.id().offer);
        let offered = book.offers.get(&binding.id().offer);
        let offered = offered.map(|its| its.host.portion.resources());
        let used = book.intent(&binding.intent());
        let used = used.map(|its| its.needs.portion.resources());
        if offered != used {
            self.premises += 1;
        }
        for (half, most) in [("offered", offered), ("used", used)] {
            let Some(most) = most else {
                return Err(format!("{name} runs, and nothing was {half}"));
            };
            if !most.covers(given) {
                return Err(format!("{name} gets {given}, and {most} are {half}"));
            }
        }
        Ok(())
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}
