//! Whole agents: who finds whom, and what comes of a disk of which there are two.

use std::time::Duration;

use gary_agent::Fault;
use gary_agent::membership::HeldOff;
use gary_promise::{
    BootEpoch, Frame, Hint, Portion, ROUTES_MAX, Routes, Use, Version, WorkloadName,
};
use gary_sim::{
    Act, Frailty, NetworkSpec, NodeNo, NodeSpec, Slander, Submission, Watch, World, WorldSpec,
    capacity, intent,
};

const CORE: u64 = 1_000_000;
const MEBIBYTE: u64 = 1 << 20;

/// Four of them in one cluster, that host one workload, a component each. The first keeps it.
fn four_hosts() -> World {
    let mut world = world(4);
    start(&mut world, 0..4);
    world.run_for(Duration::from_secs(1));
    deploy(&mut world, 0, 4);
    world.run_for(Duration::from_secs(2));
    assert_eq!(components(&world, 0..4), 4);
    world
}

/// So many machines, none of them up, on a network that loses one packet in twenty.
fn world(nodes: usize) -> World {
    let node = |_| NodeSpec::new(capacity(2 * CORE, 1024 * MEBIBYTE));
    let spec = WorldSpec {
        seed: 1,
        nodes: (0..nodes).map(node).collect(),
        owners: 1,
        network: NetworkSpec {
            loses_ppm: 50_000,
            ..NetworkSpec::LAN
        },
    };
    World::new(spec, Watch::unchecked(None))
}

fn start(world: &mut World, nodes: impl IntoIterator<Item = usize>) {
    for number in nodes {
        world.plan(Duration::ZERO, Act::Start(NodeNo(number)));
    }
}

fn deploy(world: &mut World, to: usize, valency: u32) {
    let portion = Portion::new(CORE / 2, 64 * MEBIBYTE).expect("it is something of both");
    let what = Submission::Founds(Box::new(intent(valency, portion, Frailty::Sound)));
    let (owner, to) = (0, NodeNo(to));
    world.plan(Duration::ZERO, Act::Submit { owner, to, what });
}

fn components(world: &World, nodes: impl IntoIterator<Item = usize>) -> usize {
    let nodes = nodes.into_iter().map(NodeNo);
    nodes.map(|node| world.components(node)).sum()
}

fn held_off(world: &World, node: usize) -> Option<HeldOff> {
    world.agent(NodeNo(node))?.membership().held_off()
}

#[test]
fn everybody_finds_everybody_and_knows_what_they_promise() {
    let mut world = world(40);
    start(&mut world, 0..40);
    let knows_all = |world: &World, node| {
        world.agent(NodeNo(node)).is_some_and(|agent| {
            let (members, sheets) = (agent.membership().members_count(), agent.sheets().sheets());
            (members, sheets.count()) == (39, 39)
        })
    };
    for _ in 0..30 {
        world.run_for(Duration::from_secs(1));
        if (0..40).all(|node| knows_all(&world, node)) {
            return;
        }
    }
    panic!("somebody does not know everybody after 30 s");
}

#[test]
fn one_liar_alone_changes_no_judgement() {
    let mut world = four_hosts();
    let (liar, observer) = (NodeNo(3), NodeNo(0));
    for _ in 0..10 {
        for other in [1, 2].map(NodeNo) {
            let act = Act::Slander {
                liar,
                observer,
                other,
                what: Slander::Dead,
            };
            world.plan(Duration::ZERO, act);
        }
        world.run_for(Duration::from_millis(700));
    }
    let keeper = world.agent(observer).expect("it is up");
    let slandered = world.agent(NodeNo(1)).expect("it is up");
    let renewals = slandered.membership().me().renewals;
    assert!(renewals.0 > 0, "it had to say that it is not dead");
    assert_eq!(keeper.dealings().journal().count(), 0, "nobody was doubted");
    assert_eq!(components(&world, 0..4), 4);
}

#[test]
fn nobody_stops_by_what_others_say_of_it() {
    let kinds = [
        Slander::Copied,
        Slander::Cloned,
        Slander::Restarted,
        Slander::Renewed,
    ];
    for what in kinds {
        let mut world = four_hosts();
        for _ in 0..5 {
            for (observer, other) in [(1, 1), (0, 1), (2, 1), (2, 0)] {
                let act = Act::Slander {
                    liar: NodeNo(3),
                    observer: NodeNo(observer),
                    other: NodeNo(other),
                    what,
                };
                world.plan(Duration::ZERO, act);
            }
            world.run_for(Duration::from_millis(300));
        }
        world.run_for(Duration::from_secs(10));
        for node in 0..4 {
            let agent = world.agent(NodeNo(node)).expect("it is up");
            assert_eq!(agent.membership().held_off(), None, "{what:?}");
            let members = agent.membership().members();
            for other in (0..4).filter(|other| *other != node) {
                let known = members.get(&world.agent(NodeNo(other)).expect("it is up").id());
                let me = world.agent(NodeNo(other)).map(|its| *its.membership().me());
                assert_eq!(known.map(|its| its.id), me, "{what:?} of n{}", other + 1);
            }
        }
        let keeper = world.agent(NodeNo(0)).expect("it is up");
        assert_eq!(keeper.dealings().journal().count(), 0, "{what:?} doubted");
        assert_eq!(components(&world, 0..4), 4, "{what:?}");
    }
}

