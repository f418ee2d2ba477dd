//! Hints, as they travel in packets.

#![no_main]

use gary_promise::{Codec, Hint};
use gary_wire::WireCodec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let said: Result<Hint, _> = WireCodec.unpack(bytes);
    if let Ok(hint) = said {
        let again: Hint = WireCodec.unpack(&WireCodec.pack(&hint)).expect("ours");
        assert_eq!(again, hint);
    }
});
