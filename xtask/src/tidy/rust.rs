//! A Rust file as its tokens, by rustc's own lexer: a pattern in a string or a comment is no code.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

/// A Rust source file.
pub(super) struct Rust<'a> {
    /// The code without blanks and comments.
    code: Vec<Token<'a>>,
    /// Comments of every kind.
    comments: Vec<Token<'a>>,
    /// The lines of the file, counted from 1, that are compiled for tests only.
    test_lines: BTreeSet<usize>,
    lines: usize,
}

struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl<'a> Rust<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut code = Vec::new();
        let mut comments = Vec::new();
        let (mut start, mut line) = (0, 1);
        for token in tokenize(text, FrontmatterAllowed::No) {
            let end = start + token.len as usize;
            let text = &text[start..end];
            match token.kind {
                TokenKind::Whitespace => {}
                TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => {
                    comments.push(Token { text, line });
                }
                _ => code.push(Token { text, line }),
            }
            start = end;
            line += text.matches('\n').count();
        }

        let lines = text.lines().count();
        let test_lines = test_regions(&code, lines).into_iter().flatten().collect();
        Self {
            code,
            comments,
            test_lines,
            lines,
        }
    }

    /// The lines on which this code stands, written with or without blanks between its tokens.
    pub(super) fn lines_with(&self, pattern: &str) -> Vec<usize> {
        occurrences(&self.code, pattern)
            .map(|index| self.code[index].line)
            .collect()
    }

    /// The names of the modules that are declared here, and their lines.
    pub(super) fn modules(&self) -> impl Iterator<Item = (&'a str, usize)> {
        occurrences(&self.code, "mod")
            .filter_map(|index| self.code.get(index + 1))
            .map(|name| (name.text, name.line))
    }

    /// The lines of comments, and their numbers.
    pub(super) fn comment_lines(&self) -> impl Iterator<Item = (&'a str, usize)> {
        self.comments
            .iter()
            .flat_map(|comment| comment.text.lines().zip(comment.line..))
    }

    pub(super) fn is_test(&self, line: usize) -> bool {
        self.test_lines.contains(&line)
    }

    /// How many lines there are, tests apart.
    pub(super) fn lines_without_tests(&self) -> usize {
        self.lines - self.test_lines.len()
    }
}

/// Where the tokens of `pattern` follow each other, as indices of the first.
fn occurrences<'p>(code: &'p [Token<'_>], pattern: &'p str) -> impl Iterator<Item = usize> + 'p {
    let wanted = words(pattern);
    (0..code.len()).filter(move |&index| {
        let rest = &code[index..];
        rest.len() >= wanted.len()
            && rest
                .iter()
                .zip(&wanted)
                .all(|(token, word)| token.text == *word)
    })
}

fn words(pattern: &str) -> Vec<&str> {
    let mut start = 0;
    let mut words = Vec::new();
    for token in tokenize(pattern, FrontmatterAllowed::No) {
        let end = start + token.len as usize;
        words.push(&pattern[start..end]);
        start = end;
    }
    words
}

/// The lines of each item behind `#[cfg(test)]`, the attribute included, or all of the file behind
/// `#![cfg(test)]`.
fn test_regions(code: &[Token<'_>], lines: usize) -> Vec<RangeInclusive<usize>> {
    if occurrences(code, "#![cfg(test)]").next() == Some(0) {
        return vec![1..=lines];
    }
    occurrences(code, "#[cfg(test)]")
        .map(|index| code[index].line..=item_end(&code[index + 7..]).unwrap_or(lines))
        .collect()
}

/// The line on which the item that starts here ends: with a semicolon, or with the brace that closes
/// its first one.
fn item_end(code: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_usize;
    for token in code {
        match token.text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return Some(token.line);
                }
            }
            ";" if depth == 0 => return Some(token.line),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_however_it_is_spaced() {
        let rust = Rust::read("fn a() {\n    b\n        . unwrap ( )\n        .unwrap();\n}\n");
        assert_eq!(rust.lines_with(".unwrap()"), [3, 4]);
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        let rust =
            Rust::read("/* todo!( */ // todo!(\nconst A: &str = r#\"todo!(\"#;\n//! todo!(\n");
        assert_eq!(rust.lines_with("todo!("), [0; 0]);
        let comments: Vec<_> = rust.comment_lines().collect();
        assert_eq!(
            comments,
            [("/* todo!( */", 1), ("// todo!(", 1), ("//! todo!(", 3)]
        );
    }

    #[test]
    fn each_line_of_a_comment_has_its_number() {
        let rust = Rust::read("\n/* a\n   b */");
        assert_eq!(rust.comment_lines().last(), Some(("   b */", 3)));
    }

    #[test]
    fn tests_are_told_from_what_stands_around_them() {
        let rust = Rust::read(concat!(
            "use a::b;\n",
            "#[cfg(test)]\nmod fixture;\n",
            "fn c() {}\n",
            "#[cfg(test)]\n#[allow(x)]\nfn d(e: [u8; 2]) {\n    {}\n}\n",
            "fn f() {}\n",
            "#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n",
        ));
        let tests: Vec<usize> = (1..=14).filter(|line| rust.is_test(*line)).collect();
        assert_eq!(tests, [2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14]);
        assert_eq!(rust.lines_without_tests(), 3);
    }

    #[test]
    fn a_file_can_be_all_tests() {
        let rust = Rust::read("#![cfg(test)]\n\nfn a() {}\n");
        assert_eq!(rust.lines_without_tests(), 0);
    }

    #[test]
    fn modules_are_named() {
        let rust = Rust::read("mod a;\npub(crate) mod b { }\n// mod c;\n");
        assert_eq!(rust.modules().collect::<Vec<_>>(), [("a", 1), ("b", 2)]);
    }
}
