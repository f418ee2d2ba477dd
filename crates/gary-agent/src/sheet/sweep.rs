//! How an agent finds out what it has missed.

use std::{collections::BTreeMap, time::Duration};

use gary_promise::{
    AgentId, BootEpoch, BoundedSet, Branch, Digest, Frame, LISTING_MAX, Listing, Time, Version,
};
use rand::RngExt;

use super::{Refused, Sheets, claim::Claim, sheets::jittered};

/// How often what is known is compared with a member chosen at random; a quarter more or less.
///
/// (Two by two, a rumour reaches everyone after a number of rounds that grows with the logarithm of how
/// many there are; Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", 1987.)
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// How often, as long as the sheets of more than half of all members are not known: by who has just
/// come.
pub const SWEEP_HURRIED: Duration = Duration::from_secs(1);

/// Where no sheet of a member's present life is known, or it is back, all is compared with that member itself, and sooner:
/// after a second, and one more for each so many members, so that who has just come is asked by about as many in a second.
pub const ASKED_BY_IN_A_SECOND: usize = 100;

/// In a cluster of more members than this, whose sheets are not known is left to a few more hints and to sweeps.
pub const ASKED_AMONG_MAX: usize = 1_000;

/// How often a member is asked so: one that does not answer keeps nobody from comparing with others.
pub const ASKED_TIMES_MAX: u32 = 3;

/// A member that what is known is compared with before others.
#[derive(Debug)]
pub(super) struct Asked {
    /// In which life.
    pub(super) epoch: BootEpoch,
    /// Whether its sheet is known, and it was not there for a while.
    pub(super) is_back: bool,
    /// How often yet, at most.
    asks_left: u32,
}

impl Asked {
    /// No sheet of its present life is known.
    pub(super) const fn unknown(epoch: BootEpoch) -> Self {
        Self {
            epoch,
            is_back: false,
            asks_left: ASKED_TIMES_MAX,
        }
    }

    /// It was not there for a while, and is again in the same life.
    pub(super) const fn back(epoch: BootEpoch) -> Self {
        Self {
            epoch,
            is_back: true,
            asks_left: 1,
        }
    }
}

impl Sheets {
    /// Begins to compare what is known with somebody.
    pub(super) fn sweep(&mut self, now: Time) {
        let asked = self.next_asked();
        let is_hurried = self.marks.count() < self.members.len() / 2;
        let interval = match asked {
            _ if is_hurried => SWEEP_HURRIED,
            Some(_) => self.sweeps_soon(),
            None => SWEEP_INTERVAL,
        };
        self.sweep_at = now.after(jittered(interval, &mut self.rng));
        if let Some(peer) = asked.or_else(|| self.peers.any(&mut self.rng)) {
            let digest = self.digest(Branch::ROOT);
            self.outbox.send(peer, Frame::Digest(digest));
        }
    }

    /// How soon a member is asked that is asked before others.
    pub(super) fn sweeps_soon(&self) -> Duration {
        let seconds = 1 + self.members.len() / ASKED_BY_IN_A_SECOND;
        Duration::from_secs(seconds as u64).min(SWEEP_INTERVAL)
    }

    /// One of the members that are there and to be asked before others, any of them.
    fn next_asked(&mut self) -> Option<AgentId> {
        if self.members.len() > ASKED_AMONG_MAX {
            return None;
        }
        let to_ask = self.to_ask.iter().filter(|(_, its)| its.asks_left > 0);
        let to_ask = to_ask.map(|(agent, _)| *agent);
        let to_ask: Vec<_> = to_ask.filter(|agent| self.peers.has(*agent)).collect();
        if to_ask.is_empty() {
            return None;
        }
        let agent = to_ask[self.rng.random_range(0..to_ask.len())];
        if let Some(its) = self.to_ask.get_mut(&agent) {
            its.asks_left -= 1;
            if its.is_back {
                self.to_ask.remove(&agent);
            }
        }
        Some(agent)
    }

