//! Hints on their way.

use gary_promise::{AgentId, BootEpoch, Hint, Version};

use super::village::Village;
use crate::membership::Event;

#[test]
fn hints_reach_everybody_once_and_only_the_newest() {
    let mut village = Village::of(6);
    let agent = AgentId::from_bytes([2; 32]);
    let old = Hint {
        agent,
        version: Version::first(BootEpoch(1)),
    };
    let new = Hint {
        agent,
        version: old.version.next().expect("not the last"),
    };
    let now = village.now;
    let owner = village.members.get_mut(&2).expect("a member");
    owner.hint(now, new);
    owner.hint(now, old);
    village.run(2000);
    for port in [1, 3, 4, 5, 6] {
        let hinted = |hint| (port, Event::Hinted(hint));
        let times = |event| {
            village
                .events
                .iter()
                .filter(|heard| **heard == event)
                .count()
        };
        assert_eq!(times(hinted(new)), 1, "{port}");
        assert_eq!(times(hinted(old)), 0, "{port}");
    }
}

#[test]
fn a_hint_of_somebody_unknown_is_not_taken() {
    let mut village = Village::of(2);
    let hint = Hint {
        agent: AgentId::from_bytes([9; 32]),
        version: Version::first(BootEpoch(1)),
    };
    let now = village.now;
    village
        .members
        .get_mut(&2)
        .expect("a member")
        .hint(now, hint);
    village.run(1000);
    assert!(!village.heard(1, Event::Hinted(hint)));
}
