//! Functions and their types as WIT writes them.
//!
//! A component has the shape of its types and, apart from them, the names under which interfaces
//! export them, so a name is found again by its shape. Where two names have one shape nobody can
//! tell which was meant, and the shape itself is written.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{Component, ResourceType};

/// Bytes of one type or signature; a longer one is cut. Types can nest so that writing them out
/// would take for ever.
const SIGNATURE_BYTES_MAX: usize = 4096;

/// Types of one component that are called by their names.
const NAMES_MAX: usize = 4096;

/// The names that a component's types go by.
pub(crate) struct Names {
    /// A type's name by its shape; `None` where several names have it.
    by_shape: BTreeMap<String, Option<Name>>,
    resources: Vec<(ResourceType, String)>,
}

struct Name {
    name: String,
    /// Whether an interface that the component imports has it too.
    is_foreign: bool,
}

/// What a named type consists of.
pub(crate) struct Definition {
    /// As in WIT: `record point { x: f64, y: f64 }`.
    pub(crate) text: String,
    /// Whether it is from an interface that the component imports.
    pub(crate) is_foreign: bool,
}

impl Names {
    pub(crate) fn of(engine: &Engine, component: &Component) -> Self {
        let mut names = Self {
            by_shape: BTreeMap::new(),
            resources: Vec::new(),
        };
        let ty = component.component_type();
        let imports = ty.imports(engine).map(|(name, item)| (name, item.ty, true));
        let exports = ty
            .exports(engine)
            .map(|(name, item)| (name, item.ty, false));
        for (name, item, is_foreign) in imports.chain(exports) {
            match item {
                ComponentItem::ComponentInstance(instance) => {
                    for (name, item) in instance.exports(engine) {
                        names.add(name, &item.ty, is_foreign);
                    }
                }
                item => names.add(name, &item, is_foreign),
            }
        }
        names
    }

    fn add(&mut self, name: &str, item: &ComponentItem, is_foreign: bool) {
        match item {
            ComponentItem::Resource(resource) if self.resources.len() < NAMES_MAX => {
                self.resources.push((*resource, name.to_owned()));
            }
            ComponentItem::Type(ty) if is_named(ty) && self.by_shape.len() < NAMES_MAX => {
                let Some(shape) = self.shape(ty) else {
                    return;
                };
                let known = self.by_shape.entry(shape).or_insert_with(|| {
                    Some(Name {
                        name: name.to_owned(),
                        is_foreign,
                    })
                });
                if known.as_ref().is_some_and(|known| known.name != name) {
                    *known = None;
                }
            }
            _ => {}
        }
    }

    /// `func(a: s32, b: s32) -> s32`.
    pub(crate) fn signature(&self, function: &ComponentFunc) -> String {
        let mut spelling = Spelling::with_names(self);
        let whole = spelling.function(function);
        spelling.or_cut(whole)
    }

    /// What a type consists of; `None` for one without a name of its own.
    pub(crate) fn definition(&self, ty: &Type) -> Option<Definition> {
        let known = self.named(ty)?;
        let mut spelling = Spelling::with_names(self);
        let whole = spelling.structure(ty, Some(&known.name));
        Some(Definition {
            text: spelling.or_cut(whole),
            is_foreign: known.is_foreign,
        })
    }

    /// A type, by its name where it has one.
    pub(crate) fn name(&self, ty: &Type) -> String {
        let mut spelling = Spelling::with_names(self);
        let whole = spelling.ty(ty);
        spelling.or_cut(whole)
    }

    fn named(&self, ty: &Type) -> Option<&Name> {
        if !is_named(ty) {
            return None;
        }
        self.by_shape.get(&self.shape(ty)?)?.as_ref()
    }

    /// A type without the names of types; `None` where that is too long.
    fn shape(&self, ty: &Type) -> Option<String> {
        let mut spelling = Spelling {
            names: self,
            in_full: true,
            text: String::new(),
        };
        spelling.ty(ty).ok()?;
        Some(spelling.text)
    }

    fn resource(&self, resource: ResourceType) -> &str {
        let known = self.resources.iter().find(|(known, _)| *known == resource);
        known.map_or("resource", |(_, name)| name)
    }
}

