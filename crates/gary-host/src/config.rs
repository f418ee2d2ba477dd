//! `wasi:config/store`: the settings a workload was given, to read.

use std::fmt;

use wasmtime::component::Linker;
use wasmtime_wasi_config::WasiConfigVariables;

pub(crate) use wasmtime_wasi_config::WasiConfig as ConfigView;

/// The settings of one workload. All its instances read the same.
pub(crate) struct Config(WasiConfigVariables);

impl Config {
    /// The settings; of two with one name the later counts.
    pub(crate) fn new(settings: &[(String, String)]) -> Self {
        Self(settings.iter().cloned().collect())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Settings may be secrets.
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

impl<'a> From<&'a Config> for ConfigView<'a> {
    fn from(config: &'a Config) -> Self {
        Self::new(&config.0)
    }
}

/// Provides `wasi:config/store@0.2.0-rc.1` as wasmtime implements it.
pub(crate) fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> ConfigView<'_>,
) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, view)
}
