//! The functions of a component that can be called one by one.

use std::collections::BTreeSet;

use wasmtime::component::ComponentExportIndex;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

use crate::example;
use crate::program::Program;
use crate::signature::Names;

/// Parts of a function's types that are looked through for names to explain.
const PARTS_MAX: usize = 1000;

/// An exported function as somebody who calls it needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callable {
    /// Its full name: `ns:pkg/iface.func`, or `func` at the component's top level.
    pub name: String,
    /// As in WIT: `func(a: s32, b: s32) -> s32`.
    pub signature: String,
    /// What the types consist of that the signature names: `record point { x: f64, y: f64 }`.
    pub types: Vec<String>,
    /// A call of it with arguments that it would take; `None` where it takes or returns more than
    /// plain values, or too many of them.
    pub example: Option<String>,
}

/// All functions that a component exports, with the names of its types.
pub(crate) struct Functions {
    found: Vec<Found>,
    pub(crate) names: Names,
}

/// One of them.
pub(crate) struct Found {
    name: String,
    pub(crate) index: ComponentExportIndex,
    pub(crate) ty: ComponentFunc,
}

impl Program {
    /// The functions that it exports.
    pub fn callables(&self) -> Vec<Callable> {
        Functions::of(self).callables()
    }
}

impl Functions {
    pub(crate) fn of(program: &Program) -> Self {
        Self {
            found: functions(program),
            names: Names::of(program.engine.wasmtime(), &program.component),
        }
    }

    /// The functions that a name may stand for: the one whose full name it is, else those whose own
    /// name it is.
    pub(crate) fn named(&self, name: &str) -> Vec<&Found> {
        match self.found.iter().find(|found| found.name == name) {
            Some(exact) => vec![exact],
            None => {
                let answering = self.found.iter().filter(|any| any.answers_to(name));
                answering.collect()
            }
        }
    }

    /// All of them, as somebody who calls them needs to know them.
    pub(crate) fn callables(&self) -> Vec<Callable> {
        let found = self.found.iter();
        found.map(|found| self.callable(found)).collect()
    }

    /// What somebody who calls the function needs to know of it.
    pub(crate) fn callable(&self, found: &Found) -> Callable {
        Callable {
            name: found.name.clone(),
            signature: self.names.signature(&found.ty),
            types: self.explained(&found.ty),
            example: example::call(self.short_name(found), &found.ty).filter(|_| found.is_plain()),
        }
    }

    /// The function's own name where no other has it, else its full one.
    fn short_name<'f>(&self, found: &'f Found) -> &'f str {
        let (_, own) = split(&found.name);
        let is_unique = self.found.iter().filter(|any| any.answers_to(own)).count() == 1;
        if is_unique { own } else { &found.name }
    }

    /// The definitions of all types that a signature names, and of those that they name.
    fn explained(&self, function: &ComponentFunc) -> Vec<String> {
        let params = function.params().map(|(_, ty)| ty);
        let mut left: Vec<Type> = params.chain(function.results()).collect();
        left.reverse();
        let (mut seen, mut definitions) = (BTreeSet::new(), Vec::new());
        for _ in 0..PARTS_MAX {
            let Some(ty) = left.pop() else {
                break;
            };
            if let Some(definition) = self.names.definition(&ty) {
                if !seen.insert(definition.text.clone()) {
                    continue;
                }
                definitions.push(definition.text);
            }
            let mut parts = parts(&ty);
            parts.reverse();
            left.append(&mut parts);
        }
        definitions
    }
}

impl Found {
    /// Whether it takes and returns only what can be written down.
    pub(crate) fn is_plain(&self) -> bool {
        self.ty.params().all(|(_, ty)| is_plain(&ty)) && self.ty.results().all(|ty| is_plain(&ty))
    }

    /// Whether `path` is its name, the interface or the interface's version left out.
    fn answers_to(&self, path: &str) -> bool {
        let (interface, function) = split(&self.name);
        let (wanted_interface, wanted) = split(path);
        let unversioned = interface.map(|has| has.split('@').next().unwrap_or(has));
        function == wanted
            && wanted_interface
                .is_none_or(|wanted| interface == Some(wanted) || unversioned == Some(wanted))
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

/// Whether a type's values can be written down in WAVE.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext
        | Type::Map(_)
        | Type::FixedLengthList(_) => false,
        _ => parts(ty).iter().all(is_plain),
    }
}

/// The types that a type is made of.
fn parts(ty: &Type) -> Vec<Type> {
    match ty {
        Type::List(list) => vec![list.ty()],
        Type::Option(option) => vec![option.ty()],
        Type::Tuple(tuple) => tuple.types().collect(),
        Type::Record(record) => record.fields().map(|field| field.ty).collect(),
        Type::Variant(variant) => variant.cases().filter_map(|case| case.ty).collect(),
        Type::Result(result) => result.ok().into_iter().chain(result.err()).collect(),
        _ => Vec::new(),
    }
}
