//! docs/benchmarks.md: what is measured goes between two markers, what people write stays.

use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- begin: cargo xtask bench host -->";
const END: &str = "<!-- end: cargo xtask bench host -->";

const NEW_PAGE: &str = "# Benchmarks\n\nNumbers are from one run on one machine and mean something \
                        only beside each other.\n";

/// Puts `text` into the section of the page at `path`; makes the page or the section when missing.
///
/// # Errors
/// When the page cannot be read or written.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let old = if path.exists() {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
    } else {
        NEW_PAGE.to_owned()
    };
    std::fs::write(path, replaced(&old, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(page: &str, text: &str) -> String {
    let section = format!("{BEGIN}\n\n{}\n\n{END}", text.trim());
    let found = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match found {
        Some((before, after)) => format!("{before}{section}{after}"),
        None => format!("{}\n\n## host\n\n{section}\n", page.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_its_own_section_and_keeps_the_rest() {
        let first = replaced("# Benchmarks\n\nAbout.\n", "one\n");
        assert_eq!(
            first,
            format!("# Benchmarks\n\nAbout.\n\n## host\n\n{BEGIN}\n\none\n\n{END}\n")
        );
        let edited = format!("{first}\n### What was tried\n\nMuch.\n\n## sim\n\nfast\n");
        let second = replaced(&edited, "two\n");
        assert_eq!(second, edited.replace("\n\none\n\n", "\n\ntwo\n\n"));
    }
}
