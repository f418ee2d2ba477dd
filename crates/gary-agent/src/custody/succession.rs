//! Who comes in the place of those who keep a name.

use std::collections::BTreeSet;

use gary_promise::{AgentId, Configuration, LabelValue, WorkloadName, rendezvous};

use super::proposed::{Considering, FEW, KEEPERS, KEEPERS_OF_MANY, MANY};

/// How many are to keep a name, of so many members, where so many do: what grew large and shrinks again does not go to
/// and fro.
const fn wanted(members: usize, keepers: usize) -> usize {
    match members {
        MANY.. => KEEPERS_OF_MANY,
        _ if members > FEW && keepers > KEEPERS => KEEPERS_OF_MANY,
        KEEPERS.. => KEEPERS,
        fewer => fewer,
    }
}

/// How many may keep a name where so many are wanted. Three are never too many: who knows of fewer members has yet to find
/// the others.
const fn max_of(wanted: usize) -> usize {
    if wanted > KEEPERS { wanted } else { KEEPERS }
}

/// What it depends on how many are to keep a name: another where there are more members, or fewer, and it may be that
/// others should keep it.
pub(super) const fn sizes(members: usize) -> (usize, usize) {
    (wanted(members, KEEPERS), wanted(members, KEEPERS_OF_MANY))
}

/// Whether those who keep a name are others than should, without looking who would come: `left` of them are there, or
/// may come back.
pub(super) fn is_amiss(keepers: &Configuration, left: usize, members: usize) -> bool {
    let wanted = wanted(members, left);
    left < keepers.keepers().len() || left < wanted || left > max_of(wanted)
}

/// The next change on the way to who should keep a name, by what its keepers know: one comes before one goes, or after it
/// where there are three to begin with and somebody `goes_first`. Nobody goes for whom nobody can come, so that a name is not
/// kept by fewer than it could be.
///
/// `is_gone` are those who do not come back, and `members` is how many there are that have not left.
pub(super) fn successor<'a>(
    name: &WorkloadName,
    keepers: &Configuration,
    is_gone: impl Fn(&AgentId) -> bool,
    goes_first: Option<AgentId>,
    members: usize,
    considering: impl Iterator<Item = Considering<'a>>,
) -> Option<Configuration> {
    let (gone, left): (Vec<AgentId>, Vec<AgentId>) =
        keepers.keepers().iter().partition(|its| is_gone(its));
    let wanted = wanted(members, left.len());
    let considering: Vec<Considering<'_>> = considering.collect();
    let zone = |agent: &AgentId| zone_of(agent, &considering);
    if left.len() < wanted {
        let taken: BTreeSet<&LabelValue> = left.iter().filter_map(zone).collect();
        let others = considering.iter();
        let others = others.filter(|its| its.is_up && !keepers.has(&its.agent));
        let place = |its: &&Considering<'_>| {
            let shares = its.zone.is_some_and(|zone| taken.contains(zone));
            (shares, rendezvous(name.as_str().as_bytes(), its.agent))
        };
        let comes = others.min_by_key(place)?.agent;
        return match goes_first.filter(|_| keepers.keepers().len() >= KEEPERS) {
            Some(goes) => keepers.without(goes),
            None => keepers.with(comes),
        };
    }
    if let Some(gone) = gone.first() {
        return keepers.without(*gone);
    }
    if left.len() <= max_of(wanted) {
        return None;
    }
    let shares = |agent: &AgentId| {
        let mut others = left.iter().filter(|its| *its != agent);
        zone(agent).is_some_and(|its| others.any(|other| zone(other) == Some(its)))
    };
    // Of those that are left a majority is to be there, if it is.
    let is_away = |agent: &AgentId| {
        let mut there = considering.iter().filter(|its| its.is_up);
        !there.any(|its| its.agent == *agent)
    };
    let place = |agent: &&AgentId| {
        let rank = rendezvous(name.as_str().as_bytes(), **agent);
        (is_away(agent), shares(agent), rank)
    };
    keepers.without(*left.iter().max_by_key(place)?)
}

fn zone_of<'a>(agent: &AgentId, considering: &[Considering<'a>]) -> Option<&'a LabelValue> {
    let its = considering.iter().find(|its| its.agent == *agent);
    its.and_then(|its| its.zone)
}

#[cfg(test)]
mod tests {
    use gary_promise::ConfigurationEpoch;

    use super::*;

    fn agent(number: u8) -> AgentId {
        AgentId::from_bytes([number; 32])
    }

    fn name() -> WorkloadName {
        "hello".parse().expect("it is a label")
    }

    fn kept_by(numbers: &[u8]) -> Configuration {
        let keepers = numbers.iter().map(|its| agent(*its));
        Configuration::new(ConfigurationEpoch::FIRST, keepers).expect("a few")
    }

