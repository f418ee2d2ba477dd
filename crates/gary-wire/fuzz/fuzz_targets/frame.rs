//! Frames.

#![no_main]

use gary_promise::{Codec, Frame};
use gary_wire::{FRAME_BYTES_MAX, WireCodec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let said: Result<Frame, _> = WireCodec.unpack(bytes);
    if let Ok(frame) = said {
        let packed = WireCodec.pack(&frame);
        assert!(packed.len() <= FRAME_BYTES_MAX);
        let again: Frame = WireCodec.unpack(&packed).expect("ours");
        assert_eq!(again, frame);
    }
});
