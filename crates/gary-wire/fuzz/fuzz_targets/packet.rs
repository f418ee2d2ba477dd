//! Packets, to their end.

#![no_main]

use gary_promise::PacketCodec;
use gary_wire::WireCodec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    if let Ok((head, taken)) = WireCodec.unpack_head(bytes) {
        let mut packed = Vec::new();
        WireCodec.pack_head(&head, &mut packed);
        let again = WireCodec.unpack_head(&packed).expect("ours");
        assert_eq!(again, (head, packed.len()));
        rest = &bytes[taken..];
    }
    while let Ok((member, taken)) = WireCodec.unpack_member(rest) {
        assert!(taken > 0);
        let mut packed = Vec::new();
        WireCodec.pack_member(&member, &mut packed);
        let again = WireCodec.unpack_member(&packed).expect("ours");
        assert_eq!(again, (member, packed.len()));
        rest = &rest[taken..];
    }
});
