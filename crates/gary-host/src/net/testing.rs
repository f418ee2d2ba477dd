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

/// Calls the function `run` of a guest of 0.3, whose sockets are ours.
pub(super) async fn call_p3(state: State, guest: &str, argument: u32) -> u32 {
    let engine = engine();
    let bytes = wat::parse_str(guest).expect("it is well formed");
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
