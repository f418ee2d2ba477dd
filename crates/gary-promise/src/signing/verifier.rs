//! The one who checks what others are said to have signed.

use std::{collections::BTreeSet, error::Error};

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::statement::{kind_of, message};
use crate::{
    AgentId, ClusterId, Codec, HeadCodec, Later, Reading, STATEMENT_BYTES_MAX, Signed,
    SignedRecord, Statement, UnknownRecord, Verified, VerifyError,
};

/// Checks what agents of one cluster are said to have signed.
///
/// It remembers as many good signatures as it is told to: the same record comes from many relays, and
/// in a simulation to many agents, which may share one verifier. What is remembered was checked in
/// full, and what differs in one bit is another.
#[derive(Debug)]
pub struct Verifier {
    cluster: ClusterId,
    remembered: BTreeSet<[u8; 32]>,
    remembered_max: usize,
}

impl Verifier {
    /// For one cluster, remembering up to `remembered_max` signatures of 32 bytes each, and then
    /// beginning anew; 0 remembers none.
    pub const fn new(cluster: ClusterId, remembered_max: usize) -> Self {
        Self {
            cluster,
            remembered: BTreeSet::new(),
            remembered_max,
        }
    }

    /// Checks the signature, and only then looks at what was signed.
    ///
    /// By ed25519's strict rules, which leave nothing to the reader: every agent comes to the same
    /// verdict, and a key that would sign anything is none.
    ///
    /// # Errors
    ///
    /// The first step that failed, in the order of [`VerifyError`]'s variants.
    pub fn verify<T: Statement, C: Codec<T>>(
        &mut self,
        signed: Signed<T>,
        codec: &C,
    ) -> Result<Verified<T>, VerifyError<C::Error>> {
        self.check(kind_of::<T>(), &signed)?;
        let unpacked = codec.unpack(signed.bytes());
        let value = unpacked.map_err(|source| VerifyError::Unpack {
            by: signed.by(),
            source,
        })?;
        Ok(Verified::new(value, signed))
    }

    /// Does as [`verify`](Self::verify), and keeps what only a later release can read.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify), but for a record of a later release that has a head.
    pub fn read<T: Statement, C>(
        &mut self,
        signed: Signed<T>,
        codec: &C,
    ) -> Result<Reading<T>, VerifyError<<C as Codec<T>>::Error>>
    where
        C: Codec<T> + HeadCodec<Error = <C as Codec<T>>::Error>,
        SignedRecord: From<Signed<T>>,
    {
        match self.verify(signed.clone(), codec) {
            Ok(verified) => Ok(Reading::Now(verified)),
            Err(VerifyError::Unpack { source, .. }) if codec.is_later(&source) => {
                read_head(signed.into(), codec).map(Reading::Later)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks the signature of a record of an unknown kind, and reads its head.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify); it cannot be unpacked where it has no head.
    pub fn read_unknown<C: HeadCodec>(
        &mut self,
        record: UnknownRecord,
        codec: &C,
    ) -> Result<Later, VerifyError<C::Error>> {
        self.check(record.kind().as_str(), record.signed())?;
        read_head(SignedRecord::Unknown(record), codec)
    }

    /// Whether it was signed, as this kind. Nothing is said of what it means.
    fn check<T, E: Error + 'static>(
        &mut self,
        kind: &str,
        signed: &Signed<T>,
    ) -> Result<(), VerifyError<E>> {
        let by = signed.by();
        if signed.bytes().len() > STATEMENT_BYTES_MAX {
            return Err(VerifyError::TooLong {
                bytes: signed.bytes().len(),
            });
        }
        let message = message(self.cluster, kind, signed.bytes());
        let print = fingerprint(by, signed.signature(), &message);
        if self.remembered.contains(&print) {
            return Ok(());
        }
        let key =
            VerifyingKey::from_bytes(by.as_bytes()).map_err(|_| VerifyError::NoAgent { by })?;
        let signature = Signature::from_bytes(signed.signature());
        key.verify_strict(&message, &signature)
            .map_err(|_| VerifyError::Signature { by })?;
        self.remember(print);
        Ok(())
    }

    fn remember(&mut self, print: [u8; 32]) {
        if self.remembered_max == 0 {
            return;
        }
        if self.remembered.len() >= self.remembered_max {
            self.remembered.clear();
        }
        self.remembered.insert(print);
    }
}

/// What can be read of a record whose signature was found good.
fn read_head<C: HeadCodec>(
    signed: SignedRecord,
    codec: &C,
) -> Result<Later, VerifyError<C::Error>> {
    let head = codec.head(signed.bytes());
    let head = head.map_err(|source| VerifyError::Unpack {
        by: signed.by(),
        source,
    })?;
    Ok(Later::new(head, signed))
}

/// What a signature that was found good is remembered by. Two parts of known length come first, so
/// that nothing else has the same bytes.
fn fingerprint(by: AgentId, signature: &[u8], message: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(by.as_bytes());
    hash.update(signature);
    hash.update(message);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Body, Promise, SIGNATURE_BYTES,
        testing::{Agent, Book, CLUSTER, NotInTheBook, body, verifier},
    };

