//! What a file holds, before anything is compiled: a component, a core module, or something else.

use std::borrow::Cow;
use std::fmt;

use sha2::{Digest as _, Sha256};
use thiserror::Error;
use wasmparser::{Chunk, Encoding, Parser, Payload};

use crate::engine::Calls;
use crate::wasip1::{self, WASIP1};

/// Largest file taken for a component; a larger one is refused before it is read.
pub const ARTIFACT_BYTES_MAX: u64 = 512 << 20;

/// The bytes of a component, or of a core wasip1 module that stands for the component which the
/// published adapter makes of it. The digest is that of the file as it was given.
pub struct Artifact {
    bytes: Vec<u8>,
    digest: Digest,
    encoding: Encoding,
}

/// SHA-256 of a component file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

/// Bytes that are no component and cannot be made into one.
#[derive(Debug, Error)]
pub enum ArtifactError {
    /// There is nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are not those of WebAssembly.
    #[error("it is not WebAssembly: it starts with {0}")]
    NotWasm(String),
    /// WebAssembly of a kind that nobody can run yet.
    #[error("it is WebAssembly of an unknown encoding (version {0:#x})")]
    UnknownEncoding(u32),
    /// A core module that imports something other than wasip1.
    #[error("the core module imports `{module}` `{name}`, and only `{WASIP1}` can be adapted")]
    ForeignImport {
        /// Module part of the import.
        module: String,
        /// Name part of the import.
        name: String,
    },
    /// A core module that is no command.
    #[error("the core module has no `_start`, so it is no command that could be run")]
    NoStart,
    /// A core module that the adapter has nothing to put its answers into.
    #[error("the core module exports no `memory`, which wasip1 asks of every program")]
    NoMemory,
    /// The bytes break off or contradict themselves.
    #[error("it is damaged WebAssembly: {0}")]
    Damaged(String),
}

impl Artifact {
    /// Takes the bytes of a file.
    ///
    /// They are looked at no further than their first eight here, since a start from the cache must
    /// not pay for more; compiling validates the rest.
    ///
    /// # Errors
    /// When these are not the first bytes of a component or a module.
    pub fn new(bytes: Vec<u8>) -> Result<Self, ArtifactError> {
        let encoding = encoding(&bytes)?;
        let digest = Digest::of(&bytes);
        Ok(Self {
            bytes,
            digest,
            encoding,
        })
    }

    /// The file as it was given.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Size of the file.
    pub fn file_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Whether the file is a core module, which has to be adapted.
    pub fn is_module(&self) -> bool {
        matches!(self.encoding, Encoding::Module)
    }

    /// Whether it answers HTTP requests, by a look at the names of its exports alone. Bytes that
    /// cannot be read that far serve nothing.
    pub fn serves(&self) -> bool {
        matches!(self.encoding, Encoding::Component)
            && boundary(&self.bytes)
                .any(|side| matches!(side, Side::Export(name) if name.starts_with("wasi:http/")))
    }

