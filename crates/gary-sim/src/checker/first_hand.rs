//! Whether an observer has itself seen what it judges by.

use gary_agent::Assessed;
use gary_promise::{Broken, Contrary, Judgement, Kept, Time, Unknown};

use super::Book;
use super::hearings::DECIDED_BEFORE_US;

/// For how long a keeper waits for a host that is silent, in microseconds.
const PATIENCE_US: u64 = 7_500_000;

/// What an observer goes by, it has seen itself: it has heard the promiser, or has not for so long.
///
/// What the membership tells is an observer's own view, and nothing of it shows outside; nor does what an agent
/// says to itself. Times are of the observer's clock, and are not looked at.
///
/// # Errors
///
/// What it claims and has not seen.
pub(super) fn check(
    at: Time,
    assessed: &Assessed,
    before: Option<Time>,
    book: &Book,
) -> Result<(), &'static str> {
    let (assessment, hearings) = (&assessed.assessment, &book.hearings);
    let (me, promise) = (assessment.observer(), assessment.promise());
    if assessed.slot.is_none() {
        return custody(assessed, book);
    }
    if promise.promiser == me {
        let is_withdrawn = book
            .offers
            .get(&promise)
            .is_some_and(|its| its.withdrawn_at.is_some());
        return match assessment.judgement() {
            Judgement::Broken(Broken::Withdrawn { .. }) if !is_withdrawn => {
                Err("it was never withdrawn")
            }
            _ => Ok(()),
        };
    }
    let silent_us = hearings.silent_us(at, me, &promise).unwrap_or(u64::MAX);
    let lease = book.offers.get(&promise).map(|its| its.host.lease);
    let lease_us = lease.map_or(0, |its| its.duration().as_micros() as u64);
    let heard_since = |since: Time| {
        let heard = hearings.stands_at(me, &promise);
        heard.is_some_and(|heard| heard.as_us() + DECIDED_BEFORE_US >= since.as_us())
    };
    match assessment.judgement() {
        Judgement::Kept(Kept::Renewed { .. }) if before.is_some_and(|its| !heard_since(its)) => {
            Err("its host was not heard since")
        }
        Judgement::Kept(Kept::OnNotice { .. }) if !hearings.is_away(me, &promise) => {
            Err("its host has given no notice")
        }
        Judgement::Kept(Kept::Used { .. }) => Err("it was never used"),
        Judgement::Unknown(Unknown::Silent { .. }) if silent_us < PATIENCE_US => {
            Err("its host was heard of late")
        }
        Judgement::Unknown(Unknown::Unheard) => Err("its host has offered it"),
        Judgement::Broken(Broken::Expired { .. })
            if silent_us < lease_us && !hearings.is_away(me, &promise) =>
        {
            Err("its lease has not run out")
        }
        Judgement::Broken(Broken::Withdrawn { .. }) if !hearings.is_withdrawn(me, &promise) => {
            Err("its host has not withdrawn it")
        }
        Judgement::Broken(Broken::Contrary { contrary, .. }) => match contrary {
            Contrary::Denied if hearings.is_denied(me, &promise) => Ok(()),
            Contrary::Denied => Err("its host has not said so"),
            Contrary::Failed => Err("it was never used"),
        },
        _ => Ok(()),
    }
}

/// Custody has no lease: it is broken by its keeper's own word only.
fn custody(assessed: &Assessed, book: &Book) -> Result<(), &'static str> {
    let promise = assessed.assessment.promise();
    let keeper = book.agents.get(&promise.promiser);
    let stands = keeper.is_some_and(|its| its.disk.contains(&promise));
    match assessed.assessment.judgement() {
        Judgement::Broken(Broken::Withdrawn { .. }) if !stands => Ok(()),
        Judgement::Broken(_) => Err("its keeper has not withdrawn it"),
        Judgement::Unknown(Unknown::Lost { .. }) | Judgement::Kept(Kept::Renewed { .. }) => Ok(()),
        _ => Err("nobody could have seen that"),
    }
}
