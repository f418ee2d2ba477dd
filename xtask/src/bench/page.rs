//! docs/benchmarks.md: what is measured goes between two markers, what people write stays.

use std::path::Path;

use anyhow::{Context, Result};

/// A section of the page that one command writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// What follows `cargo xtask bench`.
    pub(crate) command: &'static str,
    /// What stands above it where it is new.
    pub(crate) heading: &'static str,
}

impl Section {
    fn begin(self) -> String {
        format!("<!-- begin: cargo xtask bench {} -->", self.command)
    }

    fn end(self) -> String {
        format!("<!-- end: cargo xtask bench {} -->", self.command)
    }
}

const NEW_PAGE: &str = "# Benchmarks\n\nNumbers are from one run on one machine and mean something \
                        only beside each other.\n";

/// Puts `text` into its section of the page at `path`; makes the page or the section when missing.
///
/// # Errors
/// When the page cannot be read or written.
pub(crate) fn write(path: &Path, section: Section, text: &str) -> Result<()> {
    let old = if path.exists() {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
    } else {
        NEW_PAGE.to_owned()
    };
    std::fs::write(path, replaced(&old, section, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(page: &str, section: Section, text: &str) -> String {
    let (begin, end) = (section.begin(), section.end());
    let written = format!("{begin}\n\n{}\n\n{end}", text.trim());
    let found = page
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    match found {
        Some((before, after)) => format!("{before}{written}{after}"),
        None => format!(
            "{}\n\n## {}\n\n{written}\n",
            page.trim_end(),
            section.heading
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Section = Section {
        command: "host",
        heading: "host",
    };

    #[test]
    fn replaces_its_own_section_and_keeps_the_rest() {
        let first = replaced("# Benchmarks\n\nAbout.\n", HOST, "one\n");
        assert_eq!(
            first,
            format!(
                "# Benchmarks\n\nAbout.\n\n## host\n\n{}\n\none\n\n{}\n",
                HOST.begin(),
                HOST.end()
            )
        );
        let edited = format!("{first}\n### What was tried\n\nMuch.\n\n## sim\n\nfast\n");
        let second = replaced(&edited, HOST, "two\n");
        assert_eq!(second, edited.replace("\n\none\n\n", "\n\ntwo\n\n"));
    }
}
