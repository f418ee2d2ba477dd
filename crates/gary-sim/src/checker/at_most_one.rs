//! 22. Under any partition, pause or restart, a resource that refuses lower fencing epochs never accepts two holders of an
//!     exclusive workload; without fencing, a paused host may run at most one epoch tick past its resume.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gary_agent::exclusive::Grant;
use gary_agent::{Fact, Order, Start};
use gary_promise::{
    AgentId, BootEpoch, Claim, Configuration, FencingEpoch, Frame, PromiseId, Tenancy, TenancyWord,
    Time, WorkloadId,
};

use super::{Book, Checker, Verdict};
use crate::property::Property;
use crate::seen::Seen;

/// How long what was paused may run once it goes on: a tick of its host's epoch.
const EPOCH_TICK: Duration = Duration::from_millis(1);

/// For how long what a keeper has granted may be held. A keeper whose clock jumps, without that time has passed, may take it
/// to have run out before: no lease holds by such a clock. Fencing does.
const TENURE: Duration = Duration::from_millis(10_020);

/// Who holds something exclusive: by which offer, in which start of its host.
type Holder = (PromiseId, BootEpoch);

/// Who runs something exclusive, by what it was granted, and who was let use what they share.
#[derive(Debug, Default)]
pub(super) struct AtMostOne {
    /// Under which epoch whom has run.
    holders: BTreeMap<(WorkloadId, FencingEpoch), Holder>,
    running: BTreeMap<WorkloadId, BTreeSet<PromiseId>>,
    /// What runs beside another, since its node stood still when that began.
    paused: BTreeSet<PromiseId>,
    /// Whom what they share has let use it last.
    let_use: BTreeMap<WorkloadId, (FencingEpoch, PromiseId)>,
    /// What keepers have on their disks of what they have granted.
    stored: BTreeMap<(AgentId, WorkloadId), Grant>,
    /// Of which workloads keepers may have lost that, as their disks went back.
    lost: BTreeSet<(AgentId, WorkloadId)>,
    /// Which keepers a host has heard to grant it which epoch, and as which of them.
    heard: BTreeMap<(PromiseId, FencingEpoch), BTreeMap<Configuration, BTreeSet<AgentId>>>,
    /// Whose clocks have jumped, and when.
    jumped: BTreeMap<AgentId, Time>,
    calm_since: Option<Time>,
    premises: u64,
}

impl Checker for AtMostOne {
    fn property(&self) -> Property {
        Property {
            number: 22,
            name: "at most one",
        }
    }

    fn check(&mut self, at: Time, seen: &Seen<'_>, book: &Book) -> Verdict {
        match *seen {
            Seen::Stores { agent, facts } => self.check_stored(agent, facts, book)?,
            Seen::Says {
                from,
                to,
                frame: Frame::Tenancy(its),
            } => self.check_granted(from, to, its, book)?,
            Seen::Hears {
                from,
                to,
                frame: Frame::Tenancy(its),
                is_noise: false,
            } => self.note_heard(from, to, its),
            Seen::Orders {
                agent,
                order: Order::Start(start),
            } => self.check_started(agent, start, book)?,
            Seen::Runs {
                agent,
                binding,
                epoch: Some(epoch),
                ..
            } => {
                let (offer, workload) = (binding.id().offer, binding.workload());
                self.check_holder(agent, offer, (workload, epoch), book)?;
                self.begin(at, offer, workload, book)?;
            }
            Seen::Halts { offer, .. } => {
                self.paused.remove(&offer);
                for running in self.running.values_mut() {
                    running.remove(&offer);
                }
            }
            Seen::Uses {
                offer,
                workload,
                epoch,
                is_accepted: true,
                ..
            } => self.check_used(offer, workload, epoch, book)?,
            Seen::Stalls {
                agent,
                is_clock: true,
                ..
            } => {
                self.jumped.insert(agent, at);
            }
            Seen::Restores { agent, .. } => {
                let theirs = self.stored.keys().filter(|(its, _)| *its == agent);
                self.lost.extend(theirs);
            }
            Seen::Calms => self.calm_since = Some(at),
            _ => {}
        }
        self.check_paused(at, book)
    }

