//! The name that a guest has for a directory.

/// The path without empty and `.` parts, and with `..` taken together with what it leaves, so that
/// one place has one name. No link is followed: a guest's path is a name and leads nowhere yet.
pub(crate) fn plain(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            // Nothing is above the root.
            ("..", None) if is_absolute => {}
            _ => parts.push(part),
        }
    }
    let plain = parts.join("/");
    match (is_absolute, plain.is_empty()) {
        (true, _) => format!("/{plain}"),
        (false, true) => ".".into(),
        (false, false) => plain,
    }
}

/// Where something behind `:` or `,` begins that looks like an option: other tools have more of
/// them, and one that is taken for a part of the path grants more than was meant.
pub(crate) fn option_at(path: &str) -> Option<usize> {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let sign = path[last..].find([':', ','])?;
    Some(last + sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_name() {
        for (path, name) in [
            ("/x/", "/x"),
            ("data/", "data"),
            ("data//sub", "data/sub"),
            ("./data/.", "data"),
            ("data/../data", "data"),
            ("/a/../../x", "/x"),
            ("../data", "../data"),
            ("a/../../../b", "../../b"),
            ("//", "/"),
            ("./", "."),
            ("a/..", "."),
            (".hidden..", ".hidden.."),
        ] {
            assert_eq!(plain(path), name, "{path}");
            assert_eq!(plain(name), name, "{name}");
        }
    }
}
