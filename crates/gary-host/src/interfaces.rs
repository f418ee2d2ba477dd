//! The interfaces that Gary provides, and which of them a component needs.

use semver::Version;
use wasmtime::component::{Component, Linker, types};
use wasmtime_wasi_http::{p2 as http_p2, p3 as http_p3};

use crate::engine::Engine;
use crate::guest::Guest;
use crate::{config, keyvalue, logging, net, preopens};

/// Every interface that a guest may import, each with the newest version of it that Gary has.
///
/// A guest built for an older version of the same 0.x line is served by the newer one.
const PROVIDED: &[&str] = &[
    "wasi:cli/environment@0.2.12",
    "wasi:cli/exit@0.2.12",
    "wasi:cli/stderr@0.2.12",
    "wasi:cli/stdin@0.2.12",
    "wasi:cli/stdout@0.2.12",
    "wasi:cli/terminal-input@0.2.12",
    "wasi:cli/terminal-output@0.2.12",
    "wasi:cli/terminal-stderr@0.2.12",
    "wasi:cli/terminal-stdin@0.2.12",
    "wasi:cli/terminal-stdout@0.2.12",
    "wasi:clocks/monotonic-clock@0.2.12",
    "wasi:clocks/wall-clock@0.2.12",
    "wasi:filesystem/preopens@0.2.12",
    "wasi:filesystem/types@0.2.12",
    "wasi:http/outgoing-handler@0.2.12",
    "wasi:http/types@0.2.12",
    "wasi:io/error@0.2.12",
    "wasi:io/poll@0.2.12",
    "wasi:io/streams@0.2.12",
    "wasi:random/insecure@0.2.12",
    "wasi:random/insecure-seed@0.2.12",
    "wasi:random/random@0.2.12",
    "wasi:sockets/instance-network@0.2.12",
    "wasi:sockets/ip-name-lookup@0.2.12",
    "wasi:sockets/network@0.2.12",
    "wasi:sockets/tcp@0.2.12",
    "wasi:sockets/tcp-create-socket@0.2.12",
    "wasi:sockets/udp@0.2.12",
    "wasi:sockets/udp-create-socket@0.2.12",
    "wasi:cli/environment@0.3.0",
    "wasi:cli/exit@0.3.0",
    "wasi:cli/stderr@0.3.0",
    "wasi:cli/stdin@0.3.0",
    "wasi:cli/stdout@0.3.0",
    "wasi:cli/terminal-input@0.3.0",
    "wasi:cli/terminal-output@0.3.0",
    "wasi:cli/terminal-stderr@0.3.0",
    "wasi:cli/terminal-stdin@0.3.0",
    "wasi:cli/terminal-stdout@0.3.0",
    "wasi:cli/types@0.3.0",
    "wasi:clocks/monotonic-clock@0.3.0",
    "wasi:clocks/system-clock@0.3.0",
    "wasi:clocks/types@0.3.0",
    "wasi:filesystem/preopens@0.3.0",
    "wasi:filesystem/types@0.3.0",
    "wasi:http/client@0.3.0",
    "wasi:http/types@0.3.0",
    "wasi:random/insecure@0.3.0",
    "wasi:random/insecure-seed@0.3.0",
    "wasi:random/random@0.3.0",
    "wasi:sockets/ip-name-lookup@0.3.0",
    "wasi:sockets/types@0.3.0",
    "wasi:config/store@0.2.0-rc.1",
    "wasi:keyvalue/atomics@0.2.0-draft",
    "wasi:keyvalue/batch@0.2.0-draft",
    "wasi:keyvalue/store@0.2.0-draft",
    "wasi:keyvalue/atomics@0.2.0-draft2",
    "wasi:keyvalue/batch@0.2.0-draft2",
    "wasi:keyvalue/store@0.2.0-draft2",
    "wasi:logging/logging",
    "wasi:logging/logging@0.1.0-draft",
];

/// Every interface that a component may import, whatever its spec grants: a component is linked to an interface that it
/// never calls too. Each stands here once for each line of its versions, in the newest that there is.
pub const fn provided() -> &'static [&'static str] {
    PROVIDED
}

/// Something a component imports, and what Gary has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The import as the component names it.
    pub name: String,
    /// What Gary has for it.
    pub answer: Answer,
}

/// What Gary has for an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is provided.
    Provided,
    /// It is not; these are the versions of the same interface there are, closest first.
    OtherVersions(Vec<String>),
    /// Nothing of that name is known.
    Unknown,
}

