//! Answering acceptances that were no news: what stands, in a renewal.

use std::collections::BTreeSet;
use std::time::Duration;

use gary_promise::{AgentId, Time};

use super::hostings::Hosting;
use super::order::Order;
use crate::voice::{Speech, Voice};

/// The most agents that wait for an answer at once. Others find out by a renewal, or by there being none.
pub const ANSWERS_MAX: usize = 256;

/// How long answers wait for one another: a keeper that has started again accepts all again that it counts, and is
/// answered once. Nobody gets more answers than one for each such time, however often it accepts.
pub const ANSWERS_WAIT: Duration = Duration::from_millis(50);

/// Who is to be told what stands, and when.
#[derive(Debug, Default)]
pub(super) struct Answers {
    to: BTreeSet<AgentId>,
    due_at: Option<Time>,
}

impl Answers {
    /// Somebody has accepted what is bound already, or does not stand.
    pub(super) fn owe(&mut self, now: Time, to: AgentId) {
        if self.to.len() < ANSWERS_MAX {
            self.to.insert(to);
            self.due_at.get_or_insert(now.after(ANSWERS_WAIT));
        }
    }

    pub(super) const fn due_at(&self) -> Option<Time> {
        self.due_at
    }
}

impl Hosting {
    /// Answers those who wait for it, if it is time.
    pub(super) fn answer<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        if self.answers.due_at.is_some_and(|due_at| due_at <= now) {
            for keeper in std::mem::take(&mut self.answers).to {
                self.renew_to(now, keeper, voice);
            }
        }
    }
}
