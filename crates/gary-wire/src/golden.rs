//! What the golden bytes hold: every field of every message, none at its default. So a field that a
//! shape does not know is found.

use std::{fs, path::Path};

use crate::{
    conversation::{Frame, Hint},
    envelope::Envelope,
    hello::Hello,
    message::{Promise, Shaped, SheetHead, Withdrawal},
    packet::{Member, PacketHead},
    raw_field::take_delimited,
};

/// The files of a folder of `testdata`, by name.
fn golden(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(folder);
    let files = fs::read_dir(folder).expect("there are golden bytes");
    files
        .map(|file| {
            let path = file.expect("it can be listed").path();
            let digits: String = fs::read_to_string(&path).expect("text").lines().collect();
            let name = path.file_stem().expect("it has a name").to_string_lossy();
            (name.into_owned(), hex::decode(digits).expect("hexadecimal"))
        })
        .collect()
}

#[test]
fn shapes_know_every_field() {
    for (name, bytes) in golden("records") {
        let shape = match name.as_str() {
            "withdrawal" => Withdrawal::SHAPE,
            "sheet_head" => SheetHead::SHAPE,
            _ => Promise::SHAPE,
        };
        assert!(shape.knows_all_of(&bytes), "{name}");
    }
    for (name, bytes) in golden("envelopes") {
        assert!(Envelope::SHAPE.knows_all_of(&bytes), "{name}");
    }
    for (name, bytes) in golden("frames") {
        assert!(Frame::SHAPE.knows_all_of(&bytes), "{name}");
    }
    for (name, bytes) in golden("packets") {
        let mut rest = &bytes[..];
        let [head, member] = [(); 2].map(|()| take_delimited(&mut rest).expect("two parts"));
        assert!(PacketHead::SHAPE.knows_all_of(head), "{name}");
        assert!(Member::SHAPE.knows_all_of(member), "{name}");
    }
    for (name, bytes) in golden("hints") {
        assert!(Hint::SHAPE.knows_all_of(&bytes), "{name}");
    }
    for (name, bytes) in golden("hello") {
        assert!(Hello::SHAPE.knows_all_of(&bytes), "{name}");
    }
}
