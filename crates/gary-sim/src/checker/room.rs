//! How much of its machine an agent has promised, as far as it can be seen from outside.

use std::time::Duration;

use gary_promise::{AgentId, PromiseId, Resources, Time};

use super::Book;
use super::hearings::DECIDED_BEFORE_US;

/// How long what was withdrawn may take to stop, and its agent to hear that it has, by an agent that is awake: it takes
/// room until then.
const STOPS_WITHIN: Duration = Duration::from_secs(3);

/// How much an agent had promised by this offer of its own, or else when it decided what it says now: at least, and at
/// most.
pub(super) fn taken(
    at: Time,
    agent: AgentId,
    by: Option<&PromiseId>,
    book: &Book,
) -> (Resources, Resources) {
    let (mut at_least, mut at_most) = (Resources::NONE, Resources::NONE);
    let is_old = |told_at: Time| at.as_us() > told_at.as_us() + DECIDED_BEFORE_US;
    for (id, its) in book.offers_of(agent) {
        if by.is_some_and(|by| id > by) {
            break;
        }
        let taken = its.host.portion.resources();
        let is_certain = by.is_some() || its.told_at.is_some_and(is_old);
        if is_certain && its.withdrawn_at.is_none() {
            at_least = at_least.plus(taken).unwrap_or(at_least);
        }
        let stops_by = its
            .withdrawn_at
            .map(|when| book.awake_since(&agent, when).after(STOPS_WITHIN));
        if stops_by.is_none_or(|stops_by| at <= stops_by) || book.runs.contains_key(id) {
            at_most = at_most.plus(taken).unwrap_or(at_most);
        }
    }
    (at_least, at_most)
}