    fn premises(&self) -> u64 {
        self.premises
    }
}

impl AtMostOne {
    /// What a keeper remembers of its grants only goes on, and to nobody else under the same epoch. Whose disk went back does
    /// not know; whether it may grant anything then is another property's.
    fn check_stored(&mut self, keeper: AgentId, facts: &[Fact], book: &Book) -> Verdict {
        for fact in facts {
            match fact {
                Fact::Granted { workload, grant } => {
                    let of_it = (keeper, *workload);
                    let before = self.stored.insert(of_it, *grant);
                    let before = before.filter(|_| !self.lost.remove(&of_it));
                    let goes_on = before.is_none_or(|its| {
                        let is_same = its.epoch == grant.epoch && its.holder == grant.holder;
                        its.epoch < grant.epoch || is_same
                    });
                    if !goes_on {
                        let (name, epoch) = (book.names.of_agent(&keeper), grant.epoch);
                        return Err(format!("{name} grants epoch {epoch} once more"));
                    }
                }
                Fact::Ungranted(workload) => {
                    self.stored.remove(&(keeper, *workload));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a keeper says it grants, it has stored, or something later.
    fn check_granted(
        &self,
        keeper: AgentId,
        host: AgentId,
        tenancy: &Tenancy,
        book: &Book,
    ) -> Verdict {
        if !matches!(tenancy.word, TenancyWord::Grants { .. }) {
            return Ok(());
        }
        let Claim { epoch, .. } = tenancy.claim;
        let stored = self.stored.get(&(keeper, tenancy.workload));
        let is_stored = stored.is_some_and(|its| {
            let is_its = its.epoch == epoch && its.holder == tenancy.claim.holder(host);
            is_its || its.epoch > epoch
        });
        if is_stored {
            return Ok(());
        }
        let (name, what) = (
            book.names.of_agent(&keeper),
            book.names.of_workload(&tenancy.workload),
        );
        Err(format!(
            "{name} grants epoch {epoch} of {what} before it is stored"
        ))
    }

    fn note_heard(&mut self, keeper: AgentId, host: AgentId, tenancy: &Tenancy) {
        if let TenancyWord::Grants { keepers, .. } = &tenancy.word {
            let holder = tenancy.claim.holder(host);
            let claim = (holder.offer, tenancy.claim.epoch);
            let heard = self.heard.entry(claim).or_default();
            heard.entry(keepers.clone()).or_default().insert(keeper);
        }
    }

    /// Nothing that is exclusive runs on a binding alone: a majority of one configuration has granted it. What a host grants
    /// itself shows on its disk.
    fn check_started(&mut self, host: AgentId, start: &Start, book: &Book) -> Verdict {
        let (offer, workload) = (start.offer.id(), start.binding.workload());
        let wanted = book.intent(&start.intent.id());
        if wanted.is_none_or(|its| !its.exclusive) {
            return Ok(());
        }
        self.premises += 1;
        let (name, what) = (book.names.of_agent(&host), book.names.of_promise(&offer));
        let Some(term) = start.term else {
            return Err(format!(
                "{name} runs {what}, which is exclusive, without end"
            ));
        };
        let own = self.stored.get(&(host, workload));
        let is_own = own.is_some_and(|its| its.epoch == term.epoch && its.holder.offer == offer);
        let heard = self.heard.get(&(offer, term.epoch));
        let by_majority = |(keepers, granted): (&Configuration, &BTreeSet<AgentId>)| {
            let is_one = |its: &&AgentId| granted.contains(its) || (is_own && **its == host);
            let count = keepers.keepers().iter().filter(is_one).count();
            count >= keepers.majority() && keepers.epoch() == term.epoch.configuration()
        };
        let is_held = match heard {
            Some(heard) => heard.iter().any(by_majority),
            // It keeps it alone.
            None => is_own,
        };
        match is_held {
            true => Ok(()),
            false => Err(format!(
                "{name} runs {what} by epoch {}, which no majority has granted",
                term.epoch
            )),
        }
    }

    /// An epoch is one holder's.
    fn check_holder(
        &mut self,
        agent: AgentId,
        offer: PromiseId,
        epoch: (WorkloadId, FencingEpoch),
        book: &Book,
    ) -> Verdict {
        let life = book.agents.get(&agent).map(|its| its.epoch);
        let holder = (offer, life.unwrap_or(BootEpoch(0)));
        let first = *self.holders.entry(epoch).or_insert(holder);
        if first == holder {
            return Ok(());
        }
        let both = [first, holder].map(|(offer, _)| book.names.of_promise(&offer));
        let (what, epoch) = (book.names.of_workload(&epoch.0), epoch.1);
        Err(format!(
            "{} and {} run {what} under epoch {epoch}",
            both[0], both[1]
        ))
    }

    /// Something begins to run: what runs it beside that stands still, and has not found out yet that its time is up.
    fn begin(&mut self, at: Time, offer: PromiseId, workload: WorkloadId, book: &Book) -> Verdict {
        let running = self.running.entry(workload).or_default();
        running.insert(offer);
        let others: Vec<PromiseId> = running
            .iter()
            .filter(|its| **its != offer)
            .copied()
            .collect();
        for other in others {
            if self.is_excused(at, &workload, book) {
                continue;
            }
            self.paused.insert(other);
            if at > self.stops_by(&other, book) {
                let both = [other, offer].map(|its| book.names.of_promise(&its));
                let what = book.names.of_workload(&workload);
                return Err(format!("{} and {} run {what} at once", both[0], both[1]));
            }
        }
        Ok(())
    }

    /// When something that was paused has to have stopped.
    fn stops_by(&self, offer: &PromiseId, book: &Book) -> Time {
        let stalled = book
            .agents
            .get(&offer.promiser)
            .map(|its| its.stalled_until);
        let stalled = stalled.unwrap_or(Time::from_us(0));
        let resumes = self.calm_since.map_or(stalled, |calm| stalled.min(calm));
        resumes.after(EPOCH_TICK)
    }

    /// What was paused runs no longer than a tick once it goes on.
    fn check_paused(&self, at: Time, book: &Book) -> Verdict {
        let mut late = self.paused.iter();
        let late = late.find(|its| at > self.stops_by(its, book));
        match late {
            Some(offer) => {
                let what = book.names.of_promise(offer);
                Err(format!("{what} was paused, and runs on beside another"))
            }
            None => Ok(()),
        }
    }

    /// Whether the clock of a keeper has jumped of late.
    fn is_excused(&self, at: Time, workload: &WorkloadId, book: &Book) -> bool {
        let mut jumped = self.jumped.iter();
        jumped.any(|(agent, when)| book.registers.has(workload, agent) && at <= when.after(TENURE))
    }

    /// What they share lets no two use it under one epoch, and nobody under an earlier.
    fn check_used(
        &mut self,
        offer: PromiseId,
        workload: WorkloadId,
        epoch: FencingEpoch,
        book: &Book,
    ) -> Verdict {
        self.premises += 1;
        let before = self.let_use.insert(workload, (epoch, offer));
        let Some((latest, by)) = before else {
            return Ok(());
        };
        let both = [by, offer].map(|its| book.names.of_promise(&its));
        if latest == epoch && by != offer {
            return Err(format!(
                "{} and {} are both let use what they share under epoch {epoch}",
                both[0], both[1]
            ));
        }
        match latest > epoch {
            true => Err(format!(
                "{} is let use what it shares with {} under epoch {epoch}, after {latest}",
                both[1], both[0]
            )),
            false => Ok(()),
        }
    }
}
