//! `gary inspect`: what a component gives, what it needs, and what Gary has for it.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use gary_host::{Answer, Export, Import, Kind, LinkError, Program, Wasi};
use gary_manifest::Flags;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::InspectArgs;
use crate::console::{self, harmless};
use crate::load;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::run;
use crate::target::Target;

/// Other versions named beside an interface that is missing.
const CLOSEST_SHOWN: usize = 1;

/// What `gary inspect --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Inspection {
    /// The component's file.
    path: String,
    /// Digest of the file.
    digest: String,
    /// Size of the file, in bytes.
    size_bytes: u64,
    /// Whether the file is a core wasip1 module, which Gary adapts.
    core_module: bool,
    /// What `gary run` does with it.
    world: World,
    /// What it gives.
    exports: Vec<Given>,
    /// What it needs.
    imports: Vec<Needed>,
    /// Whether everything that it needs is provided.
    runnable: bool,
}

/// The world a component is of, by what it offers to do.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
enum World {
    #[serde(rename = "wasi:cli/command@0.2")]
    CommandP2,
    #[serde(rename = "wasi:cli/command@0.3")]
    CommandP3,
    #[serde(rename = "wasi:http/proxy@0.2")]
    ProxyP2,
    #[serde(rename = "wasi:http/service@0.3")]
    ServiceP3,
    #[serde(rename = "library")]
    Library,
}

/// Something a component gives.
#[derive(Debug, Serialize, JsonSchema)]
struct Given {
    /// Name of the interface or function, with its version.
    name: String,
    /// The signature of a function; absent for an interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    /// Functions in the interface.
    functions: Vec<GivenFunction>,
    /// What the interface's types consist of, as WIT writes them on one line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    types: Vec<String>,
}

/// A function of an interface.
#[derive(Debug, Serialize, JsonSchema)]
struct GivenFunction {
    /// Its name in the interface.
    name: String,
    /// Its signature as WIT writes it: `func(a: s32, b: s32) -> s32`.
    signature: String,
}

/// Something a component needs.
#[derive(Debug, Serialize, JsonSchema)]
struct Needed {
    /// Name of the interface, with its version.
    name: String,
    /// Whether Gary provides it.
    provided: bool,
    /// Versions of it that Gary has instead, closest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_versions: Vec<String>,
}

pub(crate) fn main(typed: &InspectArgs) -> u8 {
    let flags = Flags {
        color: console::typed_color(),
        ..Flags::default()
    };
    let reporter = run::early_reporter(&flags);
    let told = inspect(typed, flags, &reporter).and_then(|inspection| {
        if typed.json {
            let text = serde_json::to_string_pretty(&inspection)
                .expect("an inspection holds nothing JSON cannot say");
            return console::out(&format!("{text}\n"));
        }
        let color = console::typed_color().unwrap_or_default();
        let color = console::colored(color, &std::io::stdout());
        console::out(&inspection.render(color))
    });
    match told {
        Ok(()) => 0,
        Err(problem) => {
            reporter.problem(&problem);
            problem.code as u8
        }
    }
}

fn inspect(typed: &InspectArgs, flags: Flags, reporter: &Reporter) -> Result<Inspection, Problem> {
    let target = Target::resolve(&typed.what, flags)?;
    let program = load::load(&target, reporter)?;
    Ok(Inspection::new(&target, &program))
}

impl Inspection {
    fn new(target: &Target, program: &Program) -> Self {
        let imports: Vec<Needed> = program.imports().into_iter().map(Needed::from).collect();
        Self {
            path: target.component.display().to_string(),
            digest: program.digest().to_string(),
            size_bytes: program.file_bytes(),
            core_module: program.is_module(),
            world: World::from(program.kind()),
            runnable: imports.iter().all(|import| import.provided),
            exports: program.exports().into_iter().map(Given::from).collect(),
            imports,
        }
    }

