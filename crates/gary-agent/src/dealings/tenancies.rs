//! What hosts of exclusive workloads ask of their keepers.

use gary_promise::{
    AgentId, Body, Frame, Lineage, Promise, Tenancy, TenancyWord, Time, Valency, Verified,
};

use super::machine::Dealings;
use crate::refused::Fault;
use crate::voice::Speech;

impl<C: Speech> Dealings<C> {
    /// A host asks for a tenure or releases one, or a keeper answers.
    pub(super) fn tenancy(
        &mut self,
        now: Time,
        from: AgentId,
        tenancy: Tenancy,
    ) -> Result<(), Fault> {
        let Tenancy {
            workload,
            claim,
            word,
        } = &tenancy;
        let holder = claim.holder(from);
        let asked = match word {
            TenancyWord::Asks(asked) => *asked,
            TenancyWord::Releases => {
                let is_released = self.grants.release(workload, holder, claim.epoch);
                return is_released.then_some(()).ok_or(Fault::Gone);
            }
            TenancyWord::Grants { .. } | TenancyWord::Refuses { .. } => {
                let voice = &mut self.voice;
                return self.hosting.handle_tenancy(now, from, &tenancy, voice);
            }
        };
        if self.grants.is_past(workload, &from, asked) {
            return Err(Fault::Replay);
        }
        // Whoever does not remember how it has voted may not remember what it has granted.
        let (custody, mut parts) = self.custody(now);
        let is_sure = custody.is_sure_to_grant(workload, &mut parts);
        let (seat, has_voted) = self.custody.seat(workload).ok_or(Fault::NotForMe)?;
        let keepers = seat.configuration().clone();
        // Nobody but who hosts it, as far as this keeper knows, has any use of it. A disk that is behind is as good as gone.
        let may_have = is_sure
            && keepers.has(&self.voice.id())
            && self.tending.counts(workload, &holder.offer)
            && !self.voice.is_behind();
        let (is_granted, grant) = match may_have {
            true => {
                let seat = (seat, has_voted);
                self.grants.ask(now, *workload, seat, (holder, claim.epoch))
            }
            false => (false, None),
        };
        if let Some(grant) = grant {
            let voice = &mut self.voice;
            self.custody.commit_to_grant(workload, grant, voice);
        }
        if is_granted {
            self.grants.note_asked(*workload, from, asked);
        }
        let word = match is_granted {
            true => TenancyWord::Grants { asked, keepers },
            false => TenancyWord::Refuses {
                asked,
                latest: self.grants.latest(workload),
                keepers,
            },
        };
        let answer = Tenancy { word, ..tenancy };
        self.voice.say(from, Frame::Tenancy(Box::new(answer)));
        Ok(())
    }

    /// Something was chosen: a workload may be deleted by it, or its name be another's. Nobody is granted that any more, so
    /// that what was granted can be forgotten.
    pub(super) fn forget_grants(&mut self, chosen: &Verified<Promise>) {
        let Body::Use(wanted) = chosen.body() else {
            return;
        };
        if wanted.valency != Valency::NONE && wanted.lineage != Lineage::Founds {
            return;
        }
        let custody = &self.custody;
        for workload in self.grants.forget(|its| custody.is_over(its)) {
            self.voice.forget_grant(workload);
        }
    }
}
