//! Calls one exported function with arguments in WAVE, the text form of WIT values.

use thiserror::Error;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::wasm_wave::wasm::DisplayFuncResults;
use wasmtime::component::{ComponentExportIndex, Val};

use crate::failure::Failure;
use crate::limit::Reservation;
use crate::program::Program;
use crate::replica::Replica;

/// A call whose function exists and whose arguments are of its types.
#[derive(Clone)]
pub struct Call {
    function: ComponentExportIndex,
    arguments: Vec<Val>,
    results: usize,
}

/// What a call returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The result in WAVE; empty where the function returns nothing.
    pub wave: String,
    /// Whether it is the `err` of a WIT `result`.
    pub is_err: bool,
}

/// A call that cannot be made of this component.
#[derive(Debug, Error)]
pub enum CallError {
    /// The text is not `name(arguments)`.
    #[error("it is not a call in WAVE: {0}")]
    Syntax(String),
    /// There is no such function.
    #[error("the component exports no function `{name}`")]
    NoFunction {
        /// The name as it was given.
        name: String,
        /// What it exports instead.
        exported: Vec<String>,
    },
    /// Several interfaces export a function of that name.
    #[error("`{name}` is exported by several interfaces: {}", .among.join(", "))]
    Ambiguous {
        /// The name as it was given.
        name: String,
        /// The full names it may stand for.
        among: Vec<String>,
    },
    /// The arguments are not of the function's types.
    #[error("the arguments do not fit {signature}: {why}")]
    Arguments {
        /// The function's parameters in words.
        signature: String,
        /// What does not fit.
        why: String,
    },
    /// The function takes or returns handles or streams, which have no text form.
    #[error("`{0}` takes or returns more than plain values, so it cannot be called from outside")]
    NotPlain(String),
}

impl Call {
    /// Reads `func(args)` or `ns:pkg/iface.func(args)` against what `program` exports.
    ///
    /// # Errors
    /// When there is no such function or the arguments do not fit it.
    pub fn parse(program: &Program, text: &str) -> Result<Self, CallError> {
        let (path, arguments) = text
            .trim()
            .split_at(text.trim().find('(').unwrap_or(text.len()));
        let found = find(program, path.trim())?;
        if !found.ty.params().all(|(_, ty)| is_plain(&ty))
            || !found.ty.results().all(|ty| is_plain(&ty))
        {
            return Err(CallError::NotPlain(found.name));
        }
        // The name has been dealt with; only the arguments are left to WAVE.
        let arguments = if arguments.is_empty() {
            "()"
        } else {
            arguments
        };
        let text = format!("f{arguments}");
        let call =
            UntypedFuncCall::parse(&text).map_err(|error| CallError::Syntax(error.to_string()))?;
        let types: Vec<Type> = found.ty.params().map(|(_, ty)| ty).collect();
        let arguments = call
            .to_wasm_params(&types)
            .map_err(|error| CallError::Arguments {
                signature: signature(&found),
                why: error.to_string(),
            })?;
        Ok(Self {
            function: found.index,
            arguments,
            results: found.ty.results().len(),
        })
    }
}

impl Replica {
    /// Makes an instance, calls the function once, and drops the instance.
    ///
    /// # Errors
    /// When the guest did not return.
    pub async fn call(&self, call: &Call) -> Result<Returned, Failure> {
        let call = call.clone();
        let call = async move |replica: &Self| replica.call_once(&call).await;
        self.drive_apart(call).await
    }

    async fn call_once(&self, call: &Call) -> Result<Returned, Failure> {
        let mut store = self.store(Reservation::none())?;
        let mut results = vec![Val::Bool(false); call.results];
        let called = async {
            let instance = self.instantiate(&mut store).await?;
            let function = instance
                .get_func(&mut store, call.function)
                .ok_or_else(|| wasmtime::format_err!("the function has gone"))?;
            store
                .run_concurrent(async |store| {
                    function
                        .call_concurrent(store, &call.arguments, &mut results)
                        .await
                })
                .await?
        }
        .await;
        match called {
            Ok(_) => Ok(Returned {
                is_err: matches!(results.as_slice(), [Val::Result(Err(_))]),
                wave: DisplayFuncResults(&results).to_string(),
            }),
            Err(error) => Err(Failure::of(&error, store.data().memory.refused())),
        }
    }
}

