//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use gary_manifest::{
    Color, ConfigEntry, Count, Cpu, DirGrant, EnvVar, Flags, ListenAddr, MemorySize, Name,
    NetGrant, Period, VerboseLevel,
};

use crate::cluster::typed::{
    ContextArgs, DeployArgs, DevArgs, EventsArgs, HistoryArgs, ListArgs, LogsArgs, NamedArgs,
    NodeArgs, PendingArgs, PromisesArgs, PsArgs, RecoverArgs, RollbackArgs, ScaleArgs, TokenArgs,
    WaitArgs, WhyArgs,
};
use crate::console;
use crate::report::Reporter;

/// Run WebAssembly components: at once, safely, on any machine
#[derive(Debug, Parser)]
#[command(
    name = "gary",
    version,
    max_term_width = 80,
    subcommand_required = true
)]
#[command(after_help = "`gary COMMAND --help` says more about each.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Where Gary keeps its state [default: GARY_STATE_DIR, else the XDG state directory]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) state_dir: Option<PathBuf>,
    /// Ask the nodes of this context, rather than those of the one in use
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Asking a cluster"
    )]
    pub(crate) context: Option<String>,
    /// Ask the node at this address
    #[arg(
        id = "asked_node",
        long = "node",
        global = true,
        value_name = "ADDR",
        help_heading = "Asking a cluster"
    )]
    pub(crate) node: Option<SocketAddr>,
    /// When to colour what people read: auto, always or never [default: auto]
    #[arg(long, global = true, value_name = "WHEN", help_heading = "Output")]
    pub(crate) color: Option<Color>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a component: a command to its end, an HTTP component until you stop it
    Run(Box<RunArgs>),
    /// Show what a component gives and needs, and what Gary provides of it
    Inspect(InspectArgs),
    /// Call one exported function, with arguments in WAVE
    Call(Box<CallArgs>),
    /// Make a project that `gary run` builds and runs
    New(NewArgs),
    /// Have a cluster run a component, on as many nodes as you say
    Deploy(Box<DeployArgs>),
    /// Show what a cluster runs
    Ps(PsArgs),
    /// Show what a workload writes, on whatever nodes it runs
    Logs(LogsArgs),
    /// Show why a workload or a node is as it is
    Why(WhyArgs),
    /// Show what has happened on all nodes
    Events(EventsArgs),
    /// Show who has promised what to whom, and what a node makes of it
    Promises(PromisesArgs),
    /// Have another number of replicas of a workload
    Scale(ScaleArgs),
    /// Have all replicas of a workload made anew, or run again after it was stopped
    Restart(NamedArgs),
    /// Have no replica of a workload run, until it is restarted or scaled
    Stop(NamedArgs),
    /// Delete a workload
    Rm(NamedArgs),
    /// Wait until a job is done, or until all replicas of a service run
    Wait(WaitArgs),
    /// Show what `gary deploy --ack local` has left with nodes, and what was refused since
    Pending(PendingArgs),
    /// Have a workload go on whose keepers are mostly gone for good, once you have seen what may be lost
    Recover(RecoverArgs),
    /// Show what was deployed under a name
    History(HistoryArgs),
    /// Go back to what was deployed under a name before
    Rollback(RollbackArgs),
    /// Show the nodes of a cluster
    Nodes(ListArgs),
    /// Make, join or run a node
    Node(NodeArgs),
    /// Invite nodes and people
    Token(TokenArgs),
    /// Choose which cluster is asked, over the network or here
    Context(ContextArgs),
    /// Run a cluster of several nodes on this machine
    Dev(DevArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    // In the order of the help: what is flattened brings its headings along.
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) time: TimeArg,
    /// Arguments for the guest
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
    /// Rebuild and restart when the component or its sources change
    #[arg(long)]
    pub(crate) watch: bool,
    /// Have a cluster run it, and return: as `gary deploy` does
    #[arg(short, long, conflicts_with_all = ["watch", "addr", "drain"])]
    pub(crate) detach: bool,
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    #[command(flatten)]
    pub(crate) time: TimeArg,
    /// The call: `func(args)` or `ns:pkg/iface.func(args)`
    #[arg(value_name = "CALL", verbatim_doc_comment)]
    pub(crate) call: String,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A component file, a core wasip1 module, a gary.toml, or a directory with one
    #[arg(value_name = "WHAT", value_hint = ValueHint::AnyPath)]
    pub(crate) what: PathBuf,
    /// Print one JSON document
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Name of the project, and of the directory it is made in; `.` is the one you are in
    #[arg(value_name = "NAME", value_hint = ValueHint::DirPath)]
    pub(crate) name: PathBuf,
    /// What the component does: http answers requests, cli runs from beginning to end
    #[arg(long, value_enum, value_name = "http|cli", hide_possible_values = true)]
    pub(crate) template: Template,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Template {
    /// Answers HTTP requests
    Http,
    /// Runs from beginning to end
    Cli,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// What a guest is given, and how much of it.
#[derive(Debug, Args)]
pub(crate) struct WorkloadArgs {
    /// A component file, a core wasip1 module, a gary.toml, or a directory with one
    #[arg(value_name = "WHAT", value_hint = ValueHint::AnyPath)]
    pub(crate) what: PathBuf,
    /// Name of the workload [default: gary.toml's, else the file's stem]
    #[arg(long)]
    pub(crate) name: Option<Name>,

    /// Give the guest an environment variable
    #[arg(
        short,
        long,
        value_name = "K=V",
        help_heading = "Grants (nothing is granted by default)"
    )]
    pub(crate) env: Vec<EnvVar>,
    /// Give the guest the variables in a file, one K=V a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Grants (nothing is granted by default)")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Let the guest open a directory, under another name or read-only if you say so
    #[arg(long, value_name = "HOST[::GUEST][:ro]", value_hint = ValueHint::DirPath, help_heading = "Grants (nothing is granted by default)")]
    pub(crate) dir: Vec<DirGrant>,
    /// Answer the guest's wasi:config/store
    #[arg(
        long,
        value_name = "K=V",
        help_heading = "Grants (nothing is granted by default)"
    )]
    pub(crate) config: Vec<ConfigEntry>,
    /// Let the guest reach a host; * for every public one. Loopback, private and link-local
    /// addresses are reached only where a grant names them, as 127.0.0.1 or 10.0.0.0/8 does
    #[arg(
        long,
        value_name = "HOST[:PORT]",
        help_heading = "Grants (nothing is granted by default)"
    )]
    pub(crate) allow_net: Vec<NetGrant>,
    /// Let the guest bind and accept on sockets of its own
    #[arg(long, help_heading = "Grants (nothing is granted by default)")]
    pub(crate) listen_net: bool,

    /// Memory of all instances together, such as 64MiB [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        help_heading = "Limits"
    )]
    pub(crate) memory: Option<MemorySize>,
    /// Memory of one instance [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "SIZE",
        help_heading = "Limits"
    )]
    pub(crate) instance_memory: Option<MemorySize>,
    /// Processor cores, such as 0.5 [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "CORES",
        help_heading = "Limits"
    )]
    pub(crate) cpu: Option<Cpu>,
}

