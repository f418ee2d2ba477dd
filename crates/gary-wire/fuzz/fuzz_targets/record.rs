//! Records of every kind, and the head that all of them have.

#![no_main]

use std::fmt::Debug;

use gary_promise::{Codec, HeadCodec, Promise, SheetHead, Withdrawal};
use gary_wire::WireCodec;
use libfuzzer_sys::fuzz_target;

fn check<T: Debug + PartialEq>(bytes: &[u8])
where
    WireCodec: Codec<T>,
{
    if let Ok(value) = WireCodec.unpack(bytes) {
        WireCodec.head(bytes).expect("what is a record has a head");
        let again: T = WireCodec.unpack(&WireCodec.pack(&value)).expect("ours");
        assert_eq!(again, value);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = WireCodec.head(bytes);
    check::<Promise>(bytes);
    check::<Withdrawal>(bytes);
    check::<SheetHead>(bytes);
});
