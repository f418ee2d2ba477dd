//! What foca wants of the outside, put where it can be polled.

use std::{collections::VecDeque, time::Duration};

use foca::{Notification, Runtime, Timer};
use gary_promise::{Incarnation, MemberId, Time};

use super::{
    Counters, Event,
    identity::{Who, is_cloned},
    roster::Roster,
    timers::{Alarm, Timers},
};

/// The most packets that wait to be sent. Past it new ones are dropped: SWIM lives with loss, and an
/// agent that cannot send so many has nothing to gain from more.
const PACKETS_MAX: usize = 1024;

/// The most events that wait to be told. Past it the oldest are dropped.
const EVENTS_MAX: usize = 4096;

/// Everything about a membership that foca does not hold itself.
#[derive(Debug)]
pub(super) struct Outside {
    pub(super) now: Time,
    pub(super) timers: Timers,
    pub(super) roster: Roster,
    pub(super) counters: Counters,
    packets: VecDeque<(MemberId, Vec<u8>)>,
    events: VecDeque<Event>,
    /// Whether foca asks after members.
    pub(super) joined: bool,
    /// Whether foca has found out that it is taken for dead.
    pub(super) taken_for_dead: bool,
    /// Whether members that go down are not told of, since they are there under another identity.
    pub(super) is_quiet: bool,
    /// Members that have just become suspects of this agent.
    pub(super) suspects: Vec<(MemberId, Incarnation)>,
}

impl Outside {
    pub(super) fn new(now: Time) -> Self {
        Self {
            now,
            timers: Timers::default(),
            roster: Roster::default(),
            counters: Counters::default(),
            packets: VecDeque::new(),
            events: VecDeque::new(),
            joined: false,
            taken_for_dead: false,
            is_quiet: false,
            suspects: Vec::new(),
        }
    }

    /// Sends a packet. Where only others say that its agent is elsewhere now, it also goes to where the agent
    /// was before: should it still be there, it answers for itself.
    pub(super) fn send(&mut self, to: MemberId, bytes: Vec<u8>) {
        if let Some(address) = self.roster.once_at(&to.agent)
            && address != to.address
        {
            self.post(MemberId { address, ..to }, bytes.clone());
        }
        // Nobody is there: foca calls it as it does all that are down.
        if is_cloned(&to) {
            return;
        }
        self.post(to, bytes);
    }

    fn post(&mut self, to: MemberId, bytes: Vec<u8>) {
        if self.packets.len() >= PACKETS_MAX {
            self.counters.packets_dropped += 1;
            return;
        }
        self.packets.push_back((to, bytes));
    }

    /// Tells of an event.
    pub(super) fn tell(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX {
            self.counters.events_dropped += 1;
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    pub(super) fn next_packet(&mut self) -> Option<(MemberId, Vec<u8>)> {
        self.packets.pop_front()
    }

    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What has happened is known already.
    pub(super) fn drop_events(&mut self) {
        self.events = VecDeque::new();
    }

    /// foca holds this identity.
    fn learn(&mut self, id: MemberId) {
        if self.roster.learn(id) && is_cloned(&id) {
            self.tell(Event::CloneSeen {
                agent: id.agent,
                epoch: id.epoch,
            });
        }
    }

    fn renamed(&mut self, from: MemberId, to: MemberId) {
        self.learn(to);
        if is_cloned(&to) {
            return;
        }
        self.tell(if from.epoch != to.epoch {
            Event::Restarted { from, to }
        } else if from.address != to.address {
            Event::Moved { from, to }
        } else {
            Event::Rejoined(to)
        });
    }
}

impl Runtime<Who> for Outside {
    fn notify(&mut self, notification: Notification<'_, Who>) {
        match notification {
            Notification::MemberUp(who) => {
                self.learn(who.0);
                self.tell(Event::Up(who.0));
            }
            Notification::MemberDown(who) => {
                self.learn(who.0);
                if !self.is_quiet {
                    self.tell(Event::Down(who.0));
                }
            }
            Notification::Rename(from, to) => self.renamed(from.0, to.0),
            Notification::Active => {
                self.joined = true;
                self.tell(Event::Joined);
            }
            Notification::Idle => {
                self.joined = false;
                self.tell(Event::Alone);
            }
            Notification::Defunct => {
                self.joined = false;
                self.taken_for_dead = true;
            }
            // foca renews nothing by itself.
            Notification::Rejoin(_) => {}
        }
    }

    fn send_to(&mut self, to: Who, data: &[u8]) {
        self.send(to.0, data.to_vec());
    }

    fn submit_after(&mut self, timer: Timer<Who>, after: Duration) {
        match &timer {
            // The one sign of a member that is known first, or under another identity, when it is down.
            Timer::RemoveDown(who) => self.learn(who.0),
            Timer::ChangeSuspectToDown {
                member_id,
                incarnation,
                ..
            } => {
                self.counters.suspicions += 1;
                self.suspects.push((member_id.0, Incarnation(*incarnation)));
            }
            _ => {}
        }
        self.timers.set(self.now.after(after), Alarm::Foca(timer));
    }
}