struct Found {
    name: String,
    index: ComponentExportIndex,
    ty: ComponentFunc,
}

/// Finds a function by its full name, or by its own where only one interface exports it.
fn find(program: &Program, path: &str) -> Result<Found, CallError> {
    let mut functions = functions(program);
    if let Some(exact) = functions.iter().position(|found| found.name == path) {
        return Ok(functions.swap_remove(exact));
    }
    let matches = |found: &Found| {
        let (interface, function) = split(&found.name);
        let (wanted_interface, wanted) = split(path);
        function == wanted
            && wanted_interface.is_none_or(|wanted| {
                // The version may be left out.
                interface.is_some_and(|has| has.split('@').next() == Some(wanted))
            })
    };
    let (mut matching, others): (Vec<_>, Vec<_>) = functions.into_iter().partition(matches);
    match (matching.len(), matching.pop()) {
        (1, Some(found)) => Ok(found),
        (_, None) => Err(CallError::NoFunction {
            name: path.to_owned(),
            exported: others.into_iter().map(|found| found.name).collect(),
        }),
        (_, Some(last)) => Err(CallError::Ambiguous {
            name: path.to_owned(),
            among: matching
                .into_iter()
                .map(|found| found.name)
                .chain([last.name])
                .collect(),
        }),
    }
}

/// The interface, where there is one, and the function.
fn split(path: &str) -> (Option<&str>, &str) {
    match path.rsplit_once('.') {
        Some((interface, function)) if interface.contains('/') => (Some(interface), function),
        _ => (None, path),
    }
}

fn functions(program: &Program) -> Vec<Found> {
    let engine = program.engine.wasmtime();
    let component = &program.component;
    let mut functions = Vec::new();
    for (name, item) in component.component_type().exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(ty) => {
                functions.extend(component.get_export_index(None, name).map(|index| Found {
                    name: name.to_owned(),
                    index,
                    ty,
                }));
            }
            ComponentItem::ComponentInstance(instance) => {
                let Some(parent) = component.get_export_index(None, name) else {
                    continue;
                };
                for (function, item) in instance.exports(engine) {
                    let ComponentItem::ComponentFunc(ty) = item.ty else {
                        continue;
                    };
                    let index = component.get_export_index(Some(&parent), function);
                    functions.extend(index.map(|index| Found {
                        name: format!("{name}.{function}"),
                        index,
                        ty,
                    }));
                }
            }
            _ => {}
        }
    }
    functions
}

/// Whether a type's values can be written down.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
            false
        }
        Type::List(list) => is_plain(&list.ty()),
        Type::Option(option) => is_plain(&option.ty()),
        Type::Tuple(tuple) => tuple.types().all(|ty| is_plain(&ty)),
        Type::Record(record) => record.fields().all(|field| is_plain(&field.ty)),
        Type::Variant(variant) => variant
            .cases()
            .all(|case| case.ty.is_none_or(|ty| is_plain(&ty))),
        Type::Result(result) => {
            result.ok().is_none_or(|ty| is_plain(&ty))
                && result.err().is_none_or(|ty| is_plain(&ty))
        }
        _ => true,
    }
}

fn signature(found: &Found) -> String {
    let parameters: Vec<String> = found
        .ty
        .params()
        .map(|(name, ty)| format!("{name}: {}", type_name(&ty)))
        .collect();
    format!("{}({})", found.name, parameters.join(", "))
}

/// A type as WIT writes it, its own name left out where it is a named one.
fn type_name(ty: &Type) -> String {
    use wasmtime::component::wasm_wave::wasm::DisplayType;
    DisplayType(ty).to_string()
}
