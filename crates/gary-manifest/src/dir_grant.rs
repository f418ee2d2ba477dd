//! A directory that a guest may use.

use std::{
    fmt,
    path::{Component, Path, PathBuf},
    str::FromStr,
};

use crate::{
    ParseError, guest_path,
    text_value::{TextValue, text_value},
};

/// A directory of the host that a guest may use, written `HOST[::GUEST][:ro]`.
///
/// Without `::GUEST` the guest sees it under the host's path as given, as `wasmtime --dir` does; in
/// either case without the parts that name no place of their own, such as `.`, and with `..` taken
/// together with what it leaves. `:ro` lets the guest read only. A GUEST that ends in something else
/// behind `:` or `,` is refused, since it is a slip that would let the guest write.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DirGrant {
    host: PathBuf,
    guest: String,
    read_only: bool,
}

impl DirGrant {
    /// The directory on the host; relative to the working directory, or to gary.toml's directory
    /// until [`Manifest::relative_to`](crate::Manifest::relative_to) has been called.
    pub fn host(&self) -> &Path {
        &self.host
    }

    /// The path under which the guest finds it; one place has one path.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// Whether the guest may only read.
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    /// What was meant where the directory on the host does not exist and is written as other tools
    /// want it: `data::/data` for `data:/data`.
    pub fn meant(&self) -> Option<String> {
        let meant = two_colons(self.host.to_str()?)?;
        Some(format!(
            "{meant}{}",
            if self.read_only { ":ro" } else { "" }
        ))
    }

    /// Whether both grant the same directory, as far as their text tells, in the same way.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let parts = |grant: &Self| -> PathBuf {
            let parts = grant.host.components();
            parts.filter(|part| *part != Component::CurDir).collect()
        };
        parts(self) == parts(other)
            && self.guest == other.guest
            && self.read_only == other.read_only
    }

    /// The same grant with its host path taken from `dir`; the guest's path stays.
    pub(crate) fn relative_to(mut self, dir: &Path) -> Self {
        self.host = dir.join(self.host);
        self
    }
}

impl TextValue for DirGrant {
    const WHAT: &'static str = "a directory to grant";
    const EXAMPLES: &'static [&'static str] = &["./public::/public:ro", "data::/data", "."];
}

text_value!(DirGrant);

impl FromStr for DirGrant {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |why: &'static str| {
            let hint = "write HOST, HOST::GUEST or HOST::GUEST:ro, such as ./public::/public:ro";
            ParseError::new(Self::WHAT, text, why, hint)
        };
        if text.contains('\0') {
            return Err(refuse("it has a NUL character"));
        }
        if let Some(paths) = text.strip_suffix(":rw") {
            let meant = two_colons(paths).unwrap_or_else(|| paths.to_owned());
            let why = "`:rw` is what a grant is without `:ro`";
            return Err(ParseError::new(
                Self::WHAT,
                text,
                why,
                format!("write {meant}"),
            ));
        }
        let (paths, read_only) = match text.strip_suffix(":ro") {
            Some(paths) => (paths, true),
            None => (text, false),
        };
        let split = paths.split_once("::");
        let (host, guest) = split.unwrap_or((paths, paths));
        if host.is_empty() {
            return Err(refuse("its path on the host is empty"));
        }
        if guest.is_empty() {
            return Err(refuse("its path for the guest is empty"));
        }
        // A directory of the host may have such a name, and it is looked for under all of it.
        if let Some(at) = split.and_then(|_| guest_path::option_at(guest)) {
            return Err(ParseError::new(
                Self::WHAT,
                text,
                format!(
                    "`{}` is no option",
                    &paths[paths.len() - guest.len() + at..]
                ),
                match &guest[..at] {
                    "" => format!("write {host}::GUEST:ro to let the guest read only"),
                    guest => format!("write {host}::{guest}:ro to let the guest read only"),
                },
            ));
        }
        Ok(Self {
            host: host.into(),
            guest: guest_path::plain(guest),
            read_only,
        })
    }
}

