//! What machines are besides large or small, and what workloads ask of them.

use gary_promise::{
    Agents, Axis, Capacity, Interfaces, LabelKey, LabelValue, Labels, Spread, Submitters, Use,
};

use crate::draw::Draw;

/// Which interfaces some machines give, and some components import.
const INTERFACE: &str = "wasi:keyvalue/store";

/// Gives a machine a zone and a rack, as most have, and lets some be of another architecture or give more.
pub(crate) fn furnish(capacity: &mut Capacity, draw: &mut Draw) {
    let mut labels: Vec<(LabelKey, LabelValue)> = Vec::new();
    for (key, values, percent) in [("zone", ["a", "b", "c"], 80), ("rack", ["x", "y", "z"], 60)] {
        let value = values[draw.upto(values.len())];
        if draw.happens(percent)
            && let (Ok(key), Ok(value)) = (key.parse(), value.parse())
        {
            labels.push((key, value));
        }
    }
    capacity.labels = Labels::new(labels).unwrap_or_default();
    if draw.happens(15)
        && let Ok(other) = "aarch64".parse()
    {
        capacity.architecture = other;
    }
    if draw.happens(70) {
        capacity.interfaces = interfaces();
    }
}

fn interfaces() -> Interfaces {
    Interfaces::new(INTERFACE.parse()).unwrap_or_default()
}

/// Lets a workload ask for something of a machine, now and then, and say over what it should be spread.
pub(crate) fn ask(wanted: &mut Use, draw: &mut Draw) {
    if draw.happens(20)
        && let (Ok(key), Ok(value)) = ("zone".parse(), "a".parse())
    {
        wanted.needs.labels = Labels::new([(key, value)]).unwrap_or_default();
    }
    if draw.happens(20) {
        wanted.needs.architecture = "x86_64".parse().ok();
    }
    if draw.happens(20) {
        wanted.needs.interfaces = interfaces();
    }
    // Its owner alone may change it.
    if draw.happens(50) {
        wanted.updaters = Submitters::Only(Agents::default());
    }
    if draw.happens(30)
        && let Ok(rack) = "rack".parse()
    {
        wanted.spread = Spread::new([Axis::Label(rack)]).unwrap_or_default();
    }
}
