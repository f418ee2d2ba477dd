//! A store whose guest has sockets under a policy, for the tests of this module's files.

use std::sync::Arc;

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::denials::testing::Kept;
use super::grant::{HostPattern, NetGrant};
use super::policy::NetPolicy;
use super::view::NetView;

/// The state of the store.
pub(super) struct State {
    pub(super) policy: Arc<NetPolicy>,
    /// What the guest was denied.
    pub(super) kept: Arc<Kept>,
    table: ResourceTable,
    wasi: WasiCtx,
}

impl State {
    pub(super) fn new(grants: Vec<NetGrant>) -> Self {
        let kept = Arc::new(Kept::default());
        let policy = Arc::new(NetPolicy::new(grants, false, Some(kept.clone())));
        let wasi = WasiCtx::builder()
            .allow_tcp(true)
            .allow_udp(true)
            .socket_addr_check(policy.socket_check())
            .build();
        Self {
            policy,
            kept,
            table: ResourceTable::new(),
            wasi,
        }
    }

    pub(super) fn net(&mut self) -> NetView<'_> {
        NetView {
            policy: &self.policy,
            sockets: self.wasi.sockets(),
            table: &mut self.table,
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Grants of all that is public.
pub(super) fn anywhere() -> Vec<NetGrant> {
    vec![NetGrant {
        host: HostPattern::Any,
        port: None,
    }]
}

pub(super) fn engine() -> Engine {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    Engine::new(&config).expect("this machine runs wasm")
}

/// What a core module `$guest` needs to make and bind sockets of 0.3, before and after it.
const WITH_SOCKETS_P3: (&str, &str) = (
    r#"(component
    (import "wasi:sockets/types@0.3.0" (instance $sockets
        (export "tcp-socket" (type $tcp (sub resource)))
        (export "udp-socket" (type $udp (sub resource)))
        (type $family' (enum "ipv4" "ipv6"))
        (export "ip-address-family" (type $family (eq $family')))
        (type $v4' (record (field "port" u16) (field "address" (tuple u8 u8 u8 u8))))
        (export "ipv4-socket-address" (type $v4 (eq $v4')))
        (type $v6' (record (field "port" u16) (field "flow-info" u32)
            (field "address" (tuple u16 u16 u16 u16 u16 u16 u16 u16))
            (field "scope-id" u32)))
        (export "ipv6-socket-address" (type $v6 (eq $v6')))
        (type $address' (variant (case "ipv4" $v4) (case "ipv6" $v6)))
        (export "ip-socket-address" (type $address (eq $address')))
        (type $code' (variant
            (case "access-denied") (case "not-supported") (case "invalid-argument")
            (case "out-of-memory") (case "timeout") (case "invalid-state")
            (case "address-not-bindable") (case "address-in-use") (case "remote-unreachable")
            (case "connection-refused") (case "connection-broken") (case "connection-reset")
            (case "connection-aborted") (case "datagram-too-large")
            (case "other" (option string))))
        (export "error-code" (type $code (eq $code')))
        (export "[static]tcp-socket.create" (func
            (param "address-family" $family) (result (result (own $tcp) (error $code)))))
        (export "[static]udp-socket.create" (func
            (param "address-family" $family) (result (result (own $udp) (error $code)))))
        (export "[method]tcp-socket.bind" (func (param "self" (borrow $tcp))
            (param "local-address" $address) (result (result (error $code)))))
        (export "[method]udp-socket.bind" (func (param "self" (borrow $udp))
            (param "local-address" $address) (result (result (error $code)))))))
    (core module $memory
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $m (instantiate $memory))
    (core func $create-tcp (canon lower (func $sockets "[static]tcp-socket.create")
        (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core func $create-udp (canon lower (func $sockets "[static]udp-socket.create")
        (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core func $bind-tcp (canon lower (func $sockets "[method]tcp-socket.bind")
        (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))
    (core func $bind-udp (canon lower (func $sockets "[method]udp-socket.bind")
        (memory (core memory $m "memory")) (realloc (core func $m "realloc"))))"#,
    r#"(core instance $g (instantiate $guest (with "" (instance
        (export "memory" (memory $m "memory"))
        (export "create-tcp" (func $create-tcp))
        (export "create-udp" (func $create-udp))
        (export "bind-tcp" (func $bind-tcp))
        (export "bind-udp" (func $bind-udp))))))
    (func (export "run") (param "argument" u32) (result u32)
        (canon lift (core func $g "run"))))"#,
);

/// Calls the function `run` of a core module `$guest` of 0.3, whose sockets are ours. It imports
/// `memory` and any of `create-tcp`, `create-udp`, `bind-tcp` and `bind-udp`.
pub(super) async fn call_p3(state: State, guest: &str, argument: u32) -> u32 {
    let engine = engine();
    let (before, after) = WITH_SOCKETS_P3;
    let bytes = wat::parse_str(format!("{before}{guest}{after}")).expect("it is well formed");
    let component = Component::from_binary(&engine, &bytes).expect("it is valid");
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p3::add_to_linker(&mut linker).expect("it is empty");
    linker.allow_shadowing(true);
    super::add_to_linker_p3(&mut linker, State::net).expect("it allows shadowing");
    let mut store = Store::new(&engine, state);
    let instance = linker.instantiate_async(&mut store, &component).await;
    let run = instance
        .expect("it has what it imports")
        .get_typed_func::<(u32,), (u32,)>(&mut store, "run")
        .expect("it has such a function");
    let returned = run.call_async(&mut store, (argument,)).await;
    returned.expect("it does not trap").0
}
