//! What measures large numbers, at a tiny size: what it counts has to add up.

use std::time::Duration;

use gary_sim::scale::{
    Costs, DealingsShape, Handling, Kind, Layer, MillionShape, Pace, REPLACES_AFTER, Stopwatch,
    Traffic, UpdateShape, chatter, commits, deaths, deploys, handling_of_dealings, million, names,
    successions, update,
};

/// A clock on which every look takes a microsecond.
struct Steps(u64);

impl Stopwatch for Steps {
    fn elapsed(&mut self) -> Duration {
        self.0 += 1;
        Duration::from_micros(self.0)
    }
}

fn costs() -> Costs {
    Costs::usual(Handling::default())
}

fn adds_up(traffic: &Traffic) -> bool {
    let layers = [Layer::Membership, Layer::Sheets, Layer::Dealings];
    let sum: u64 = layers
        .iter()
        .map(|layer| traffic.for_layer(*layer).messages)
        .sum();
    sum == traffic.all().messages && traffic.for_layer(Layer::Local).messages == 0
}

#[test]
fn idle_agents_deal_in_nothing_and_what_is_deployed_under_churn_runs() {
    let mut stood = false;
    let its = chatter(8, Duration::from_secs(12), 1, &costs(), || stood = true);
    assert!(stood && adds_up(&its.idle) && adds_up(&its.churn));
    assert_eq!(its.idle.for_layer(Layer::Dealings).messages, 0);
    // Each agent asks another whether it is there five times a second, and is answered.
    assert!(its.idle.of(Kind::Packet).messages >= 8 * 12 * 9);
    assert!(its.churn.of(Kind::Invitation).messages > 0);
    assert!(its.deployed > 0 && its.running > 0, "{its:?}");
}

#[test]
fn every_replica_is_bound_once_and_every_message_is_handled() {
    let shape = MillionShape {
        agents: 12,
        workloads: 3,
        replicas: 40,
        patience: Duration::from_secs(60),
    };
    let its = million(shape, 1, &costs(), |_, _, _| {});
    assert_eq!((its.bound, its.running), (120, 120));
    assert!(its.bound_after <= its.running_after && its.bound_after.is_some());
    assert!(adds_up(&its.traffic));
    assert_eq!(its.traffic.of(Kind::Packet).messages, 0);
    assert!(its.handled >= its.traffic.all().messages);
}

#[test]
fn a_workload_of_more_slots_than_a_round_has_is_bound_without_a_wait() {
    let shape = MillionShape {
        agents: 60,
        workloads: 1,
        replicas: 3_000,
        patience: Duration::from_secs(60),
    };
    let its = million(shape, 1, &costs(), |_, _, _| {});
    assert_eq!(its.bound, 3_000);
    // Two agents are invited for a slot, and no more where rounds do not fail: each offer and acceptance is told.
    let told = its.traffic.of(Kind::Told);
    assert!(told.messages < 4 * 3_000, "{told:?}");
}

#[test]
fn deploys_and_deaths_are_counted_one_by_one() {
    let its = deploys(10, 5, 3, 1, &costs());
    assert_eq!(its.bound.count() + its.missed, 3);
    assert_eq!(its.bound.count(), its.running.count());

    let its = deaths(12, 2, 1, &costs());
    assert_eq!((its.deaths, its.missed), (2, 0));
    assert_eq!(its.last.count(), 2);
    assert!(its.bound.count() >= 2);
}

#[test]
fn what_is_measured_is_what_the_clock_says() {
    let shape = DealingsShape {
        agents: 5,
        workloads: 1,
        replicas: 10,
    };
    let timings = handling_of_dealings(shape, 1, Box::new(Steps(0)));
    assert_eq!(timings.count(Kind::Deploy), 1);
    assert_eq!(timings.mean(Kind::Told), Duration::from_micros(1));
    assert_eq!(timings.percentile(Kind::Hint, 99), Duration::ZERO);
    let handling = Handling::measured(&timings);
    assert_eq!(handling.of(Kind::Invitation), Duration::from_micros(1));
}

#[test]
fn what_is_committed_takes_longer_the_farther_keepers_are_apart() {
    let near = commits(5, 3, 1, &costs());
    let far = Costs {
        latency: Duration::from_millis(40),
        ..costs()
    };
    let far = commits(5, 3, 1, &far);
    for (near, far) in [(&near.deploys, &far.deploys), (&near.updates, &far.updates)] {
        assert_eq!((near.told.count(), far.told.count()), (3, 3));
        assert_eq!((near.missed, far.missed), (0, 0));
        assert!(near.told.max() < far.told.percentile(50));
        assert!(near.syncs > 0 && near.traffic.of(Kind::Consults).messages > 0);
    }
}

#[test]
fn a_keeper_is_replaced_once_it_counts_for_gone_and_names_at_rest_cost_nothing() {
    let its = successions(8, 1, 1, &costs());
    assert_eq!((its.replaced.count(), its.missed), (1, 0));
    assert!(its.replaced.max() > REPLACES_AFTER);

    let mut looked = 0;
    let its = names((5, 20), Duration::from_secs(20), 1, &costs(), || {
        looked += 1
    });
    assert_eq!((its.committed, its.running, looked), (20, 20, 2));
    assert_eq!(its.idle.of(Kind::Consults).messages, 0);
    assert!(its.idle.of(Kind::Renewal).messages > 0);
}

#[test]
fn an_update_goes_on_by_its_pace() {
    let of = |max_surge, max_unavailable| {
        let shape = UpdateShape {
            agents: 5,
            replicas: 12,
            pace: Pace::new(max_surge, max_unavailable).expect("one of the two is not zero"),
            patience: Duration::from_secs(120),
        };
        update(shape, 1, &costs())
    };
    let (slow, fast) = (of(1, 0), of(6, 0));
    assert_eq!((slow.fewest, fast.fewest), (12, 12), "none fewer");
    assert!(slow.most <= 13 && fast.most <= 18 && fast.most > slow.most);
    assert!(fast.after < slow.after && fast.after.is_some());
}
