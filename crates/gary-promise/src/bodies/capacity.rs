//! What a machine has, and whether that is what a workload needs.

use super::Needs;
use crate::{Architecture, Interface, Interfaces, LabelKey, LabelValue, Labels, Resources};

/// The constraint of `+capacity`: what the promiser's machine has.
///
/// All that it would ever promise of itself, and not what is free right now: it is a promise and no
/// measurement. What is left of it, only the promiser's own ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Processor time and memory for all hostings together. None at all hosts nothing.
    pub resources: Resources,
    /// What its operator says of it.
    pub labels: Labels,
    /// What it is built for.
    pub architecture: Architecture,
    /// What it gives to components.
    pub interfaces: Interfaces,
}

/// Why a capacity is not what a workload needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The machine is too small, even with nothing else on it.
    #[error("a hosting takes {needed}, and {promised} are promised")]
    Resources {
        /// What one hosting takes.
        needed: Resources,
        /// What the machine has.
        promised: Resources,
    },
    /// The machine is of another kind.
    #[error("{needed} is needed, and the machine is {promised}")]
    Architecture {
        /// What is asked for.
        needed: Architecture,
        /// What it is.
        promised: Architecture,
    },
    /// A label is missing or says something else.
    #[error("the label {key} has to be {needed:?}")]
    Label {
        /// The key of the label.
        key: LabelKey,
        /// The value it should have.
        needed: LabelValue,
        /// The value it has.
        promised: Option<LabelValue>,
    },
    /// An interface is missing.
    #[error("it lacks {needed}")]
    Interface {
        /// What the component imports.
        needed: Interface,
    },
}

impl Capacity {
    /// Whether one hosting with these needs fits the machine when it hosts nothing else.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit.
    pub fn fits(&self, needs: &Needs) -> Result<(), Misfit> {
        let portion = needs.portion.resources();
        if !self.resources.covers(portion) {
            return Err(Misfit::Resources {
                needed: portion,
                promised: self.resources,
            });
        }
        if let Some(needed) = &needs.architecture
            && *needed != self.architecture
        {
            return Err(Misfit::Architecture {
                needed: needed.clone(),
                promised: self.architecture.clone(),
            });
        }
        for (key, needed) in needs.labels.iter() {
            let promised = self.labels.get(key);
            if promised != Some(needed) {
                return Err(Misfit::Label {
                    key: key.clone(),
                    needed: needed.clone(),
                    promised: promised.cloned(),
                });
            }
        }
        for needed in needs.interfaces.iter() {
            let mut promised = self.interfaces.iter();
            if !promised.any(|promised| promised.stands_in_for(needed)) {
                return Err(Misfit::Interface {
                    needed: needed.clone(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portion;

    fn labels(labels: &[(&str, &str)]) -> Labels {
        let parsed = labels.iter().map(|(key, value)| {
            let key = key.parse().expect("a key");
            (key, value.parse().expect("a value"))
        });
        Labels::new(parsed).expect("few labels")
    }

    fn interfaces(names: &[&str]) -> Interfaces {
        let parsed = names.iter().map(|name| name.parse().expect(name));
        Interfaces::new(parsed).expect("few interfaces")
    }

    fn capacity() -> Capacity {
        Capacity {
            resources: Resources::new(4_000_000, 1 << 30).expect("not absurd"),
            labels: labels(&[("zone", "attic"), ("disk", "ssd")]),
            architecture: "aarch64".parse().expect("legal"),
            interfaces: interfaces(&["wasi:http/types@0.2.12", "wasi:io/poll@0.2.12"]),
        }
    }

    fn needs() -> Needs {
        Needs {
            portion: Portion::new(100_000, 64 << 20).expect("something of both"),
            labels: labels(&[("zone", "attic")]),
            architecture: Some("aarch64".parse().expect("legal")),
            interfaces: interfaces(&["wasi:http/types@0.2.3"]),
        }
    }

    #[test]
    fn fits_what_has_everything() {
        assert_eq!(capacity().fits(&needs()), Ok(()));
        let whole_machine = Needs {
            portion: Portion::new(4_000_000, 1 << 30).expect("something of both"),
            architecture: None,
            ..needs()
        };
        assert_eq!(capacity().fits(&whole_machine), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let small_memory = Portion::new(1, (1 << 30) + 1).expect("something of both");
        for (needs, why) in [
            (
                Needs {
                    portion: small_memory,
                    ..needs()
                },
                "a hosting takes 0.000001 cores and 1073741825 bytes, and 4 cores and 1 GiB are promised",
            ),
            (
                Needs {
                    architecture: Some("x86_64".parse().expect("legal")),
                    ..needs()
                },
                "x86_64 is needed, and the machine is aarch64",
            ),
            (
                Needs {
                    labels: labels(&[("disk", "hdd")]),
                    ..needs()
                },
                "the label disk has to be \"hdd\"",
            ),
            (
                Needs {
                    labels: labels(&[("rack", "1")]),
                    ..needs()
                },
                "the label rack has to be \"1\"",
            ),
            (
                Needs {
                    interfaces: interfaces(&["wasi:io/poll@0.2.0", "wasi:http/types@0.3.0"]),
                    ..needs()
                },
                "it lacks wasi:http/types@0.3.0",
            ),
        ] {
            let misfit = capacity().fits(&needs).expect_err(why);
            assert_eq!(misfit.to_string(), why);
        }
    }
}