/// A linker with everything that `component` imports and Gary has.
///
/// Only the groups that are imported are defined: defining all of them takes longer than starting
/// a small component from the cache.
pub(crate) fn linker(engine: &Engine, component: &Component) -> wasmtime::Result<Linker<Guest>> {
    let mut linker = Linker::new(engine.wasmtime());
    let ty = component.component_type();
    let imports: Vec<&str> = ty
        .imports(engine.wasmtime())
        .map(|(name, _)| name)
        .collect();
    let any = |prefix: &str, version: &str| {
        imports
            .iter()
            .filter_map(|name| name.split_once('@').or(Some((name, ""))))
            .any(|(name, its)| name.starts_with(prefix) && its.starts_with(version))
    };
    // Our own name lookup, and our own making and binding of sockets, stand in for wasmtime's, which
    // are for everybody or for nobody, and our own preopens for wasmtime's, which tell nobody.
    linker.allow_shadowing(true);
    if any("wasi:", "0.2") {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        net::add_to_linker_p2(&mut linker, Guest::net)?;
        preopens::add_to_linker_p2(&mut linker, Guest::preopens)?;
        if any("wasi:http/", "0.2") {
            http_p2::add_only_http_to_linker_async(&mut linker)?;
        }
    }
    if any("wasi:", "0.3") {
        wasmtime_wasi::p3::add_to_linker(&mut linker)?;
        net::add_to_linker_p3(&mut linker, Guest::net)?;
        preopens::add_to_linker_p3(&mut linker, Guest::preopens)?;
        if any("wasi:http/", "0.3") {
            http_p3::add_to_linker(&mut linker)?;
        }
    }
    if any("wasi:keyvalue/", "") {
        keyvalue::add_to_linker(&mut linker, Guest::keyvalue)?;
    }
    if any("wasi:config/", "") {
        config::add_to_linker(&mut linker, Guest::config)?;
    }
    if any("wasi:logging/", "") {
        logging::add_to_linker(&mut linker, Guest::logging)?;
    }
    Ok(linker)
}

/// What `component` imports, in its own order.
pub(crate) fn imports(engine: &Engine, component: &Component) -> Vec<Import> {
    component
        .component_type()
        .imports(engine.wasmtime())
        // A type that is imported by name only is no interface that anybody would provide.
        .filter(|(_, item)| !matches!(item.ty, types::ComponentItem::Type(_)))
        .map(|(name, _)| Import {
            name: name.to_owned(),
            answer: answer(name),
        })
        .collect()
}

/// What Gary has for the import `name`.
fn answer(name: &str) -> Answer {
    if PROVIDED.contains(&name) {
        return Answer::Provided;
    }
    let (interface, wanted) = split(name);
    let mut versions: Vec<(Version, &str)> = PROVIDED
        .iter()
        .filter(|provided| split(provided).0 == interface)
        .filter_map(|provided| Some((split(provided).1?, *provided)))
        .collect();
    let Some(wanted) = wanted else {
        return match versions.is_empty() {
            true => Answer::Unknown,
            false => Answer::OtherVersions(versions.iter().map(|(_, v)| (*v).into()).collect()),
        };
    };
    if versions.iter().any(|(has, _)| compatible(has, &wanted)) {
        return Answer::Provided;
    }
    if versions.is_empty() {
        return Answer::Unknown;
    }
    versions.sort_by_key(|(has, _)| distance(has, &wanted));
    Answer::OtherVersions(versions.into_iter().map(|(_, name)| name.into()).collect())
}

fn split(name: &str) -> (&str, Option<Version>) {
    match name.split_once('@') {
        Some((interface, version)) => (interface, Version::parse(version).ok()),
        None => (name, None),
    }
}

/// Whether a component that wants one version can be linked to the other: the component model's
/// own rule, by which the first number that is not zero must agree and pre-releases be equal.
fn compatible(has: &Version, wanted: &Version) -> bool {
    if !has.pre.is_empty() || !wanted.pre.is_empty() {
        return has == wanted;
    }
    match (wanted.major, wanted.minor) {
        (0, 0) => has == wanted,
        (0, minor) => has.major == 0 && has.minor == minor,
        (major, _) => has.major == major,
    }
}

fn distance(a: &Version, b: &Version) -> (u64, u64, u64) {
    (
        a.major.abs_diff(b.major),
        a.minor.abs_diff(b.minor),
        a.patch.abs_diff(b.patch),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Calls;
    use crate::engines::Engines;

    #[test]
    fn every_interface_that_is_promised_is_there() {
        let engines = Engines::on_demand();
        for name in PROVIDED {
            let calls = match name.contains("@0.3.") {
                true => Calls::Concurrent,
                false => Calls::Plain,
            };
            let engine = engines.get(calls).expect("this machine runs wasm");
            let text = format!(r#"(component (import "{name}" (instance)))"#);
            let bytes = wat::parse_str(&text).expect("it is well formed");
            let component = Component::from_binary(engine.wasmtime(), &bytes).expect("it is valid");
            let linked = linker(&engine, &component)
                .expect("the interfaces are defined once")
                .instantiate_pre(&component);
            assert!(
                linked.is_ok(),
                "{name}: {:#}",
                linked.err().expect("it failed")
            );
        }
    }

    #[test]
    fn an_older_version_of_the_same_line_is_provided() {
        assert_eq!(answer("wasi:cli/stdout@0.2.0"), Answer::Provided);
        assert_eq!(answer("wasi:http/types@0.3.2"), Answer::Provided);
    }

    #[test]
    fn the_closest_version_comes_first() {
        let Answer::OtherVersions(versions) = answer("wasi:clocks/monotonic-clock@0.9.0") else {
            panic!("it is known in other versions");
        };
        assert_eq!(versions[0], "wasi:clocks/monotonic-clock@0.3.0");
    }

    #[test]
    fn a_pre_release_is_only_itself() {
        assert!(matches!(
            answer("wasi:keyvalue/store@0.2.0"),
            Answer::OtherVersions(_)
        ));
    }

    #[test]
    fn nobody_knows_a_made_up_interface() {
        assert_eq!(answer("acme:missing/thing@1.2.0"), Answer::Unknown);
    }
}
