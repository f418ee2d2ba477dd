//! Whether keepers decide in time about what they are offered.

use std::collections::BTreeMap;

use gary_promise::{Frame, PromiseId, Time};

use super::entry::dismissed;
use super::{Book, Verdict};
use crate::seen::Seen;

/// How soon a keeper has to have accepted or dismissed an offer, in microseconds: once a round is over, and that is
/// stored.
const DECIDES_WITHIN_US: u64 = 500_000 + 2_000_000;

/// Offers that their keepers have heard and neither accepted nor dismissed, since when.
#[derive(Debug, Default)]
pub(super) struct Undecided(BTreeMap<PromiseId, Time>);

impl Undecided {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// An offer that has waited for longer than a round takes.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Starts { agent, .. } => {
                self.0.retain(|id, _| book.made_to(id) != Some(agent));
            }
            Seen::Hears { from, to, .. } => {
                let theirs = book.made.iter().filter(|id| id.promiser == from);
                for id in theirs.filter(|id| book.made_to(id) == Some(to)) {
                    self.0.entry(*id).or_insert(at);
                }
            }
            Seen::Says {
                from,
                to,
                frame: Frame::Dismissal(dismissal),
            } => {
                for id in dismissed(to, dismissal).filter(|id| book.made_to(id) == Some(from)) {
                    self.0.remove(&id);
                }
            }
            _ => {}
        }
        self.0
            .retain(|id, _| book.stands(id) && !is_accepted(id, book));
        for (id, when) in &self.0 {
            let Some(keeper) = book.made_to(id).filter(|its| book.is_up(its)) else {
                continue;
            };
            let since = book.awake_since(&keeper, *when);
            if at.as_us() > since.as_us() + DECIDES_WITHIN_US {
                let (keeper, what) = (book.names.of_agent(&keeper), book.names.of_promise(id));
                return Err(format!("{keeper} neither counts nor dismisses {what}"));
            }
        }
        Ok(())
    }
}

/// Whether whom it was made to has ever accepted it.
fn is_accepted(offer: &PromiseId, book: &Book) -> bool {
    let mut acceptances = book.acceptances.iter();
    acceptances
        .any(|(id, its)| its.accept.offer == *offer && Some(id.promiser) == book.made_to(offer))
}
