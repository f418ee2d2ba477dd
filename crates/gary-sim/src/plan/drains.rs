//! What befalls a world in which nodes are drained.

use std::time::Duration;

use gary_agent::{Afterwards, Drain};
use gary_promise::Notice;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::Plan;
use crate::draw::Draw;
use crate::world::{Act, NodeNo};

impl Plan {
    /// Persons have nodes drained, two at once perhaps, and some want them back. Drawn apart, so that the rest of a seed's plan
    /// does not depend on it.
    pub(super) fn drain(&mut self) {
        let mut draw = Draw(ChaCha8Rng::seed_from_u64(self.spec.seed ^ 0xd7a10));
        if draw.happens(50) {
            return;
        }
        let count = self.spec.nodes.len();
        let first = draw.upto(count);
        // At least one is left.
        for nth in 0..draw.between(1, (count / 2).min(2)) {
            self.drain_one(NodeNo((first + nth) % count), &mut draw);
        }
    }

    fn drain_one(&mut self, node: NodeNo, draw: &mut Draw) {
        let span = self.faulty_for;
        let ms =
            |least, most, draw: &mut Draw| Duration::from_millis(draw.between(least, most) as u64);
        // Some are drained when nothing goes wrong any more, and have time enough until all should be settled.
        let (at, within) = match draw.upto(3) {
            0 => (span + ms(100, 400, draw), ms(9_100, 9_400, draw)),
            which => {
                let latest = if which == 1 { 6_000 } else { 20_000 };
                let at = ms(3_000, latest, draw);
                let most = span.saturating_sub(at).as_millis() as usize;
                (at, ms(1_000, most, draw))
            }
        };
        let then = match draw.happens(40) {
            true => Afterwards::Leaves,
            false => Afterwards::Stays,
        };
        let notice = Notice::from_ms(within.as_millis() as u32);
        let Ok(drain) = notice.map(|within| Drain { within, then }) else {
            return;
        };
        self.acts.push((at, Act::Drain { node, drain }));
        if draw.happens(20) {
            let again_at = at + draw.sometime(within);
            self.acts.push((again_at, Act::Drain { node, drain }));
        }
        if at < span && draw.happens(20) {
            let (for_good, crash_at) = (false, at + draw.sometime(within));
            self.acts.push((crash_at, Act::Crash { node, for_good }));
            let down_for = ms(10, 5_000, draw);
            self.acts.push((crash_at + down_for, Act::Start(node)));
        }
        if at < span && draw.happens(40) {
            let undrain_at = at + draw.sometime(2 * within);
            self.acts.push((undrain_at, Act::Undrain(node)));
        }
    }
}