    /// The ways of calling that it may have been built for, the one to try first in front.
    ///
    /// Whoever speaks 0.3 to the outside says so in the names; a component that uses async only
    /// within is found out when it is compiled.
    pub(crate) fn calls(&self) -> &'static [Calls] {
        let speaks_p3 = |side| {
            let (Side::Import(name) | Side::Export(name)) = side;
            name.starts_with("wasi:") && name.contains("@0.3.")
        };
        match self.encoding {
            Encoding::Component if boundary(&self.bytes).any(speaks_p3) => &[Calls::Concurrent],
            Encoding::Component => &[Calls::Plain, Calls::Concurrent],
            Encoding::Module => &[Calls::Plain],
        }
    }

    /// The component, made of the core module if that is what the file holds.
    ///
    /// # Errors
    /// When the module is no wasip1 command or its bytes are damaged.
    pub(crate) fn component(&self) -> Result<Cow<'_, [u8]>, ArtifactError> {
        match self.encoding {
            Encoding::Component => Ok(Cow::Borrowed(&self.bytes)),
            Encoding::Module => wasip1::adapt(&self.bytes).map(Cow::Owned),
        }
    }
}

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest in hexadecimal, without the name of the algorithm.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One thing that a component wants from the outside or gives to it, by name.
enum Side<'a> {
    Import(&'a str),
    Export(&'a str),
}

/// What a component imports and exports; what is nested in it is stepped over.
fn boundary(bytes: &[u8]) -> impl Iterator<Item = Side<'_>> {
    let mut parser = Parser::new(0);
    let mut rest = bytes;
    let sections = std::iter::from_fn(move || {
        loop {
            let Ok(Chunk::Parsed { consumed, payload }) = parser.parse(rest, true) else {
                return None;
            };
            rest = rest.get(consumed..)?;
            match payload {
                Payload::ModuleSection {
                    unchecked_range, ..
                }
                | Payload::ComponentSection {
                    unchecked_range, ..
                } => rest = rest.get(unchecked_range.len()..)?,
                Payload::ComponentImportSection(section) => {
                    let imports = section.into_iter().flatten();
                    return Some(imports.map(|it| Side::Import(it.name.name)).collect());
                }
                Payload::ComponentExportSection(section) => {
                    let exports = section.into_iter().flatten();
                    return Some(exports.map(|it| Side::Export(it.name.name)).collect());
                }
                Payload::End(_) => return None,
                _ => {}
            }
        }
    });
    sections.flat_map(|sides: Vec<Side<'_>>| sides)
}

fn encoding(bytes: &[u8]) -> Result<Encoding, ArtifactError> {
    const MAGIC: &[u8] = b"\0asm";
    const MODULE: u32 = 0x0000_0001;
    const COMPONENT: u32 = 0x0001_000d;

    if bytes.is_empty() {
        return Err(ArtifactError::Empty);
    }
    let head = &bytes[..bytes.len().min(8)];
    if !head.starts_with(&MAGIC[..head.len().min(4)]) {
        return Err(ArtifactError::NotWasm(describe(bytes).into_owned()));
    }
    let version: [u8; 4] = head
        .get(4..8)
        .and_then(|v| v.try_into().ok())
        .ok_or_else(|| ArtifactError::Damaged("it ends within its first eight bytes".into()))?;
    match u32::from_le_bytes(version) {
        MODULE => Ok(Encoding::Module),
        COMPONENT => Ok(Encoding::Component),
        other => Err(ArtifactError::UnknownEncoding(other)),
    }
}

/// Says what the beginning of a file looks like, for somebody who named the wrong one.
fn describe(bytes: &[u8]) -> Cow<'static, str> {
    const KNOWN: [(&[u8], &str); 5] = [
        (
            b"\x7fELF",
            "an ELF header, so it is a program for this machine",
        ),
        (b"#!", "`#!`, so it is a script"),
        (b"PK\x03\x04", "a zip header"),
        (b"\x1f\x8b", "a gzip header"),
        (b"(", "`(`, so it may be WebAssembly in text form"),
    ];
    if let Some((_, what)) = KNOWN.iter().find(|(head, _)| bytes.starts_with(head)) {
        return Cow::Borrowed(what);
    }
    let head = &bytes[..bytes.len().min(8)];
    match std::str::from_utf8(head) {
        Ok(text) if text.chars().all(|c| !c.is_control() || c.is_whitespace()) => {
            Cow::Borrowed("text")
        }
        _ => Cow::Owned(format!("the bytes {head:02x?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serves(text: &str) -> bool {
        let bytes = wat::parse_str(text).expect("it is well formed");
        Artifact::new(bytes).expect("it is WebAssembly").serves()
    }

    #[test]
    fn what_a_component_serves_is_seen_behind_what_is_nested_in_it() {
        assert!(serves(
            r#"(component
                (core module (memory 1))
                (component (core module))
                (instance $handler)
                (export "wasi:http/incoming-handler@0.2.3" (instance $handler)))"#
        ));
        assert!(!serves(
            r#"(component
                (component (instance $i) (export "wasi:http/handler@0.3.0" (instance $i)))
                (instance $run)
                (export "wasi:cli/run@0.2.0" (instance $run)))"#
        ));
        assert!(!serves("(module)"));
    }

    #[test]
    fn whoever_speaks_0_3_is_called_concurrently() {
        let calls = |text: &str| {
            let bytes = wat::parse_str(text).expect("it is well formed");
            Artifact::new(bytes).expect("it is WebAssembly").calls()
        };
        let p3 = r#"(component (import "wasi:clocks/system-clock@0.3.0" (instance)))"#;
        assert_eq!(calls(p3), [Calls::Concurrent]);
        let p2 = r#"(component (import "wasi:io/poll@0.2.3" (instance)))"#;
        assert_eq!(calls(p2), [Calls::Plain, Calls::Concurrent]);
        assert_eq!(calls("(module)"), [Calls::Plain]);
    }

    #[test]
    fn bytes_cut_off_anywhere_are_looked_at_without_harm() {
        let text = r#"(component (instance $i) (export "wasi:http/handler@0.3.0" (instance $i)))"#;
        let bytes = wat::parse_str(text).expect("it is well formed");
        for length in 8..bytes.len() {
            let artifact = Artifact::new(bytes[..length].to_vec()).expect("its head is whole");
            artifact.serves();
        }
        assert!(serves(text));
    }
}
