//! Compiled code: kept, checked, and never needed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Gary, Guest};

const HELLO: Guest = Guest("hello-cli");

/// Runs the guest and says whether its code came from the cache.
fn cached(gary: &Gary) -> bool {
    let run = gary
        .run(HELLO.path())
        .args(["-v", "--json"])
        .output()
        .exits(0);
    assert_eq!(run.text(), "hello from gary\n");
    let loaded = run.event("loaded");
    let cached = loaded["cached"].as_bool().expect("it says so");
    assert_eq!(
        loaded.get("compile_ms").is_none_or(Value::is_null),
        cached,
        "{loaded}"
    );
    cached
}

fn only_entry(gary: &Gary) -> PathBuf {
    let [entry] = &gary.cache_entries()[..] else {
        panic!("one entry and no more: {:?}", gary.cache_entries());
    };
    entry.clone()
}

#[test]
fn a_second_start_does_not_compile() {
    let gary = Gary::with_own_cache();
    assert!(!cached(&gary));
    assert!(cached(&gary));
    let mode = only_entry(&gary)
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "others may not write what is run");
}

#[test]
fn a_damaged_entry_is_compiled_again() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    let whole = fs::read(only_entry(&gary)).expect("it is there");
    for damaged in [
        &[][..],
        b"x",
        &whole[..whole.len() / 2],
        &whole[..whole.len() - 1],
    ] {
        fs::write(only_entry(&gary), damaged).expect("it is ours");
        assert!(!cached(&gary), "{} bytes", damaged.len());
        assert!(cached(&gary), "{} bytes", damaged.len());
    }
}

#[test]
fn an_entry_with_one_other_byte_is_not_trusted() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    let whole = fs::read(only_entry(&gary)).expect("it is there");
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        fs::write(only_entry(&gary), flipped).expect("it is ours");
        assert!(!cached(&gary), "byte {at}");
    }
}

#[test]
fn an_entry_under_another_components_name_is_not_trusted() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    let hello = only_entry(&gary);
    fs::remove_file(&hello).expect("it is ours");
    gary.run(Guest("burn").path())
        .args(["--timeout", "1ms"])
        .output();
    fs::rename(only_entry(&gary), &hello).expect("it is ours");
    assert!(!cached(&gary));
}

#[test]
fn another_key_makes_every_entry_void() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    fs::write(gary.state().join("cache.key"), [7; 32]).expect("it is ours");
    assert!(!cached(&gary));
    assert!(cached(&gary));
}

#[test]
fn a_key_that_is_none_is_made_anew() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    for damaged in [&b""[..], b"short"] {
        fs::write(gary.state().join("cache.key"), damaged).expect("it is ours");
        assert!(!cached(&gary), "{damaged:?}");
        assert!(cached(&gary), "{damaged:?}");
    }
}

#[test]
fn two_processes_at_once_share_an_empty_cache() {
    let gary = Gary::with_own_cache();
    let both = [0, 1].map(|_| gary.run(HELLO.path()).start());
    for process in both {
        assert_eq!(process.wait().exits(0).text(), "hello from gary\n");
    }
    assert!(cached(&gary));
    only_entry(&gary);
}

#[test]
fn a_cache_that_cannot_be_written_is_not_fatal() {
    let gary = Gary::with_own_cache();
    cached(&gary);
    let dir = gary.cache().join("compiled");
    fs::set_permissions(&dir, Permissions::from_mode(0o500)).expect("it is ours");
    assert!(cached(&gary));
    let other = gary.run(Guest("hello-p1").path()).output().exits(0);
    assert_eq!(other.text(), "hello from gary (wasip1)\n");
    fs::set_permissions(&dir, Permissions::from_mode(0o700)).expect("it is ours");
}

#[test]
fn a_cache_that_cannot_be_made_is_told_and_not_fatal() {
    let gary = Gary::with_own_cache();
    fs::write(gary.cache(), "a file where a directory should be").expect("the home is ours");
    let outcome = gary.run(HELLO.path()).output().exits(0);
    assert_eq!(outcome.text(), "hello from gary\n");
    assert!(
        outcome.stderr.contains("will not be kept"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_place_that_cannot_be_used_is_named_and_is_no_reason_to_stop() {
    let gary = Gary::with_own_cache();
    let file = gary.write("file", "no directory");
    let told = |state: &PathBuf, cache: &PathBuf| {
        let run = gary.run(HELLO.path()).arg("--state-dir").arg(state);
        let run = run.env("GARY_CACHE_DIR", cache).output().exits(0);
        assert_eq!(run.text(), "hello from gary\n");
        run.stderr
    };
    let cannot = "compiled code will not be kept: cannot use the";
    let key = file.join("cache.key");
    let said = told(&file, &gary.cache().to_owned());
    assert!(
        said.contains(&format!("{cannot} key {}: ", key.display())),
        "{said}"
    );
    let dir = file.join("compiled");
    let said = told(&gary.state(), &file);
    assert!(
        said.contains(&format!("{cannot} directory {}: ", dir.display())),
        "{said}"
    );
}
