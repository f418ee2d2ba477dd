//! `+have`: who gives a component away says so, signed, ahead of its bytes.

use data_encoding::BASE64URL_NOPAD;
use gary_promise::{
    AgentId, Body, ClusterId, Codec, ComponentDigest, Promise, Signed, SignedRecord, Verifier,
};
use gary_wire::WireCodec;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that it stands in.
pub(crate) const HAVE: HeaderName = HeaderName::from_static("gary-have");

/// The longest that is looked at, in bytes. One that an agent signs takes a fifth of it.
const HAVE_BYTES_MAX: usize = 1_024;

/// An answer is not headed by what its sender promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotHad {
    #[error("nothing is promised")]
    Missing,
    #[error("what is promised cannot be read")]
    Unreadable,
    #[error("what is promised is not signed: {0}")]
    Unsigned(String),
    #[error("{0} promises it, who does not answer")]
    Others(AgentId),
    #[error("something else is promised")]
    Otherwise,
}

/// A promise, as a header.
pub(crate) fn header(promise: Signed<Promise>) -> HeaderValue {
    let packed = WireCodec.pack(&SignedRecord::Promise(promise));
    let text = BASE64URL_NOPAD.encode(&packed);
    text.try_into().expect("letters are a header")
}

/// Whether an agent promises at the head of its answer that it has a component. Another's word for it is none.
pub(crate) fn check(
    head: &HeaderMap,
    by: AgentId,
    component: ComponentDigest,
    cluster: ClusterId,
) -> Result<(), NotHad> {
    let header = head.get(HAVE).ok_or(NotHad::Missing)?;
    if header.len() > HAVE_BYTES_MAX {
        return Err(NotHad::Unreadable);
    }
    let packed = BASE64URL_NOPAD.decode(header.as_bytes());
    let packed = packed.map_err(|_| NotHad::Unreadable)?;
    let Ok(SignedRecord::Promise(signed)) = WireCodec.unpack(&packed) else {
        return Err(NotHad::Unreadable);
    };
    let verified = Verifier::new(cluster, 0).verify::<Promise, _>(signed, &WireCodec);
    let promise = verified.map_err(|error| NotHad::Unsigned(error.to_string()))?;
    if promise.by() != by {
        return Err(NotHad::Others(promise.by()));
    }
    match promise.body() {
        Body::Have(have) if have.component == component => Ok(()),
        _ => Err(NotHad::Otherwise),
    }
}

#[cfg(test)]
mod tests {
    use gary_promise::{AgentKey, BootEpoch, Condition, Have, Promiser};

    use super::*;

    const CLUSTER: ClusterId = ClusterId::from_bytes([9; 32]);

    fn promised(seed: u8, body: Body) -> Signed<Promise> {
        let key = AgentKey::from_seed(&[seed; 32]);
        let mut promiser = Promiser::new(key, CLUSTER, BootEpoch(1));
        let made = promiser.promise(body, Condition::default(), &WireCodec);
        made.expect("it is short").signed().clone()
    }

    #[test]
    fn only_the_senders_own_word_for_this_component_will_do() {
        let component = ComponentDigest::from_bytes([1; 32]);
        let have = promised(1, Body::Have(Have { component }));
        let by = have.by();
        let checked = |value: Option<HeaderValue>, cluster| {
            let head = value.map(|value| (HAVE, value));
            check(&HeaderMap::from_iter(head), by, component, cluster)
        };
        let good = Some(header(have.clone()));
        assert_eq!(checked(good.clone(), CLUSTER), Ok(()));

        assert_eq!(checked(None, CLUSTER), Err(NotHad::Missing));
        let other = promised(2, Body::Have(Have { component }));
        let others = Err(NotHad::Others(other.by()));
        assert_eq!(checked(Some(header(other)), CLUSTER), others);
        let component = ComponentDigest::from_bytes([2; 32]);
        for body in [Body::Have(Have { component }), Body::Admit] {
            let otherwise = Some(header(promised(1, body)));
            assert_eq!(checked(otherwise, CLUSTER), Err(NotHad::Otherwise));
        }
        let elsewhere = checked(good, ClusterId::from_bytes([8; 32]));
        assert!(matches!(elsewhere, Err(NotHad::Unsigned(_))));
        let forged = Signed::claimed(by, have.bytes(), [0; 64]);
        let forged = checked(Some(header(forged)), CLUSTER);
        assert!(matches!(forged, Err(NotHad::Unsigned(_))));
        for text in ["no word", "AAAA", &"A".repeat(HAVE_BYTES_MAX + 1)] {
            let value = text.parse().expect("it is a header");
            assert_eq!(checked(Some(value), CLUSTER), Err(NotHad::Unreadable));
        }
    }
}
