//! Hosting nothing anew, and nothing any more.

use std::time::Duration;

use gary_promise::{NOTICE_MS_MAX, Notice, Reason, Slot, Time, Version, WorkloadId};

use super::hosted::Hosted;
use super::hostings::Hosting;
use super::order::Order;
use crate::voice::{Speech, Voice};

impl Hosting {
    /// Takes back at that time all that it hosts, and at once what nobody has accepted yet. Whoever goes by what it hosts is
    /// told so with every renewal.
    pub(crate) fn end_at<C: Speech>(&mut self, now: Time, at: Time, voice: &mut Voice<C, Order>) {
        self.ends_at = Some(at);
        let offered = self.hosted.iter().filter(|(_, its)| !its.is_bound());
        let offered: Vec<Version> = offered.map(|(version, _)| *version).collect();
        for version in offered {
            self.withdraw(version, Reason::Leaving, voice);
        }
        self.renew(now, voice);
    }

    /// Hosts on, for as long as it is asked to.
    pub(crate) fn go_on<C: Speech>(&mut self, now: Time, voice: &mut Voice<C, Order>) {
        if self.ends_at.take().is_some() {
            self.renew(now, voice);
        }
    }

    /// How soon it takes back what it hosts, for whoever hears so now.
    pub(super) fn ends_within(&self, now: Time) -> Option<Notice> {
        let left = self.ends_at?.since(now);
        Notice::from_ms(in_ms(left)).ok()
    }

    /// Takes back all that it has offered, bound or not, since it goes away.
    pub(crate) fn leave<C: Speech>(&mut self, voice: &mut Voice<C, Order>) {
        while let Some((version, _)) = self.hosted.first_key_value() {
            self.withdraw(*version, Reason::Leaving, voice);
        }
    }

    /// What it hosts still.
    pub(crate) fn bound(&self) -> impl Iterator<Item = (WorkloadId, Slot)> {
        let bound = self.hosted.values().filter(|its| its.is_bound());
        bound.map(|Hosted { host, .. }| (host.workload, host.slot))
    }

    /// Whether it hosts nothing, and its own host has stopped what it hosted.
    pub(crate) fn is_vacant(&self) -> bool {
        self.hosted.is_empty() && self.stopping.is_empty()
    }
}

/// Rounded up, so that nobody is told of less time than there is, and as much as can be said.
fn in_ms(span: Duration) -> u32 {
    let ms = span.as_micros().div_ceil(1_000).max(1);
    u32::try_from(ms).map_or(NOTICE_MS_MAX, |ms| ms.min(NOTICE_MS_MAX))
}
