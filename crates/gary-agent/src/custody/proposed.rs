//! Who might keep a name that nobody keeps.

use std::collections::BTreeSet;

use gary_promise::{
    AgentId, Configuration, ConfigurationEpoch, LabelValue, WorkloadName, rendezvous,
};

/// How many keep a name, where there are as many.
pub(super) const KEEPERS: usize = 3;

/// How many do in a large cluster.
pub(super) const KEEPERS_OF_MANY: usize = 5;

/// From how many members up a cluster is large.
pub(super) const MANY: usize = 50;

/// Down to how many one that was large still counts as large.
pub(super) const FEW: usize = 40;

/// A member that looks at what somebody submits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Considering<'a> {
    pub(crate) agent: AgentId,
    pub(crate) zone: Option<&'a LabelValue>,
    pub(crate) is_up: bool,
}

/// Who might keep a name: three of those who would, or five in a large cluster, the same for everyone who knows of the
/// same members, and as few of one zone as there can be. Whether they are there makes no difference: two sides of a
/// partition come to the same, and only one of them has a majority.
pub(crate) fn proposed<'a>(
    name: &WorkloadName,
    considering: impl Iterator<Item = Considering<'a>>,
) -> Option<Configuration> {
    let place = |its: &Considering<'_>| rendezvous(name.as_str().as_bytes(), its.agent);
    let mut members: Vec<Considering<'a>> = considering.collect();
    members.sort_by_key(place);
    let count = match members.len() {
        MANY.. => KEEPERS_OF_MANY,
        fewer => fewer.min(KEEPERS),
    };
    let mut zones = BTreeSet::new();
    // A member of no zone may be anywhere, and shares it with nobody.
    let (apart, others): (Vec<_>, Vec<_>) = members
        .into_iter()
        .partition(|its| its.zone.is_none_or(|zone| zones.insert(zone)));
    let mut chosen: Vec<Considering<'a>> = apart.into_iter().chain(others).take(count).collect();
    chosen.sort_by_key(place);
    let keepers = chosen.iter().map(|its| its.agent);
    Configuration::new(ConfigurationEpoch::FIRST, keepers).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> WorkloadName {
        "hello".parse().expect("it is a label")
    }

    fn member(number: u8, zone: Option<&LabelValue>) -> Considering<'_> {
        Considering {
            agent: AgentId::from_bytes([number; 32]),
            zone,
            is_up: true,
        }
    }

    fn keepers<'a>(members: impl Iterator<Item = Considering<'a>>) -> Vec<AgentId> {
        let configuration = proposed(&name(), members);
        configuration.map_or_else(Vec::new, |its| its.keepers().to_vec())
    }

    #[test]
    fn three_of_a_few_and_five_of_many_and_all_where_there_are_no_more() {
        for (members, count) in [(0, 0), (1, 1), (2, 2), (3, 3), (49, 3), (50, 5), (200, 5)] {
            let found = keepers((0..members).map(|number| member(number, None)));
            assert_eq!(found.len(), count, "of {members}");
        }
    }

    #[test]
    fn everyone_who_knows_the_same_comes_to_the_same() {
        let found = keepers((0..20).map(|number| member(number, None)));
        assert_eq!(
            keepers((0..20).rev().map(|number| member(number, None))),
            found
        );
        // Whoever else is known changes little.
        let without = keepers((0..19).map(|number| member(number, None)));
        let same = found.iter().filter(|its| without.contains(its)).count();
        assert!(same >= 2);
    }

    #[test]
    fn no_two_are_of_one_zone_where_that_can_be() {
        let zones: Vec<LabelValue> = ["a", "b", "c"]
            .map(|zone| zone.parse().expect("it is a value"))
            .into();
        // Twenty machines in one zone, and one in each of the others.
        let zone = |number: u8| Some(&zones[usize::from(number.saturating_sub(19))]);
        let found = keepers((0..22).map(|number| member(number, zone(number))));
        let of_others = [20, 21].map(|number| AgentId::from_bytes([number; 32]));
        assert!(of_others.iter().all(|its| found.contains(its)), "{found:?}");
    }
}
