//! What befalls a world under a seed: who is in it, what owners want of it, and what goes wrong.

mod drains;
mod majorities;
mod memories;
mod runs;

use std::time::Duration;

use gary_promise::{
    AgentId, Agents, Architecture, Capacity, Consider, Interfaces, Labels, Lineage, Mode, Needs,
    Pace, Portion, Resources, Routes, Spec, Spread, Submitters, Use, Valency,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use crate::draw::Draw;
use crate::furnishing::{ask, furnish};
use crate::world::{
    Act, Blow, Clock, DRIFT_PPM_MAX, DiskSpec, Frailty, HostSpec, NetworkSpec, NodeNo, NodeSpec,
    Release, Slander, Submission, WorldSpec, owner_key,
};

/// How many nodes a world has that is drawn at random.
pub const NODES_MIN: usize = 3;

/// The most nodes of a world that is drawn at random.
pub const NODES_MAX: usize = 50;

/// How many owners deploy what waits for nothing. One more deploys what does, one what is exclusive, one what fails and
/// goes back, one what it leaves with a node that is cut off, one what loses its keepers, one what runs to completion, and
/// one under a name that is free again.
const OWNERS: usize = 2;

const MEBIBYTE: u64 = 1 << 20;
const CORE: u64 = 1_000_000;

/// What members say of who others are.
const MISNAMES: [Slander; 5] = [
    Slander::Copied,
    Slander::Cloned,
    Slander::Restarted,
    Slander::Renewed,
    Slander::Hinted,
];

/// What befalls a world, and when.
#[derive(Debug)]
pub struct Plan {
    /// How the world is.
    pub spec: WorldSpec,
    /// What is done to it, after how long.
    pub acts: Vec<(Duration, Act)>,
    /// How long things go wrong.
    pub faulty_for: Duration,
}

/// Which kinds of faults there are in a world: in each only some, so that one kind does not hide another.
#[derive(Debug, Clone, Copy)]
struct Faults {
    crashes: bool,
    kills: bool,
    cuts: bool,
    pauses: bool,
    clocks: bool,
    slow: bool,
    lies: bool,
    slanders: bool,
    two_releases: bool,
    moves: bool,
    frail: bool,
    noisy_network: bool,
}

impl Plan {
    /// The plan of a seed.
    pub fn of(seed: u64) -> Self {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(seed ^ 0x5eed));
        let faults = Faults {
            crashes: draw.happens(60),
            kills: draw.happens(25),
            cuts: draw.happens(50),
            pauses: draw.happens(30),
            clocks: draw.happens(40),
            slow: draw.happens(30),
            lies: draw.happens(40),
            slanders: draw.happens(30),
            two_releases: draw.happens(30),
            moves: draw.happens(20),
            frail: draw.happens(40),
            noisy_network: draw.happens(50),
        };
        let count = match draw.upto(20) {
            0 => draw.between(20, NODES_MAX),
            _ => draw.between(NODES_MIN, 9),
        };
        let faulty_for = Duration::from_secs(draw.between(20, 45) as u64);
        let mut nodes: Vec<NodeSpec> = (0..count).map(|_| node(&faults, &mut draw)).collect();
        let mut places = Draw(ChaCha8Rng::seed_from_u64(seed ^ 0x91ace));
        for node in &mut nodes {
            furnish(&mut node.capacity, &mut places);
            // A few look at what one owner submits, and at nobody else's.
            if node.consider.is_some() && places.happens(10) {
                node.consider = only(owner_key(seed, 0).id());
            }
        }
        let network = match faults.noisy_network {
            true => NetworkSpec {
                latency: Duration::from_micros(draw.between(100, 20_000) as u64),
                jitter: Duration::from_micros(draw.between(100, 50_000) as u64),
                breaks_ppm: draw.between(0, 20_000) as u32,
                doubles_ppm: draw.between(0, 50_000) as u32,
                reorders_ppm: draw.between(0, 20_000) as u32,
                loses_ppm: draw.between(0, 50_000) as u32,
            },
            false => NetworkSpec::LAN,
        };
        let spec = WorldSpec {
            seed,
            nodes,
            owners: OWNERS + 7,
            network,
        };
        let mut plan = Self {
            spec,
            acts: Vec::new(),
            faulty_for,
        };
        plan.start_nodes(count, &mut draw);
        plan.submit(count, &faults, &mut draw);
        plan.go_wrong(count, &faults, &mut draw);
        plan.submit_on_condition(count, &mut draw);
        plan.meddle(&mut draw);
        plan.ask_anew(&mut draw);
        plan.revise();
        plan.lose_patience();
        plan.deploy_exclusive();
        plan.pace();
        plan.go_back();
        plan.leave_pending();
        plan.lose_a_majority();
        plan.drain();
        plan.deploy_runs();
        plan.restore();
        plan.found_again();
        plan
    }

    /// In half of all worlds, who keeps something and is away for a few seconds is replaced. Drawn apart, so that the rest
    /// of a seed's plan does not depend on it.
    fn lose_patience(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x5ccede));
        if draw.happens(50) {
            return;
        }
        let replaces_after = Duration::from_millis(draw.between(500, 8_000) as u64);
        for node in &mut self.spec.nodes {
            node.replaces_after = replaces_after;
        }
    }

    /// Owners say how fast updates go. Drawn apart, so that the rest of a seed's plan does not depend on it.
    fn pace(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x9ace));
        for (_, act) in &mut self.acts {
            if let Act::Submit {
                what: Submission::Founds(wanted),
                ..
            } = act
                && draw.happens(60)
            {
                wanted.pace = pace(&mut draw);
            }
        }
    }

    /// An owner deploys something whose next generation fails at its start everywhere, and goes back. Drawn apart, so that
    /// the rest of a seed's plan does not depend on it.
    fn go_back(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0xbacc));
        if draw.happens(40) {
            return;
        }
        let count = self.spec.nodes.len();
        let (owner, to, nth) = (OWNERS + 2, NodeNo(draw.upto(count)), 0);
        let valency = draw.between(1, count.min(5)) as u32;
        let mut wanted = Box::new(workload(valency, Frailty::Sound, &mut draw));
        wanted.pace = pace(&mut draw);
        let fails = match draw.happens(50) {
            true => Frailty::NeverStarts,
            false => Frailty::Crashes,
        };
        let updates = |component| Submission::Updates {
            nth,
            valency: None,
            component: Some(component),
        };
        let sound = wanted.component;
        // By then all know of one another who are there from the beginning.
        let founds_at = Duration::from_millis(draw.between(2_000, 5_000) as u64);
        let mut later = |least, most| Duration::from_millis(draw.between(least, most) as u64);
        // In some worlds nothing else goes wrong by then.
        let (fails_at, back_at) = match later(0, 1).is_zero() {
            true => {
                let fails_at = founds_at + later(3_000, 14_000);
                (fails_at, fails_at + later(3_000, 14_000))
            }
            false => (
                self.faulty_for + later(6_500, 7_500),
                self.faulty_for + later(11_000, 12_000),
            ),
        };
        let all = [
            (founds_at, Submission::Founds(wanted)),
            (fails_at, updates(fails.component(20))),
            (back_at, updates(sound)),
        ];
        for (at, what) in all {
            self.acts.push((at, Act::Submit { owner, to, what }));
        }
    }

    /// Persons want their machines to do more or less than before. Drawn apart, so that the rest of a seed's plan does
    /// not depend on it.
    fn revise(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x4e715e));
        if draw.happens(40) {
            return;
        }
        let count = self.spec.nodes.len();
        for _ in 0..draw.between(1, 2 + count / 2) {
            let node = NodeNo(draw.upto(count));
            let eighths = draw.between(1, 12) as u64;
            let had = self.spec.nodes[node.0].capacity.resources;
            let cpu = had.cpu_cores_micro() / 8 * eighths;
            let memory_bytes = had.memory_bytes() / 8 * eighths;
            let at = draw.sometime(self.faulty_for);
            if let Ok(resources) = Resources::new(cpu, memory_bytes) {
                self.acts.push((at, Act::Revise { node, resources }));
            }
        }
    }

    /// An owner deploys what at most one node runs, and something befalls whoever does. Drawn apart, so that the rest of a
    /// seed's plan does not depend on it.
    fn deploy_exclusive(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0xa7_0e));
        if draw.happens(60) {
            return;
        }
        let (owner, span) = (OWNERS + 1, self.faulty_for);
        let to = NodeNo(draw.upto(self.spec.nodes.len()));
        for nth in 0..draw.between(1, 2) {
            let mut wanted = workload(1, Frailty::Sound, &mut draw);
            wanted.exclusive = true;
            let what = Submission::Founds(Box::new(wanted));
            let at = Duration::from_millis(500) + draw.sometime(span / 6);
            self.acts.push((at, Act::Submit { owner, to, what }));
            if draw.happens(40) {
                let is_deleted = draw.happens(30);
                let what = Submission::Updates {
                    nth,
                    valency: is_deleted.then_some(0),
                    component: (!is_deleted).then(|| Frailty::Sound.component(30)),
                };
                let later = at + draw.sometime(span.saturating_sub(at));
                self.acts.push((later, Act::Submit { owner, to, what }));
            }
        }
        for _ in 0..draw.between(1, 3) {
            let ms = |draw: &mut Draw, least, most| {
                Duration::from_millis(draw.between(least, most) as u64)
            };
            // Most last so long that another comes to hold it.
            let blow = match draw.upto(6) {
                0 => Blow::Pause(ms(&mut draw, 10, 9_000)),
                1 => Blow::Pause(ms(&mut draw, 11_000, 16_000)),
                2 => Blow::Crash(ms(&mut draw, 10, 15_000)),
                3 => Blow::Cut {
                    span: ms(&mut draw, 1_000, 17_000),
                    is_mute: draw.happens(50),
                    is_deaf: true,
                },
                _ => Blow::Cut {
                    span: ms(&mut draw, 12_000, 17_000),
                    is_mute: true,
                    is_deaf: false,
                },
            };
            let at = Duration::from_secs(4) + draw.sometime(span / 2);
            self.acts.push((at, Act::OfHolder(blow)));
        }
    }

    /// Owners need something else of machines than before, which those that host may not be.
    fn ask_anew(&mut self, draw: &mut Draw) {
        for owner in 0..OWNERS {
            if draw.happens(60) {
                continue;
            }
            let needs = Box::new(workload(1, Frailty::Sound, draw).needs);
            let nth = draw.upto(2);
            let at = draw.sometime(self.faulty_for);
            let (to, what) = (NodeNo(0), Submission::AsksAnew { nth, needs });
            self.acts.push((at, Act::Submit { owner, to, what }));
        }
    }

    /// Owners change what is another's: some may.
    fn meddle(&mut self, draw: &mut Draw) {
        for _ in 0..draw.upto(3) {
            let owner = draw.upto(OWNERS);
            let what = Submission::Meddles {
                of: (owner + 1) % OWNERS,
                nth: draw.upto(2),
                valency: draw.between(1, 4) as u32,
            };
            let at = draw.sometime(self.faulty_for);
            let to = NodeNo(0);
            self.acts.push((at, Act::Submit { owner, to, what }));
        }
    }

    /// An owner deploys what waits for something else: that is there before, comes later, never comes, or goes
    /// again.
    fn submit_on_condition(&mut self, count: usize, draw: &mut Draw) {
        if draw.happens(50) {
            return;
        }
        let owner = OWNERS;
        let (to, needed_at) = (NodeNo(draw.upto(count)), NodeNo(draw.upto(count)));
        let few = |draw: &mut Draw| draw.between(1, 3) as u32;
        let (wanted, needed) = (few(draw), few(draw));
        let what = Submission::FoundsIf {
            wanted: Box::new(workload(wanted, Frailty::Sound, draw)),
            needed: Box::new(workload(needed, Frailty::Sound, draw)),
            needed_at,
        };
        let at = Duration::from_millis(500) + draw.sometime(self.faulty_for / 2);
        self.acts.push((at, Act::Submit { owner, to, what }));
        let needed = |what| Act::Submit {
            owner,
            to: needed_at,
            what,
        };
        let (nth, is_first) = (0, true);
        let after = match draw.upto(4) {
            0 => return,
            1 => Duration::from_millis(1),
            _ => draw.sometime(self.faulty_for - at),
        };
        let comes = Submission::Repeats { nth, is_first };
        self.acts.push((at + after, needed(comes)));
        if draw.happens(30) {
            let goes = Submission::Updates {
                nth,
                valency: Some(0),
                component: None,
            };
            let later = draw.sometime(self.faulty_for.saturating_sub(at + after));
            self.acts.push((at + after + later, needed(goes)));
        }
    }

    fn start_nodes(&mut self, count: usize, draw: &mut Draw) {
        for number in 0..count {
            // One in ten joins later.
            let after = match draw.upto(10) {
                0 if number > 1 => draw.sometime(self.faulty_for),
                _ => Duration::from_millis(draw.upto(100) as u64),
            };
            self.acts.push((after, Act::Start(NodeNo(number))));
        }
    }

    /// Owners deploy, scale, update and delete.
    fn submit(&mut self, count: usize, faults: &Faults, draw: &mut Draw) {
        for owner in 0..OWNERS {
            let workloads = draw.between(1, 3);
            for nth in 0..workloads {
                let at = Duration::from_millis(500) + draw.sometime(self.faulty_for / 2);
                let to = NodeNo(draw.upto(count));
                let valency = draw.between(1, count.min(8)) as u32;
                let frailty = match draw.upto(10) {
                    0 if faults.frail => Frailty::NeverStarts,
                    1 if faults.frail => Frailty::Crashes,
                    2..=3 if faults.frail => Frailty::Flaky,
                    4..=5 if faults.frail => Frailty::Falters,
                    _ => Frailty::Sound,
                };
                let what = Submission::Founds(Box::new(workload(valency, frailty, draw)));
                self.acts.push((at, Act::Submit { owner, to, what }));
                for change in 0..draw.upto(4) {
                    let after = draw.sometime(self.faulty_for.saturating_sub(at));
                    let what = match draw.upto(8) {
                        0 => Submission::Updates {
                            nth,
                            valency: Some(0),
                            component: None,
                        },
                        1 => Submission::Repeats {
                            nth,
                            is_first: draw.happens(50),
                        },
                        2..=4 => Submission::Updates {
                            nth,
                            valency: Some(draw.between(1, count.min(8)) as u32),
                            component: None,
                        },
                        _ => Submission::Updates {
                            nth,
                            valency: None,
                            component: Some(frailty.component(change as u8 + 10)),
                        },
                    };
                    self.acts
                        .push((at + after, Act::Submit { owner, to, what }));
                }
            }
        }
    }

    fn go_wrong(&mut self, count: usize, faults: &Faults, draw: &mut Draw) {
        let span = self.faulty_for;
        let some = |draw: &mut Draw| 1 + draw.upto(3 + count / 8);
        if faults.crashes {
            for _ in 0..some(draw) {
                let (node, at) = (NodeNo(draw.upto(count)), draw.sometime(span));
                let for_good = false;
                let down_for = Duration::from_millis(draw.between(10, 20_000) as u64);
                if draw.happens(20) {
                    let notice = Duration::from_millis(draw.between(1_000, 8_000) as u64);
                    self.acts.push((at, Act::Away { node, notice }));
                    continue;
                }
                self.acts.push((at, Act::Crash { node, for_good }));
                self.acts.push((at + down_for, Act::Start(node)));
            }
        }
        if faults.kills {
            let (node, for_good) = (NodeNo(draw.upto(count)), true);
            let act = match draw.happens(50) {
                true => Act::Crash { node, for_good },
                false => Act::Leave(node),
            };
            self.acts.push((draw.sometime(span), act));
        }
        if faults.cuts {
            for _ in 0..draw.between(1, 2) {
                self.cut(count, draw);
            }
        }
        if faults.pauses {
            for _ in 0..some(draw) {
                let node = NodeNo(draw.upto(count));
                let span_ms = draw.between(10, 12_000) as u64;
                let pause = Act::Pause {
                    node,
                    span: Duration::from_millis(span_ms),
                };
                self.acts.push((draw.sometime(span), pause));
            }
        }
        if faults.clocks && draw.happens(50) {
            let node = NodeNo(draw.upto(count));
            let by = Duration::from_millis(draw.between(10, 15_000) as u64);
            self.acts
                .push((draw.sometime(span), Act::Jump { node, by }));
        }
        if faults.slow {
            let node = NodeNo(draw.upto(count));
            let each = Duration::from_micros(draw.between(500, 20_000) as u64);
            self.acts
                .push((draw.sometime(span), Act::Slow { node, each }));
        }
        if faults.lies {
            for _ in 0..20 {
                let liar = NodeNo(draw.upto(count));
                self.acts.push((draw.sometime(span), Act::Lie { liar }));
            }
        }
        if faults.slanders {
            for _ in 0..some(draw) {
                let [liar, observer, other] = [0; 3].map(|_| NodeNo(draw.upto(count)));
                if observer != other && liar != observer && liar != other {
                    let what = Slander::Dead;
                    let act = Act::Slander {
                        liar,
                        observer,
                        other,
                        what,
                    };
                    self.acts.push((draw.sometime(span), act));
                }
            }
            self.misname(count);
        }
        if faults.moves {
            let node = NodeNo(draw.upto(count));
            self.acts.push((draw.sometime(span), Act::Move(node)));
        }
        if draw.happens(30) {
            let node = NodeNo(draw.upto(count));
            self.acts.push((draw.sometime(span), Act::TakeBack(node)));
        }
        for _ in 0..4 {
            let node = NodeNo(draw.upto(count));
            let free_bytes = draw.upto(1 << 30) as u64;
            let act = Act::Measure { node, free_bytes };
            self.acts.push((draw.sometime(span), act));
        }
        if faults.noisy_network {
            for _ in 0..some(draw) {
                let (one, other) = (NodeNo(draw.upto(count)), NodeNo(draw.upto(count)));
                self.acts
                    .push((draw.sometime(span), Act::Break(one, other)));
            }
        }
    }

    /// Members say of others, and of those they say it to, that they are not who they are. Drawn apart, so that
    /// the rest of a seed's plan does not depend on it.
    fn misname(&mut self, count: usize) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x0a11a5));
        for _ in 0..draw.between(2, 4 + count / 4) {
            let [liar, observer, other] = [0; 3].map(|_| NodeNo(draw.upto(count)));
            let what = MISNAMES[draw.upto(MISNAMES.len())];
            if liar == observer || liar == other {
                continue;
            }
            let act = Act::Slander {
                liar,
                observer,
                other,
                what,
            };
            self.acts.push((draw.sometime(self.faulty_for), act));
        }
    }

    /// Nothing passes between two sides for a while, one way or both.
    fn cut(&mut self, count: usize, draw: &mut Draw) {
        let side: Vec<bool> = (0..count).map(|_| draw.happens(40)).collect();
        let on = |which: bool| -> Vec<NodeNo> {
            let those = side.iter().enumerate().filter(|(_, its)| **its == which);
            those.map(|(at, _)| NodeNo(at)).collect()
        };
        let (here, there) = (on(true), on(false));
        let at = draw.sometime(self.faulty_for);
        // Some last so long that each side has to have mended what it misses.
        let heals_after_ms = match draw.happens(30) {
            true => draw.between(17_000, 22_000),
            false => draw.between(200, 17_000),
        };
        let heals_after = Duration::from_millis(heals_after_ms as u64);
        let way = draw.upto(3);
        // Everybody may come to be on one side.
        let is_cut = !here.is_empty() && !there.is_empty();
        if is_cut && way != 1 {
            let (from, to) = (here.clone(), there.clone());
            self.acts.push((at, Act::Cut { from, to }));
        }
        if is_cut && way != 2 {
            let (from, to) = (there, here);
            self.acts.push((at, Act::Cut { from, to }));
        }
        self.acts.push((at + heals_after, Act::Heal));
    }
}

