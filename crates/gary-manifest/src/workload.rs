//! One checked description of a workload.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use crate::{
    Build, Color, Component, ConfigEntry, Count, Cpu, Digest, DirGrant, EnvSource, EnvVar, Flags,
    Grant, Health, HostName, Http, Job, ListenAddr, Manifest, MemorySize, Name, NetGrant, Period,
    Place, Promise, Run, StoreScope, Update, VerboseLevel, WorkloadError, env_source,
};

/// Where `gary run` serves when nothing says where.
pub const DEFAULT_ADDR: ListenAddr =
    ListenAddr::new(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080));

/// How long requests may finish after the first signal when nothing says how long.
pub const DEFAULT_DRAIN: Period = Period::from_secs(10).expect("more than zero");

/// The longest request body when nothing says how long.
pub const DEFAULT_MAX_BODY: MemorySize = MemorySize::from_mib(16).expect("more than zero");

/// How often health is asked for when nothing says how often.
pub const DEFAULT_HEALTH_INTERVAL: Period = Period::from_secs(5).expect("more than zero");

/// One workload, with gary.toml and the command line taken together and the defaults filled in.
///
/// What stays `None` is for the caller to decide, because it depends on what the component exports
/// or on the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its name.
    pub name: Name,
    /// Where its component is; `None` without a gary.toml, when the command line named the file.
    pub component: Option<Component>,
    /// What the component's bytes must hash to.
    pub digest: Option<Digest>,
    /// How to make the component.
    pub build: Option<Build>,
    /// Arguments of the guest, without its own name.
    pub args: Vec<String>,
    /// Where the environment comes from; a later source wins. See [`Workload::environment`].
    pub env: Vec<EnvSource>,
    /// Directories that the guest may use.
    pub dirs: Vec<DirGrant>,
    /// What the guest may reach.
    pub net: Vec<NetGrant>,
    /// Whether the guest may bind and listen on sockets.
    pub listen: bool,
    /// What the guest reads through `wasi:config/store`.
    pub config: BTreeMap<String, String>,
    /// How many nodes should run it. On a cluster only.
    pub replicas: Count,
    /// Whether at most one node runs it at any time. On a cluster only.
    pub exclusive: bool,
    /// Whose a named store is. On a cluster only.
    pub store: Option<StoreScope>,
    /// Cores of a replica; `None` is unlimited.
    pub cpu: Option<Cpu>,
    /// Memory of a replica, all instances together; `None` is unlimited.
    pub memory: Option<MemorySize>,
    /// Memory of one instance, at most `memory`; `None` is unlimited.
    pub instance_memory: Option<MemorySize>,
    /// Requests at once; `None` is the host's choice.
    pub max_concurrency: Option<Count>,
    /// Requests per instance; `None` is the host's choice.
    pub reuse: Option<Count>,
    /// The longest run or request; `None` is unlimited.
    pub timeout: Option<Period>,
    /// Where to serve. `gary run` only.
    pub addr: ListenAddr,
    /// The name the ingress knows it by. On a cluster only.
    pub http_host: Option<HostName>,
    /// The longest request body.
    pub max_body: MemorySize,
    /// How to tell that a replica works. On a cluster only.
    pub health: Option<Health>,
    /// Whether it runs to completion, and how. On a cluster only.
    pub job: Option<Job>,
    /// Which nodes may run it. On a cluster only.
    pub place: Place,
    /// How a new generation replaces the old one. On a cluster only.
    pub update: Update,
    /// How long requests may finish once it is told to stop.
    pub drain: Period,
    /// Whether to build and start anew on a change.
    pub watch: bool,
    /// Whether to report events as JSON.
    pub json: bool,
    /// How much to tell; 0 where `quiet`.
    pub verbose: VerboseLevel,
    /// Whether to tell errors only.
    pub quiet: bool,
    /// Whether to colour.
    pub color: Color,
}

