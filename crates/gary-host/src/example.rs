//! Calls that show how a function's arguments are written.

use wasmtime::component::types::{ComponentFunc, Type};
use wasmtime::component::wasm_wave::lex::Keyword;

/// Bytes of an example; a longer one shows nothing any more.
const EXAMPLE_BYTES_MAX: usize = 200;

/// A call of the function by `name`, with a value of each type; `None` where that is too long.
pub(crate) fn call(name: &str, function: &ComponentFunc) -> Option<String> {
    let types: Vec<Type> = function.params().map(|(_, ty)| ty).collect();
    let mut text = name.to_owned();
    values(&mut text, ["(", ")"], &types)?;
    Some(text)
}

/// Appends a value of this type in WAVE.
fn value(text: &mut String, ty: &Type) -> Option<()> {
    match ty {
        Type::Bool => text.push_str("true"),
        Type::Float32 | Type::Float64 => text.push_str("1.5"),
        Type::Char => text.push_str("'a'"),
        Type::String => text.push_str("\"text\""),
        Type::List(list) => values(text, ["[", "]"], &[list.ty()])?,
        Type::Tuple(tuple) => values(text, ["(", ")"], &tuple.types().collect::<Vec<_>>())?,
        Type::Option(option) => values(text, ["some(", ")"], &[option.ty()])?,
        Type::Result(result) => match result.ok() {
            Some(ok) => values(text, ["ok(", ")"], &[ok])?,
            None => text.push_str("ok"),
        },
        Type::Enum(cases) => name_of_case(text, cases.names().next()?),
        Type::Flags(flags) => {
            text.push('{');
            text.push_str(flags.names().next().unwrap_or_default());
            text.push('}');
        }
        Type::Variant(variant) => {
            let case = variant.cases().next()?;
            name_of_case(text, case.name);
            if let Some(ty) = case.ty {
                values(text, ["(", ")"], &[ty])?;
            }
        }
        Type::Record(record) => {
            for (index, field) in record.fields().enumerate() {
                text.push_str(if index > 0 { ", " } else { "{" });
                text.push_str(field.name);
                text.push_str(": ");
                value(text, &field.ty)?;
            }
            text.push('}');
        }
        Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64 => text.push('1'),
        _ => return None,
    }
    (text.len() <= EXAMPLE_BYTES_MAX).then_some(())
}

/// Appends the name of a case, marked as one where it would be read as a value of WAVE's own.
fn name_of_case(text: &mut String, name: &str) {
    if Keyword::decode(name).is_some() {
        text.push('%');
    }
    text.push_str(name);
}

fn values(text: &mut String, [open, close]: [&str; 2], types: &[Type]) -> Option<()> {
    text.push_str(open);
    for (index, ty) in types.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        value(text, ty)?;
    }
    text.push_str(close);
    (text.len() <= EXAMPLE_BYTES_MAX).then_some(())
}

#[cfg(test)]
mod tests {
    use wasmtime::component::Component;
    use wasmtime::component::types::ComponentItem;
    use wasmtime::{Config, Engine};

    use super::*;
    use crate::signature::Names;
    use crate::wave;

    /// The example for a function that takes one value of this type, which is shown to be a call of
    /// it.
    fn example(of: &str) -> String {
        let text = format!(
            r#"(component (import "a:b/c" (instance
                (type $t {of})
                (export "taken" (type $taken (eq $t)))
                (export "f" (func (param "it" $taken))))))"#
        );
        let bytes = wat::parse_str(&text).expect("it is well formed");
        let engine = Engine::new(&Config::new()).expect("this machine runs wasm");
        let component = Component::from_binary(&engine, &bytes).expect("it is valid");
        let ty = component.component_type();
        let (_, import) = ty.imports(&engine).next().expect("it has one");
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            panic!("it imports an instance");
        };
        let function = instance.get_export(&engine, "f").map(|item| item.ty);
        let Some(ComponentItem::ComponentFunc(function)) = function else {
            panic!("the instance has a function");
        };
        let example = call("f", &function).expect("it is short");
        let names = Names::of(&engine, &component);
        assert!(
            wave::read(&function, &names, &example, 1).is_ok(),
            "{example}"
        );
        example
    }

    #[test]
    fn a_case_that_is_named_like_a_keyword_is_marked() {
        for word in ["true", "false", "some", "none", "ok", "err", "inf", "nan"] {
            let as_enum = format!(r#"(enum "{word}" "b")"#);
            assert_eq!(example(&as_enum), format!("f(%{word})"));
            let bare = format!(r#"(variant (case "{word}") (case "b" u8))"#);
            assert_eq!(example(&bare), format!("f(%{word})"));
            let laden = format!(r#"(variant (case "{word}" u8) (case "b"))"#);
            assert_eq!(example(&laden), format!("f(%{word}(1))"));
            // These names stand where no value can.
            let flags = format!(r#"(flags "{word}" "b")"#);
            assert_eq!(example(&flags), format!("f({{{word}}})"));
            let record = format!(r#"(record (field "{word}" u8))"#);
            assert_eq!(example(&record), format!("f({{{word}: 1}})"));
        }
    }

    #[test]
    fn a_case_of_another_name_is_not() {
        assert_eq!(example(r#"(enum "red" "none")"#), "f(red)");
    }
}
