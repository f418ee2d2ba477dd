//! Who votes on a register.

use std::sync::Arc;

use std::fmt;
use std::num::NonZeroU64;

use super::Era;
use crate::AgentId;

/// The most keepers of one register: five, and one more while they change. A configuration of more is refused.
pub const KEEPERS_MAX: usize = 6;

/// How often the keepers of a register have changed since it began: 1 for those that it began with. Where it was begun
/// [again](Era), all before that are earlier, however often they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigurationEpoch {
    /// Decides first; `None` as long as it was not begun again.
    era: Option<Era>,
    number: NonZeroU64,
}

impl ConfigurationEpoch {
    /// Of those that a register is founded by.
    pub const FIRST: Self = Self {
        era: None,
        number: NonZeroU64::MIN,
    };

    /// Of this number in a register that was not begun again; there is none of number zero.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self { era: None, number }),
            None => None,
        }
    }

    /// Of those that a register is begun again with.
    pub const fn begins(era: Era) -> Self {
        Self {
            era: Some(era),
            number: NonZeroU64::MIN,
        }
    }

    /// The same number in an era.
    pub const fn of(self, era: Option<Era>) -> Self {
        Self { era, ..self }
    }

    /// How often the register was begun again, and by whom; `None` if it was not.
    pub const fn era(self) -> Option<Era> {
        self.era
    }

    /// Its number since the register was begun.
    pub const fn get(self) -> u64 {
        self.number.get()
    }

    /// The one after it. Past the last, where honest agents do not get, there is none.
    pub const fn next(self) -> Option<Self> {
        match self.number.checked_add(1) {
            Some(number) => Some(Self { number, ..self }),
            None => None,
        }
    }
}

impl fmt::Display for ConfigurationEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.era {
            Some(era) => write!(f, "{era}:{}", self.number),
            None => self.number.fmt(f),
        }
    }
}

/// Who votes on a register, and since which change. Two that differ in either are never counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Configuration {
    epoch: ConfigurationEpoch,
    /// As they were proposed: the first of the first configuration has ballot zero.
    keepers: Arc<[AgentId]>,
    /// By whom it was founded. Two registers of one name were founded by others each, and stay two.
    founders: Arc<[AgentId]>,
}

/// Agents are no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// There is none.
    #[error("a register has no keeper")]
    Nobody,
    /// There are too many.
    #[error("a register has {count} keepers, more than {KEEPERS_MAX}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One is there twice.
    #[error("{agent} keeps a register twice")]
    Twice {
        /// Which.
        agent: AgentId,
    },
}

impl Configuration {
    /// These agents, since this change, of a register that was founded [by them](Self::founded_by).
    ///
    /// # Errors
    ///
    /// Refuses none, more than [`KEEPERS_MAX`], and one that is there twice.
    pub fn new(
        epoch: ConfigurationEpoch,
        keepers: impl IntoIterator<Item = AgentId>,
    ) -> Result<Self, ConfigurationError> {
        let keepers: Vec<AgentId> = keepers.into_iter().take(KEEPERS_MAX + 1).collect();
        let count = keepers.len();
        match count {
            0 => return Err(ConfigurationError::Nobody),
            1..=KEEPERS_MAX => {}
            _ => return Err(ConfigurationError::TooMany { count }),
        }
        for (index, agent) in keepers.iter().enumerate() {
            if keepers[..index].contains(agent) {
                return Err(ConfigurationError::Twice { agent: *agent });
            }
        }
        let keepers: Arc<[AgentId]> = keepers.into();
        let founders = Arc::clone(&keepers);
        Ok(Self {
            epoch,
            keepers,
            founders,
        })
    }

    /// The same, of a register that those founded who are the first configuration of it: itself, if it is the first.
    pub fn founded_by(self, first: &Self) -> Self {
        match self.epoch {
            ConfigurationEpoch::FIRST => self,
            _ => Self {
                founders: Arc::clone(&first.founders),
                ..self
            },
        }
    }

    /// By whom its register was founded.
    pub fn founders(&self) -> &[AgentId] {
        &self.founders
    }

    /// Whether it is of the same register as another, rather than of one that others founded under its name.
    pub fn shares_founders(&self, other: &Self) -> bool {
        self.founders == other.founders
    }

    /// These agents and one more; `None` if it is among them, or there is no room.
    pub fn with(&self, agent: AgentId) -> Option<Self> {
        let keepers = self.keepers.iter().copied().chain([agent]);
        let more = Self::new(self.epoch.next()?, keepers).ok()?;
        Some(more.founded_by(self))
    }

    /// These agents without one; `None` if it is not among them, or the only one.
    pub fn without(&self, agent: AgentId) -> Option<Self> {
        let keepers = self.keepers.iter().copied().filter(|its| *its != agent);
        let fewer = Self::new(self.epoch.next()?, keepers).ok()?;
        let is_one = fewer.keepers.len() < self.keepers.len();
        is_one.then(|| fewer.founded_by(self))
    }