    /// Three kinds with the same bytes, and names that are easily taken for each other.
    #[derive(Debug, Clone, PartialEq)]
    struct Yes(Vec<u8>);
    #[derive(Debug, Clone, PartialEq)]
    struct Nay(Vec<u8>);
    #[derive(Debug, Clone, PartialEq)]
    struct Ye(Vec<u8>);

    impl Statement for Yes {
        const KIND: &'static str = "yes";
    }
    impl Statement for Nay {
        const KIND: &'static str = "nay";
    }
    impl Statement for Ye {
        const KIND: &'static str = "ye";
    }

    struct Plain;

    macro_rules! plain {
        ($kind:ident) => {
            impl Codec<$kind> for Plain {
                type Error = NotInTheBook;

                fn pack(&self, value: &$kind) -> Vec<u8> {
                    value.0.clone()
                }

                fn unpack(&self, bytes: &[u8]) -> Result<$kind, NotInTheBook> {
                    match bytes.contains(&b'?') {
                        true => Err(NotInTheBook),
                        false => Ok($kind(bytes.to_vec())),
                    }
                }
            }
        };
    }
    plain!(Yes);
    plain!(Nay);
    plain!(Ye);

    fn say(number: u8, bytes: &[u8]) -> Signed<Yes> {
        let mut agent = Agent::new(number);
        let said = agent.promiser.declare(|_| Yes(bytes.to_vec()), &Plain);
        said.expect("short").signed().clone()
    }

    fn is_forged<T, E: Error>(result: Result<Verified<T>, VerifyError<E>>) -> bool {
        matches!(
            result,
            Err(VerifyError::Signature { .. } | VerifyError::NoAgent { .. })
        )
    }

    /// `signed` with one bit of it flipped: of its signer, its signature or its bytes.
    fn flipped(signed: &Signed<Yes>, bit: usize) -> Signed<Yes> {
        let mut by = *signed.by().as_bytes();
        let mut signature = *signed.signature();
        let mut bytes = signed.bytes().to_vec();
        let mut all: Vec<&mut u8> = by
            .iter_mut()
            .chain(&mut signature)
            .chain(&mut bytes)
            .collect();
        let bits = 8 * all.len();
        *all[bit % bits / 8] ^= 1 << (bit % 8);
        Signed::claimed(AgentId::from_bytes(by), &bytes, signature)
    }

    #[test]
    fn what_was_promised_is_verified_as_it_was_said() {
        let mut agent = Agent::new(1);
        let book = Book::new();
        let own = agent
            .promiser
            .promise(Body::Admit, Default::default(), &book)
            .expect("short");
        let verified = verifier()
            .verify(own.signed().clone(), &book)
            .expect("genuine");
        assert_eq!(verified, own.clone().into_verified());
        assert_eq!(verified.by(), agent.id());
        assert_eq!(agent.promiser.recognise(verified), Ok(own));
    }

    #[test]
    fn bytes_signed_as_one_kind_are_not_another() {
        let yes = say(1, b"same");
        let nay = Signed::<Nay>::claimed(yes.by(), b"same", *yes.signature());
        assert!(is_forged(verifier().verify(nay, &Plain)));
        let ye = Signed::<Ye>::claimed(yes.by(), b"ssame", *yes.signature());
        assert!(is_forged(verifier().verify(ye, &Plain)));
        assert!(verifier().verify(yes, &Plain).is_ok());
    }

    #[test]
    fn what_was_said_in_one_cluster_is_not_said_in_another() {
        let other = ClusterId::from_bytes([0xc2; 32]);
        assert!(is_forged(
            Verifier::new(other, 8).verify(say(1, b""), &Plain)
        ));
    }