#[test]
fn a_hint_of_what_there_is_not_hides_nothing() {
    let mut world = world(4);
    start(&mut world, 0..4);
    world.run_for(Duration::from_secs(3));
    let act = Act::Slander {
        liar: NodeNo(3),
        observer: NodeNo(0),
        other: NodeNo(1),
        what: Slander::Hinted,
    };
    world.plan(Duration::ZERO, act);
    world.run_for(Duration::from_secs(1));
    let version_at = |world: &World, node| {
        let owner = world.agent(NodeNo(1)).expect("it is up").id();
        let agent = world.agent(NodeNo(node)).expect("it is up");
        agent.sheets().sheet(owner).map(|its| its.version())
    };
    let before = version_at(&world, 1);
    // What it keeps stands on its sheet.
    deploy(&mut world, 1, 1);
    world.run_for(Duration::from_millis(800));
    let after = version_at(&world, 1);
    assert!(after > before);
    for node in [0, 2, 3] {
        assert_eq!(version_at(&world, node), after, "n{}", node + 1);
    }
}

#[test]
fn two_machines_with_one_disk_that_never_started_are_both_kept_out() {
    let mut world = world(5);
    let (of, to) = (NodeNo(1), NodeNo(4));
    world.plan(Duration::ZERO, Act::Copy { of, to });
    start(&mut world, [0, 1, 2, 3]);
    world.run_for(Duration::from_secs(1));
    deploy(&mut world, 0, 4);
    world.run_for(Duration::from_secs(1));
    assert!(components(&world, [1]) > 0, "it is as good as any so far");
    start(&mut world, [4]);
    world.run_for(Duration::from_secs(15));
    for node in [1, 4] {
        let from = NodeNo(0);
        let agent = world.agent(from).expect("it is up").id();
        let version = Version::first(BootEpoch(1));
        let frame = Frame::Hint(Hint { agent, version });
        let to = NodeNo(node);
        world.plan(Duration::ZERO, Act::Whisper { from, to, frame });
    }
    world.run_for(Duration::from_millis(1));
    for node in [1, 4] {
        let agent = world.agent(NodeNo(node)).expect("it is up");
        let unheard = agent.dealings().counters().of(Fault::Absent);
        assert!(unheard > 0, "n{} heard something", node + 1);
        assert_eq!(held_off(&world, node), Some(HeldOff::Cloned));
        assert_eq!(components(&world, [node]), 0, "n{}", node + 1);
    }
    assert_eq!(components(&world, [0, 2, 3]), 4);
}

#[test]
fn a_copy_of_a_running_disk_takes_its_place() {
    let mut world = world(5);
    start(&mut world, [0, 1, 2, 3]);
    world.run_for(Duration::from_secs(1));
    deploy(&mut world, 0, 4);
    world.run_for(Duration::from_secs(1));
    let (of, to) = (NodeNo(1), NodeNo(4));
    world.plan(Duration::ZERO, Act::Copy { of, to });
    start(&mut world, [4]);
    world.run_for(Duration::from_secs(15));
    assert_eq!(held_off(&world, 1), Some(HeldOff::Superseded));
    assert_eq!(held_off(&world, 4), None);
    assert_eq!(components(&world, [1]), 0);
    assert_eq!(components(&world, [0, 2, 3, 4]), 4);
}

#[test]
fn a_sheet_has_room_for_all_that_an_agent_may_keep() {
    let mut world = world(1);
    start(&mut world, [0]);
    let longest = |number: usize| {
        let label = format!("{number:063}");
        format!("{label}.{label}.{label}.{}", &label[2..])
    };
    let routes = (0..ROUTES_MAX).map(|number| longest(number).parse().expect("it is a host name"));
    let routes = Routes::new(routes).expect("no more than there may be");
    let portion = Portion::new(CORE, MEBIBYTE).expect("it is something of both");
    let name: WorkloadName = "x"
        .repeat(WorkloadName::BYTES_MAX)
        .parse()
        .expect("it is a name");
    let submitted = 400;
    for _ in 0..submitted {
        let wanted = Use {
            name: name.clone(),
            routes: routes.clone(),
            ..intent(1, portion, Frailty::Sound)
        };
        let what = Submission::Founds(Box::new(wanted));
        let (owner, to) = (0, NodeNo(0));
        world.plan(Duration::ZERO, Act::Submit { owner, to, what });
    }
    world.run_for(Duration::from_secs(5));
    let agent = world.agent(NodeNo(0)).expect("it has not ended over it");
    let kept = agent.dealings().kept().count();
    assert!((200..submitted).contains(&kept), "it keeps {kept}");
    let sheet = agent.sheets().published().expect("it has one");
    assert_eq!(sheet.promises().count(), kept + 2);
}
