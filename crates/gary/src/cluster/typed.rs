//! What can be typed of clusters.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use gary_manifest::{Count, Cpu, Ingress, MemorySize, Name, ParseError, Period};

use crate::cli::{OutputArgs, WorkloadArgs};

/// The longest name of a node, in characters.
const NODE_NAME_CHARS_MAX: usize = 63;

/// What people call a node: it stands in labels, in the names of files and in what people type.
fn node_name(text: &str) -> Result<String, &'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    match begins_well && text.chars().all(is_plain) && text.len() <= NODE_NAME_CHARS_MAX {
        true => Ok(text.to_owned()),
        false => Err("letters, digits, -, _ and ., at most 63, and a letter or a digit first"),
    }
}

/// The name of a workload.
fn workload_name(text: &str) -> Result<String, ParseError> {
    text.parse::<Name>().map(|name| name.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    #[command(flatten)]
    pub(crate) workload: WorkloadArgs,
    /// Arguments for the guest
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) args: Vec<String>,
    #[command(flatten)]
    pub(crate) how: HowArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How something is deployed.
#[derive(Debug, Args)]
pub(crate) struct HowArgs {
    /// How many replicas of it should run [default: gary.toml's, else 1]
    #[arg(long, allow_negative_numbers = true, value_name = "N")]
    pub(crate) replicas: Option<Count>,
    /// Run it once to completion on each, rather than on and on
    #[arg(long, conflicts_with = "exclusive")]
    pub(crate) job: bool,
    /// Run it to completion again and again, such as every 5m
    #[arg(long, value_name = "TIME", conflicts_with = "exclusive")]
    pub(crate) every: Option<Period>,
    /// Run it on one node at most at any time, which costs availability
    #[arg(long)]
    pub(crate) exclusive: bool,
    /// When it is acknowledged: once a majority of its keepers has it, or once the node does
    #[arg(long, value_name = "WHEN", default_value = "majority", value_parser = ["majority", "local"])]
    pub(crate) ack: String,
    /// Show what would change and which nodes could take it on, and change nothing; with --json as one JSON document
    #[arg(long)]
    pub(crate) plan: bool,
    /// Wait until all replicas run [default on a terminal]
    #[arg(long, overrides_with = "no_wait")]
    pub(crate) wait: bool,
    /// Do not wait until all replicas run
    #[arg(long, overrides_with = "wait")]
    pub(crate) no_wait: bool,
    /// Longest to wait for them
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub(crate) timeout: Period,
}

impl Default for HowArgs {
    /// As it is where nothing is typed.
    fn default() -> Self {
        Self {
            replicas: None,
            job: false,
            every: None,
            exclusive: false,
            ack: "majority".to_owned(),
            plan: false,
            wait: false,
            no_wait: false,
            timeout: Period::from_secs(60).expect("a minute is not too long"),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PendingArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PendingCommand>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PendingCommand {
    /// Take back what you have left under a name: it is not proposed any more
    Withdraw(NamedArgs),
    /// Have what was refused under a name be shown no more
    Dismiss(NamedArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    /// Do it, once what may be lost is shown, without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScaleArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    /// How many replicas
    #[arg(allow_negative_numbers = true, value_name = "N")]
    pub(crate) replicas: Count,
}

#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct PsArgs {
    /// Only this workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: Option<String>,
    /// Show it again every second, until you stop it
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    /// Go on with what comes, until you stop it
    #[arg(short, long, conflicts_with = "previous")]
    pub(crate) follow: bool,
    /// Only what was written since, such as 10m
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Period>,
    /// Only of this replica, counted from 0
    #[arg(long, value_name = "N")]
    pub(crate) replica: Option<u32>,
    /// Only of each replica's run before the last one
    #[arg(long)]
    pub(crate) previous: bool,
    /// Show when each line was written, by the clock of its node
    #[arg(short, long)]
    pub(crate) timestamps: bool,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// A workload or a node
    #[arg(value_name = "NAME|NODE")]
    pub(crate) of: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PromisesArgs {
    /// Only those of this node, or of this workload
    #[arg(value_name = "NODE|NAME")]
    pub(crate) of: Option<String>,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EventsArgs {
    /// Go on with what comes, until you stop it
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    /// To which generation [default: the one before]
    #[arg(value_name = "GEN", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) generation: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct WaitArgs {
    /// The workload
    #[arg(value_name = "NAME", value_parser = workload_name)]
    pub(crate) name: String,
    /// Longest to wait [default: without end]
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<Period>,
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    #[command(subcommand)]
    pub(crate) command: NodeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Found a cluster, with this machine's node as its first
    Init(NodeInitArgs),
    /// Join a cluster by a token
    Join(NodeJoinArgs),
    /// Run this machine's node
    Run(Box<NodeRunArgs>),
    /// Write the systemd unit that runs this machine's node, and say how to start it
    Install(NodeInstallArgs),
    /// Show what a node promises, hosts and keeps, by its own word
    Show(NodeShowArgs),
    /// Have a node take nothing on, and let others take over what it has
    Drain(NodeDrainArgs),
    /// Have a node take things on again
    Undrain(NodeNamedArgs),
    /// Have a node leave its cluster for good, once it is drained
    Leave(NodeDrainArgs),
    /// Have a node start again, with the binary that is there now
    Restart(NodeRestartArgs),
}

#[derive(Debug, Args)]
pub(crate) struct NodeInstallArgs {
    /// Where the unit is written [default: /etc/systemd/system for root, else systemd's directory of the user]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) unit_dir: Option<PathBuf>,
    /// Print the unit, and write nothing
    #[arg(long)]
    pub(crate) print: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NodeNamedArgs {
    /// Which, of those that can be asked from here [default: the first that answers]
    #[arg(value_name = "NODE")]
    pub(crate) node: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NodeShowArgs {
    #[command(flatten)]
    pub(crate) named: NodeNamedArgs,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NodeDrainArgs {
    #[command(flatten)]
    pub(crate) named: NodeNamedArgs,
    /// How long it hosts on what no other node takes over
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub(crate) within: Period,
    /// Return at once, rather than when it is done
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NodeRestartArgs {
    #[command(flatten)]
    pub(crate) named: NodeNamedArgs,
    /// Tell others that it will be back, so that they ask nobody else to take over
    #[arg(long)]
    pub(crate) planned: bool,
    /// How soon it says to be back
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(crate) back_within: Period,
}

#[derive(Debug, Args)]
pub(crate) struct NodeInitArgs {
    /// What people call the node [default: the machine's name]
    #[arg(long, value_parser = node_name)]
    pub(crate) name: Option<String>,
    /// Where the root key of the cluster is written [default: root.key in the configuration directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) root_out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct NodeJoinArgs {
    /// The token, or - to read it from stdin
    #[arg(value_name = "TOKEN")]
    pub(crate) token: String,
    /// What people call the node [default: the machine's name]
    #[arg(long, value_parser = node_name)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NodeRunArgs {
    /// What the node promises and where it listens, where nothing is typed [default: node.toml in the configuration directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen for other nodes, over UDP; port 0 takes a free one [default: port 4270 everywhere]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where others reach it, if that is another address
    #[arg(long, value_name = "ADDR")]
    pub(crate) advertise: Option<SocketAddr>,
    /// Serve workloads over HTTP at this address, or `off`; port 0 takes a free one [default: port 8080 everywhere]
    #[arg(long, value_name = "ADDR|off")]
    pub(crate) ingress: Option<Ingress>,
    /// Tell Prometheus how the node is, at this address
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Processor cores to promise [default: three quarters of the machine's]
    #[arg(long, value_name = "CORES")]
    pub(crate) promise_cpu: Option<Cpu>,
    /// Memory to promise, such as 1GiB [default: three quarters of the machine's]
    #[arg(long, value_name = "SIZE")]
    pub(crate) promise_memory: Option<MemorySize>,
    /// Say something of the machine, such as zone=attic
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) label: Vec<String>,
    /// Where the node keeps its state [default: node in the state directory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) node_dir: Option<PathBuf>,
    /// Where people of this machine ask the node [default: NAME.sock in $XDG_RUNTIME_DIR/gary, else node.sock where it
    /// keeps its state]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) socket: Option<PathBuf>,
    /// How the log is written, on stderr
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = ["text", "json"])]
    pub(crate) log_format: String,
    /// Log more: also what is done for each request and each event
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token by which nodes join this machine's cluster, or people ask it over the network
    Create(TokenCreateArgs),
    /// Take back for good that a node or a person was let in
    Revoke(TokenRevokeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct TokenRevokeArgs {
    /// A node's name, or the id of a node or of a person's key
    #[arg(value_name = "NODE|ID")]
    pub(crate) of: String,
    /// The root key of the cluster [default: root.key in the configuration directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct TokenCreateArgs {
    /// For how long it lets nodes in
    #[arg(long, value_name = "PERIOD", default_value = "1h")]
    pub(crate) expires: Period,
    /// Let in people, who ask the cluster over the network, instead of nodes
    #[arg(long)]
    pub(crate) client: bool,
    /// Let them look, and change nothing
    #[arg(long, requires = "client")]
    pub(crate) read_only: bool,
    /// The root key of the cluster [default: root.key in the configuration directory]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ContextArgs {
    #[command(subcommand)]
    pub(crate) command: ContextCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// Be admitted to a cluster by a token, and ask its nodes from then on
    Add {
        /// What to call it
        #[arg(value_name = "NAME")]
        name: String,
        /// A token of `gary token create --client`, or - to read it from stdin
        #[arg(value_name = "TOKEN")]
        token: String,
    },
    /// Ask the nodes of a context from now on; `local` is this machine's own, `dev` those of `gary dev`
    Use {
        /// Which
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Show the contexts
    List,
    /// Forget a context
    Rm {
        /// Which
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    #[command(subcommand)]
    pub(crate) command: DevCommand,
}

#[derive(Debug, Args)]
pub(crate) struct DevUpArgs {
    /// How many nodes [default: 3, or as many as there are already]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) nodes: Option<u16>,
    /// Where the first node serves [default: 127.0.0.1:8080 if that is free, else a free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) ingress: Option<SocketAddr>,
    /// Show the nodes and their addresses as one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DevCommand {
    /// Start a cluster of several nodes on this machine
    Up(DevUpArgs),
    /// End it, and leave nothing behind
    Down {
        /// Leave the nodes' state, to start them again
        #[arg(long)]
        keep: bool,
    },
    /// Show its processes
    Status(ListArgs),
    /// Kill a node, without any warning
    Kill {
        /// Which, such as n2
        #[arg(value_name = "N")]
        node: String,
    },
    /// Start a node that was killed or stopped
    Start {
        /// Which, such as n2
        #[arg(value_name = "N")]
        node: String,
    },
    /// Have a node stand still
    Pause {
        /// Which, such as n2
        #[arg(value_name = "N")]
        node: String,
    },
    /// Have a node go on that was paused
    Resume {
        /// Which, such as n2
        #[arg(value_name = "N")]
        node: String,
    },
}