/// `HOST:/GUEST` with the second colon that it lacks here; a single one may be part of a path.
fn two_colons(paths: &str) -> Option<String> {
    let (host, guest) = paths.split_once(":/")?;
    let is_two = host.is_empty() || host.ends_with(':') || paths.contains("::");
    (!is_two).then(|| format!("{host}::/{guest}"))
}

impl fmt::Display for DirGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host.display())?;
        let same = self.host.to_str().map(guest_path::plain);
        if same.as_ref() != Some(&self.guest) {
            write!(f, "::{}", self.guest)?;
        }
        f.write_str(if self.read_only { ":ro" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for (text, host, guest, read_only) in [
            ("data", "data", "data", false),
            (".", ".", ".", false),
            ("./public::/public:ro", "./public", "/public", true),
            ("/srv/www:ro", "/srv/www", "/srv/www", true),
            ("a:b::c", "a:b", "c", false),
            ("a,b", "a,b", "a,b", false),
            ("a::/b:c/d", "a", "/b:c/d", false),
            ("./public", "./public", "public", false),
            ("data/", "data/", "data", false),
            ("../data:ro", "../data", "../data", true),
        ] {
            let grant: DirGrant = text.parse().expect(text);
            assert_eq!(grant.host(), Path::new(host));
            assert_eq!((grant.guest(), grant.read_only()), (guest, read_only));
            assert_eq!(grant.to_string(), text);
        }
    }

    #[test]
    fn refuses_with_the_reason() {
        for (text, why) in [
            ("", "its path on the host is empty"),
            (":ro", "its path on the host is empty"),
            ("::/x", "its path on the host is empty"),
            ("x::", "its path for the guest is empty"),
            ("x:rw", "`:rw` is what a grant is without `:ro`"),
            ("x::/y:RO", "`:RO` is no option"),
            ("x::/y:r", "`:r` is no option"),
            ("x::/y,ro", "`,ro` is no option"),
            ("x::/y::ro", "`:` is no option"),
            ("x::/y:ro,z", "`:ro,z` is no option"),
            ("x::/y:ro:ro", "`:ro` is no option"),
            ("x\0", "it has a NUL character"),
        ] {
            assert_eq!(
                text.parse::<DirGrant>().expect_err(text).why(),
                why,
                "{text}"
            );
        }
    }

    #[test]
    fn what_other_tools_want_is_understood() {
        for (text, hint) in [
            ("x:rw", "write x"),
            ("x::/y:rw", "write x::/y"),
            ("./x:/y:rw", "write ./x::/y"),
        ] {
            assert_eq!(text.parse::<DirGrant>().expect_err(text).hint(), hint);
        }
        for (text, meant) in [
            ("x:/y", Some("x::/y")),
            ("/x:/y:ro", Some("/x::/y:ro")),
            ("x", None),
            ("x::/y", None),
            ("x:y", None),
        ] {
            let grant: DirGrant = text.parse().expect(text);
            assert_eq!(grant.meant().as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn an_option_that_is_none_leads_to_the_one_there_is() {
        for (text, hint) in [
            ("x::/y:RO", "write x::/y:ro to let the guest read only"),
            ("x::/y::ro", "write x::/y:ro to let the guest read only"),
            ("x:::RO", "write x::GUEST:ro to let the guest read only"),
        ] {
            assert_eq!(text.parse::<DirGrant>().expect_err(text).hint(), hint);
        }
    }

    #[test]
    fn only_the_host_path_moves() {
        let grant: DirGrant = "public:ro".parse().expect("legal");
        let moved = grant.relative_to(Path::new("/app"));
        assert_eq!(moved.to_string(), "/app/public::public:ro");
        let absolute: DirGrant = "/srv::/x".parse().expect("legal");
        assert_eq!(
            absolute.relative_to(Path::new("/app")).host(),
            Path::new("/srv")
        );
    }
}