impl Workload {
    /// Takes gary.toml and the command line together; the command line wins.
    ///
    /// A flag with one value replaces the manifest's. `-e` and `--config` win per key. `--dir` and
    /// `--allow-net` add to the manifest's lists. Arguments after `--` replace `run.args`. The
    /// environment has, each winning over those before it: `env_file` of the manifest, its `env`,
    /// `--env-file`, `-e`. The name is `--name`, then the manifest's, then `fallback_name`.
    ///
    /// # Errors
    ///
    /// Refuses what only shows once both are known: an instance that may use more memory than its
    /// replica, two directories that the guest would find under one path.
    pub fn resolve(
        manifest: Option<Manifest>,
        flags: Flags,
        fallback_name: Name,
    ) -> Result<Self, WorkloadError> {
        let said = manifest.map_or_else(Said::default, Said::from);
        let (promise, grant, http, run) = (said.promise, said.grant, said.http, said.run);
        let (verbose, quiet) = loudness(&run, &flags)?;
        let memory = flags.memory.or(promise.memory);
        let instance_memory = flags.instance_memory.or(promise.instance_memory);
        check_memory(memory, instance_memory)?;

        Ok(Self {
            name: flags.name.or(said.name).unwrap_or(fallback_name),
            component: said.component,
            digest: said.digest,
            build: said.build,
            args: if flags.args.is_empty() {
                run.args
            } else {
                flags.args
            },
            env: env_source::list(grant.env_file, grant.env)
                .chain(env_source::list(flags.env_file, flags.env))
                .collect(),
            dirs: dirs_of([grant.dirs, flags.dirs].concat())?,
            net: [grant.net, flags.allow_net].concat(),
            listen: flags.listen_net.unwrap_or(grant.listen),
            config: config_of(&said.config, &flags.config),
            replicas: promise.replicas.unwrap_or(Count::ONE),
            exclusive: promise.exclusive,
            store: promise.store,
            cpu: flags.cpu.or(promise.cpu),
            memory,
            instance_memory,
            max_concurrency: flags.max_concurrency.or(promise.max_concurrency),
            reuse: flags.reuse.or(promise.reuse),
            timeout: flags.timeout.or(promise.timeout),
            addr: flags.addr.or(http.addr).unwrap_or(DEFAULT_ADDR),
            http_host: http.host,
            max_body: flags.max_body.or(http.max_body).unwrap_or(DEFAULT_MAX_BODY),
            health: said.health,
            job: said.job,
            place: said.place,
            update: said.update,
            drain: flags.drain.or(run.drain).unwrap_or(DEFAULT_DRAIN),
            watch: flags.watch.unwrap_or(run.watch),
            json: flags.json.unwrap_or(run.json),
            verbose,
            quiet,
            color: flags.color.or(run.color).unwrap_or_default(),
        })
    }

    /// The guest's whole environment. `read_file` reads one env file; its first error ends it.
    ///
    /// # Errors
    ///
    /// Whatever `read_file` refuses.
    pub fn environment<E>(
        &self,
        read_file: impl FnMut(&Path) -> Result<Vec<EnvVar>, E>,
    ) -> Result<BTreeMap<String, String>, E> {
        env_source::read(&self.env, read_file)
    }
}

/// What a manifest says; without one, nothing.
#[derive(Default)]
struct Said {
    name: Option<Name>,
    component: Option<Component>,
    digest: Option<Digest>,
    build: Option<Build>,
    promise: Promise,
    grant: Grant,
    config: Vec<ConfigEntry>,
    http: Http,
    health: Option<Health>,
    job: Option<Job>,
    place: Place,
    update: Update,
    run: Run,
}

impl From<Manifest> for Said {
    fn from(manifest: Manifest) -> Self {
        Self {
            name: manifest.name,
            component: Some(manifest.component),
            digest: manifest.digest,
            build: manifest.build,
            promise: manifest.promise,
            grant: manifest.grant,
            config: manifest.config,
            http: manifest.http,
            health: manifest.health,
            job: manifest.job,
            place: manifest.place,
            update: manifest.update,
            run: manifest.run,
        }
    }
}

/// `-q` silences the manifest's `verbose`, and `-v` ends its `quiet`; both typed is a slip.
fn loudness(run: &Run, flags: &Flags) -> Result<(VerboseLevel, bool), WorkloadError> {
    let typed_verbose = flags.verbose.is_some_and(|level| level.get() > 0);
    let typed_quiet = flags.quiet == Some(true);
    if typed_verbose && typed_quiet {
        return Err(WorkloadError::QuietAndVerbose);
    }
    let quiet = typed_quiet || (flags.quiet.unwrap_or(run.quiet) && !typed_verbose);
    if quiet {
        return Ok((VerboseLevel::default(), true));
    }
    let verbose = flags.verbose.or(run.verbose);
    Ok((verbose.unwrap_or_default(), false))
}

fn check_memory(
    memory: Option<MemorySize>,
    instance_memory: Option<MemorySize>,
) -> Result<(), WorkloadError> {
    match (memory, instance_memory) {
        (Some(memory), Some(instance_memory)) if instance_memory > memory => {
            Err(WorkloadError::InstanceMemory {
                instance_memory,
                memory,
            })
        }
        _ => Ok(()),
    }
}

