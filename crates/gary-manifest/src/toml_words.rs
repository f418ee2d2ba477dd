//! serde's words for what is wrong with a value, in the words of TOML.

/// What a value is and what it has to be, for somebody who writes TOML and never heard of sequences,
/// maps and structs. A message that serde words otherwise stays as it is.
pub(crate) fn in_toml(message: &str) -> String {
    let refused = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    if let Some((is, wanted)) = refused.and_then(|refused| refused.split_once(", expected ")) {
        return format!("it is {} and has to be {}", given(is), expected(wanted));
    }
    if let Some(variant) = message.strip_prefix("unknown variant ") {
        return match variant.split_once(", expected ") {
            Some((is, wanted)) => format!("it is {is} and has to be {wanted}"),
            None => message.to_owned(),
        };
    }
    if message == "wanted string or table" {
        return "it has to be text in quotes".to_owned();
    }
    message.replace("missing field", "missing key")
}

/// What to try about it, where that is plain.
pub(crate) fn hint(message: &str) -> Option<String> {
    let text = message
        .strip_prefix("invalid type: string ")?
        .strip_suffix(", expected a sequence")?;
    Some(format!("put it in brackets: [{text}]"))
}

fn given(is: &str) -> String {
    let rest = |kind: &str| is.strip_prefix(kind).map(|rest| rest.trim_matches('`'));
    match is {
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        _ => None
            .or_else(|| rest("integer ").map(|number| format!("the number {number}")))
            .or_else(|| rest("floating point ").map(|number| format!("the number {number}")))
            .or_else(|| rest("boolean ").map(str::to_owned))
            .or_else(|| rest("string ").map(|text| format!("the text {text}")))
            .unwrap_or_else(|| is.to_owned()),
    }
}

fn expected(wanted: &str) -> String {
    match wanted {
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text in quotes".to_owned(),
        "u32" => "a whole number from 0".to_owned(),
        _ if wanted.starts_with("struct ") => "a table".to_owned(),
        _ => wanted.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_another_kind_stays() {
        for message in ["", "invalid type: 3", "unknown variant x", "no"] {
            assert_eq!(in_toml(message), message);
            assert_eq!(hint(message), None);
        }
    }
}
