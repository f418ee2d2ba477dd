//! How many hostings of a workload there are where, by what machines promise to everyone.

use std::collections::BTreeMap;

use gary_promise::{AgentId, Axis, LabelValue, Spread};

use super::Book;

/// The zone is an axis of every spread, and so is the node, which comes last.
const ZONE: &str = "zone";

/// How many hostings of a workload there are where. This says once more what an agent should do, in words of
/// its own: what judges a choice must not be what makes it.
#[derive(Debug)]
pub(super) struct Crowding {
    axes: Vec<Axis>,
    hosts: BTreeMap<AgentId, u32>,
    places: BTreeMap<(usize, LabelValue), u32>,
}

impl Crowding {
    pub(super) fn new(spread: &Spread) -> Self {
        let zone = ZONE.parse().ok().map(Axis::Label);
        let all = spread.axes().iter().cloned().chain(zone);
        let mut axes: Vec<Axis> = Vec::new();
        for axis in all.chain([Axis::Node]) {
            if !axes.contains(&axis) {
                axes.push(axis);
            }
        }
        Self {
            axes,
            hosts: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, host: AgentId, book: &Book) {
        *self.hosts.entry(host).or_default() += 1;
        for number in 0..self.axes.len() {
            if let Some(place) = self.place(number, &host, book) {
                *self.places.entry(place).or_default() += 1;
            }
        }
    }

    /// How many there are where this host is, on each axis.
    pub(super) fn around(&self, host: &AgentId, book: &Book) -> Vec<u32> {
        let on = |(number, axis): (usize, &Axis)| match axis {
            Axis::Node => self.hosts.get(host).copied(),
            Axis::Label(_) => {
                let place = self.place(number, host, book);
                place.and_then(|place| self.places.get(&place).copied())
            }
        };
        let axes = self.axes.iter().enumerate();
        axes.map(|axis| on(axis).unwrap_or_default()).collect()
    }

    fn place(&self, number: usize, host: &AgentId, book: &Book) -> Option<(usize, LabelValue)> {
        let Axis::Label(key) = self.axes.get(number)? else {
            return None;
        };
        let labels = &book.agents.get(host)?.published.labels;
        labels.get(key).map(|value| (number, value.clone()))
    }
}
