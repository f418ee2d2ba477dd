//! Whether what another has missed is told it again.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Frame, PromiseId, Renewal, Time, Version};

use super::{Book, Verdict};
use crate::seen::Seen;

/// How soon a keeper tells a host again what that has missed, in microseconds: what is said may wait for a disk.
const TOLD_WITHIN_US: u64 = 2_000_000;

/// A renewal names all that stands. A host that renews as offered what its keeper has accepted is told the acceptance
/// again.
#[derive(Debug, Default)]
pub(super) struct Mending {
    /// The last word of each host that each keeper has heard in this life.
    heard: BTreeMap<(AgentId, AgentId), Version>,
    /// Acceptances that hosts have missed, and since when their keepers know.
    untold: BTreeMap<PromiseId, Time>,
}

impl Mending {
    /// Notes what was just seen.
    ///
    /// # Errors
    ///
    /// What was not told again.
    pub(super) fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Starts { agent, .. } | Seen::Ends { agent, .. } => {
                self.heard.retain(|(keeper, _), _| *keeper != agent);
                self.untold.retain(|id, _| id.promiser != agent);
            }
            Seen::Hears {
                from,
                to,
                frame: Frame::Renewal(renewal),
                ..
            } => {
                // What is said again, or was said before it, is no news.
                let last = self.heard.get(&(to, from)).copied();
                if last < Some(renewal.version) {
                    self.heard.insert((to, from), renewal.version);
                    let offered = renewal.offered.iter().map(|version| PromiseId {
                        promiser: from,
                        version: *version,
                    });
                    self.untold.extend(
                        offered
                            .filter_map(|offer| missed(to, offer, book))
                            .map(|id| (id, at)),
                    );
                }
            }
            Seen::Says { from, to, frame } => {
                if let Frame::Renewal(renewal) = frame {
                    check_named(from, to, renewal, book)?;
                }
                for id in book.made.iter().filter(|id| id.promiser == from) {
                    self.untold.remove(id);
                }
            }
            _ => {}
        }
        self.untold.retain(|id, _| {
            let its = book.acceptances.get(id);
            its.is_some_and(|its| its.is_counted() && book.stands(&its.accept.offer))
        });
        for (id, when) in &self.untold {
            let since = book.awake_since(&id.promiser, *when);
            if at.as_us() > since.as_us() + TOLD_WITHIN_US {
                let what = book.names.of_promise(id);
                return Err(format!(
                    "{what} was missed by its host, and is not told again"
                ));
            }
        }
        Ok(())
    }
}

/// A renewal names all that stands between two: what it does not name is taken for withdrawn. Bound is what was heard to
/// be accepted.
fn check_named(host: AgentId, keeper: AgentId, renewal: &Renewal, book: &Book) -> Verdict {
    let mut standing = book.standing_of(host).filter(|(id, its)| {
        let is_between = its.host.promisee == keeper && its.handed_over_at.is_none();
        is_between && its.told_at.is_some() && id.version < renewal.version
    });
    let unnamed = standing.find(|(id, _)| {
        !renewal.bound.contains(&id.version) && !renewal.offered.contains(&id.version)
    });
    if let Some((id, _)) = unnamed {
        let what = book.names.of_promise(id);
        return Err(format!("{what} stands, and a renewal does not name it"));
    }
    let mut bound = renewal.bound.iter().map(|version| PromiseId {
        promiser: host,
        version: *version,
    });
    let is_accepted = |its: &PromiseId| {
        let offer = book.offers.get(its);
        offer.is_some_and(|offer| offer.accepted_at.is_some())
    };
    match bound.find(|its| !is_accepted(its)) {
        Some(id) => {
            let what = book.names.of_promise(&id);
            Err(format!(
                "{what} is renewed as bound, and nobody has accepted it"
            ))
        }
        None => Ok(()),
    }
}

/// The keeper's acceptance of an offer, where it has made one.
fn missed(keeper: AgentId, offer: PromiseId, book: &Book) -> Option<PromiseId> {
    let mut accepted = book
        .acceptances
        .iter()
        .filter(|(id, its)| id.promiser == keeper && its.accept.offer == offer && its.is_counted());
    accepted.next().map(|(id, _)| *id)
}