fn node(faults: &Faults, draw: &mut Draw) -> NodeSpec {
    let mut spec = NodeSpec::new(capacity(
        draw.between(1, 4) as u64 * CORE,
        draw.between(256, 2048) as u64 * MEBIBYTE,
    ));
    // A few decline everything, and a few of these say so.
    if draw.happens(10) {
        spec.is_willing = false;
        if draw.happens(50) {
            spec.consider = None;
        }
    }
    if faults.two_releases && draw.happens(50) {
        spec.release = Release::Later;
    }
    if faults.clocks {
        let drift_ppm = draw.between(0, 2 * DRIFT_PPM_MAX as usize) as i32 - DRIFT_PPM_MAX;
        let ahead = Duration::from_millis(draw.upto(1_000_000) as u64);
        spec.clock = Clock::new(drift_ppm, ahead);
    }
    if faults.slow && draw.happens(30) {
        spec.disk = DiskSpec {
            sync: Duration::from_millis(draw.between(1, 50) as u64),
            jitter: Duration::from_millis(draw.between(1, 200) as u64),
        };
        spec.host = HostSpec {
            start: Duration::from_millis(draw.between(50, 1_000) as u64),
            stop: Duration::from_millis(draw.between(10, 1_000) as u64),
        };
    }
    spec
}

