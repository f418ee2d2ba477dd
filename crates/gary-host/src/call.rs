//! Calls one exported function with arguments in WAVE, the text form of WIT values.

use wasmtime::component::wasm_wave::wasm::DisplayFuncResults;
use wasmtime::component::{ComponentExportIndex, Val};

use crate::call_error::CallError;
use crate::callable::{Found, Functions};
use crate::engine::Calls;
use crate::failure::Failure;
use crate::memory::Reservation;
use crate::program::Program;
use crate::replica::Replica;
use crate::wave;

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

impl Call {
    /// Reads `func(args)` or `ns:pkg/iface.func(args)` against what `program` exports.
    ///
    /// # Errors
    /// When there is no such function or the arguments do not fit it.
    pub fn parse(program: &Program, text: &str) -> Result<Self, CallError> {
        let functions = Functions::of(program);
        let opening = text.find('(').unwrap_or(text.len());
        let found = find(&functions, text[..opening].trim())?;
        let of = || Box::new(functions.callable(found));
        if !found.is_plain() {
            return Err(CallError::NotPlain(of()));
        }
        let arguments = wave::read(&found.ty, &functions.names, text, opening);
        Ok(Self {
            function: found.index,
            arguments: arguments.map_err(|mistake| match mistake {
                wave::Wrong::Syntax(mistake) => CallError::Syntax { mistake, of: of() },
                wave::Wrong::Arguments(mistake) => CallError::Arguments { mistake, of: of() },
            })?,
            results: found.ty.results().len(),
        })
    }
}

/// The function of that name.
fn find<'a>(functions: &'a Functions, name: &str) -> Result<&'a Found, CallError> {
    match functions.named(name).as_slice() {
        [found] => Ok(*found),
        [] => Err(CallError::NoFunction {
            name: name.to_owned(),
            exported: functions.callables(),
        }),
        several => Err(CallError::Ambiguous {
            name: name.to_owned(),
            among: several.iter().map(|any| functions.callable(any)).collect(),
        }),
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
            match self.shared.engine.calls() {
                Calls::Plain => {
                    function
                        .call_async(&mut store, &call.arguments, &mut results)
                        .await
                }
                Calls::Concurrent => {
                    store
                        .run_concurrent(async |store| {
                            function
                                .call_concurrent(store, &call.arguments, &mut results)
                                .await
                        })
                        .await?
                }
            }
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