/// The grants without repetitions; one path cannot lead to two places.
fn dirs_of(granted: Vec<DirGrant>) -> Result<Vec<DirGrant>, WorkloadError> {
    let mut dirs: Vec<DirGrant> = Vec::new();
    for second in granted {
        match dirs.iter().find(|first| first.guest() == second.guest()) {
            None => dirs.push(second),
            Some(first) if first.is_same(&second) => {}
            Some(first) => {
                return Err(WorkloadError::SameGuestPath {
                    first: first.clone(),
                    second,
                });
            }
        }
    }
    Ok(dirs)
}

fn config_of(manifest: &[ConfigEntry], typed: &[ConfigEntry]) -> BTreeMap<String, String> {
    let pair = |entry: &ConfigEntry| (entry.key().to_owned(), entry.value().to_owned());
    manifest.iter().chain(typed).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn fallback() -> Name {
        Name::from_stem("fallback")
    }

    fn resolve(manifest: &str, flags: Flags) -> Result<Workload, WorkloadError> {
        let manifest = Manifest::parse(manifest).expect("legal");
        Workload::resolve(Some(manifest), flags, fallback())
    }

    #[test]
    fn without_anything_it_is_the_defaults() {
        let workload = Workload::resolve(None, Flags::default(), fallback()).expect("legal");
        assert_eq!(workload.name, fallback());
        assert_eq!(workload.component, None);
        assert_eq!(workload.addr.to_string(), "127.0.0.1:8080");
        assert_eq!(workload.drain.to_string(), "10s");
        assert_eq!(workload.max_body.to_string(), "16MiB");
        assert_eq!(workload.replicas, Count::ONE);
        assert_eq!(
            (workload.timeout, workload.cpu, workload.memory),
            (None, None, None)
        );
        assert_eq!(workload.color, Color::Auto);
        assert!(workload.net.is_empty() && workload.dirs.is_empty() && !workload.listen);
    }

    #[test]
    fn a_flag_with_one_value_replaces_the_manifests() {
        let manifest = r#"
            name = "said"
            component = "a.wasm"
            promise = { memory = "64MiB", cpu = 1, timeout = "1s", max_concurrency = 2, reuse = 3 }
            grant = { listen = true }
            http = { addr = "[::1]:1", max_body = "1KiB" }
            run = { args = ["said"], drain = "2s", watch = true, json = true, color = "never" }
        "#;
        let said = resolve(manifest, Flags::default()).expect("legal");
        assert_eq!(said.name.as_str(), "said");
        assert_eq!(said.addr.to_string(), "[::1]:1");
        assert_eq!(said.args, ["said"]);
        assert!(said.listen && said.watch && said.json);

        let typed = Flags {
            name: "typed".parse().ok(),
            memory: "32MiB".parse().ok(),
            cpu: "0.5".parse().ok(),
            timeout: "5s".parse().ok(),
            max_concurrency: "9".parse().ok(),
            reuse: "8".parse().ok(),
            addr: ":0".parse().ok(),
            max_body: "2KiB".parse().ok(),
            drain: "7s".parse().ok(),
            listen_net: Some(false),
            watch: Some(false),
            json: Some(false),
            color: Some(Color::Always),
            args: vec!["typed".into()],
            ..Flags::default()
        };
        let won = resolve(manifest, typed.clone()).expect("legal");
        assert_eq!(Some(won.name), typed.name);
        assert_eq!(won.memory, typed.memory);
        assert_eq!(won.cpu, typed.cpu);
        assert_eq!(won.timeout, typed.timeout);
        assert_eq!(won.max_concurrency, typed.max_concurrency);
        assert_eq!(won.reuse, typed.reuse);
        assert_eq!(Some(won.addr), typed.addr);
        assert_eq!(Some(won.max_body), typed.max_body);
        assert_eq!(Some(won.drain), typed.drain);
        assert_eq!(Some(won.color), typed.color);
        assert_eq!(won.args, typed.args);
        assert!(!won.listen && !won.watch && !won.json);
    }

    #[test]
    fn lists_add_and_maps_win_per_key() {
        let manifest = r#"
            component = "a.wasm"
            grant = { dirs = ["a"], net = ["a.com"] }
            config = { theme = "dark", size = "1" }
        "#;
        let typed = Flags {
            dirs: vec!["b".parse().expect("legal")],
            allow_net: vec!["b.com".parse().expect("legal")],
            config: vec!["theme=light".parse().expect("legal")],
            ..Flags::default()
        };
        let workload = resolve(manifest, typed).expect("legal");
        let shown: Vec<_> = workload.dirs.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a", "b"]);
        let shown: Vec<_> = workload.net.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a.com", "b.com"]);
        assert_eq!(workload.config["theme"], "light");
        assert_eq!(workload.config["size"], "1");
    }

    #[test]
    fn one_path_of_the_guest_leads_to_one_directory() {
        let typed = |dirs: &[&str]| Flags {
            dirs: dirs.iter().map(|dir| dir.parse().expect(dir)).collect(),
            ..Flags::default()
        };
        let manifest = "component = \"a\"\ngrant = { dirs = [\"a::/x\"] }";
        for (dirs, message) in [
            (&["b::/x/"][..], "both `a::/x` and `b::/x` as /x"),
            (&["a::/x:ro"], "both `a::/x` and `a::/x:ro` as /x"),
            (&["c", "d::./c"], "both `c` and `d::c` as c"),
        ] {
            let error = resolve(manifest, typed(dirs)).expect_err(message);
            assert_eq!(
                error.to_string(),
                format!("the guest cannot have {message}")
            );
        }
        let same = resolve(manifest, typed(&["./a::/x", "b", "b"])).expect("they are the same");
        let shown: Vec<_> = same.dirs.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["a::/x", "b"]);
    }

    #[test]
    fn each_source_of_the_environment_wins_over_those_before_it() {
        let manifest = r#"
            component = "a.wasm"
            grant = { env_file = "m.env", env = { B = "manifest", C = "manifest", D = "manifest" } }
        "#;
        let typed = Flags {
            env_file: vec!["t.env".into()],
            env: vec![
                "D=1".parse().expect("legal"),
                "D=typed".parse().expect("legal"),
            ],
            ..Flags::default()
        };
        let workload = resolve(manifest, typed).expect("legal");
        let read = |path: &Path| {
            let text = match path.to_str() {
                Some("m.env") => "A=m.env\nB=m.env",
                _ => "C=t.env\nD=t.env",
            };
            Ok::<_, Infallible>(crate::parse_env_file(text).expect("legal"))
        };
        let Ok(env) = workload.environment(read);
        let env: Vec<_> = env
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(env, ["A=m.env", "B=manifest", "C=t.env", "D=typed"]);
        assert_eq!(
            workload.environment(|_| Err("unreadable")),
            Err("unreadable")
        );
    }

    #[test]
    fn an_instance_has_at_most_its_replicas_memory() {
        let manifest = "component = \"a\"\n[promise]\ninstance_memory = \"64MiB\"";
        resolve(manifest, Flags::default()).expect("legal without memory");
        let memory = |text: &str| Flags {
            memory: text.parse().ok(),
            ..Flags::default()
        };
        resolve(manifest, memory("64MiB")).expect("equal is legal");
        let error = resolve(manifest, memory("32MiB")).expect_err("less");
        assert_eq!(
            error.to_string(),
            "one instance may use 64MiB, and all of them together only 32MiB"
        );
        assert_eq!(
            error.hint(),
            "raise `memory` to 64MiB, or lower `instance_memory` to 32MiB"
        );
    }

    #[test]
    fn what_was_typed_decides_how_much_is_told() {
        let level = VerboseLevel::from_count;
        for (run, verbose, quiet, told) in [
            ("", None, None, (0, false)),
            ("verbose = 2", None, None, (2, false)),
            ("verbose = 2", Some(1), None, (1, false)),
            ("verbose = 2", None, Some(true), (0, true)),
            ("quiet = true", None, None, (0, true)),
            ("quiet = true", Some(1), None, (1, false)),
            ("quiet = true", None, Some(false), (0, false)),
        ] {
            let flags = Flags {
                verbose: verbose.map(level),
                quiet,
                ..Flags::default()
            };
            let manifest = format!("component = \"a\"\n[run]\n{run}");
            let workload = resolve(&manifest, flags).expect("legal");
            assert_eq!((workload.verbose.get(), workload.quiet), told, "{run}");
        }
        let both = Flags {
            verbose: Some(level(1)),
            quiet: Some(true),
            ..Flags::default()
        };
        let error = Workload::resolve(None, both, fallback()).expect_err("both");
        assert_eq!(error, WorkloadError::QuietAndVerbose);
    }
}