    fn render(&self, color: bool) -> String {
        let mut text = String::new();
        let module = if self.core_module {
            ", a core wasip1 module"
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", harmless(&self.path));
        let _ = writeln!(text, "  digest  {}", self.digest);
        let _ = writeln!(text, "  size    {}{module}", size(self.size_bytes));
        let lacking = if self.runnable {
            ""
        } else {
            ", once it has what it is missing"
        };
        let _ = writeln!(text, "  world   {}{lacking}", self.world.describe());
        text += "\ngives\n";
        for export in &self.exports {
            let name = harmless(&export.name);
            let _ = match &export.signature {
                Some(signature) => writeln!(text, "  + {name}: {}", harmless(signature)),
                None => writeln!(text, "  + {name}"),
            };
            for GivenFunction { name, signature } in &export.functions {
                let (name, signature) = (harmless(name), harmless(signature));
                let _ = writeln!(text, "      {name}: {signature}");
            }
            for ty in &export.types {
                let _ = writeln!(text, "      {}", harmless(ty));
            }
        }
        if self.exports.is_empty() {
            text += "  nothing\n";
        }
        text += "\nneeds\n";
        let width = self.imports.iter().map(|import| import.name.len()).max();
        for import in &self.imports {
            let width = width.unwrap_or(0);
            let (mark, style) = match import.provided {
                true => ("provided", AnsiColor::Green.on_default()),
                false => ("MISSING", AnsiColor::Red.on_default().bold()),
            };
            let style = if color { style } else { Style::new() };
            let _ = write!(
                text,
                "  - {:width$}  {style}{mark}{style:#}",
                harmless(&import.name)
            );
            match import.other_versions.first() {
                Some(closest) => {
                    let _ = writeln!(text, ", closest is {closest}");
                }
                None => text.push('\n'),
            }
        }
        if self.imports.is_empty() {
            text += "  nothing\n";
        }
        text
    }
}

impl World {
    fn describe(self) -> &'static str {
        match self {
            Self::CommandP2 => "wasi:cli/command@0.2, gary run runs it",
            Self::CommandP3 => "wasi:cli/command@0.3, gary run runs it",
            Self::ProxyP2 => "wasi:http/proxy@0.2, gary run serves it",
            Self::ServiceP3 => "wasi:http/service@0.3, gary run serves it",
            Self::Library => "a library, gary call calls its functions",
        }
    }
}

impl From<Kind> for World {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Command(Wasi::P2) => Self::CommandP2,
            Kind::Command(Wasi::P3) => Self::CommandP3,
            Kind::Http(Wasi::P2) => Self::ProxyP2,
            Kind::Http(Wasi::P3) => Self::ServiceP3,
            Kind::Library => Self::Library,
        }
    }
}

impl From<Export> for Given {
    fn from(export: Export) -> Self {
        let functions = export.functions.into_iter().map(|function| GivenFunction {
            name: function.name,
            signature: function.signature,
        });
        Self {
            name: export.name,
            signature: export.signature,
            functions: functions.collect(),
            types: export.types,
        }
    }
}

impl From<Import> for Needed {
    fn from(import: Import) -> Self {
        Self {
            name: import.name,
            provided: import.answer == Answer::Provided,
            other_versions: match import.answer {
                Answer::OtherVersions(versions) => versions,
                Answer::Provided | Answer::Unknown => Vec::new(),
            },
        }
    }
}

/// Why a component cannot be linked, naming the component, each interface and its closest version.
pub(crate) fn cannot_link(target: &Target, error: &LinkError) -> Problem {
    let path = target.component.display();
    let problem = |code| Problem::new(code, format!("cannot run {path}"));
    match error {
        LinkError::Missing(imports) => imports
            .iter()
            .fold(problem(Code::MissingInterface), |problem, import| {
                problem.why(match &import.answer {
                    Answer::OtherVersions(versions) => format!(
                        "it needs {}, and the closest there is, is {}",
                        import.name,
                        versions[..versions.len().min(CLOSEST_SHOWN)].join(", ")
                    ),
                    _ => format!("it needs {}, which Gary does not know", import.name),
                })
            })
            .hint(format!("gary inspect {path}")),
        LinkError::Mismatch(why) => problem(Code::MissingInterface)
            .why(why)
            .why("an interface is there, but in another shape than it was built for")
            .hint(format!("gary inspect {path}")),
    }
}

/// A size in the units that sizes are given in.
pub(crate) fn size(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB => format!("{:.1} KiB", bytes as f64 / KIB as f64),
        _ => format!("{:.1} MiB", bytes as f64 / MIB as f64),
    }
}
