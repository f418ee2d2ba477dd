//! Envelopes.

#![no_main]

use gary_promise::{Codec, SignedRecord};
use gary_wire::WireCodec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let opened: Result<SignedRecord, _> = WireCodec.unpack(bytes);
    if let Ok(record) = opened {
        let again: SignedRecord = WireCodec.unpack(&WireCodec.pack(&record)).expect("ours");
        assert_eq!(again, record);
    }
});
