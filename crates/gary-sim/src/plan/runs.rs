//! What befalls a world in which owners deploy jobs and schedules.

use std::time::Duration;

use gary_promise::{Mode, Retries, Schedule, Use};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{OWNERS, Plan, workload};
use crate::draw::Draw;
use crate::world::{Act, Blow, Frailty, NodeNo, Submission, wall};

impl Plan {
    /// An owner deploys what runs to completion, and something befalls whoever runs it. Drawn apart, so that the rest of a
    /// seed's plan does not depend on it.
    pub(super) fn deploy_runs(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x10b5));
        if draw.happens(60) {
            return;
        }
        let (owner, span) = (OWNERS + 5, self.faulty_for);
        let to = NodeNo(draw.upto(self.spec.nodes.len()));
        for nth in 0..draw.between(1, 2) {
            let at = Duration::from_millis(500) + draw.sometime(span / 3);
            let wanted = match draw.happens(50) {
                true => job(&mut draw),
                false => scheduled(at, &mut draw),
            };
            let frailty = Frailty::of(&wanted.component);
            let what = Submission::Founds(Box::new(wanted));
            self.acts.push((at, Act::Submit { owner, to, what }));
            if draw.happens(30) {
                let is_deleted = draw.happens(30);
                let lasts_s = draw.between(1, 6) as u8;
                let what = Submission::Updates {
                    nth,
                    valency: is_deleted.then_some(0),
                    component: (!is_deleted).then(|| frailty.component(lasts_s)),
                };
                let later = at + draw.sometime(span.saturating_sub(at));
                self.acts.push((later, Act::Submit { owner, to, what }));
            }
        }
        for _ in 0..draw.between(1, 3) {
            let ms = |draw: &mut Draw, least, most| {
                Duration::from_millis(draw.between(least, most) as u64)
            };
            let blow = match draw.upto(4) {
                0 => Blow::Pause(ms(&mut draw, 10, 14_000)),
                1 => Blow::Crash(ms(&mut draw, 10, 15_000)),
                _ => Blow::Cut {
                    span: ms(&mut draw, 1_000, 17_000),
                    is_mute: true,
                    is_deaf: draw.happens(50),
                },
            };
            let at = Duration::from_secs(2) + draw.sometime(span / 2);
            self.acts.push((at, Act::OfRunner(blow)));
        }
    }
}

/// A job of a few replicas. Some of what it runs fails, always or by turns.
fn job(draw: &mut Draw) -> Use {
    let frailty = match draw.upto(8) {
        0 => Frailty::NeverStarts,
        1 => Frailty::Crashes,
        2..=3 => Frailty::Falters,
        _ => Frailty::Sound,
    };
    let mut wanted = workload(draw.between(1, 4) as u32, frailty, draw);
    wanted.component = frailty.component(draw.between(1, 15) as u8);
    wanted.mode = Mode::Job(retries(draw));
    wanted
}

/// Something that is due every few seconds, and takes a few.
fn scheduled(at: Duration, draw: &mut Draw) -> Use {
    let frailty = match draw.upto(6) {
        0 => Frailty::Crashes,
        1 => Frailty::Falters,
        _ => Frailty::Sound,
    };
    let mut wanted = workload(1, frailty, draw);
    wanted.component = frailty.component(draw.between(1, 6) as u8);
    let period_ms = draw.between(2_000, 9_000) as u64;
    let phase_ms = draw.upto(2_000) as u64;
    let deployed_at = wall(gary_promise::Time::from_us(0).after(at));
    let first = gary_promise::Tick(deployed_at.0 / period_ms + 1);
    let schedule = Schedule::new(period_ms, phase_ms.min(period_ms - 1), first);
    let schedule = schedule.expect("it is due every few seconds");
    wanted.mode = Mode::Schedule(schedule, retries(draw));
    wanted
}

fn retries(draw: &mut Draw) -> Retries {
    Retries::new(draw.upto(4) as u32).unwrap_or_default()
}
