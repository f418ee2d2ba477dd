//! Agents that are drained, and do as they please.

use gary_agent::{Drain, Transmit};
use gary_promise::{Frame, Notice, Renewal};

use crate::adapter::Adapter;

/// Gives those it hosts for no time.
#[derive(Debug)]
pub(super) struct DrainsAtOnce;

impl Adapter for DrainsAtOnce {
    fn drains(&mut self, drain: Drain) -> Option<Drain> {
        let within = Notice::from_ms(1).unwrap_or(drain.within);
        Some(Drain { within, ..drain })
    }
}

/// Leaves, whatever it hosts and keeps.
#[derive(Debug)]
pub(super) struct LeavesAtOnce;

impl Adapter for LeavesAtOnce {
    fn drains(&mut self, _drain: Drain) -> Option<Drain> {
        None
    }
}

/// Says to nobody that what it hosts ends.
#[derive(Debug)]
pub(super) struct GivesNoNotice;

impl Adapter for GivesNoNotice {
    fn says(&mut self, transmit: Transmit) -> Vec<Transmit> {
        let Transmit { to, frame } = transmit;
        let frame = match frame {
            Frame::Renewal(renewal) => Frame::Renewal(Renewal {
                ends_within: None,
                ..renewal
            }),
            other => other,
        };
        vec![Transmit { to, frame }]
    }
}
