//! A WIT interface, and whether one can stand in for another.

use std::{fmt, str::FromStr, sync::Arc};

use semver::Version;

use crate::amount::BoundedSet;

/// The greatest length of an interface, in bytes; a longer one is refused.
pub const INTERFACE_BYTES_MAX: usize = 128;

/// The most interfaces that an agent promises, a component needs or a workload exports.
pub const INTERFACES_MAX: usize = 256;

/// Interfaces, at most [`INTERFACES_MAX`].
pub type Interfaces = BoundedSet<Interface, INTERFACES_MAX>;

/// A WIT interface as components name it: `wasi:http/types@0.2.12`, or without a version.
///
/// Promised, it is what an agent gives to components; needed, what a component imports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface {
    /// `wasi:http/types`.
    name: Arc<str>,
    version: Option<Version>,
}

/// A text is no interface.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// It is too long.
    #[error("an interface has {bytes} bytes, more than {INTERFACE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// What stands before the version is not `NAMESPACE:PACKAGE/INTERFACE`.
    #[error("{name:?} is not of the form NAMESPACE:PACKAGE/INTERFACE")]
    Name {
        /// What stands there.
        name: String,
    },
    /// What stands behind the `@` is no version.
    #[error("{version:?} is no version")]
    Version {
        /// What stands there.
        version: String,
        /// What is wrong with it.
        #[source]
        reason: semver::Error,
    },
}

impl Interface {
    /// Whether this interface, promised, is what a component that imports `needed` can be given.
    ///
    /// The component model's own rule, which the host links by: the first number of the version that
    /// is not zero must agree, and a pre-release is only itself.
    pub fn stands_in_for(&self, needed: &Self) -> bool {
        if self.name != needed.name {
            return false;
        }
        match (&self.version, &needed.version) {
            (Some(promised), Some(needed)) => is_compatible(promised, needed),
            (promised, needed) => promised == needed,
        }
    }
}

fn is_compatible(promised: &Version, needed: &Version) -> bool {
    if !promised.pre.is_empty() || !needed.pre.is_empty() {
        return promised == needed;
    }
    match (needed.major, needed.minor) {
        (0, 0) => promised == needed,
        (0, minor) => promised.major == 0 && promised.minor == minor,
        (major, _) => promised.major == major,
    }
}

impl FromStr for Interface {
    type Err = InterfaceError;

    fn from_str(text: &str) -> Result<Self, InterfaceError> {
        if text.len() > INTERFACE_BYTES_MAX {
            return Err(InterfaceError::TooLong { bytes: text.len() });
        }
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        if !is_name(name) {
            return Err(InterfaceError::Name { name: name.into() });
        }
        let version = version.map(parse_version).transpose()?;
        Ok(Self {
            name: name.into(),
            version,
        })
    }
}

fn is_name(name: &str) -> bool {
    let is_word = |word: &str| {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !word.is_empty() && word.bytes().all(legal)
    };
    let package_and_interface = name.split_once('/');
    package_and_interface.is_some_and(|(package, interface)| {
        let parts = package.split_once(':');
        is_word(interface) && parts.is_some_and(|(space, name)| is_word(space) && is_word(name))
    })
}

fn parse_version(text: &str) -> Result<Version, InterfaceError> {
    Version::parse(text).map_err(|reason| InterfaceError::Version {
        version: text.into(),
        reason,
    })
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interface(text: &str) -> Interface {
        text.parse().expect(text)
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let long = "a".repeat(129);
        for (text, why) in [
            ("", r#""" is not of the form NAMESPACE:PACKAGE/INTERFACE"#),
            (
                "run",
                r#""run" is not of the form NAMESPACE:PACKAGE/INTERFACE"#,
            ),
            (
                "a:b/c/d",
                r#""a:b/c/d" is not of the form NAMESPACE:PACKAGE/INTERFACE"#,
            ),
            ("a:b/c@1", r#""1" is no version"#),
            (&long, "an interface has 129 bytes, more than 128"),
        ] {
            let error = text.parse::<Interface>().expect_err(text);
            assert_eq!(error.to_string(), why);
        }
    }

    #[test]
    fn stands_in_as_the_component_model_has_it() {
        for (promised, needed, expected) in [
            ("wasi:io/poll@0.2.12", "wasi:io/poll@0.2.0", true),
            ("wasi:io/poll@0.2.0", "wasi:io/poll@0.2.12", true),
            ("wasi:io/poll@0.2.0", "wasi:io/poll@0.3.0", false),
            ("wasi:io/poll@0.2.0", "wasi:io/streams@0.2.0", false),
            ("a:b/c@1.4.0", "a:b/c@1.0.0", true),
            ("a:b/c@2.0.0", "a:b/c@1.0.0", false),
            ("a:b/c@0.0.2", "a:b/c@0.0.1", false),
            ("a:b/c@0.2.0-draft", "a:b/c@0.2.0", false),
            ("a:b/c@0.2.0-draft", "a:b/c@0.2.0-draft", true),
            ("a:b/c", "a:b/c", true),
            ("a:b/c@1.0.0", "a:b/c", false),
        ] {
            let stands_in = interface(promised).stands_in_for(&interface(needed));
            assert_eq!(stands_in, expected, "{promised} for {needed}");
        }
    }

    proptest! {
        #[test]
        fn shown_and_read_again_is_the_same(
            text in "[a-z]{1,8}:[a-z-]{1,8}/[a-z-]{1,8}(@[0-9]\\.[0-9]{1,2}\\.[0-9](-rc\\.1)?)?",
        ) {
            // A version such as 1.05.0 is refused.
            if let Ok(interface) = text.parse::<Interface>() {
                prop_assert_eq!(interface.to_string(), text);
                prop_assert!(interface.stands_in_for(&interface));
            }
        }

        #[test]
        fn never_panics(text in ".{0,140}") {
            let _ = text.parse::<Interface>();
        }
    }
}
