//! Hosts WebAssembly components in wasmtime.
