//! What agents say to one another while nothing happens, and while something does.

use std::time::Duration;

use rand::RngExt;

use super::costs::Costs;
use super::fleet::Fleet;
use super::forming::Person;
use super::traffic::Traffic;

/// How often a machine of the cluster loses power, and starts again: of the whole cluster, whatever its size.
pub const CHURN_RESTARTS_EVERY: Duration = Duration::from_secs(10);

/// How long it is off.
const OFF_FOR: Duration = Duration::from_secs(3);

/// How often somebody deploys.
pub const CHURN_DEPLOYS_EVERY: Duration = Duration::from_secs(5);

/// How many replicas are deployed each time.
pub const CHURN_REPLICAS: usize = 5;

/// How long a cluster that has just formed is left alone.
const SETTLES_FOR: Duration = Duration::from_secs(5);

/// What was said.
#[derive(Debug, Clone)]
pub struct Chatter {
    /// By how many agents.
    pub agents: usize,
    /// For how long, idle and then under churn.
    pub span: Duration,
    /// While nothing happened.
    pub idle: Traffic,
    /// While machines died and people deployed.
    pub churn: Traffic,
    /// How many slots ran in the end, of those deployed.
    pub running: usize,
    /// How many were deployed.
    pub deployed: usize,
}

/// Lets `agents` be idle for `span`, and under churn for as long. `ready` hears when they stand.
pub fn chatter(
    agents: usize,
    span: Duration,
    seed: u64,
    costs: &Costs,
    ready: impl FnOnce(),
) -> Chatter {
    let mut fleet = Fleet::whole(agents, seed, costs.clone());
    fleet.remembers = true;
    fleet.run(SETTLES_FOR);
    ready();
    let before = *fleet.traffic();
    fleet.run(span);
    let idle = fleet.traffic().since(&before);

    let mut person = Person::new();
    let before = *fleet.traffic();
    let end = fleet.now().after(span);
    let (mut dies_at, mut deploys_at) = (fleet.now(), fleet.now());
    let mut comes_back: Option<(gary_promise::Time, usize)> = None;
    let mut deployed = 0;
    while fleet.now() < end {
        let back_at = comes_back.map_or(end, |(at, _)| at);
        let next = dies_at.min(deploys_at).min(back_at).min(end);
        fleet.run_until(next, |_| false);
        if let Some((at, number)) = comes_back
            && at <= next
        {
            fleet.restart(number);
            comes_back = None;
        }
        if dies_at <= next && next < end {
            dies_at = dies_at.after(CHURN_RESTARTS_EVERY);
            // The first keeps what is deployed, and stays.
            let number = fleet.random.random_range(1..agents.max(2)).min(agents - 1);
            fleet.crash(number);
            comes_back = Some((next.after(OFF_FOR), number));
        }
        if deploys_at <= next && next < end {
            deploys_at = deploys_at.after(CHURN_DEPLOYS_EVERY);
            fleet.deploy(Duration::ZERO, 0, &mut person, CHURN_REPLICAS);
            deployed += CHURN_REPLICAS;
        }
    }
    Chatter {
        agents,
        span,
        idle,
        churn: fleet.traffic().since(&before),
        running: fleet.board.running_count(),
        deployed,
    }
}
