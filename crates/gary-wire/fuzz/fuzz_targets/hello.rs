//! The hello.

#![no_main]

use gary_wire::Spoken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Spoken::decode(bytes) {
        Ok(spoken) => assert_eq!(Spoken::decode(&spoken.encode()).expect("ours"), spoken),
        Err(error) => assert!(!error.is_later()),
    }
});