    /// Goes on until nothing is to be changed, with these gone of so many members, and says how many there were after each
    /// change.
    fn settle(
        keepers: &Configuration,
        gone: &[u8],
        members: usize,
        up: impl Iterator<Item = u8> + Clone,
    ) -> (Vec<usize>, Configuration) {
        let (mut now, mut counts) = (keepers.clone(), Vec::new());
        let is_gone = |its: &AgentId| gone.iter().any(|number| agent(*number) == *its);
        loop {
            let considering = up.clone().map(|number| Considering {
                agent: agent(number),
                zone: None,
                is_up: true,
            });
            let Some(next) = successor(&name(), &now, is_gone, None, members, considering) else {
                return (counts, now);
            };
            assert!(next.follows(&now) && counts.len() < 10, "{next:?}");
            counts.push(next.keepers().len());
            now = next;
        }
    }

    #[test]
    fn one_comes_before_the_one_goes_that_is_gone() {
        let (counts, now) = settle(&kept_by(&[1, 2, 3]), &[2], 5, [1, 3, 4, 5].into_iter());
        assert_eq!(counts, [4, 3]);
        assert!(!now.has(&agent(2)) && now.has(&agent(1)) && now.has(&agent(3)));
    }

    #[test]
    fn where_one_goes_first_it_does_so_only_if_another_can_come() {
        let three = kept_by(&[1, 2, 3]);
        let considering = |number: u8| Considering {
            agent: agent(number),
            zone: None,
            is_up: true,
        };
        let is_gone = |its: &AgentId| *its == agent(2);
        let next = |members: &[u8]| {
            let considering = members.iter().map(|its| considering(*its));
            successor(&name(), &three, is_gone, Some(agent(2)), 4, considering)
        };
        let two = next(&[1, 3, 4]).expect("one can come");
        assert_eq!(two.keepers(), [1, 3].map(agent));
        assert_eq!(next(&[1, 3]), None);
        let considering_all = [1, 4].map(considering).into_iter();
        let is_gone_too = |its: &AgentId| *its == agent(3);
        let with = successor(
            &name(),
            &two,
            is_gone_too,
            Some(agent(3)),
            4,
            considering_all,
        );
        assert_eq!(
            with.map(|its| its.keepers().len()),
            Some(3),
            "two do not become one"
        );
        let considering = [1, 3, 4].map(considering).into_iter();
        let three = successor(&name(), &two, is_gone, None, 4, considering);
        assert!(three.is_some_and(|its| its.has(&agent(4)) && its.keepers().len() == 3));
    }

    #[test]
    fn of_too_many_one_goes_that_is_not_there() {
        let five = kept_by(&[1, 2, 3, 4, 5]);
        for away in 1..=5_u8 {
            let considering = (1..=40).map(|number| Considering {
                agent: agent(number),
                zone: None,
                is_up: number != away,
            });
            let next = successor(&name(), &five, |_| false, None, 40, considering);
            assert!(next.is_some_and(|its| !its.has(&agent(away))), "{away}");
        }
    }

    #[test]
    fn nobody_goes_for_whom_nobody_can_come() {
        let three = kept_by(&[1, 2, 3]);
        assert_eq!(settle(&three, &[2], 3, [1, 3].into_iter()).0, []);
        // Who has left is not counted any more.
        let (counts, now) = settle(&three, &[2], 2, [1, 3].into_iter());
        assert_eq!((counts, now.has(&agent(2))), (vec![2], false));
    }

    #[test]
    fn custody_widens_as_members_come() {
        let (counts, now) = settle(&kept_by(&[1]), &[], 2, 1..=2);
        assert_eq!(counts, [2]);
        assert_eq!(settle(&now, &[], 3, 1..=3).0, [3]);
    }

    #[test]
    fn a_large_cluster_has_five_and_a_smaller_one_three_again() {
        let (counts, five) = settle(&kept_by(&[1, 2, 3]), &[], 50, 1..=50);
        assert_eq!(counts, [4, 5]);
        assert_eq!(settle(&five, &[], 41, 1..=41).0, []);
        assert_eq!(settle(&five, &[], 40, 1..=40).0, [4, 3]);
        // Three that lose one at a size between stay three.
        let three = kept_by(&[1, 2, 3]);
        assert_eq!(settle(&three, &[1], 45, 2..=45).0, [4, 3]);
        // Five that lose one stay five.
        let first = five.keepers()[0].as_bytes()[0];
        let others = (1..=50).filter(|its| *its != first);
        assert_eq!(settle(&five, &[first], 50, others).0, [6, 5]);
    }

    #[test]
    fn whoever_comes_is_of_another_zone_where_there_is_one() {
        let zones: Vec<LabelValue> = ["a", "b", "c"]
            .map(|zone| zone.parse().expect("it is a value"))
            .into();
        // Twenty machines in each of the first two zones, and one in the third.
        let considering = || {
            (1..=41_u8).map(|number| Considering {
                agent: agent(number),
                zone: Some(&zones[usize::from((number - 1) / 20)]),
                is_up: true,
            })
        };
        let keepers = kept_by(&[1, 21, 30]);
        let is_gone = |its: &AgentId| *its == agent(30);
        let next = successor(&name(), &keepers, is_gone, None, 41, considering());
        assert!(next.is_some_and(|its| its.has(&agent(41))));
        // And of those who are too many one goes that shares a zone.
        let keepers = kept_by(&[1, 21, 22, 41]);
        let next = successor(&name(), &keepers, |_| false, None, 40, considering());
        assert!(next.is_some_and(|its| its.has(&agent(1)) && its.has(&agent(41))));
    }
}
