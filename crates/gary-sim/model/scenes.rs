//! Clusters that are gone through, and in which of them which fault shows.

use super::{Cluster, Fault, Scene, Wish};

/// All that are gone through.
pub(crate) fn scenes() -> Vec<Scene<Cluster>> {
    vec![
        Scene::small("two write at once", two_write()),
        Scene::small("one writes twice and starts again", one_tries_again()),
        Scene::small("one lets another go, which writes", one_goes()),
        Scene::small("two change keepers at once", two_change_keepers()),
        Scene::large("one comes and writes", one_comes()),
        Scene::large("two write, and one starts again", one_starts_again()),
        Scene::large("three write at once", three_write()),
        Scene::large("two of five write at once", two_of_five_write()),
    ]
}

/// What shows where.
pub(crate) const fn faults() -> [(Fault, fn() -> Cluster); 4] {
    [
        (Fault::AnswersBeforeDurable, one_starts_again),
        (Fault::ForgetsItsAttempts, one_tries_again),
        (Fault::SkipsOverlap, two_change_keepers),
        (Fault::ForgetsWhenRemoved, one_goes),
    ]
}

/// The first of three keepers begins the register while another writes it, neither knowing of the other.
fn two_write() -> Cluster {
    Cluster {
        keepers: 3,
        wishes: vec![vec![Wish::Write(1)], vec![Wish::Write(2)], vec![]],
        attempts: 1,
        restarts: 0,
        fault: None,
    }
}

/// The same, and one of them starts again somewhere in between.
fn one_starts_again() -> Cluster {
    Cluster {
        restarts: 1,
        ..two_write()
    }
}

/// One of three writes twice, and starts again somewhere in between.
fn one_tries_again() -> Cluster {
    Cluster {
        wishes: vec![vec![Wish::Write(1), Wish::Write(2)], vec![], vec![]],
        attempts: 2,
        restarts: 1,
        ..two_write()
    }
}

/// One of three adds a fourth, which writes.
fn one_comes() -> Cluster {
    Cluster {
        wishes: vec![vec![Wish::Add(3)], vec![], vec![], vec![Wish::Write(4)]],
        ..two_write()
    }
}

/// One of three lets another go, which writes meanwhile.
fn one_goes() -> Cluster {
    Cluster {
        wishes: vec![vec![Wish::Remove(2)], vec![], vec![Wish::Write(3)]],
        ..two_write()
    }
}

/// Two of three change who keeps, each in another way.
fn two_change_keepers() -> Cluster {
    Cluster {
        wishes: vec![vec![Wish::Remove(2)], vec![Wish::Remove(0)], vec![]],
        ..two_write()
    }
}

/// All of three write at once.
fn three_write() -> Cluster {
    Cluster {
        wishes: [1, 2, 3].map(|what| vec![Wish::Write(what)]).into(),
        ..two_write()
    }
}

/// Two of five write at once.
fn two_of_five_write() -> Cluster {
    Cluster {
        keepers: 5,
        wishes: vec![
            vec![Wish::Write(1)],
            vec![Wish::Write(2)],
            vec![],
            vec![],
            vec![],
        ],
        ..two_write()
    }
}
