//! An order of agents that everybody comes to by themselves.

use sha2::{Digest, Sha256};

use crate::AgentId;

/// Where an agent comes in the order for `key`, the lesser first: the same for everyone who asks, another for each
/// key, and changed by nobody who comes or goes. (Thaler and Ravishankar, "A Name-Based Mapping Scheme for
/// Rendezvous", 1996.)
pub fn rendezvous(key: &[u8], agent: AgentId) -> u64 {
    let mut hash = Sha256::new();
    hash.update(agent.as_bytes());
    hash.update(key);
    let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash.finalize());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn favours_nobody_and_moves_nobody_else_when_one_goes() {
        let agents: Vec<AgentId> = (0..10)
            .map(|byte| AgentId::from_bytes([byte; 32]))
            .collect();
        let first = |key: u32, agents: &[AgentId]| {
            let order = |agent: &&AgentId| rendezvous(&key.to_be_bytes(), **agent);
            *agents.iter().min_by_key(order).expect("there are some")
        };
        let mut won = std::collections::BTreeMap::<AgentId, u32>::new();
        for key in 0..1_000 {
            let winner = first(key, &agents);
            *won.entry(winner).or_default() += 1;
            let without = |gone: AgentId| agents.iter().filter(move |its| **its != gone).copied();
            let loser = agents[usize::from(winner == agents[0])];
            assert_eq!(first(key, &without(loser).collect::<Vec<_>>()), winner);
        }
        assert!(
            won.values().all(|count| (60..160).contains(count)),
            "{won:?}"
        );
    }
}
