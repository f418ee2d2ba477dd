//! What Prometheus reads of a node, told anew each time that it asks.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use gary_transport::Count;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;

use crate::api::{Api, HostedShown, NodeState, Refusal};

/// What OpenMetrics is called by.
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Values = Family<Labels, Gauge<f64, AtomicU64>>;

/// Serves them for as long as the node runs.
pub(crate) async fn serve(listener: TcpListener, api: Arc<Api>) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .with_state(api);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are not served any more");
    }
}

async fn metrics(State(api): State<Arc<Api>>) -> Result<impl IntoResponse, Refusal> {
    let state = api.state().await?;
    let mut registry = Registry::with_prefix("gary");
    of_node(&mut registry, &state);
    of_replicas(&mut registry, &api.records.shown());
    let transport = values(
        &mut registry,
        "transport",
        "What was dropped, refused or closed between nodes since the node started",
        None,
    );
    for count in Count::ALL {
        let what = vec![("what", count.name().to_owned())];
        set(&transport, what, api.transport.count(count) as f64);
    }
    let connections = "Connections with other nodes";
    let connections = values(&mut registry, "connections", connections, None);
    set(&connections, Vec::new(), api.transport.connections() as f64);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(([(header::CONTENT_TYPE, KIND)], text))
}

fn of_node(registry: &mut Registry, state: &NodeState) {
    let info = "The node that tells this, and its release";
    let info = values(registry, "node", info, None);
    let labels = vec![
        ("name", state.node.name.clone()),
        ("version", state.node.version.clone()),
    ];
    set(&info, labels, 1.0);
    let members = values(registry, "members", "Other members that are seen", None);
    set(&members, Vec::new(), state.members as f64);
    let kept = values(registry, "kept", "Workloads that are kept for owners", None);
    set(&kept, Vec::new(), state.keeps.len() as f64);
    let hosted = values(registry, "hosted", "Replicas that are hosted", None);
    set(&hosted, Vec::new(), state.hosts.len() as f64);
    let drained = values(
        registry,
        "drained",
        "Whether the node takes nothing on",
        None,
    );
    set(&drained, Vec::new(), f64::from(state.draining.is_some()));
    let cpu = "Processor cores that are promised, and what is left of them";
    let cpu = values(registry, "cpu_cores", cpu, None);
    let memory = "Memory that is promised, and what is left of it";
    let memory = values(registry, "memory", memory, Some(Unit::Bytes));
    for (of, cores, bytes) in [
        ("promised", state.cpu_cores, state.memory_bytes),
        ("left", state.cpu_cores_left, state.memory_bytes_left),
    ] {
        let of = vec![("of", of.to_owned())];
        set(&cpu, of.clone(), cores);
        set(&memory, of, bytes as f64);
    }
}

fn of_replicas(registry: &mut Registry, hosted: &[HostedShown]) {
    let memory = "Memory that the instances of a replica hold";
    let memory = values(registry, "replica_memory", memory, Some(Unit::Bytes));
    let cpu = "Processor time that a replica has taken";
    let cpu = values(registry, "replica_cpu", cpu, Some(Unit::Seconds));
    let restarts = "How often a replica was started again";
    let restarts = values(registry, "replica_restarts", restarts, None);
    for its in hosted.iter().filter(|its| its.since_ms.is_some()) {
        let of = vec![
            ("workload", its.name.clone()),
            ("replica", its.slot.to_string()),
        ];
        set(&memory, of.clone(), its.memory_bytes as f64);
        set(&cpu, of.clone(), its.cpu_ms as f64 / 1e3);
        set(&restarts, of, its.restarts as f64);
    }
}

fn values(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>) -> Values {
    let values = Values::default();
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, values.clone()),
        None => registry.register(name, help, values.clone()),
    }
    values
}

fn set(values: &Values, labels: Labels, to: f64) {
    values.get_or_create(&labels).set(to);
}
