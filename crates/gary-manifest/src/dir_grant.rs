//! A directory that a guest may use.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{
    ParseError,
    text_value::{TextValue, text_value},
};

/// A directory of the host that a guest may use, written `HOST[::GUEST][:ro]`.
///
/// Without `::GUEST` the guest sees it under the host's path exactly as given, as `wasmtime --dir`
/// does. `:ro` lets it read only.
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

    /// The path under which the guest finds it.
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
        let (host, guest) = paths.split_once("::").unwrap_or((paths, paths));
        if host.is_empty() {
            return Err(refuse("its path on the host is empty"));
        }
        if guest.is_empty() {
            return Err(refuse("its path for the guest is empty"));
        }
        Ok(Self {
            host: host.into(),
            guest: guest.to_owned(),
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
        if self.host != Path::new(&self.guest) {
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
            ("a:b::c:d", "a:b", "c:d", false),
            ("a::b::c", "a", "b::c", false),
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
