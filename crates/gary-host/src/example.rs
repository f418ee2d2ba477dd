//! Calls that show how a function's arguments are written.

use wasmtime::component::types::{ComponentFunc, Type};

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
        Type::Enum(cases) => text.push_str(cases.names().next()?),
        Type::Flags(flags) => {
            text.push('{');
            text.push_str(flags.names().next().unwrap_or_default());
            text.push('}');
        }
        Type::Variant(variant) => {
            let case = variant.cases().next()?;
            text.push_str(case.name);
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

fn values(text: &mut String, [open, close]: [&str; 2], types: &[Type]) -> Option<()> {
    text.push_str(open);
    for (index, ty) in types.iter().enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        value(text, ty)?;
    }
    text.push_str(close);
    (text.len() <= EXAMPLE_BYTES_MAX).then_some(())
}
