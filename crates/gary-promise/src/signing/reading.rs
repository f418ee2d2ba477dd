//! How far a signed record can be read.

use crate::{Later, Verified};

/// What became of a record whose signature was found good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<T> {
    /// This release can read it.
    Now(Verified<T>),
    /// Only a later one can.
    Later(Later),
}

#[cfg(test)]
mod tests {
    use crate::{
        AgentId, Body, BootEpoch, Codec, Condition, Head, HeadCodec, Kind, Promise, Record,
        SIGNATURE_BYTES, SheetRoot, Signed, SignedRecord, Statement, UnknownRecord, VerifyError,
        Version,
        testing::{Agent, body, verifier},
    };

    /// A codec of an earlier release: it reads heads, of which there is one in these tests, and
    /// promises that are not `later`.
    struct Early {
        head: Head,
    }

    #[derive(Debug, PartialEq, thiserror::Error)]
    enum Refused {
        #[error("later")]
        Later,
        #[error("flawed")]
        Flawed,
    }

    impl Codec<Promise> for Early {
        type Error = Refused;

        fn pack(&self, promise: &Promise) -> Vec<u8> {
            match promise.body() {
                Body::Admit => b"later".to_vec(),
                _ => b"flawed".to_vec(),
            }
        }

        fn unpack(&self, bytes: &[u8]) -> Result<Promise, Refused> {
            match bytes {
                b"later" => Err(Refused::Later),
                _ => Err(Refused::Flawed),
            }
        }
    }

    impl HeadCodec for Early {
        type Error = Refused;

        fn head(&self, bytes: &[u8]) -> Result<Head, Refused> {
            match bytes {
                b"flawed" => Err(Refused::Flawed),
                _ => Ok(self.head),
            }
        }

        fn is_later(&self, refused: &Refused) -> bool {
            *refused == Refused::Later
        }
    }

    /// Something that a later release signs.
    struct Vow(&'static [u8]);

    impl Statement for Vow {
        const KIND: &'static str = "vow";
    }

    impl Codec<Vow> for Early {
        type Error = Refused;

        fn pack(&self, vow: &Vow) -> Vec<u8> {
            vow.0.to_vec()
        }

        fn unpack(&self, _: &[u8]) -> Result<Vow, Refused> {
            Err(Refused::Later)
        }
    }

    fn early() -> Early {
        let first = Version::first(BootEpoch(1));
        let head = Head::new(2, first.next().expect("not the last"), Some(first));
        Early {
            head: head.expect("not of itself"),
        }
    }

    fn vowed(agent: &mut Agent, bytes: &'static [u8]) -> UnknownRecord {
        let codec = early();
        let vow = agent.promiser.declare(|_| Vow(bytes), &codec);
        let signed = vow.expect("short").signed().clone();
        unknown("vow", signed.by(), signed.bytes(), *signed.signature())
    }

    fn unknown(
        kind: &str,
        by: AgentId,
        bytes: &[u8],
        signature: [u8; SIGNATURE_BYTES],
    ) -> UnknownRecord {
        let kind: Kind = kind.parse().expect("a kind");
        match SignedRecord::claimed(kind, by, bytes, signature) {
            SignedRecord::Unknown(unknown) => unknown,
            known => panic!("{known:?} is known"),
        }
    }

    #[test]
    fn a_promise_of_a_later_release_keeps_its_place() {
        let mut agent = Agent::new(1);
        let codec = early();
        let own = agent
            .promiser
            .promise(Body::Admit, Condition::default(), &codec);
        let signed = own.expect("short").signed().clone();

        let reading = verifier().read(signed.clone(), &codec).expect("genuine");
        let Record::Later(later) = Record::from(reading) else {
            panic!("it was read");
        };
        assert_eq!(later.by(), agent.id());
        assert_eq!(later.version(), codec.head.version());
        assert_eq!(later.promise(), Some(&signed));
        assert_eq!(Record::Later(later.clone()).standings().count(), 2);
        // On a sheet it counts as it does for those who can read it.
        let root = |signed| SheetRoot::of([(later.version(), signed)]);
        assert_eq!(root(later.promise().expect("one")), root(&signed));
    }

    #[test]
    fn what_is_flawed_in_every_release_is_refused() {
        let mut agent = Agent::new(1);
        let codec = early();
        let body = body(1);
        let own = agent.promiser.promise(body, Condition::default(), &codec);
        let refused = verifier().read(own.expect("short").signed().clone(), &codec);
        assert!(matches!(
            refused,
            Err(VerifyError::Unpack {
                source: Refused::Flawed,
                ..
            })
        ));
        let refused = verifier().read_unknown(vowed(&mut agent, b"flawed"), &codec);
        assert!(matches!(refused, Err(VerifyError::Unpack { .. })));
    }

    #[test]
    fn a_record_of_an_unknown_kind_takes_back_and_makes_no_promise() {
        let mut agent = Agent::new(1);
        let codec = early();
        let vow = vowed(&mut agent, b"for ever");
        let later = verifier()
            .read_unknown(vow.clone(), &codec)
            .expect("genuine");
        assert_eq!(later.signed(), &SignedRecord::Unknown(vow));
        assert_eq!((later.makes(), later.promise()), (None, None));
        let standings: Vec<_> = Record::Later(later.clone()).standings().collect();
        assert_eq!(standings.len(), 1);
        assert_eq!(Some(standings[0].id()), later.takes_back());
    }

    #[test]
    fn the_kind_beside_a_signature_is_the_one_under_it() {
        let mut agent = Agent::new(1);
        let codec = early();
        let vow = vowed(&mut agent, b"for ever");
        let (by, bytes) = (vow.signed().by(), vow.signed().bytes());
        let signature = *vow.signed().signature();
        let oath = unknown("oath", by, bytes, signature);
        let refused = verifier().read_unknown(oath, &codec);
        assert!(matches!(refused, Err(VerifyError::Signature { .. })));
        let promise = Signed::<Promise>::claimed(by, bytes, signature);
        let refused = verifier().read(promise, &codec);
        assert!(matches!(refused, Err(VerifyError::Signature { .. })));
    }

    #[test]
    fn no_kind_that_is_known_passes_for_an_unknown_one() {
        let by = Agent::new(1).id();
        for kind in ["promise", "withdrawal", "sheet head"] {
            let parsed = kind.parse().expect("a kind");
            let record = SignedRecord::claimed(parsed, by, b"", [0; SIGNATURE_BYTES]);
            assert!(!matches!(record, SignedRecord::Unknown(_)));
            assert_eq!(record.kind(), kind);
        }
    }
}