/// How long a guest may take. `gary deploy` waits for so long instead, and has this from gary.toml.
#[derive(Debug, Args)]
pub(crate) struct TimeArg {
    /// Longest a run or a request may take, such as 30s [default: no limit]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_name = "TIME",
        help_heading = "Limits"
    )]
    pub(crate) timeout: Option<Period>,
}

/// How a component that answers HTTP requests is served.
#[derive(Debug, Args)]
#[command(next_help_heading = "Serving HTTP")]
pub(crate) struct ServeArgs {
    /// Address to serve at; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) addr: Option<ListenAddr>,
    /// Requests handled at once; the next ones wait, then get 503 [default: what there is room
    /// for, up to 1000]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) max_concurrency: Option<Count>,
    /// Requests that one instance serves before it is dropped; those that share an instance share
    /// its fate [default: 1 at WASI 0.2, 128 at 0.3]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) reuse: Option<Count>,
    /// Largest request body [default: 16MiB]
    #[arg(long, allow_negative_numbers = true, value_name = "SIZE")]
    pub(crate) max_body: Option<MemorySize>,
    /// Time for requests under way once you stop it [default: 10s]
    #[arg(long, allow_negative_numbers = true, value_name = "TIME")]
    pub(crate) drain: Option<Period>,
}

/// How much is told, and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Say more: each request, and at the end what was used; twice, also what the cache, the engine
    /// and the network decide
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing but errors and the serving line
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Report events on stderr as JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArgs {
    /// The workload flags, as gary-manifest takes them.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            addr: self.serve.addr,
            max_concurrency: self.serve.max_concurrency,
            reuse: self.serve.reuse,
            max_body: self.serve.max_body,
            drain: self.serve.drain,
            watch: self.watch.then_some(true),
            args: self.args.clone(),
            timeout: self.time.timeout,
            ..self.workload.flags(&self.output)
        }
    }
}

impl WorkloadArgs {
    /// The flags that every command on a workload has.
    pub(crate) fn flags(&self, output: &OutputArgs) -> Flags {
        Flags {
            name: self.name.clone(),
            env: self.env.clone(),
            env_file: self.env_file.clone(),
            dirs: self.dir.clone(),
            config: self.config.clone(),
            allow_net: self.allow_net.clone(),
            listen_net: self.listen_net.then_some(true),
            memory: self.memory,
            instance_memory: self.instance_memory,
            cpu: self.cpu,
            json: output.json.then_some(true),
            verbose: (output.verbose > 0).then(|| VerboseLevel::from_count(output.verbose)),
            quiet: output.quiet.then_some(true),
            color: console::typed_color(),
            ..Flags::default()
        }
    }
}

/// Prints the completion script for `shell`.
pub(crate) fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gary", &mut script);
    match console::out(&String::from_utf8_lossy(&script)) {
        Ok(()) => 0,
        Err(problem) => {
            Reporter::plain().problem(&problem);
            problem.code as u8
        }
    }
}
