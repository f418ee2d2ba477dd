//! What befalls a world in which disks go back, and names are forgotten.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{OWNERS, Plan, workload};
use crate::draw::Draw;
use crate::world::{Act, Frailty, NodeNo, Submission};

impl Plan {
    /// A node's disk goes back to what it held of registers, or loses that. Drawn apart, so that the rest of a seed's plan does
    /// not depend on it.
    pub(super) fn restore(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0xd15c));
        if draw.happens(65) {
            return;
        }
        let node = NodeNo(draw.upto(self.spec.nodes.len()));
        let span = self.faulty_for - Duration::from_secs(8);
        let at =
            Duration::from_secs(4) + draw.sometime(span.saturating_sub(Duration::from_secs(4)));
        let for_good = false;
        if draw.happens(70) {
            self.acts.push((draw.sometime(at), Act::BackUp(node)));
        }
        let ms =
            |least, most, draw: &mut Draw| Duration::from_millis(draw.between(least, most) as u64);
        let after = ms(10, 4_000, &mut draw);
        self.acts.push((at, Act::Crash { node, for_good }));
        self.acts
            .push((at + ms(1, 9, &mut draw), Act::Restore(node)));
        self.acts.push((at + after, Act::Start(node)));
    }

    /// An owner deletes what it has deployed, and deploys something else of the same name, once or twice. Drawn apart, so that
    /// the rest of a seed's plan does not depend on it.
    pub(super) fn found_again(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0xf0a6));
        if draw.happens(50) {
            return;
        }
        let (owner, to) = (OWNERS + 6, NodeNo(draw.upto(self.spec.nodes.len())));
        let mut at = Duration::from_secs(1) + draw.sometime(self.faulty_for / 6);
        for nth in 0..draw.between(1, 3) {
            let wanted = Box::new(workload(
                draw.between(1, 3) as u32,
                Frailty::Sound,
                &mut draw,
            ));
            let what = match nth {
                0 => Submission::Founds(wanted),
                _ => Submission::FoundsAgain {
                    nth: nth - 1,
                    wanted,
                },
            };
            self.acts.push((at, Act::Submit { owner, to, what }));
            let deleted_at = at + draw.sometime(self.faulty_for / 4);
            let what = Submission::Updates {
                nth,
                valency: Some(0),
                component: None,
            };
            self.acts
                .push((deleted_at, Act::Submit { owner, to, what }));
            // Most after it was forgotten.
            at = deleted_at + Duration::from_secs(draw.between(1, 16) as u64);
            if at >= self.faulty_for {
                break;
            }
        }
    }
}
