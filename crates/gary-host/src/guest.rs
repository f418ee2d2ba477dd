//! What a store holds for one instance: its view of every interface that Gary provides.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::config::ConfigView;
use crate::keyvalue::KeyValueView;
use crate::limit::InstanceMemory;
use crate::logging::LoggingView;
use crate::memory::Reservation;
use crate::meter;
use crate::net::{HttpHooks, NetView};
use crate::output::Output;
use crate::preopens::PreopensView;
use crate::replica::Shared;
use crate::sink::{StandardStream, ToSink};
use crate::spec::{Spec, Stdio};

/// Handles that an instance may hold at once (streams, files, sockets, requests); one more traps.
const HANDLES_MAX: usize = 4096;
/// Bytes of one set of HTTP fields that a guest holds, as the host stores it.
const FIELDS_BYTES_MAX: usize = 64 << 10;

/// The state of one instance.
pub(crate) struct Guest {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: HttpHooks,
    pub(crate) memory: InstanceMemory,
    shared: Arc<Shared>,
}

impl Guest {
    /// A store for one instance, with nothing in it yet but what the spec grants.
    pub(crate) fn store(shared: &Arc<Shared>, room: Reservation) -> std::io::Result<Store<Self>> {
        let spec = &shared.spec;
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELDS_BYTES_MAX);
        let guest = Self {
            table,
            wasi: wasi(shared)?,
            http,
            hooks: HttpHooks::new(shared.net.clone()),
            memory: InstanceMemory::new(
                shared.memory.clone(),
                spec.limits.instance_memory_bytes,
                room,
            ),
            shared: shared.clone(),
        };
        let mut store = Store::new(shared.engine.wasmtime(), guest);
        store.limiter(|guest| &mut guest.memory);
        // What 0.3 adds (streams, futures, tasks) wasmtime keeps in a table of its own.
        if let Some(table) = store.concurrent_resource_table() {
            table.set_max_capacity(HANDLES_MAX);
        }
        meter::slice(&mut store, spec.term.clone());
        Ok(store)
    }

    pub(crate) fn net(&mut self) -> NetView<'_> {
        NetView {
            policy: &self.shared.net,
            sockets: self.wasi.sockets(),
            table: &mut self.table,
        }
    }

    pub(crate) fn preopens(&mut self) -> PreopensView<'_> {
        PreopensView {
            files: WasiFilesystemCtxView {
                ctx: self.wasi.filesystem(),
                table: &mut self.table,
            },
            sink: self.shared.spec.denials.as_ref(),
        }
    }

    pub(crate) fn keyvalue(&mut self) -> KeyValueView<'_> {
        KeyValueView {
            stores: &self.shared.stores,
            table: &mut self.table,
        }
    }

    pub(crate) fn config(&mut self) -> ConfigView<'_> {
        ConfigView::from(&self.shared.config)
    }

    pub(crate) fn logging(&mut self) -> LoggingView<'_> {
        LoggingView {
            sink: self.shared.spec.log.as_ref(),
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

fn wasi(shared: &Shared) -> std::io::Result<WasiCtx> {
    let spec: &Spec = &shared.spec;
    let mut wasi = WasiCtxBuilder::new();
    match &spec.stdio {
        Stdio::Null => {}
        Stdio::Inherit => {
            wasi.inherit_stdio();
        }
        Stdio::Output => {
            wasi.stdout(Output::Stdout).stderr(Output::Stderr);
        }
        Stdio::Sink(sink) => {
            let to = |stream| ToSink {
                stream,
                sink: Arc::clone(sink),
            };
            wasi.stdout(to(StandardStream::Stdout))
                .stderr(to(StandardStream::Stderr));
        }
    }
    wasi.arg(&spec.program).args(&spec.args).envs(&spec.env);
    for dir in &spec.dirs {
        let perms = if dir.read_only {
            FsPerms::ReadOnly
        } else {
            FsPerms::ReadWrite
        };
        wasi.preopened_dir(&dir.host, &dir.guest, perms)
            .map_err(|error| std::io::Error::other(format!("{}: {error:#}", dir.host.display())))?;
    }
    // Whether it may have a socket at all is for the policy to say as the guest makes one.
    wasi.allow_tcp(true)
        .allow_udp(true)
        .socket_addr_check(shared.net.socket_check());
    Ok(wasi.build())
}

#[cfg(test)]
mod tests {
    use crate::artifact::Artifact;
    use crate::engines::Engines;
    use crate::program::Program;
    use crate::replica::Replica;
    use crate::spec::Spec;

    /// Makes so many streams of 0.3 at once, which the host keeps for the guest.
    async fn make_streams(count: usize) -> Result<(), crate::Failure> {
        let text = format!(
            r#"(component
                (type $stream (stream u8))
                (core func $new (canon stream.new $stream))
                (core module $m
                    (import "" "new" (func $new (result i64)))
                    (func $make (local $left i32)
                        (local.set $left (i32.const {count}))
                        (loop $more
                            (drop (call $new))
                            (local.tee $left (i32.sub (local.get $left) (i32.const 1)))
                            (br_if $more)))
                    (start $make))
                (core instance (instantiate $m
                    (with "" (instance (export "new" (func $new)))))))"#
        );
        let bytes = wat::parse_str(text).expect("it is well formed");
        let engines = Engines::on_demand();
        let artifact = Artifact::new(bytes).expect("it is WebAssembly");
        let program = Program::compile(&engines, None, &artifact).expect("it is valid");
        let replica = Replica::new(&program, Spec::default()).expect("it imports nothing");
        replica.try_instantiate().await
    }

    #[tokio::test]
    async fn streams_between_guests_are_handles_too() {
        make_streams(100).await.expect("it is within the limit");
        let refused = make_streams(super::HANDLES_MAX).await;
        assert!(refused.is_err(), "{refused:?}");
    }
}
