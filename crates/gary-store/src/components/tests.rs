use std::path::Path;
use std::thread;

use tempfile::TempDir;

use super::*;

fn open(dir: &Path, bytes_max: u64) -> Components {
    Components::open(dir.join("components"), bytes_max).unwrap()
}

fn component(byte: u8, length: usize) -> (Digest, Vec<u8>) {
    let bytes = vec![byte; length];
    (Digest::of(&bytes), bytes)
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("components")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Whether it is there, and what it should be.
fn is_there(components: &Components, byte: u8, length: usize) -> bool {
    let (digest, bytes) = component(byte, length);
    match components.get(digest) {
        Ok(found) => {
            assert_eq!(found.read().unwrap(), bytes);
            true
        }
        Err(FetchError::Absent { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_digest_is_written_in_one_way() {
    let digest = Digest::of(b"abc");
    let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(digest.to_string(), text);
    assert_eq!(text.parse(), Ok(digest));
    let long = format!("{text}00");
    for wrong in [
        "",
        "sha256:",
        &text[7..],
        &text[..70],
        &long,
        &text.to_uppercase(),
    ] {
        assert_eq!(wrong.parse::<Digest>(), Err(DigestError), "{wrong}");
    }
    assert!(Digest::from_hex(&text[7..].to_uppercase()).is_err());
}

#[test]
fn what_was_put_is_there_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 100_000);
    let components = open(dir.path(), 1 << 20);
    components.put(digest, &bytes).unwrap();
    components.put(digest, &bytes).unwrap();
    assert_eq!(components.bytes(), 100_000);
    for components in [components, open(dir.path(), 1 << 20)] {
        assert_eq!(components.digests(), [digest]);
        let component = components.get(digest).unwrap();
        assert_eq!(component.bytes(), 100_000);
        let mut range = [0; 9];
        assert_eq!(component.read_at(99_995, &mut range).unwrap(), 5);
        assert_eq!(range, [1, 1, 1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(component.read_at(100_000, &mut range).unwrap(), 0);
        assert_eq!(component.read().unwrap(), bytes);
    }
}

#[test]
fn bytes_of_another_component_are_refused() {
    let dir = TempDir::new().unwrap();
    let components = open(dir.path(), 1 << 20);
    let ((digest, _), (found, bytes)) = (component(1, 10), component(2, 10));
    let expected = format!("the bytes are those of {found}, not of {digest}");
    assert_eq!(
        components.put(digest, &bytes).unwrap_err().to_string(),
        expected
    );
    let mut unfinished = components.begin(digest).unwrap();
    unfinished.append(&bytes).unwrap();
    assert_eq!(unfinished.finish().unwrap_err().to_string(), expected);
    assert_eq!(components.bytes(), 0);
    assert!(files(dir.path()).is_empty());
}

#[test]
fn a_fetch_goes_on_where_it_was_left_off() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 1_000);
    let mut offset = 0;
    while offset < 1_000 {
        // As after a crash: nothing but the files is left each time.
        let components = open(dir.path(), 1 << 20);
        let mut unfinished = components.begin(digest).unwrap();
        assert_eq!(unfinished.offset(), offset as u64);
        let piece = &bytes[offset..(offset + 300).min(1_000)];
        unfinished.append(piece).unwrap();
        offset += piece.len();
        assert!(matches!(
            components.get(digest),
            Err(FetchError::Absent { .. })
        ));
    }
    // All of it was there, but it was not finished.
    let components = open(dir.path(), 1 << 20);
    let unfinished = components.begin(digest).unwrap();
    assert_eq!(unfinished.offset(), 1_000);
    unfinished.finish().unwrap();
    assert_eq!(components.bytes(), 1_000);
    assert!(is_there(&components, 1, 1_000));
    assert_eq!(files(dir.path()), [digest.hex()]);
    let again = components.begin(digest);
    assert!(
        matches!(again, Err(WriteError::Present { .. })),
        "{again:?}"
    );
}

#[test]
fn a_beginning_that_was_damaged_is_dropped_at_the_end() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 1_000);
    let components = open(dir.path(), 1 << 20);
    components
        .begin(digest)
        .unwrap()
        .append(&bytes[..500])
        .unwrap();
    // What a crash may leave of bytes that were not synced.
    let part = dir.path().join("components").join(digest.hex() + ".part");
    fs::write(&part, [0; 400]).unwrap();

    let mut unfinished = components.begin(digest).unwrap();
    assert_eq!(unfinished.offset(), 400);
    assert_eq!(components.bytes(), 400);
    unfinished.append(&bytes[400..]).unwrap();
    let refused = unfinished.finish();
    assert!(
        matches!(refused, Err(WriteError::Wrong { .. })),
        "{refused:?}"
    );
    assert!(!part.exists());

    let mut unfinished = components.begin(digest).unwrap();
    assert_eq!(unfinished.offset(), 0);
    unfinished.append(&bytes).unwrap();
    unfinished.finish().unwrap();
    assert!(is_there(&components, 1, 1_000));
}

#[test]
fn one_at_a_time_writes_a_component() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 1_000);
    let components = open(dir.path(), 1 << 20);
    let first = components.begin(digest).unwrap();
    let second = components.begin(digest);
    assert!(matches!(second, Err(WriteError::Busy { .. })), "{second:?}");
    // Whoever has all of it need not wait.
    components.put(digest, &bytes).unwrap();
    drop(first);
    assert!(is_there(&components, 1, 1_000));
    assert_eq!(components.bytes(), 1_000);
}

