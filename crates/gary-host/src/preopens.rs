//! `wasi:filesystem/preopens` at 0.2 and 0.3: tells when a guest asks for its directories and has
//! none.
//!
//! That is the only refusal of files that can be seen: a path is joined to one of these directories
//! inside the guest, so that without any it never gets as far as a call.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens as p2;
use wasmtime_wasi::p3::bindings::filesystem::preopens as p3;

use crate::denied::{DenialSink, Denied};

/// What the interface needs of an instance.
pub(crate) struct PreopensView<'a> {
    /// wasmtime-wasi's part, which has the directories.
    pub(crate) files: WasiFilesystemCtxView<'a>,
    /// Who is told.
    pub(crate) sink: Option<&'a Arc<dyn DenialSink>>,
}

struct Preopens;

impl HasData for Preopens {
    type Data<'a> = PreopensView<'a>;
}

/// Provides the interface of 0.2. Where wasmtime-wasi's is in the linker already, it must allow
/// shadowing.
pub(crate) fn add_to_linker_p2<T: 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> PreopensView<'_>,
) -> wasmtime::Result<()> {
    p2::add_to_linker::<T, Preopens>(linker, view)
}

/// The same of 0.3.
pub(crate) fn add_to_linker_p3<T: 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> PreopensView<'_>,
) -> wasmtime::Result<()> {
    p3::add_to_linker::<T, Preopens>(linker, view)
}

type Directories = Vec<(Resource<Descriptor>, String)>;

impl PreopensView<'_> {
    fn told(&self, directories: Directories) -> Directories {
        if let Some(sink) = self.sink.filter(|_| directories.is_empty()) {
            sink.denied(&Denied::Directories);
        }
        directories
    }
}

impl p2::Host for PreopensView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Directories> {
        let directories = p2::Host::get_directories(&mut self.files)?;
        Ok(self.told(directories))
    }
}

impl p3::Host for PreopensView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Directories> {
        let directories = p3::Host::get_directories(&mut self.files)?;
        Ok(self.told(directories))
    }
}
