//! What is due, and when.

use std::{collections::BTreeMap, time::Duration};

use gary_promise::{AgentId, Incarnation, MemberId, Time};

use super::identity::Who;

/// What a timer is for. There is one for each, so that there are never more than a few and three for
/// each agent known: what foca sets anew makes what it set before void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    AskOthers,
    Probe,
    Suspicion(AgentId),
    Reminder(AgentId),
    Announce,
    CallDown,
    Gossip,
    Join,
    Rejoin,
    Removal(AgentId),
}

/// What is to be done when a timer is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alarm {
    /// foca knows.
    Foca(foca::Timer<Who>),
    /// Tell a suspect that it is one.
    Remind(MemberId, Incarnation),
    /// Look for a cluster.
    Join,
    /// Come back from being taken for dead.
    Rejoin,
}

impl Alarm {
    fn key(&self) -> Key {
        match self {
            Self::Foca(timer) => match timer {
                foca::Timer::ProbeRandomMember(_) => Key::Probe,
                foca::Timer::SendIndirectProbe { .. } => Key::AskOthers,
                foca::Timer::ChangeSuspectToDown { member_id, .. } => {
                    Key::Suspicion(member_id.0.agent)
                }
                foca::Timer::PeriodicAnnounce(_) => Key::Announce,
                foca::Timer::PeriodicAnnounceDown(_) => Key::CallDown,
                foca::Timer::PeriodicGossip(_) => Key::Gossip,
                foca::Timer::RemoveDown(who) => Key::Removal(who.0.agent),
            },
            Self::Remind(member, _) => Key::Reminder(member.agent),
            Self::Join => Key::Join,
            Self::Rejoin => Key::Rejoin,
        }
    }
}

/// When a timer is due, and which of those due at once was set first.
type Place = (Time, u64);

/// Timers in the order in which they are due.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeMap<Place, Alarm>,
    places: BTreeMap<Key, Place>,
    set_so_far: u64,
}

impl Timers {
    /// Sets a timer, in place of an earlier one for the same. If that is for the very same alarm, the
    /// sooner one stays: a suspect that is asked again in vain has no more time for it.
    pub(super) fn set(&mut self, at: Time, alarm: Alarm) {
        let key = alarm.key();
        if let Some(place) = self.places.get(&key) {
            if place.0 <= at && self.queue.get(place) == Some(&alarm) {
                return;
            }
            self.queue.remove(place);
        }
        let place = (at, self.set_so_far);
        self.set_so_far += 1;
        self.places.insert(key, place);
        self.queue.insert(place, alarm);
    }

    /// Takes back a timer for the same, if one is set.
    pub(super) fn cancel(&mut self, alarm: &Alarm) {
        if let Some(place) = self.places.remove(&alarm.key()) {
            self.queue.remove(&place);
        }
    }

    /// Whether a timer for the same is set.
    pub(super) fn is_set(&self, alarm: &Alarm) -> bool {
        self.places.contains_key(&alarm.key())
    }

    /// Whether an agent's time to say that it is there runs.
    pub(super) fn is_suspicion_set(&self, agent: &AgentId) -> bool {
        self.places.contains_key(&Key::Suspicion(*agent))
    }

    /// When the first is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first that is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Alarm> {
        let entry = self.queue.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let alarm = entry.remove();
        self.places.remove(&alarm.key());
        Some(alarm)
    }

    /// Puts all off by `span`, as if that time had not passed.
    pub(super) fn put_off(&mut self, span: Duration) {
        for place in self.places.values_mut() {
            place.0 = place.0.after(span);
        }
        self.queue = std::mem::take(&mut self.queue)
            .into_iter()
            .map(|((at, order), alarm)| ((at.after(span), order), alarm))
            .collect();
    }

    /// Drops all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How many are set.
    pub(super) fn len(&self) -> usize {
        debug_assert_eq!(self.queue.len(), self.places.len(), "each has one place");
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Time {
        Time::from_us(ms * 1000)
    }

    fn gossip(token: u8) -> Alarm {
        Alarm::Foca(foca::Timer::PeriodicGossip(token))
    }

    #[test]
    fn there_is_one_for_each() {
        let mut timers = Timers::default();
        timers.set(at(10), gossip(0));
        timers.set(at(20), Alarm::Join);
        timers.set(at(30), gossip(1));
        timers.set(at(40), gossip(1));
        assert_eq!(timers.len(), 2);
        assert_eq!(timers.take_due(at(19)), None);
        assert_eq!(timers.take_due(at(99)), Some(Alarm::Join));
        assert_eq!(timers.next(), Some(at(30)));
        assert_eq!(timers.take_due(at(99)), Some(gossip(1)));
        assert_eq!(timers.take_due(at(99)), None);
    }

    #[test]
    fn put_off_keeps_the_distances() {
        let mut timers = Timers::default();
        timers.set(at(10), gossip(0));
        timers.set(at(10), Alarm::Join);
        timers.set(at(30), Alarm::Rejoin);
        timers.set(at(20), Alarm::Foca(foca::Timer::PeriodicAnnounce(0)));
        timers.cancel(&Alarm::Foca(foca::Timer::PeriodicAnnounce(1)));
        timers.put_off(Duration::from_millis(500));
        assert_eq!(timers.next(), Some(at(510)));
        assert_eq!(timers.take_due(at(510)), Some(gossip(0)));
        assert_eq!(timers.take_due(at(510)), Some(Alarm::Join));
        assert_eq!(timers.next(), Some(at(530)));
        assert_eq!(timers.len(), 1);
    }
}
