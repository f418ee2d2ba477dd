//! The API as OpenAPI describes it, made from the code that answers and checked in as docs/openapi.json.

use utoipa::OpenApi;

use super::{events, logs, operating, pending, recovering, revoking, routes, words};

/// What people can ask a node: on its machine over its Unix socket, and over the network by a stream of its own.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gary",
        description = "What people can ask a node. Whatever is refused is answered with an object that has `error`."
    ),
    paths(
        routes::node,
        operating::state,
        operating::drain,
        operating::undrain,
        operating::restart,
        operating::stop,
        routes::nodes,
        routes::promises,
        events::of_all,
        routes::workloads,
        routes::workload,
        routes::why,
        logs::of_workload,
        routes::history,
        routes::intent,
        routes::submit,
        routes::put_component,
        pending::list,
        pending::intent,
        pending::withdraw,
        pending::dismiss,
        recovering::assess,
        recovering::recover,
        revoking::list,
        revoking::put,
    ),
    components(schemas(words::Refused))
)]
struct Description;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn is_checked_in() {
        let described = Description::openapi().to_pretty_json().expect("it is JSON") + "\n";
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
        if std::env::var_os("GARY_BLESS").is_some() {
            fs::write(&path, &described).expect("the checkout is writable");
        }
        let checked_in = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            checked_in, described,
            "docs/openapi.json is stale: GARY_BLESS=1 rewrites it"
        );
    }
}
