//! A core wasip1 module becomes a component, with the adapter that wasmtime publishes.

use std::convert::Infallible;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasm_encoder::reencode::{self, Reencode, utils};
use wasm_encoder::{ImportSection, Module};
use wasmparser::{BinaryReaderError, Imports, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::artifact::ArtifactError;

/// The module name that core wasip1 imports come from.
pub(crate) const WASIP1: &str = WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;

/// Raised whenever [`adapt`] makes another component of the same module, so that code compiled from
/// the former one is not taken for it.
pub(crate) const REVISION: u32 = 1;

/// The function by which a wasip1 program ends with a code, and the one of 0.2 that takes its place.
/// The adapter keeps of a code no more than whether it is zero.
const PROC_EXIT: &str = "proc_exit";
const EXIT: (&str, &str) = ("wasi:cli/exit@0.2.12", "exit-with-code");
/// The shape of that interface, as the adapter imports it.
const EXIT_WIT: &str = "
    package wasi:cli@0.2.12;
    interface exit {
        exit: func(status: result);
        exit-with-code: func(status-code: u8);
    }
    world exits { import exit; }
";

/// Makes a component of a core module.
///
/// # Errors
/// When it imports anything but wasip1, is no command, or is damaged.
pub(crate) fn adapt(module: &[u8]) -> Result<Vec<u8>, ArtifactError> {
    let module = match may_exit(module)? {
        true => keep_exit_code(module).map_err(damaged)?,
        false => module.to_vec(),
    };
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|encoder| encoder.adapter(WASIP1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER))
        .and_then(|mut encoder| encoder.encode())
        .map_err(damaged)
}

/// Whether the module may end with a code of its own. Names what the adapter could not provide, which
/// it would only say in its own terms.
fn may_exit(module: &[u8]) -> Result<bool, ArtifactError> {
    let broken = |error: BinaryReaderError| ArtifactError::Damaged(error.to_string());
    let (mut starts, mut exits, mut remembers) = (false, false, false);
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(broken)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(broken)?;
                    if import.module != WASIP1 {
                        return Err(ArtifactError::ForeignImport {
                            module: import.module.into(),
                            name: import.name.into(),
                        });
                    }
                    exits |= import.name == PROC_EXIT;
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let name = export.map_err(broken)?.name;
                    starts |= name == "_start";
                    remembers |= name == "memory";
                }
            }
            _ => {}
        }
    }
    match (starts, remembers) {
        (true, true) => Ok(exits),
        (true, false) => Err(ArtifactError::NoMemory),
        (false, _) => Err(ArtifactError::NoStart),
    }
}

/// Has the module end through 0.2's `exit-with-code`: both functions take one `i32` and do not
/// return, so only the name of the import changes.
fn keep_exit_code(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut renamed = Module::new();
    RenameExit.parse_core_module(&mut renamed, Parser::new(0), module)?;
    let mut bytes = renamed.finish();
    let mut wit = Resolve::default();
    let package = wit.push_str("exit.wit", EXIT_WIT)?;
    let world = wit.select_world(&[package], Some("exits"))?;
    embed_component_metadata(&mut bytes, &wit, world, StringEncoding::UTF8)?;
    Ok(bytes)
}

struct RenameExit;

impl Reencode for RenameExit {
    type Error = Infallible;

    fn parse_imports(
        &mut self,
        section: &mut ImportSection,
        imports: Imports<'_>,
    ) -> Result<(), reencode::Error<Infallible>> {
        match imports {
            Imports::Single(_, import) if (import.module, import.name) == (WASIP1, PROC_EXIT) => {
                section.import(EXIT.0, EXIT.1, self.entity_type(import.ty)?);
                Ok(())
            }
            imports => utils::parse_imports(self, section, imports),
        }
    }
}

fn damaged(error: impl Into<anyhow::Error>) -> ArtifactError {
    ArtifactError::Damaged(format!("{:#}", error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_a_memory_is_told_from_a_damaged_one() {
        let text = r#"(module (func (export "_start")))"#;
        let module = wat::parse_str(text).expect("it is well formed");
        assert!(matches!(adapt(&module), Err(ArtifactError::NoMemory)));
    }
}
