//! Telling once of each thing that a workload's policy refuses.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::policy::lock;
use crate::denied::{DenialSink, Denied};

/// Different things that are told; one more is told as [`Denied::More`], and nothing after it. Who
/// reads so many refusals knows what to grant, or that the guest is looking around.
const TOLD_MAX: usize = 32;

/// Bytes of a name that is told. A longer one is no host's, and nobody could grant it.
const NAME_BYTES_MAX: usize = 253;

/// What was told already, and who is told.
pub(super) struct Denials {
    sink: Option<Arc<dyn DenialSink>>,
    told: Mutex<Vec<Denied>>,
}

impl fmt::Debug for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denials").finish_non_exhaustive()
    }
}

impl Denials {
    pub(super) fn to(sink: Option<Arc<dyn DenialSink>>) -> Self {
        Self {
            sink,
            told: Mutex::default(),
        }
    }

    /// Tells of this unless it was told before.
    pub(super) fn tell(&self, denied: Denied) {
        let Some(sink) = self.sink.as_ref().filter(|_| can_be_granted(&denied)) else {
            return;
        };
        let denied = {
            let mut told = lock(&self.told);
            if told.len() > TOLD_MAX || told.iter().any(|told| is_told_by(told, &denied)) {
                return;
            }
            let denied = match told.len() {
                TOLD_MAX => Denied::More,
                _ => denied,
            };
            told.push(denied.clone());
            denied
        };
        sink.denied(&denied);
    }
}

/// Whether who was told the one knows all about the other. One grant is for every port that a
/// workload may listen at, and a guest may try thousands, or be given a new one each time.
fn is_told_by(told: &Denied, denied: &Denied) -> bool {
    match (told, denied) {
        (Denied::Listen(_), Denied::Listen(_)) => true,
        _ => told == denied,
    }
}

fn can_be_granted(denied: &Denied) -> bool {
    match denied {
        Denied::Host { host: name, .. } | Denied::Name(name) => name.len() <= NAME_BYTES_MAX,
        _ => true,
    }
}

/// A sink for the tests of this module and its neighbours.
#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// Keeps what it is told.
    #[derive(Default)]
    pub(in super::super) struct Kept(Mutex<Vec<Denied>>);

    impl Kept {
        /// What was told since the last time.
        pub(in super::super) fn take(&self) -> Vec<Denied> {
            std::mem::take(&mut lock(&self.0))
        }
    }

    impl DenialSink for Kept {
        fn denied(&self, denied: &Denied) {
            lock(&self.0).push(denied.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Kept;
    use super::*;

    fn name(n: usize) -> Denied {
        Denied::Name(format!("{n}.example"))
    }

    #[test]
    fn each_is_told_once_and_a_bounded_number_of_them() {
        let kept = Arc::new(Kept::default());
        let denials = Denials::to(Some(kept.clone()));
        for n in (0..TOLD_MAX).chain(0..TOLD_MAX) {
            denials.tell(name(n));
        }
        assert_eq!(kept.take(), (0..TOLD_MAX).map(name).collect::<Vec<_>>());
        denials.tell(name(TOLD_MAX));
        assert_eq!(kept.take(), [Denied::More]);
        denials.tell(name(TOLD_MAX + 1));
        assert_eq!(kept.take(), []);
    }

    #[test]
    fn listening_is_told_once_wherever_it_was() {
        let kept = Arc::new(Kept::default());
        let denials = Denials::to(Some(kept.clone()));
        let listen = |port| Denied::Listen(([127, 0, 0, 1], port).into());
        for port in 1..=2 * TOLD_MAX as u16 {
            denials.tell(listen(port));
        }
        assert_eq!(kept.take(), [listen(1)]);
    }

    #[test]
    fn a_name_that_no_host_has_is_not_told() {
        let kept = Arc::new(Kept::default());
        let denials = Denials::to(Some(kept.clone()));
        denials.tell(Denied::Name("a".repeat(NAME_BYTES_MAX + 1)));
        assert_eq!(kept.take(), []);
    }
}
