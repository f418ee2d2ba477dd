//! How a host is to run a component.

use std::{fmt, sync::Arc};

/// The longest [`Spec`], in bytes; a longer one is refused. Files and secrets do not belong in it.
pub const SPEC_BYTES_MAX: usize = 64 << 10;

/// How a host is to run a component: what it is granted, its configuration, its limits.
///
/// Bytes that the owner signs and the host's shell reads. Nothing that is decided here depends on them,
/// so that a new grant changes neither the vocabulary nor what agents say to each other.
#[derive(Clone, PartialEq, Eq)]
pub struct Spec(Arc<[u8]>);

/// Bytes are no spec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a spec has {bytes} bytes, more than {SPEC_BYTES_MAX}")]
pub struct SpecError {
    /// How many there are.
    pub bytes: usize,
}

impl Spec {
    /// Takes bytes as they are.
    ///
    /// # Errors
    ///
    /// Refuses more than [`SPEC_BYTES_MAX`].
    pub fn new(bytes: &[u8]) -> Result<Self, SpecError> {
        if bytes.len() > SPEC_BYTES_MAX {
            return Err(SpecError { bytes: bytes.len() });
        }
        Ok(Self(bytes.into()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spec({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_long_a_spec_is_refused() {
        let bytes = vec![0; SPEC_BYTES_MAX + 1];
        let error = Spec::new(&bytes).expect_err("one byte too many");
        assert_eq!(error.to_string(), "a spec has 65537 bytes, more than 65536");
        Spec::new(&bytes[1..]).expect("as many as there may be");
    }
}
