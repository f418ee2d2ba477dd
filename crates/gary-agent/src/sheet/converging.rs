//! Sheets get around: among a few agents in a bad network, and among many in a good one.

use std::time::Duration;

use gary_promise::{AgentId, BootEpoch, Frame, Hint};
use proptest::prelude::*;

use super::{
    SWEEP_INTERVAL,
    network::{Faults, HINTED, LATENCY, Network},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_lost_repeated_and_reordered_everybody_knows_every_sheet_in_the_end(
        count in 2..6_u16,
        seed: u64,
        lost in 0..60_u32,
        repeated in 0..60_u32,
        delay_ms in 0..5_000_u64,
        hints_lost in prop_oneof![Just(0), Just(50), Just(100)],
        changes in prop::collection::vec((0..6_usize, any::<u8>(), 0..4_000_u64), 0..30),
    ) {
        let mut network = Network::new(count, seed);
        let delay = Duration::from_millis(delay_ms);
        network.faults = Faults { lost, repeated, delay, hints_lost };
        for (place, act, pause_ms) in changes {
            network.change(place, act);
            network.run(Duration::from_millis(pause_ms));
        }
        network.faults = Faults::default();
        prop_assert!(network.run_until(20 * SWEEP_INTERVAL, Network::is_converged));
        network.check_contents();
        for node in network.nodes.values() {
            // Nobody is ever at fault here, however bad the network is.
            for (refused, _) in node.sheets.refusals().iter() {
                prop_assert!(!refused.ends_fetch(), "{}", refused);
            }
        }
    }
}

#[test]
fn agents_that_know_the_same_exchange_one_pair_of_messages() {
    let mut network = Network::new(2, 1);
    assert!(network.run_until(SWEEP_INTERVAL, Network::is_converged));
    // Whatever is still on its way arrives, and then somebody sweeps.
    network.run(LATENCY);
    let agent = network.ids()[0];
    let other = network.ids()[1];
    let sheets = &mut network.nodes.get_mut(&agent).expect("it is there").sheets;
    sheets.handle_timeout(sheets.sweep_at);
    let (to, Frame::Digest(digest)) = sheets.poll_frame().expect("a question") else {
        panic!("a sweep begins with a digest");
    };
    assert_eq!((to, sheets.poll_frame()), (other, None));

    let sheets = &mut network.nodes.get_mut(&other).expect("it is there").sheets;
    sheets.handle_digest(agent, digest);
    let (to, Frame::Listing(listing)) = sheets.poll_frame().expect("an answer") else {
        panic!("there is nothing to list");
    };
    assert_eq!((to, sheets.poll_frame()), (agent, None));
    assert!(listing.known.is_empty() && !listing.asks);

    let sheets = &mut network.nodes.get_mut(&agent).expect("it is there").sheets;
    sheets.handle_listing(network.now, other, listing);
    assert_eq!(sheets.poll_frame(), None);
}

/// Reports how long a hundred agents take without any hint, and what they send when idle.
#[test]
fn a_hundred_agents_converge_without_hints() {
    let mut network = Network::new(100, 7);
    network.faults.hints_lost = 100;
    assert!(network.run_until(12 * SWEEP_INTERVAL, Network::is_converged));
    network.check_contents();
    let from_nothing = network.now;
    println!(
        "from nothing: {} s, {} frames and {} bytes an agent",
        from_nothing.as_us() / 1_000_000,
        network.sent / 100,
        network.sent_bytes / 100
    );

    // One agent changes its mind.
    let mut sweeps = Vec::new();
    for place in 0..8 {
        let began = network.now;
        network.change(place * 11, 3);
        assert!(network.run_until(12 * SWEEP_INTERVAL, Network::is_converged));
        sweeps.push(network.now.since(began).as_secs_f64() / SWEEP_INTERVAL.as_secs_f64());
    }
    println!("sweeps until everybody knows of one change: {sweeps:.1?}");

    // All of them do, at once.
    let began = network.now;
    (0..100).for_each(|place| network.change(place, 3));
    assert!(network.run_until(12 * SWEEP_INTERVAL, Network::is_converged));
    let all = network.now.since(began).as_secs_f64() / SWEEP_INTERVAL.as_secs_f64();
    println!("sweeps until everybody knows of a hundred changes: {all:.1}");

    // Nobody does.
    (network.sent, network.sent_bytes) = (0, 0);
    network.run(10 * SWEEP_INTERVAL);
    println!(
        "idle: {:.1} frames and {:.0} bytes an agent and sweep",
        network.sent as f64 / 1000.0,
        network.sent_bytes as f64 / 1000.0
    );
    assert!(network.is_converged());
}

#[test]
fn a_hundred_agents_converge_at_once_with_hints() {
    let mut network = Network::new(100, 8);
    assert!(network.run_until(12 * SWEEP_INTERVAL, Network::is_converged));
    let began = (network.now, network.sent_bytes);
    network.change(5, 3);
    let soon = Duration::from_millis(100);
    network.run(soon);
    let heard = network.nodes.values().filter(|node| {
        let owner = &network.nodes[&network.ids()[5]].agent;
        node.sheets.version_of(owner.id()) == Some(owner.head())
    });
    println!(
        "with {HINTED} hints each, {} of 100 know of a change after {:?}, for {} bytes an agent",
        heard.count(),
        network.now.since(began.0),
        (network.sent_bytes - began.1) / 100
    );
    assert!(network.run_until(12 * SWEEP_INTERVAL, Network::is_converged));
}

#[test]
fn what_was_forgotten_does_not_come_back_from_who_remembers() {
    let mut network = Network::new(3, 9);
    assert!(network.run_until(4 * SWEEP_INTERVAL, Network::is_converged));
    let [left, forgetful, other] = network.ids()[..] else {
        panic!("there are three");
    };
    network.nodes.remove(&left);
    for agent in [forgetful, other] {
        let now = network.now;
        let sheets = &mut network.nodes.get_mut(&agent).expect("it is there").sheets;
        sheets.handle_down(now, left);
    }
    let now = network.now;
    let sheets = &mut network
        .nodes
        .get_mut(&forgetful)
        .expect("it is there")
        .sheets;
    sheets.forget(now, left);
    network.run(5 * SWEEP_INTERVAL);
    let knows = |agent: AgentId| network.nodes[&agent].sheets.sheet(left).is_some();
    assert!(!knows(forgetful) && knows(other));

    // It may come back, and what it promised before does too until it says otherwise.
    network.introduce(forgetful);
    let now = network.now;
    let sheets = &mut network
        .nodes
        .get_mut(&forgetful)
        .expect("it is there")
        .sheets;
    sheets.handle_up(now, left, BootEpoch(0));
    sheets.handle_down(now, left);
    network.run(5 * SWEEP_INTERVAL);
    assert!(network.nodes[&forgetful].sheets.sheet(left).is_some());
}

#[test]
fn a_hint_of_nobody_is_asked_of_the_owner() {
    let mut network = Network::new(2, 10);
    let [owner, other] = network.ids()[..] else {
        panic!("there are two");
    };
    let version = network.nodes[&owner].agent.head();
    let sheets = &mut network.nodes.get_mut(&other).expect("it is there").sheets;
    let hint = Hint {
        agent: owner,
        version,
    };
    sheets.handle_hint(network.now, None, hint);
    let (to, frame) = sheets.poll_frame().expect("a question");
    assert!(to == owner && matches!(frame, Frame::Fetch(_)));
}