    #[test]
    fn the_length_is_looked_at_first() {
        let bytes = vec![0; STATEMENT_BYTES_MAX + 1];
        let nobody = AgentId::from_bytes([0; 32]);
        let long = Signed::<Yes>::claimed(nobody, &bytes, [0; SIGNATURE_BYTES]);
        let refused = verifier().verify(long, &Plain);
        assert!(
            matches!(refused, Err(VerifyError::TooLong { bytes }) if bytes == STATEMENT_BYTES_MAX + 1)
        );

        let longest = say(1, &bytes[1..]);
        assert!(verifier().verify(longest, &Plain).is_ok());
    }

    #[test]
    fn what_cannot_be_unpacked_is_looked_at_last() {
        let by = Agent::new(1).id();
        let refused = verifier().verify(say(1, b"what?"), &Plain);
        assert!(matches!(refused, Err(VerifyError::Unpack { by: its, .. }) if its == by));
        assert!(is_forged(
            verifier().verify(flipped(&say(1, b"what?"), 300), &Plain)
        ));
    }

    #[test]
    fn keys_that_would_sign_anything_are_none() {
        // The neutral element, and a point of order 8: with them a signature can be made up that
        // holds for any message by the plain rules.
        let neutral = {
            let mut bytes = [0; 32];
            bytes[0] = 1;
            bytes
        };
        let mut signature = [0; SIGNATURE_BYTES];
        signature[0] = 1;
        let forged = Signed::<Yes>::claimed(AgentId::from_bytes(neutral), b"anything", signature);
        assert!(is_forged(verifier().verify(forged, &Plain)));
    }

    #[test]
    fn a_full_memory_begins_anew() {
        let mut verifier = Verifier::new(CLUSTER, 2);
        for number in 1..=5 {
            verifier.verify(say(number, b""), &Plain).expect("genuine");
            assert!(verifier.remembered.len() <= 2);
        }
    }

    proptest! {
        #[test]
        fn a_tampered_record_never_verifies(
            bytes: Vec<u8>,
            bit: usize,
            remembered_max in 0..3_usize,
        ) {
            let signed = say(1, &bytes);
            let tampered = flipped(&signed, bit);
            let mut verifier = Verifier::new(CLUSTER, remembered_max);
            prop_assert!(is_forged(verifier.verify(tampered.clone(), &Plain)));
            // Neither before nor after the genuine one was seen.
            let is_legible = !bytes.contains(&b'?');
            prop_assert_eq!(verifier.verify(signed, &Plain).is_ok(), is_legible);
            prop_assert!(is_forged(verifier.verify(tampered.clone(), &Plain)));
            prop_assert!(is_forged(verifier.verify(tampered, &Plain)));
        }

        #[test]
        fn a_record_for_another_agent_never_verifies(
            number in 1..4_u8,
            away in 1..4_u8,
            which in 0..4_u8,
        ) {
            let other = number + away;
            let book = Book::new();
            let mut agent = Agent::new(number);
            let own = agent
                .promiser
                .promise(body(which), Default::default(), &book)
                .expect("short");
            let relayed = Signed::<Promise>::claimed(
                Agent::new(other).id(),
                own.signed().bytes(),
                *own.signed().signature(),
            );
            prop_assert!(is_forged(verifier().verify(relayed, &book)));
        }

        #[test]
        fn made_up_signatures_never_verify(by: [u8; 32], bytes: Vec<u8>, halves: [[u8; 32]; 2]) {
            let mut signature = [0; SIGNATURE_BYTES];
            signature[..32].copy_from_slice(&halves[0]);
            signature[32..].copy_from_slice(&halves[1]);
            let made_up = Signed::<Yes>::claimed(AgentId::from_bytes(by), &bytes, signature);
            prop_assert!(is_forged(verifier().verify(made_up, &Plain)));
        }

        #[test]
        fn memory_changes_no_verdict(
            said in prop::collection::vec(
                (1..4_u8, "[a-c?]{0,2}", prop::option::of(0..300_usize)),
                1..12,
            ),
        ) {
            let (mut remembering, mut forgetful) = (Verifier::new(CLUSTER, 4), verifier());
            for (number, text, bit) in said {
                let genuine = say(number, text.as_bytes());
                let signed = bit.map_or(genuine.clone(), |bit| flipped(&genuine, bit));
                let one = remembering.verify(signed.clone(), &Plain).map_err(|e| e.to_string());
                let other = forgetful.verify(signed, &Plain).map_err(|e| e.to_string());
                prop_assert_eq!(one, other);
            }
        }
    }
}