    /// A peer says in brief what it knows of a branch. Where that differs from what is known here, it is
    /// told the same of what is one digit deeper, or all of that if it is not much.
    ///
    /// Each answer goes deeper than the question, so that there are few. An answer that there is nothing
    /// to list ends a sweep in which nothing differs.
    pub fn handle_digest(&mut self, from: AgentId, digest: Digest) {
        let branch = digest.branch;
        let known = self.marks.tally(branch);
        if known.hashes == digest.hashes {
            let nothing = Listing {
                branch,
                known: BoundedSet::default(),
                asks: false,
            };
            self.outbox.send(from, Frame::Listing(nothing));
            return;
        }
        for (digit, count) in (0..).zip(known.counts) {
            let at = usize::from(digit);
            if known.hashes[at] == digest.hashes[at] {
                continue;
            }
            let Some(child) = branch.at(digit) else {
                // Deeper, everything is listed.
                return self.list(from, branch);
            };
            if count <= LISTING_MAX {
                self.list(from, child);
            } else {
                let digest = self.digest(child);
                self.outbox.send(from, Frame::Digest(digest));
            }
        }
    }

    /// A peer lists what it knows of a branch. What it has later than this agent is wanted from it; what
    /// this agent has later it is told, if it asks.
    pub fn handle_listing(&mut self, now: Time, from: AgentId, listing: Listing) {
        let branch = listing.branch;
        // Who knows the same has missed the same as those who are back, which is nothing.
        if branch == Branch::ROOT && listing.known.is_empty() && !listing.asks {
            self.to_ask.retain(|_, its| !its.is_back);
        }
        let mut theirs = BTreeMap::new();
        for (agent, version) in listing.known.iter().copied() {
            theirs.insert(agent, version);
            let claim = Claim { by: from, version };
            let heard = match branch.has(&agent) {
                true => self.hear(agent, claim, false),
                false => Err(Refused::Shape),
            };
            if let Err(refused) = heard {
                self.refusals.count(refused);
            }
        }
        if listing.asks {
            self.tell_what_lacks(from, branch, &theirs);
        }
        self.start_fetches(now);
    }

    /// Lists what is known of a branch, and asks for the same.
    fn list(&mut self, to: AgentId, branch: Branch) {
        let known = self.marks.listed(branch).collect();
        let listing = self.listing(branch, known, true);
        self.outbox.send(to, Frame::Listing(listing));
    }

    /// Tells a peer what it lacks of a branch, by what it has listed of it. Where that is too much, they
    /// go on one digit deeper.
    fn tell_what_lacks(
        &mut self,
        to: AgentId,
        branch: Branch,
        theirs: &BTreeMap<AgentId, Version>,
    ) {
        let known = self.marks.listed(branch);
        let lacking = known.filter(|(agent, version)| theirs.get(agent) < Some(version));
        let lacking: Vec<_> = lacking.collect();
        if lacking.is_empty() {
            return;
        }
        let is_deepest = branch.at(0).is_none();
        let answer = if lacking.len() > LISTING_MAX && !is_deepest {
            Frame::Digest(self.digest(branch))
        } else {
            Frame::Listing(self.listing(branch, lacking, false))
        };
        self.outbox.send(to, answer);
    }

