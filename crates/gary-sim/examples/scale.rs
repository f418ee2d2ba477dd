//! Measures how agents do in large numbers, one part of it at a time.
//!
//! `cargo run -p gary-sim --example scale --release -- PART [ARGUMENTS]`
//!
//! `cargo xtask bench core` measures all of it and writes it down; this is for who works on a part.

use std::time::{Duration, Instant};

use gary_sim::scale::{
    Costs, DealingsShape, Handling, Kind, Layer, MillionShape, Pace, Stopwatch, Timings,
    UpdateShape, WholeShape, chatter, commits, deaths, deploys, handling_of_dealings,
    handling_of_whole, million, names, successions, update,
};

struct Clock(Instant);

impl Stopwatch for Clock {
    fn elapsed(&mut self) -> Duration {
        self.0.elapsed()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example is no part of the pure crate"
)]
fn now() -> Instant {
    Instant::now()
}

fn rss() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"));
    lines.collect::<Vec<_>>().join(" ")
}

fn measured() -> Timings {
    let shape = DealingsShape {
        agents: 1220,
        workloads: 4,
        replicas: 1000,
    };
    let mut timings = handling_of_dealings(shape, 7, Box::new(Clock(now())));
    let shape = WholeShape {
        agents: 50,
        span: Duration::from_secs(20),
    };
    timings.join(handling_of_whole(shape, 7, Box::new(Clock(now()))));
    timings
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: usize| {
        words
            .get(at)
            .and_then(|its| its.parse().ok())
            .unwrap_or(default)
    };
    let began = now();
    let mut costs = Costs::usual(Handling::default());
    match words.first().map_or("", String::as_str) {
        "handling" => {
            let timings = measured();
            for kind in Kind::ALL {
                println!(
                    "{:45} {:8} mean {:?} p50 {:?} p99 {:?}",
                    kind.name(),
                    timings.count(kind),
                    timings.mean(kind),
                    timings.percentile(kind, 50),
                    timings.percentile(kind, 99)
                );
            }
        }
        "chatter" => {
            let agents = number(1, 100);
            let its = chatter(
                agents,
                Duration::from_secs(number(2, 30) as u64),
                1,
                &costs,
                || println!("stands after {:?} {}", began.elapsed(), rss()),
            );
            for (name, traffic) in [("idle", its.idle), ("churn", its.churn)] {
                for layer in [Layer::Membership, Layer::Sheets, Layer::Dealings] {
                    let count = traffic.for_layer(layer);
                    let per = agents as f64 * its.span.as_secs_f64();
                    println!(
                        "{name:6} {layer:?} {:.2} messages {:.0} bytes per agent second",
                        count.messages as f64 / per,
                        count.bytes as f64 / per
                    );
                }
            }
            println!("{} of {} run", its.running, its.deployed);
        }
        "deploys" => {
            let its = deploys(number(1, 100), number(2, 100), number(3, 20), 1, &costs);
            println!(
                "bound {}\nruns  {}\nmissed {}",
                its.bound, its.running, its.missed
            );
        }
        "deaths" => {
            let its = deaths(100, number(1, 100), 1, &costs);
            println!(
                "bound {} of {}\nruns  {}\nlast  {}\nmissed {}",
                its.bound,
                its.bound.count(),
                its.running,
                its.last,
                its.missed
            );
        }
        "commits" => {
            costs.latency = Duration::from_micros(number(3, 1_000) as u64 / 2);
            let its = commits(number(1, 10), number(2, 20), 1, &costs);
            for (name, its) in [("deploys", &its.deploys), ("updates", &its.updates)] {
                println!(
                    "{name} told {} missed {} syncs {}",
                    its.told, its.missed, its.syncs
                );
                for kind in Kind::ALL {
                    println!("    {:45} {}", kind.name(), its.traffic.of(kind).messages);
                }
            }
        }
        "successions" => {
            let its = successions(number(1, 20), number(2, 3), 1, &costs);
            println!("replaced {} missed {}", its.replaced, its.missed);
        }
        "names" => {
            let shape = (number(1, 100), number(2, 1_000));
            let its = names(shape, Duration::from_secs(30), 1, &costs, || {
                println!("{}", rss())
            });
            println!(
                "{} committed, {} running, {} consults and {} syncs while idle",
                its.committed,
                its.running,
                its.idle.of(Kind::Consults).messages,
                its.idle_syncs
            );
        }
        "update" => {
            let pace = Pace::new(number(3, 1) as u32, number(4, 0) as u32);
            let shape = UpdateShape {
                agents: number(1, 20),
                replicas: number(2, 50),
                pace: pace.expect("one of the two is not zero"),
                patience: Duration::from_secs(3_600),
            };
            println!("{:?}", update(shape, 1, &costs));
        }
        _ => {
            costs = Costs::usual(Handling::measured(&measured()));
            let shape = MillionShape {
                agents: number(1, 6100),
                workloads: number(2, 1000),
                replicas: number(3, 1000),
                patience: Duration::from_secs(600),
            };
            println!(
                "{:?}",
                million(shape, 1, &costs, |after, bound, running| {
                    eprintln!("{after:?} {bound} {running} {:?}", began.elapsed());
                })
            );
        }
    }
    println!("{:?} {}", began.elapsed(), rss());
}
