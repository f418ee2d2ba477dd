//! An HTTP guest on `wasi:keyvalue`: `/` counts in the store `counter` and `/memory` in the unnamed
//! one; `?store=NAME` chooses another for any path. `/get?k=`, `/set?k=&v=`, `/delete?k=`, `/keys`
//! and `/many` (batch) show the rest of the interface.

use http02::{IncomingRequest, ResponseOutparam, Target, reply};

wit_bindgen::generate!({ path: "../wit/keyvalue.wit", world: "imports" });

use wasi::keyvalue::store::{Bucket, Error};
use wasi::keyvalue::{atomics, batch, store};

wasip2::http::proxy::export!(Guest);

const STORE: &str = "counter";
const HITS: &str = "hits";
/// Pages of keys that `/keys` asks for, so that a host which never ends the list cannot hold it.
const KEY_PAGES_MAX: usize = 1_000;

struct Guest;

impl wasip2::exports::http::incoming_handler::Guest for Guest {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        match answer(&target) {
            Ok(Some(text)) => reply(out, 200, &text),
            Ok(None) => reply(out, 404, "not found\n"),
            Err(error) => reply(out, 500, &format!("{}\n", words(&error))),
        }
    }
}

/// What to answer; `None` where there is no such path or no such key.
fn answer(target: &Target) -> Result<Option<String>, Error> {
    let default = if target.path() == "/memory" {
        ""
    } else {
        STORE
    };
    let bucket = store::open(target.text("store").unwrap_or(default))?;
    let key = target.text("k").unwrap_or(HITS);
    match target.path() {
        "/" | "/memory" => Ok(Some(format!("{}\n", atomics::increment(&bucket, HITS, 1)?))),
        "/get" => Ok(bucket
            .get(key)?
            .map(|value| format!("{}\n", String::from_utf8_lossy(&value)))),
        "/set" => {
            bucket.set(key, target.text("v").unwrap_or_default().as_bytes())?;
            Ok(Some("set\n".to_owned()))
        }
        "/delete" => {
            let existed = bucket.exists(key)?;
            bucket.delete(key)?;
            Ok(Some(
                if existed { "deleted\n" } else { "not there\n" }.to_owned(),
            ))
        }
        "/keys" => keys(&bucket).map(Some),
        "/many" => many(&bucket).map(Some),
        _ => Ok(None),
    }
}

/// All keys, sorted, one a line.
fn keys(bucket: &Bucket) -> Result<String, Error> {
    let mut keys = Vec::new();
    let mut cursor = None;
    for _ in 0..KEY_PAGES_MAX {
        let page = bucket.list_keys(cursor)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    keys.sort();
    Ok(keys.iter().map(|key| format!("{key}\n")).collect())
}

/// Sets three keys at once, deletes one of them and reads all three back.
fn many(bucket: &Bucket) -> Result<String, Error> {
    let names = ["many-a", "many-b", "many-c"].map(str::to_owned);
    let pairs: Vec<(String, Vec<u8>)> = names
        .iter()
        .map(|name| (name.clone(), name.to_uppercase().into_bytes()))
        .collect();
    batch::set_many(bucket, &pairs)?;
    batch::delete_many(bucket, &names[2..])?;
    let values = batch::get_many(bucket, &names)?;
    let lines = names.iter().zip(values).map(|(name, value)| match value {
        Some((_, value)) => format!("{name}={}\n", String::from_utf8_lossy(&value)),
        None => format!("{name} is not there\n"),
    });
    Ok(lines.collect())
}

fn words(error: &Error) -> String {
    match error {
        Error::NoSuchStore => "no such store".to_owned(),
        Error::AccessDenied => "access denied".to_owned(),
        Error::Other(reason) => reason.clone(),
    }
}