    /// Lists as much as goes in a listing. There is more only where ids were made to begin alike; then
    /// each sweep lists others of them.
    fn listing(
        &mut self,
        branch: Branch,
        mut known: Vec<(AgentId, Version)>,
        asks: bool,
    ) -> Listing {
        if known.len() > LISTING_MAX {
            let first = self.rng.random_range(0..known.len());
            known.rotate_left(first);
            known.truncate(LISTING_MAX);
        }
        Listing {
            branch,
            known: BoundedSet::new(known).expect("the rest was cut off"),
            asks,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use gary_promise::DIGEST_DEPTH_MAX;
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};

    use super::*;
    use crate::sheet::testing::version;

    /// What came of a sweep between two agents.
    struct Swept {
        frames: usize,
        /// How many frames followed from each other, at most.
        rounds: usize,
        /// What each was told by the other.
        told: [BTreeMap<AgentId, Version>; 2],
    }

    /// Two agents that know these versions of sheets, compared.
    fn sweep(known: [&BTreeMap<AgentId, Version>; 2]) -> Swept {
        seeded_sweep(known, 1)
    }

    fn seeded_sweep(known: [&BTreeMap<AgentId, Version>; 2], seed: u64) -> Swept {
        let now = Time::from_us(0);
        let ids = [[0xee; 32], [0xff; 32]].map(AgentId::from_bytes);
        let mut sheets = [0, 1].map(|at| {
            let mut sheets = Sheets::new(ids[at], seed, now);
            for (agent, version) in known[at] {
                sheets.marks.set(*agent, *version);
            }
            sheets
        });
        let mut swept = Swept {
            frames: 1,
            rounds: 0,
            told: Default::default(),
        };
        let first = Frame::Digest(sheets[0].digest(Branch::ROOT));
        let mut on_way = VecDeque::from([(1, 1, first)]);
        while let Some((round, to, frame)) = on_way.pop_front() {
            swept.rounds = round;
            let from = ids[1 - to];
            match frame {
                Frame::Digest(digest) => sheets[to].handle_digest(from, digest),
                Frame::Listing(listing) => {
                    swept.told[to].extend(listing.known.iter().copied());
                    sheets[to].handle_listing(now, from, listing);
                }
                _ => panic!("these are strangers, and nothing is asked for"),
            }
            while let Some((_, frame)) = sheets[to].poll_frame() {
                swept.frames += 1;
                on_way.push_back((round + 1, 1 - to, frame));
            }
        }
        swept
    }

    /// Whether each was told everything that the other knows later.
    fn is_all_told(known: [&BTreeMap<AgentId, Version>; 2], swept: &Swept) -> bool {
        [0, 1].into_iter().all(|at| {
            let (mine, theirs) = (known[at], known[1 - at]);
            let later = theirs
                .iter()
                .filter(|(agent, its)| mine.get(agent) < Some(its));
            later
                .into_iter()
                .all(|(agent, its)| swept.told[at].get(agent) == Some(its))
        })
    }

    fn cluster(count: usize) -> BTreeMap<AgentId, Version> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let agents = (0..count).map(|_| {
            let mut bytes = [0; 32];
            rng.fill_bytes(&mut bytes);
            (AgentId::from_bytes(bytes), version(1))
        });
        agents.collect()
    }

    /// Reports what a sweep takes in clusters of all sizes.
    #[test]
    fn a_sweep_grows_with_the_logarithm_of_the_cluster() {
        for (count, rounds_max) in [(3, 2), (100, 2), (1_000, 4), (10_000, 5)] {
            let known = cluster(count);
            assert_eq!(sweep([&known, &known]).frames, 2);

            let mut later = known.clone();
            let changed = *later.keys().nth(count / 2).expect("it is there");
            later.insert(changed, version(2));
            let one = sweep([&known, &later]);
            assert!(is_all_told([&known, &later], &one));
            assert!(one.rounds <= rounds_max, "{count}: {}", one.rounds);

            let nothing = BTreeMap::new();
            let all = [[&nothing, &known], [&known, &nothing]].map(|known| {
                let swept = sweep(known);
                assert!(is_all_told(known, &swept));
                swept
            });
            println!(
                "{count} agents: one change takes {} frames, everything {} or {} in {} rounds",
                one.frames, all[0].frames, all[1].frames, all[0].rounds
            );
        }
    }

    /// When whom it begins to compare with, until then.
    fn begun(sheets: &mut Sheets, until_s: u64) -> Vec<(Time, AgentId)> {
        let mut begun = Vec::new();
        loop {
            let at = sheets.poll_timeout();
            if at > Time::from_us(until_s * 1_000_000) {
                return begun;
            }
            sheets.handle_timeout(at);
            while let Some((to, frame)) = sheets.poll_frame() {
                assert!(matches!(frame, Frame::Digest(_)), "{frame:?}");
                begun.push((at, to));
            }
        }
    }

    /// One that knows its own sheet, and that two others are there.
    fn among_three() -> ([AgentId; 3], Sheets) {
        let agents = [1, 2, 3].map(|byte| AgentId::from_bytes([byte; 32]));
        let now = Time::from_us(0);
        let mut sheets = Sheets::new(agents[0], 1, now);
        sheets.marks.set(agents[0], version(1));
        for agent in &agents[1..] {
            sheets.handle_up(now, *agent, BootEpoch(1));
        }
        (agents, sheets)
    }