/// A promise to look at what this owner submits.
fn only(owner: AgentId) -> Option<Consider> {
    let submitters = Submitters::Only(Agents::new([owner]).ok()?);
    Some(Consider { submitters })
}

/// How fast updates go.
fn pace(draw: &mut Draw) -> Pace {
    let (max_surge, max_unavailable) = (draw.upto(3) as u32, draw.upto(3) as u32);
    Pace::new(max_surge, max_unavailable).unwrap_or_default()
}

/// A machine with so much of each, and nothing said of it.
pub fn capacity(cpu_cores_micro: u64, memory_bytes: u64) -> Capacity {
    Capacity {
        resources: Resources::new(cpu_cores_micro, memory_bytes).unwrap_or(Resources::NONE),
        labels: Labels::default(),
        architecture: architecture(),
        interfaces: Interfaces::default(),
    }
}

fn architecture() -> Architecture {
    "x86_64".parse().expect("it is an architecture")
}

fn workload(valency: u32, frailty: Frailty, draw: &mut Draw) -> Use {
    let portion = Portion::new(
        draw.between(50, 600) as u64 * CORE / 1000,
        draw.between(16, 256) as u64 * MEBIBYTE + draw.upto(100_000) as u64,
    );
    let portion = portion.expect("it is something of both");
    let mut wanted = intent(valency, portion, frailty);
    ask(&mut wanted, draw);
    wanted
}

/// An owner's intent to use `valency` hostings of a component of this kind.
pub fn intent(valency: u32, portion: Portion, frailty: Frailty) -> Use {
    Use {
        lineage: Lineage::Founds,
        name: "hello".parse().expect("it is a name"),
        component: frailty.component(7),
        valency: Valency::new(valency).unwrap_or(Valency::NONE),
        is_stopped: false,
        exclusive: false,
        mode: Mode::Service,
        needs: Needs {
            portion,
            labels: Labels::default(),
            architecture: None,
            interfaces: Interfaces::default(),
        },
        spread: Spread::default(),
        routes: Routes::default(),
        updaters: Submitters::AnyClient,
        spec: Spec::new(b"").expect("it is short"),
        pace: Pace::default(),
    }
}
