//! Numbers that are counted from 1.

/// Defines a number that is counted from 1, so that 0 is free to mean that there is none.
macro_rules! counted {
    ($(#[$doc:meta])* $name:ident, first: $first:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::num::NonZeroU64);

        impl $name {
            #[doc = $first]
            pub const FIRST: Self = Self(std::num::NonZeroU64::MIN);

            /// The one of this number; there is none of number zero.
            pub const fn new(number: u64) -> Option<Self> {
                match std::num::NonZeroU64::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// Its number.
            pub const fn get(self) -> u64 {
                self.0.get()
            }

            /// The one after it. Past the last, where honest agents do not get, there is none.
            pub const fn next(self) -> Option<Self> {
                match self.0.checked_add(1) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(crate) use counted;
