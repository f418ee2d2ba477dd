//! Whom this agent has asked itself about what others say.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use gary_promise::{AgentId, MemberId, Time};

/// The most addresses that are remembered. Past it the one asked longest ago is forgotten.
const ASKED_MAX: usize = 16;

/// How much time there is at least between two questions, whoever they are for: what is made up of many
/// addresses makes no agent send faster than this.
const GAP: Duration = Duration::from_millis(20);

/// How long after a question the same address is asked again. It doubles each time.
const WAIT_MIN: Duration = Duration::from_millis(200);

/// How long it is at most: short enough that two copies of a disk find each other soon, whatever was said of
/// that address before.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Whom this agent has asked of late, and how soon it may ask again.
#[derive(Debug, Default)]
pub(super) struct Inquiries {
    asked: BTreeMap<SocketAddr, Asked>,
    last: Option<Time>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    id: MemberId,
    at: Time,
    wait: Duration,
}

impl Inquiries {
    /// Whether this identity may be asked now, where it is said to be. If so, it counts as asked.
    pub(super) fn begin(&mut self, now: Time, id: &MemberId) -> bool {
        if self.last.is_some_and(|last| now.since(last) < GAP) {
            return false;
        }
        let wait = match self.asked.get(&id.address) {
            Some(asked) if now.since(asked.at) < asked.wait => return false,
            Some(asked) => (asked.wait * 2).min(WAIT_MAX),
            None => WAIT_MIN,
        };
        self.make_room(&id.address);
        let asked = Asked {
            id: *id,
            at: now,
            wait,
        };
        self.asked.insert(id.address, asked);
        self.last = Some(now);
        true
    }

    /// The identities of an agent that were asked, the one asked longest ago first.
    pub(super) fn of(&self, agent: &AgentId) -> Vec<MemberId> {
        let theirs = self.asked.values().filter(|its| its.id.agent == *agent);
        let mut theirs: Vec<_> = theirs.copied().collect();
        theirs.sort_by_key(|its| its.at);
        theirs.into_iter().map(|its| its.id).collect()
    }

    fn make_room(&mut self, address: &SocketAddr) {
        if self.asked.len() < ASKED_MAX || self.asked.contains_key(address) {
            return;
        }
        let oldest = self.asked.iter().min_by_key(|(_, its)| its.at);
        if let Some(oldest) = oldest.map(|(address, _)| *address) {
            self.asked.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use gary_promise::{BootEpoch, BootNonce, Renewals};

    use super::*;

    fn id(port: u16) -> MemberId {
        MemberId {
            agent: AgentId::from_bytes([7; 32]),
            epoch: BootEpoch(1),
            nonce: BootNonce(1),
            renewals: Renewals(0),
            address: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
        }
    }

    #[test]
    fn asks_the_same_ever_less_often_and_no_two_at_once() {
        let mut inquiries = Inquiries::default();
        let mut asked = Vec::new();
        for ms in 0..60_000 {
            if inquiries.begin(Time::from_us(ms * 1000), &id(1)) {
                asked.push(ms);
                assert!(!inquiries.begin(Time::from_us(ms * 1000), &id(2)));
            }
        }
        assert_eq!(asked[..4], [0, 200, 600, 1400]);
        assert!(
            (10..20).contains(&asked.len()),
            "{} in a minute",
            asked.len()
        );
    }

    #[test]
    fn made_up_addresses_are_not_all_remembered_nor_all_asked() {
        let mut inquiries = Inquiries::default();
        let asked =
            |number: &u16| inquiries.begin(Time::from_us(u64::from(*number) * 1000), &id(*number));
        let count = (1..2000).filter(asked).count();
        assert!(count <= 100, "{count} in two seconds");
        assert_eq!(inquiries.asked.len(), ASKED_MAX);
        assert_eq!(inquiries.of(&id(1).agent).len(), ASKED_MAX);
    }
}
