//! `gary new`: makes a project that `gary run` builds and runs.

use std::fs;
use std::io;
use std::path::Path;

use clap::ValueEnum;
use gary_manifest::{Name, ParseError};

use crate::cli::{NewArgs, Template};
use crate::console;
use crate::crate_name;
use crate::problem::{Code, Problem};
use crate::report::Reporter;

/// Stands for the project's name in the templates.
const PLACEHOLDER: &str = "NAME";

/// The files of a project, by their paths in it.
fn files(template: Template) -> [(&'static str, &'static str); 4] {
    let (cargo, main) = match template {
        Template::Http => (
            include_str!("../templates/Cargo.http.toml"),
            include_str!("../templates/main.http.rs"),
        ),
        Template::Cli => (
            include_str!("../templates/Cargo.cli.toml"),
            include_str!("../templates/main.cli.rs"),
        ),
    };
    [
        ("Cargo.toml", cargo),
        ("src/main.rs", main),
        ("gary.toml", include_str!("../templates/gary.toml")),
        (".gitignore", include_str!("../templates/gitignore")),
    ]
}

pub(crate) fn main(typed: &NewArgs) -> u8 {
    let dir = typed.name.display();
    let made =
        make(&typed.name, typed.template).and_then(|()| console::out(&format!("made {dir}\n")));
    match made {
        Ok(()) => {
            console::err(&format!("try: gary run {dir}\n"));
            0
        }
        Err(problem) => {
            Reporter::plain().problem(&problem);
            problem.code as u8
        }
    }
}

fn make(dir: &Path, template: Template) -> Result<(), Problem> {
    let cannot = |code| Problem::new(code, format!("cannot make {}", dir.display()));
    let name = match dir.file_name() {
        Some(name) => name
            .to_string_lossy()
            .parse()
            .map_err(|error: ParseError| cannot(Code::Usage).why(&error).hint(error.hint()))?,
        // `.` and the like name a directory that is there, under whatever name it has.
        None => {
            let dir = dir
                .canonicalize()
                .map_err(|error| cannot(Code::NotFound).why(error))?;
            Name::from_stem(&dir.file_name().unwrap_or_default().to_string_lossy())
        }
    };
    if let Some(why) = crate_name::refused(name.as_str()) {
        let template = template
            .to_possible_value()
            .expect("no template is hidden from the command line");
        let template = template.get_name();
        return Err(cannot(Code::Usage)
            .why(format!("`{name}` cannot be the project's name: {why}"))
            .hint(format!("gary new my-{name} --template {template}")));
    }
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(cannot(Code::Conflict)
            .why("the directory is there already, and not empty")
            .hint("another name; nothing was written"));
    }
    write(dir, name.as_str(), template).map_err(|error| cannot(Code::Failure).why(error))
}

fn write(dir: &Path, name: &str, template: Template) -> io::Result<()> {
    fs::create_dir_all(dir.join("src"))?;
    for (path, text) in files(template) {
        fs::write(dir.join(path), text.replace(PLACEHOLDER, name))?;
    }
    Ok(())
}