#[test]
fn who_finishes_what_was_put_meanwhile_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 1_000);
    let components = open(dir.path(), 1 << 20);
    let mut unfinished = components.begin(digest).unwrap();
    unfinished.append(&bytes).unwrap();
    components.put(digest, &bytes).unwrap();
    assert_eq!(components.bytes(), 2_000);
    unfinished.finish().unwrap();
    assert_eq!(components.bytes(), 1_000);
    assert_eq!(files(dir.path()), [digest.hex()]);
}

#[test]
fn many_who_put_one_component_keep_it_once() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 10_000);
    let components = open(dir.path(), 1 << 20);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                components.put(digest, &bytes).unwrap();
                assert!(is_there(&components, 1, 10_000));
            });
        }
    });
    assert_eq!(components.bytes(), 10_000);
    assert_eq!(files(dir.path()), [digest.hex()]);
}

#[test]
fn a_component_that_was_damaged_is_found_out_and_removed() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 10_000);
    open(dir.path(), 1 << 20).put(digest, &bytes).unwrap();
    let file = dir.path().join("components").join(digest.hex());
    let mut damaged = bytes.clone();
    damaged[9_999] ^= 1;
    for damage in [damaged, bytes[..9_999].to_vec(), Vec::new()] {
        fs::write(&file, damage).unwrap();
        let components = open(dir.path(), 1 << 20);
        let refused = components.get(digest);
        assert!(
            matches!(refused, Err(FetchError::Damaged { .. })),
            "{refused:?}"
        );
        assert!(!file.exists());
        assert_eq!(components.bytes(), 0);
        components.put(digest, &bytes).unwrap();
        assert!(is_there(&components, 1, 10_000));
    }
}

#[test]
fn a_file_that_somebody_took_away_is_absent() {
    let dir = TempDir::new().unwrap();
    let (digest, bytes) = component(1, 10);
    let components = open(dir.path(), 1 << 20);
    components.put(digest, &bytes).unwrap();
    fs::remove_file(dir.path().join("components").join(digest.hex())).unwrap();
    assert!(!is_there(&components, 1, 10));
    assert!(!components.contains(digest));
    assert_eq!(components.bytes(), 0);
}

#[test]
fn what_was_used_longest_ago_makes_room_unless_it_is_pinned() {
    let dir = TempDir::new().unwrap();
    let components = open(dir.path(), 300);
    let put = |byte| {
        let (digest, bytes) = component(byte, 100);
        components.put(digest, &bytes).map(|()| digest)
    };
    let digests = [1, 2, 3].map(|byte| put(byte).unwrap());
    assert!(is_there(&components, 1, 100));
    put(4).unwrap();
    assert!(!is_there(&components, 2, 100));
    assert_eq!(components.bytes(), 300);

    components.pin([digests[2]]);
    let reading = components.get(digests[0]).unwrap();
    let (big, bytes) = component(5, 200);
    components.put(big, &bytes).unwrap();
    assert_eq!(files(dir.path()).len(), 2);
    assert!(is_there(&components, 3, 100));
    assert_eq!(reading.read().unwrap(), vec![1; 100]);

    let (bigger, bytes) = component(6, 201);
    let refused = components.put(bigger, &bytes).unwrap_err();
    let expected = WriteError::Full {
        wanted: 201,
        limit: 300,
    };
    assert_eq!(refused.to_string(), expected.to_string());
    assert!(components.bytes() <= 300);
}

#[test]
fn beginnings_count_and_are_removed_when_nobody_writes_them() {
    let dir = TempDir::new().unwrap();
    let components = open(dir.path(), 300);
    let (digest, bytes) = component(1, 400);
    let mut unfinished = components.begin(digest).unwrap();
    unfinished.append(&bytes[..250]).unwrap();
    let refused = unfinished.append(&bytes[250..]);
    assert!(
        matches!(refused, Err(WriteError::Full { .. })),
        "{refused:?}"
    );
    assert_eq!(unfinished.offset(), 250);

    let (other, other_bytes) = component(2, 100);
    let refused = components.put(other, &other_bytes);
    assert!(
        matches!(refused, Err(WriteError::Full { .. })),
        "{refused:?}"
    );
    drop(unfinished);
    components.put(other, &other_bytes).unwrap();
    assert_eq!(components.bytes(), 100);
    assert_eq!(files(dir.path()), [other.hex()]);
}

#[test]
fn the_order_of_use_outlives_a_restart() {
    let dir = TempDir::new().unwrap();
    let components = open(dir.path(), 300);
    let digests = [1, 2, 3].map(|byte| {
        let (digest, bytes) = component(byte, 100);
        components.put(digest, &bytes).unwrap();
        digest
    });
    let folder = dir.path().join("components");
    // The first was used last, whatever the clock of the file system can tell apart.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = File::open(folder.join(digests[0].hex())).unwrap();
    file.set_modified(later).unwrap();
    fs::write(folder.join("left.7.tmp"), "by a crash").unwrap();
    fs::write(folder.join("README"), "by somebody").unwrap();

    let components = open(dir.path(), 300);
    assert_eq!(components.bytes(), 300);
    let (digest, bytes) = component(4, 200);
    components.put(digest, &bytes).unwrap();
    assert!(is_there(&components, 1, 100));
    assert_eq!(files(dir.path()).len(), 3, "a README, and no left over");
}
