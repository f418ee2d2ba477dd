//! Rules on documents: links lead somewhere, and decisions are numbered without a gap.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Files, Finding, Place};

const DECISIONS: &str = "docs/decisions/";

pub(super) fn check(files: &Files) -> Vec<Finding> {
    let mut findings = check_links(files);
    findings.extend(check_decisions(files));
    findings
}

/// What a document holds that links are about.
struct Document {
    /// Where links lead, and the line of each.
    links: Vec<(String, usize)>,
    /// What `#...` can name.
    anchors: BTreeSet<String>,
}

fn check_links(files: &Files) -> Vec<Finding> {
    let markdown = files.iter().filter(|(path, _)| path.ends_with(".md"));
    let documents: BTreeMap<&str, Document> = markdown
        .map(|(path, text)| (path.as_str(), Document::read(text)))
        .collect();

    let mut findings = Vec::new();
    for (path, document) in &documents {
        for (link, line) in &document.links {
            if let Err(what) = follow(path, link, files, &documents) {
                findings.push(Finding {
                    place: Place::Line((*path).to_owned(), *line),
                    rule: "broken-link",
                    what,
                });
            }
        }
    }
    findings
}

/// Whether a link from the document at `path` leads to a file or a folder of the checkout, and its
/// fragment to a heading there. A link to somewhere else is not followed.
fn follow(
    path: &str,
    link: &str,
    files: &Files,
    documents: &BTreeMap<&str, Document>,
) -> Result<(), String> {
    let is_elsewhere = link
        .split_once(':')
        .is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric()));
    if is_elsewhere {
        return Ok(());
    }

    let (to, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if to.is_empty() {
        path.to_owned()
    } else {
        resolve(path, to).ok_or_else(|| format!("{link} leads out of the checkout"))?
    };
    let is_folder = target.is_empty()
        || files.keys().any(|file| {
            file.strip_prefix(&target)
                .is_some_and(|rest| rest.starts_with('/'))
        });
    if !files.contains_key(&target) && !is_folder {
        return Err(format!("{link}: there is no {target}"));
    }
    match documents.get(target.as_str()) {
        Some(document) if !fragment.is_empty() && !document.anchors.contains(fragment) => {
            Err(format!("{link}: {target} has no heading #{fragment}"))
        }
        _ => Ok(()),
    }
}

/// The path from the root of the checkout, for one written in the file `from`; `None` where it leads
/// out of the checkout.
fn resolve(from: &str, to: &str) -> Option<String> {
    if to.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

impl Document {
    fn read(text: &str) -> Self {
        let mut document = Self {
            links: Vec::new(),
            anchors: BTreeSet::new(),
        };
        let mut heading: Option<String> = None;
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let line = text[..range.start].matches('\n').count() + 1;
                    document.links.push((dest_url.into_string(), line));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    document.add_anchor(&heading.take().unwrap_or_default());
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        document
    }

    /// The name that GitHub gives a heading: small letters, blanks as hyphens, no punctuation, and a
    /// number behind it where the name is taken.
    fn add_anchor(&mut self, heading: &str) {
        let slug: String = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        if self.anchors.insert(slug.clone()) {
            return;
        }
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        for name in numbered {
            if self.anchors.insert(name) {
                return;
            }
        }
    }
}

/// Decisions are `NNNN-title.md`, from 0001 on, each number once.
fn check_decisions(files: &Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut next = 1;
    for (path, name) in files
        .keys()
        .filter_map(|path| Some((path, path.strip_prefix(DECISIONS)?)))
    {
        let mut finding = |what| {
            findings.push(Finding {
                place: Place::File(path.clone()),
                rule: "decision-number",
                what,
            });
        };
        match number(name) {
            None => finding("is not named NNNN-title.md".to_owned()),
            Some(number) => {
                if number != next {
                    finding(format!("the next number is {next:04}"));
                }
                next = number + 1;
            }
        }
    }
    findings
}

fn number(name: &str) -> Option<u32> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_title = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_well_formed = number.len() == 4 && !title.is_empty() && title.chars().all(is_title);
    is_well_formed.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        check(&files).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        let readme = concat!(
            "# Gary\n\n## What it `does`, now\n\n## Twice\n\n## Twice\n\n",
            "[a](docs/a.md) [b](docs) [c](./docs/a.md#it-is) [d](#what-it-does-now) [e](#twice-1)\n",
            "[f](https://example.com/x) [g](mailto:a@example.com) [h]\n\n[h]: LICENSE\n\n",
            "```\n[i](nowhere.md)\n```\n",
        );
        let a = "# It is\n[back](../README.md) [up](..)\n";
        assert_eq!(
            found(&[("README.md", readme), ("docs/a.md", a), ("LICENSE", "")]),
            [""; 0]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let text = "[a](b.md)\n[b]\n\n[b]: ../c.md\n\n![d](/e.png) [f](#g)\n";
        assert_eq!(
            found(&[("docs/a.md", text)]),
            [
                "docs/a.md:1: broken-link: b.md: there is no docs/b.md",
                "docs/a.md:2: broken-link: ../c.md: there is no c.md",
                "docs/a.md:6: broken-link: /e.png leads out of the checkout",
                "docs/a.md:6: broken-link: #g: docs/a.md has no heading #g",
            ]
        );
    }

    #[test]
    fn a_link_out_of_the_checkout_is_found() {
        assert_eq!(
            found(&[("a.md", "[b](../b.md)")]),
            ["a.md:1: broken-link: ../b.md leads out of the checkout"]
        );
    }

    #[test]
    fn decisions_in_order_pass() {
        let files = ["docs/decisions/0001-a.md", "docs/decisions/0002-b-c.md"];
        assert_eq!(found(&files.map(|path| (path, ""))), [""; 0]);
    }

    #[test]
    fn gaps_doubles_and_names_out_of_form_are_found() {
        for (name, what) in [
            ("0003-b.md", "the next number is 0002"),
            ("0001-b.md", "the next number is 0002"),
            ("2-b.md", "is not named NNNN-title.md"),
            ("0002_b.md", "is not named NNNN-title.md"),
            ("0002-B.md", "is not named NNNN-title.md"),
            ("template.md", "is not named NNNN-title.md"),
        ] {
            let path = format!("{DECISIONS}{name}");
            assert_eq!(
                found(&[("docs/decisions/0001-a.md", ""), (&path, "")]),
                [format!("{path}: decision-number: {what}")]
            );
        }
    }
}
