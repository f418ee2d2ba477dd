//! What is pending runs nothing, and takes the place of nothing that its owner has not known of.

use gary_agent::{Fact, Order};
use gary_promise::{AgentId, Frame, PromiseId, Time};

use super::{Book, Verdict};
use crate::seen::Seen;

/// How long after the last fault a pending intent may still wait, in microseconds, where a majority of its keepers is
/// there: until that is known, and for two attempts and the wait between them.
const WAITS_AT_MOST_US: u64 = 20_000_000;

/// Holds intents to it that nobody hosts or asks to host them before they are chosen, and that no two are ever chosen for
/// the same generation of a workload.
#[derive(Debug, Default)]
pub(super) struct PendingIntents {
    calm_since: Option<Time>,
    /// How many intents were ever pending.
    pub(super) premises: u64,
}

impl PendingIntents {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// An intent that is hosted and not kept, or that took the place of another in silence.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Says {
                from,
                frame: Frame::Invitation(_),
                ..
            } => {
                let all = &mut book.made.iter();
                all.try_for_each(|intent| check_chosen(from, "asks others to host", intent, book))
            }
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } => check_chosen(agent, "hosts", &start.intent.id(), book),
            Seen::Stores { agent, facts } => {
                for fact in facts {
                    match fact {
                        Fact::Keeps { intent, .. } => check_chosen(agent, "keeps", intent, book)?,
                        Fact::Pending { refused: None, .. } => self.premises += 1,
                        _ => {}
                    }
                }
                match book.registers.chosen_twice() {
                    Some([one, other]) => {
                        let [one, other] = [one, other].map(|its| book.names.of_promise(&its));
                        Err(format!("{other} has taken the place of {one} in silence"))
                    }
                    None => Ok(()),
                }
            }
            Seen::Calms => {
                self.calm_since = Some(at);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Looks at what is still pending.
    ///
    /// # Errors
    ///
    /// An intent that waits though its keepers are there.
    pub(super) fn scan(&self, at: Time, book: &Book) -> Verdict {
        let Some(since) = self.calm_since else {
            return Ok(());
        };
        if at.as_us() <= since.as_us() + WAITS_AT_MOST_US {
            return Ok(());
        }
        for (agent, seen) in book.agents.iter().filter(|(_, its)| its.is_up) {
            let waiting = seen.pending.iter().filter(|(_, is_refused)| !**is_refused);
            for (intent, _) in waiting {
                if can_be_kept(intent, book) {
                    let (agent, what) = (book.names.of_agent(agent), book.names.of_promise(intent));
                    return Err(format!(
                        "{what} is pending at {agent}, and a majority of its keepers is there"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Whether an intent was ever chosen, by the disk of one who keeps it.
fn check_chosen(agent: AgentId, does: &str, intent: &PromiseId, book: &Book) -> Verdict {
    if book.registers.was_chosen(intent) {
        return Ok(());
    }
    let (agent, what) = (book.names.of_agent(&agent), book.names.of_promise(intent));
    Err(format!(
        "{agent} {does} {what}, which is not kept by anybody"
    ))
}

/// Whether a majority of those who keep the workload of an intent is there and looks at it. Who would keep a name that
/// nobody keeps is not seen from outside.
fn can_be_kept(intent: &PromiseId, book: &Book) -> bool {
    let workload = book.promises.get(intent).and_then(|its| its.workload());
    let mut registers = book.registers.all();
    let register = registers.find(|(its, _)| Some(**its) == workload);
    register.is_some_and(|(_, keepers)| {
        let is_there = |its: &&AgentId| {
            let seen = book.agents.get(its).filter(|its| its.is_up);
            seen.is_some_and(|its| its.considers(intent.promiser))
        };
        2 * keepers.iter().filter(is_there).count() > keepers.len()
    })
}