/// Text that refuses to grow past [`SIGNATURE_BYTES_MAX`].
struct Spelling<'a> {
    names: &'a Names,
    /// Whether types are written in full although they have a name.
    in_full: bool,
    text: String,
}

impl<'a> Spelling<'a> {
    fn with_names(names: &'a Names) -> Self {
        Self {
            names,
            in_full: false,
            text: String::new(),
        }
    }

    /// The text, which says so where it is not whole.
    fn or_cut(mut self, whole: fmt::Result) -> String {
        if whole.is_err() {
            self.text.push_str("...");
        }
        self.text
    }

    fn function(&mut self, function: &ComponentFunc) -> fmt::Result {
        self.write_str(if function.async_() {
            "async func("
        } else {
            "func("
        })?;
        for (index, (name, ty)) in function.params().enumerate() {
            write!(self, "{}{name}: ", comma(index))?;
            self.ty(&ty)?;
        }
        self.write_char(')')?;
        for ty in function.results() {
            self.write_str(" -> ")?;
            self.ty(&ty)?;
        }
        Ok(())
    }

    fn ty(&mut self, ty: &Type) -> fmt::Result {
        let names = self.names;
        let named = if self.in_full { None } else { names.named(ty) };
        match named {
            Some(known) => self.write_str(&known.name),
            None => self.structure(ty, None),
        }
    }

    /// A type's own structure, its parts by their names.
    fn structure(&mut self, ty: &Type, name: Option<&str>) -> fmt::Result {
        match ty {
            Type::Record(record) => {
                self.open("record", name)?;
                for (index, field) in record.fields().enumerate() {
                    write!(self, "{}{}: ", comma(index), field.name)?;
                    self.ty(&field.ty)?;
                }
                self.write_str(" }")
            }
            Type::Variant(variant) => {
                self.open("variant", name)?;
                for (index, case) in variant.cases().enumerate() {
                    write!(self, "{}{}", comma(index), case.name)?;
                    if let Some(ty) = &case.ty {
                        self.write_char('(')?;
                        self.ty(ty)?;
                        self.write_char(')')?;
                    }
                }
                self.write_str(" }")
            }
            Type::Enum(cases) => {
                self.open("enum", name)?;
                self.list(cases.names())
            }
            Type::Flags(flags) => {
                self.open("flags", name)?;
                self.list(flags.names())
            }
            Type::List(list) => self.of("list", &[list.ty()]),
            Type::FixedLengthList(list) => {
                self.write_str("list<")?;
                self.ty(&list.ty())?;
                write!(self, ", {}>", list.len())
            }
            Type::Map(map) => self.of("map", &[map.key(), map.value()]),
            Type::Option(option) => self.of("option", &[option.ty()]),
            Type::Future(future) => self.of("future", future.ty().as_slice()),
            Type::Stream(stream) => self.of("stream", stream.ty().as_slice()),
            Type::Tuple(tuple) => self.of("tuple", &tuple.types().collect::<Vec<_>>()),
            Type::Result(result) => match (result.ok(), result.err()) {
                (Some(ok), Some(err)) => self.of("result", &[ok, err]),
                (ok, None) => self.of("result", ok.as_slice()),
                (None, Some(err)) => {
                    self.write_str("result<_, ")?;
                    self.ty(&err)?;
                    self.write_char('>')
                }
            },
            Type::Own(resource) => self.write_str(self.names.resource(*resource)),
            Type::Borrow(resource) => {
                let names = self.names;
                write!(self, "borrow<{}>", names.resource(*resource))
            }
            Type::Bool => self.write_str("bool"),
            Type::S8 => self.write_str("s8"),
            Type::U8 => self.write_str("u8"),
            Type::S16 => self.write_str("s16"),
            Type::U16 => self.write_str("u16"),
            Type::S32 => self.write_str("s32"),
            Type::U32 => self.write_str("u32"),
            Type::S64 => self.write_str("s64"),
            Type::U64 => self.write_str("u64"),
            Type::Float32 => self.write_str("f32"),
            Type::Float64 => self.write_str("f64"),
            Type::Char => self.write_str("char"),
            Type::String => self.write_str("string"),
            Type::ErrorContext => self.write_str("error-context"),
        }
    }

