//! Fields that a record's type does not have. WAVE's reader passes over them, so a misspelt name of an
//! optional field would be lost without a word.

use wasmtime::component::Val;
use wasmtime::component::wasm_wave::ast::Node;

/// The first field within `node` that is missing from the value that was read from it.
pub(crate) fn surplus_field<'a>(
    node: &'a Node,
    value: &Val,
    source: &'a str,
) -> Option<(&'a str, &'a Node)> {
    let all = |nodes: &mut dyn Iterator<Item = &'a Node>, values: &[Val]| {
        nodes
            .zip(values)
            .find_map(|(node, value)| surplus_field(node, value, source))
    };
    match value {
        Val::Record(fields) => node.as_record(source).ok()?.find_map(|(name, node)| {
            match fields.iter().find(|(known, _)| known == name) {
                Some((_, value)) => surplus_field(node, value, source),
                None => Some((name, node)),
            }
        }),
        Val::List(values) => all(&mut node.as_list().ok()?, values),
        Val::Tuple(values) => all(&mut node.as_tuple().ok()?, values),
        Val::Option(Some(value)) => {
            // `some` may be left out, as may `ok`.
            let inner = node.as_option().ok().flatten().unwrap_or(node);
            surplus_field(inner, value, source)
        }
        Val::Result(Ok(Some(value)) | Err(Some(value))) => {
            let inner = match node.as_result() {
                Ok(Ok(inner) | Err(inner)) => inner?,
                Err(_) => node,
            };
            surplus_field(inner, value, source)
        }
        Val::Variant(_, Some(value)) => {
            let (_, payload) = node.as_variant(source).ok()?;
            surplus_field(payload?, value, source)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;

    use super::*;

    #[test]
    fn is_found_however_deep() {
        let known = || Val::Record(vec![("a".into(), Val::U8(1))]);
        let some = |value| Some(Box::new(value));
        for (text, value) in [
            ("{a: 1, z: 2}", known()),
            ("[{a: 1}, {a: 1, z: 2}]", Val::List(vec![known(), known()])),
            ("(1, {a: 1, z: 2})", Val::Tuple(vec![Val::U8(1), known()])),
            ("some({a: 1, z: 2})", Val::Option(some(known()))),
            ("{a: 1, z: 2}", Val::Option(some(known()))),
            ("ok({a: 1, z: 2})", Val::Result(Ok(some(known())))),
            ("{a: 1, z: 2}", Val::Result(Ok(some(known())))),
            ("err({a: 1, z: 2})", Val::Result(Err(some(known())))),
            ("v({a: 1, z: 2})", Val::Variant("v".into(), some(known()))),
            (
                "{b: {a: 1, z: 2}}",
                Val::Record(vec![("b".into(), known())]),
            ),
        ] {
            assert_eq!(surplus(text, &value), Some("z".to_owned()), "{text}");
            let without = text.replace(", z: 2", "");
            assert_eq!(surplus(&without, &value), None, "{without}");
        }
    }

    fn surplus(text: &str, value: &Val) -> Option<String> {
        let source = format!("f({text})");
        let call = UntypedFuncCall::parse(&source).expect("it is WAVE");
        let mut arguments = call.params_node().and_then(|node| node.as_tuple().ok())?;
        let found = surplus_field(arguments.next()?, value, &source);
        found.map(|(name, _)| name.to_owned())
    }
}
