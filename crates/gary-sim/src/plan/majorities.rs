//! What befalls a world in which names have no majority of their keepers for a while, or for good.

use std::time::Duration;

use gary_promise::Submitters;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{OWNERS, Plan, workload};
use crate::draw::Draw;
use crate::world::{Act, Frailty, NodeNo, Submission};

impl Plan {
    /// An owner deploys by way of a node that comes to be cut off, and leaves with it what nobody else hears of, while
    /// somebody else may change the same elsewhere. Drawn apart, so that the rest of a seed's plan does not depend on it.
    pub(super) fn leave_pending(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x1ea4e));
        if draw.happens(60) {
            return;
        }
        let count = self.spec.nodes.len();
        let (owner, to, nth) = (OWNERS + 3, NodeNo(draw.upto(count)), 0);
        let mut wanted = Box::new(workload(
            draw.between(1, 3) as u32,
            Frailty::Sound,
            &mut draw,
        ));
        wanted.updaters = Submitters::AnyClient;
        let ms =
            |draw: &mut Draw, least, most| Duration::from_millis(draw.between(least, most) as u64);
        let founds_at = ms(&mut draw, 2_000, 5_000);
        // Where the wall is there before, what it founds is pending too.
        let cut_at = match draw.happens(30) {
            true => founds_at - ms(&mut draw, 10, 1_000),
            false => founds_at + ms(&mut draw, 500, 3_000),
        };
        let heals_at = cut_at + ms(&mut draw, 4_000, 15_000);
        let others = |other: &NodeNo| *other != to;
        let others: Vec<NodeNo> = (0..count).map(NodeNo).filter(others).collect();
        let elsewhere = others[draw.upto(others.len())];
        let cut = |from: &[NodeNo], to: &[NodeNo]| Act::Cut {
            from: from.to_vec(),
            to: to.to_vec(),
        };
        self.acts.push((cut_at, cut(&[to], &others)));
        self.acts.push((cut_at, cut(&others, &[to])));
        self.acts.push((heals_at, Act::Heal));
        let what = Submission::Founds(wanted);
        self.acts
            .push((founds_at, Act::SubmitLocally { owner, to, what }));
        let mut at = cut_at.max(founds_at) + ms(&mut draw, 10, 1_000);
        if draw.happens(50) {
            let (owner, of, valency) = (0, owner, draw.between(1, 3) as u32);
            let what = Submission::Meddles { of, nth, valency };
            let to = elsewhere;
            self.acts.push((at, Act::SubmitLocally { owner, to, what }));
        }
        for change in 0..draw.between(1, 2) {
            at += ms(&mut draw, 10, 2_000);
            let what = Submission::Updates {
                nth,
                valency: None,
                component: Some(Frailty::Sound.component(40 + change as u8)),
            };
            self.acts.push((at, Act::SubmitLocally { owner, to, what }));
        }
        if draw.happens(20) {
            let at = at + ms(&mut draw, 5_500, 8_000);
            self.acts.push((at, Act::WithdrawPending { owner, at: to }));
        }
        if draw.happens(30) {
            let (node, for_good) = (to, false);
            let at = at + ms(&mut draw, 100, 9_000);
            self.acts.push((at, Act::Crash { node, for_good }));
            let back_at = at + ms(&mut draw, 10, 4_000);
            self.acts.push((back_at, Act::Start(node)));
        }
    }

    /// Most nodes are gone for a while, and an owner holds them for gone for good: it has what they kept recovered by those
    /// that are left, of which each may do so by itself. Drawn apart, so that the rest of a seed's plan does not depend on
    /// it.
    pub(super) fn lose_a_majority(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0x04ec_07e4));
        if draw.happens(75) {
            return;
        }
        let count = self.spec.nodes.len();
        let (owner, nth) = (OWNERS + 4, 0);
        let ms =
            |draw: &mut Draw, least, most| Duration::from_millis(draw.between(least, most) as u64);
        let wanted = workload(draw.between(1, 3) as u32, Frailty::Sound, &mut draw);
        let founds_at = ms(&mut draw, 2_000, 4_000);
        let gone_at = founds_at + ms(&mut draw, 1_500, 4_000);
        let recovers_at = gone_at + ms(&mut draw, 2_500, 5_000);
        let back_at = recovers_at + ms(&mut draw, 50, 8_000);
        let updates_at = [
            gone_at - ms(&mut draw, 1, 40),
            back_at + ms(&mut draw, 10, 3_000),
        ];
        let (first, left) = (draw.upto(count), draw.between(1, count.div_ceil(2) - 1));
        let turn = |at: usize| NodeNo((first + at) % count);
        let (left, gone) = ((0..left).map(turn), (left..count).map(turn));
        let to = turn(0);
        let what = Submission::Founds(Box::new(wanted));
        self.acts.push((founds_at, Act::Submit { owner, to, what }));
        for (at, component) in updates_at.into_iter().zip(50..) {
            let what = Submission::Updates {
                nth,
                valency: None,
                component: Some(Frailty::Sound.component(component)),
            };
            self.acts.push((at, Act::Submit { owner, to, what }));
        }
        for node in gone {
            let for_good = false;
            self.acts.push((gone_at, Act::Crash { node, for_good }));
            self.acts.push((back_at, Act::Start(node)));
        }
        for at in left {
            self.acts
                .push((recovers_at, Act::Recover { owner, nth, at }));
        }
    }
}