    /// `record {` or `record point {`.
    fn open(&mut self, kind: &str, name: Option<&str>) -> fmt::Result {
        match name {
            Some(name) => write!(self, "{kind} {name} {{ "),
            None => write!(self, "{kind} {{ "),
        }
    }

    /// Names, and the brace behind them.
    fn list<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> fmt::Result {
        for (index, name) in names.enumerate() {
            write!(self, "{}{name}", comma(index))?;
        }
        self.write_str(" }")
    }

    /// `list<u8>` and the like, or only the kind where there is nothing to put in brackets.
    fn of(&mut self, kind: &str, parts: &[Type]) -> fmt::Result {
        self.write_str(kind)?;
        for (index, ty) in parts.iter().enumerate() {
            self.write_str(if index > 0 { ", " } else { "<" })?;
            self.ty(ty)?;
        }
        self.write_str(if parts.is_empty() { "" } else { ">" })
    }
}

impl Write for Spelling<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > SIGNATURE_BYTES_MAX {
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        Ok(())
    }
}

/// Whether WIT has a name for every type of this kind.
fn is_named(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_)
    )
}

fn comma(index: usize) -> &'static str {
    if index > 0 { ", " } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signatures of the functions that a component with this interface imports.
    fn signatures(interface: &str) -> Vec<String> {
        let text = format!(r#"(component (import "a:b/c" (instance {interface})))"#);
        let bytes = wat::parse_str(&text).expect("it is well formed");
        let mut config = wasmtime::Config::new();
        config.wasm_component_model_async(true);
        let engine = wasmtime::Engine::new(&config).expect("this machine runs wasm");
        let component = Component::from_binary(&engine, &bytes).expect("it is valid");
        let names = Names::of(&engine, &component);
        let ty = component.component_type();
        let mut signatures = Vec::new();
        for (_, item) in ty.imports(&engine) {
            let ComponentItem::ComponentInstance(instance) = item.ty else {
                panic!("it imports an instance");
            };
            for (_, item) in instance.exports(&engine) {
                if let ComponentItem::ComponentFunc(function) = item.ty {
                    signatures.push(names.signature(&function));
                }
            }
        }
        signatures
    }

    #[test]
    fn types_are_written_as_in_wit() {
        let interface = r#"
            (export "thing" (type $thing (sub resource)))
            (type $b (borrow $thing))
            (type $o (own $thing))
            (type $l (list u8))
            (type $t (tuple s8 bool))
            (type $r (result $l (error string)))
            (type $e (result (error u16)))
            (type $n (result))
            (type $c' (enum "red" "green"))
            (export "color" (type $c (eq $c')))
            (type $s (stream u8))
            (type $f (future))
            (export "f" (func
                (param "a" $b) (param "b" $o) (param "c" $t) (param "d" $c) (result $r)))
            (export "g" (func
                (param "a" $e) (param "b" $n) (param "c" $s) (param "d" $f) (param "e" char)))
        "#;
        assert_eq!(
            signatures(interface),
            [
                "func(a: borrow<thing>, b: thing, c: tuple<s8, bool>, d: color) -> \
                 result<list<u8>, string>",
                "func(a: result<_, u16>, b: result, c: stream<u8>, d: future, e: char)",
            ]
        );
    }

    #[test]
    fn a_shape_with_two_names_is_written_out() {
        let interface = r#"
            (type $p (record (field "x" f32)))
            (export "point" (type $point (eq $p)))
            (export "pixel" (type $pixel (eq $p)))
            (export "f" (func (param "p" $point)))
        "#;
        assert_eq!(signatures(interface), ["func(p: record { x: f32 })"]);
    }

    #[test]
    fn a_type_that_would_never_end_is_cut() {
        let nested: String = (1..16)
            .map(|n| format!("(type $t{n} (tuple $t{0} $t{0}))", n - 1))
            .collect();
        let interface =
            format!(r#"(type $t0 (tuple u8 u8)) {nested} (export "f" (func (param "p" $t15)))"#);
        let signature = signatures(&interface).remove(0);
        assert!(signature.ends_with("..."), "{signature}");
        assert!(signature.len() <= SIGNATURE_BYTES_MAX + 3);
    }
}
