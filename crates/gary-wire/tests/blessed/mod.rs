//! What was packed once, in `testdata`: every later release packs and reads it alike. With
//! `GARY_BLESS=1` it is written anew, which is right for something new only.

use std::{env, fs, path::Path};

/// Compares with what was packed once, and gives that back.
pub(crate) fn golden(folder: &str, name: &str, packed: &[u8]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(folder);
    let path = folder.join(format!("{name}.hex"));
    let lines: Vec<String> = packed.chunks(40).map(hex::encode).collect();
    if env::var_os("GARY_BLESS").is_some() {
        fs::create_dir_all(&folder).expect("it can be made");
        fs::write(&path, lines.join("\n") + "\n").expect("it can be written");
    }
    let text = fs::read_to_string(&path).expect(name);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        lines,
        "{name} is packed otherwise"
    );
    hex::decode(lines.concat()).expect("a golden file is hexadecimal")
}
