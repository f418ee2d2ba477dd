//! What tests of tenures need.

use std::time::Duration;

use gary_promise::{
    AgentId, BootEpoch, BootNonce, Configuration, ConfigurationEpoch, FencingEpoch, Holder,
    PromiseId, Sequence, Time, Version,
};

use super::terms::Terms;

/// A tenure of eight microseconds, by clocks that are wrong by a quarter at most: six for a holder, ten for a keeper.
pub(super) fn terms() -> Terms {
    Terms {
        lasts: Duration::from_micros(8),
        drift_ppm: 250_000,
        stops_within: Duration::ZERO,
    }
}

pub(super) fn at(us: u64) -> Time {
    Time::from_us(us)
}

pub(super) fn agent(number: u8) -> AgentId {
    AgentId::from_bytes([number; 32])
}

pub(super) fn keepers(numbers: &[u8]) -> Configuration {
    let keepers = numbers.iter().map(|number| agent(*number));
    Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("a few")
}

pub(super) fn stamp(number: u64) -> Version {
    Version {
        epoch: BootEpoch(1),
        sequence: Sequence::new(number).expect("not zero"),
    }
}

pub(super) fn holder(number: u8) -> Holder {
    Holder {
        offer: PromiseId {
            promiser: agent(number),
            version: stamp(1),
        },
        start: BootNonce(1),
    }
}

pub(super) fn epoch(number: u64) -> FencingEpoch {
    FencingEpoch::new(ConfigurationEpoch::FIRST, number).expect("not zero")
}