    #[test]
    fn who_is_not_known_is_asked_a_few_times_for_each_start_and_then_left_to_sweeps() {
        let ([_, one, other], mut sheets) = among_three();
        let begins = begun(&mut sheets, 60);
        let (asked, swept) = begins.split_at(2 * ASKED_TIMES_MAX as usize);
        let times = |agent| asked.iter().filter(|(_, to)| *to == agent).count() as u32;
        assert_eq!([one, other].map(times), [ASKED_TIMES_MAX; 2]);
        assert!(asked.iter().all(|(at, _)| *at < Time::from_us(8_000_000)));
        assert!((4..=7).contains(&swept.len()), "{swept:?}");

        // That it is there is no news, that it has started again is.
        let now = Time::from_us(60_000_000);
        sheets.handle_up(now, one, BootEpoch(1));
        assert!(sheets.poll_timeout() > now.after(SWEEP_HURRIED * 2));
        sheets.handle_up(now, one, BootEpoch(2));
        let again = begun(&mut sheets, 65);
        let soon = again.iter().take(ASKED_TIMES_MAX as usize);
        assert!(soon.clone().all(|(_, to)| *to == one), "{again:?}");
        assert_eq!(soon.len() as u32, ASKED_TIMES_MAX);
    }

    #[test]
    fn who_is_back_is_asked_once_until_somebody_knows_the_same() {
        let ([me, one, other], mut sheets) = among_three();
        for agent in [one, other] {
            sheets.to_ask.insert(agent, Asked::back(BootEpoch(1)));
        }
        // What comes after these is a sweep as any.
        let begins = begun(&mut sheets, 5);
        let asked: BTreeSet<AgentId> = begins.iter().take(2).map(|(_, to)| *to).collect();
        assert_eq!(asked, BTreeSet::from([one, other]), "{begins:?}");
        assert!(sheets.to_ask.is_empty());

        for agent in [one, other] {
            sheets.to_ask.insert(agent, Asked::back(BootEpoch(1)));
        }
        sheets.to_ask.insert(me, Asked::unknown(BootEpoch(2)));
        let same = sheets.listing(Branch::ROOT, Vec::new(), false);
        sheets.handle_listing(Time::from_us(0), one, same);
        assert_eq!(sheets.to_ask.keys().collect::<Vec<_>>(), [&me]);
    }

    #[test]
    fn ids_that_were_made_to_begin_alike_end_a_sweep_too() {
        let alike: BTreeMap<AgentId, Version> = (0..200_u8)
            .map(|number| {
                let mut bytes = [0xab; 32];
                bytes[31] = number;
                (AgentId::from_bytes(bytes), version(1))
            })
            .collect();
        let nothing = BTreeMap::new();
        let swept = sweep([&nothing, &alike]);
        assert!(swept.rounds <= 2 * DIGEST_DEPTH_MAX);
        assert_eq!(swept.told[0].len(), LISTING_MAX);
        // What one sweep could not list, the next ones do.
        let mut known = nothing;
        for seed in 0..40 {
            known.extend(seeded_sweep([&known, &alike], seed).told[0].clone());
        }
        assert_eq!(known, alike);
    }

    proptest! {
        #[test]
        fn a_sweep_ends_and_tells_all(
            agents in prop::collection::btree_map(
                // Few first digits, so that some branches are crowded.
                ([0..3_u8, 0..20, 0..255], 0..4_u64, 0..4_u64), Just(()), 0..400,
            ),
        ) {
            let mut known = [BTreeMap::new(), BTreeMap::new()];
            for ([first, second, third], one, other) in agents.into_keys() {
                let mut bytes = [first; 32];
                bytes[1..3].copy_from_slice(&[second, third]);
                for (known, at) in known.iter_mut().zip([one, other]) {
                    if at > 0 {
                        known.insert(AgentId::from_bytes(bytes), version(at));
                    }
                }
            }
            let known = [&known[0], &known[1]];
            let swept = sweep(known);
            prop_assert!(is_all_told(known, &swept));
            let agents: BTreeSet<_> = known.iter().flat_map(|known| known.keys()).collect();
            prop_assert!(swept.frames <= 2 + 2 * 16 * agents.len());
        }
    }
}
