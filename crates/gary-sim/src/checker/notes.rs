//! What agents write down of their judgements besides the value.

use std::collections::BTreeMap;

use gary_agent::Assessed;
use gary_promise::{AgentId, Body, BootEpoch, Broken, Judgement, Kept, Time, Unknown};

use super::Book;

/// For how long a keeper waits for a host that is silent, in microseconds.
const PATIENCE_US: u64 = 7_500_000;

/// By what clock an agent judges: hostings by one that stands still while the agent sleeps, custody by one that does
/// not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Waking,
    Clock,
}

/// When agents have last judged in each of their lives.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<(AgentId, BootEpoch, By), Time>);

impl Notes {
    /// Whether what is written down says truly of what it is, and when each thing was.
    ///
    /// # Errors
    ///
    /// What is not so.
    pub(super) fn check(
        &mut self,
        agent: AgentId,
        assessed: &Assessed,
        book: &Book,
    ) -> Result<(), &'static str> {
        check_place(assessed, book)?;
        if book.agents.get(&agent).map(|its| its.epoch) != Some(assessed.epoch) {
            return Err("that was in another life");
        }
        let at = assessed.assessment.at();
        check_times(at, assessed.assessment.judgement())?;
        let by = match assessed.slot {
            Some(_) => By::Waking,
            None => By::Clock,
        };
        let last = self.0.entry((agent, assessed.epoch, by)).or_insert(at);
        if at < *last {
            return Err("it has judged later than that before");
        }
        *last = at;
        Ok(())
    }
}

/// It is of the workload and the slot that the promise is of.
fn check_place(assessed: &Assessed, book: &Book) -> Result<(), &'static str> {
    let promise = book.promises.get(&assessed.assessment.promise());
    let place = match promise.map(|its| its.body()) {
        Some(Body::Host(host)) => (host.workload, Some(host.slot)),
        Some(Body::Keep(keep)) => (keep.workload, None),
        Some(_) => return Err("nobody judges that"),
        None => return Ok(()),
    };
    match place == (assessed.workload, assessed.slot) {
        true => Ok(()),
        false => Err("it is of another slot or workload"),
    }
}

/// What is judged by was before the judgement.
fn check_times(at: Time, judgement: Judgement) -> Result<(), &'static str> {
    let evidence_at = match judgement {
        Judgement::Kept(Kept::Renewed { at } | Kept::Used { at } | Kept::OnNotice { at, .. })
        | Judgement::Unknown(Unknown::Silent { since: at } | Unknown::Lost { at })
        | Judgement::Broken(
            Broken::Expired { at } | Broken::Withdrawn { at } | Broken::Contrary { at, .. },
        ) => at,
        Judgement::Unknown(Unknown::Unheard) => return Ok(()),
    };
    if evidence_at > at {
        return Err("it goes by what was not yet");
    }
    match judgement {
        Judgement::Unknown(Unknown::Silent { since })
            if at.as_us() - since.as_us() < PATIENCE_US =>
        {
            Err("that was not long ago")
        }
        Judgement::Kept(Kept::OnNotice { back_by, .. }) if back_by <= at => {
            Err("it should be back by then")
        }
        _ => Ok(()),
    }
}
