//! What is gone through, and where which fault shows.

use super::super::Scene;
use super::{Bounds, Fault};

/// All that are gone through.
pub(crate) fn scenes() -> Vec<Scene<Bounds>> {
    vec![
        Scene::small("one holds it, then another", one_then_another()),
        Scene::small("one lets it go, and another has it", one_lets_go()),
        Scene::small("a keeper starts again", one_starts_again()),
        Scene::small("two keepers of three go", two_go()),
        Scene::small("one goes, and the others let the first go on", goes_on()),
        Scene::large(
            "one goes, and the others let the first go on, for longer",
            goes_on_for_longer(),
        ),
        Scene::large("all keepers are asked", all_are_asked()),
        Scene::large("a keeper goes while another starts again", one_goes()),
        Scene::large(
            "two keepers of three go, and the first host asks twice",
            first_asks_twice(),
        ),
    ]
}

/// What shows where.
pub(crate) const fn faults() -> [(Fault, fn() -> Bounds); 6] {
    [
        (Fault::CountsFromTheAnswer, one_then_another),
        (Fault::GrantsBeforeDurable, one_starts_again),
        (Fault::GrantsAtOnceAfterStart, one_starts_again),
        (Fault::GrantsAfterVoting, two_go),
        (Fault::DoesNotWaitForChanges, two_go),
        (Fault::BeginsAmongOthers, two_go),
    ]
}

/// One host asks, and then another, for as long as a tenure lasts and longer. Each asks a majority, and they have one
/// keeper in common.
fn one_then_another() -> Bounds {
    Bounds {
        keepers: 3,
        goes: vec![],
        voters: &[],
        asks: vec![&[&[0, 1]], &[&[1, 2], &[1, 2]]],
        releases: false,
        restarts: 0,
        steps: 3,
        delay: 1,
        fault: None,
    }
}

/// The first stops and says so. What is not heard at once is lost.
fn one_lets_go() -> Bounds {
    Bounds {
        releases: true,
        steps: 1,
        delay: 0,
        ..one_then_another()
    }
}

/// A keeper starts again meanwhile, and what is not heard at once is lost here too.
fn one_starts_again() -> Bounds {
    Bounds {
        restarts: 1,
        delay: 0,
        ..one_then_another()
    }
}

/// Two of three keepers are let go, so that a majority of the first configuration has nobody in common with the last. The
/// first of them never hears of it.
fn two_go() -> Bounds {
    Bounds {
        goes: vec![0, 1],
        voters: &[1, 2],
        asks: vec![&[&[0, 1]], &[&[2], &[2]]],
        steps: 2,
        delay: 0,
        ..one_then_another()
    }
}

/// One of three keepers is let go, and of those left one has granted nothing before: the first host goes on by both, while
/// another asks them.
fn goes_on() -> Bounds {
    Bounds {
        goes: vec![0],
        voters: &[1, 2],
        asks: vec![&[&[0, 1], &[1, 2]], &[&[1, 2]]],
        steps: 2,
        delay: 0,
        ..one_then_another()
    }
}

/// For long enough that what they let go on runs out as well.
fn goes_on_for_longer() -> Bounds {
    Bounds {
        steps: 3,
        ..goes_on()
    }
}

/// Each host asks all three keepers.
fn all_are_asked() -> Bounds {
    Bounds {
        asks: vec![&[&[0, 1, 2]], &[&[0, 1, 2], &[0, 1, 2]]],
        delay: 0,
        ..one_then_another()
    }
}

/// One of three keepers is let go, and never hears of it, while any of them starts again.
fn one_goes() -> Bounds {
    Bounds {
        goes: vec![0],
        voters: &[1, 2],
        asks: vec![&[&[0, 1]], &[&[1, 2], &[1, 2]]],
        steps: 2,
        ..one_starts_again()
    }
}

/// Two of three keepers are let go, and the first host asks twice.
fn first_asks_twice() -> Bounds {
    Bounds {
        asks: vec![&[&[0, 1], &[0, 1]], &[&[2], &[2]]],
        ..two_go()
    }
}