    /// Whether it is what one change makes of `earlier`: one keeper more, or one fewer. So any majority of the one has
    /// a keeper in common with any majority of the other.
    pub fn follows(&self, earlier: &Self) -> bool {
        let (more, fewer) = match self.keepers.len() > earlier.keepers.len() {
            true => (self, earlier),
            false => (earlier, self),
        };
        earlier.epoch.next() == Some(self.epoch)
            && self.shares_founders(earlier)
            && more.keepers.len() == fewer.keepers.len() + 1
            && fewer.keepers.iter().all(|its| more.has(its))
    }

    /// Since which change.
    pub const fn epoch(&self) -> ConfigurationEpoch {
        self.epoch
    }

    /// Who votes.
    pub fn keepers(&self) -> &[AgentId] {
        &self.keepers
    }

    /// Whether an agent votes.
    pub fn has(&self, agent: &AgentId) -> bool {
        self.keepers.contains(agent)
    }

    /// How many are more than half.
    pub fn majority(&self) -> usize {
        self.keepers.len() / 2 + 1
    }

    /// Who may begin a register with ballot zero: the first of those who found it.
    pub fn begins(&self) -> Option<AgentId> {
        let is_first = self.epoch == ConfigurationEpoch::FIRST;
        self.keepers.first().copied().filter(|_| is_first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(byte: u8) -> AgentId {
        AgentId::from_bytes([byte; 32])
    }

    fn three() -> Configuration {
        Configuration::new(ConfigurationEpoch::FIRST, [3, 1, 2].map(agent)).expect("three")
    }

    #[test]
    fn changes_by_one_keeper_at_a_time() {
        let three = three();
        let four = three.with(agent(4)).expect("there is room");
        let others = four.without(agent(3)).expect("it is among them");
        assert!(four.follows(&three) && others.follows(&four));
        assert!(!three.follows(&three) && !four.follows(&others));
        assert_eq!(others.keepers(), [1, 2, 4].map(agent));
        assert_eq!((three.majority(), four.majority()), (2, 3));

        // What skips a change has no keeper for certain in common with the first.
        assert!(!others.follows(&three));
        let second = |numbers: &[u8]| {
            let keepers = numbers.iter().map(|its| agent(*its));
            Configuration::new(four.epoch(), keepers).expect("a few")
        };
        assert!(!second(&[1, 2, 4]).founded_by(&three).follows(&three));
        assert!(!second(&[1, 2, 4, 5]).founded_by(&three).follows(&three));

        // What others founded under the name is another register.
        let same = second(&[3, 1, 2, 4]);
        assert!(same.clone().founded_by(&three).follows(&three));
        assert!(!same.shares_founders(&three) && !same.follows(&three));
        assert_eq!(three.clone().founded_by(&same), three);
        assert_eq!(others.founders(), three.keepers());
    }

    #[test]
    fn whatever_was_before_a_register_was_begun_again_is_earlier() {
        let [low, high] = [agent(1), agent(2)];
        let era = |number, by| Era::new(number, by).expect("not zero");
        let late = ConfigurationEpoch::new(700).expect("not zero");
        let [one, other] = [low, high].map(|by| ConfigurationEpoch::begins(era(1, by)));
        assert!(late < one && one < other);
        let changed = one.next().expect("there are more");
        assert!(one < changed && changed < other);
        assert_eq!(
            (late.to_string(), changed.to_string()),
            ("700".into(), "1:2".into())
        );
        let again = Era::after(other.era(), low).expect("there are more");
        assert!(other < ConfigurationEpoch::begins(again));
        assert_eq!(Era::after(None, low), Some(era(1, low)));
        assert_eq!(Era::after(Some(era(u64::MAX, low)), low), None);
        // Nothing of it follows from what was before, and nobody begins it without being asked.
        let before = Configuration::new(ConfigurationEpoch::FIRST, [low]).expect("one");
        let after = Configuration::new(one, [low]).expect("one");
        assert!(after.shares_founders(&before));
        let more = after.with(high).expect("there is room");
        assert!(!after.follows(&before) && more.follows(&after));
        assert_eq!((more.epoch(), after.begins()), (changed, None));
    }

    #[test]
    fn only_the_first_of_the_first_begins() {
        let three = three();
        assert_eq!(three.begins(), Some(agent(3)));
        let four = three.with(agent(4)).expect("there is room");
        assert_eq!(four.begins(), None);
    }

    #[test]
    fn nobody_too_many_and_one_twice_are_refused() {
        let first = ConfigurationEpoch::FIRST;
        let refused = |bytes: &[u8]| {
            let agents = bytes.iter().map(|byte| agent(*byte));
            Configuration::new(first, agents).expect_err("it is no configuration")
        };
        assert_eq!(refused(&[]), ConfigurationError::Nobody);
        assert_eq!(
            refused(&[0, 1, 2, 3, 4, 5, 6, 7]),
            ConfigurationError::TooMany { count: 7 }
        );
        let twice = ConfigurationError::Twice { agent: agent(1) };
        assert_eq!(refused(&[1, 2, 1]), twice);

        let three = three();
        assert_eq!(three.with(agent(1)), None);
        assert_eq!(three.without(agent(4)), None);
        let one = Configuration::new(first, [agent(1)]).expect("one");
        assert_eq!(one.without(agent(1)), None);
    }
}
