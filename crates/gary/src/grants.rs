//! What gary-manifest describes becomes what gary-host takes.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use gary_host::{Dir, HostPattern, Limits, NetGrant, Spec, Stdio, StoresDir};
use gary_manifest::{ENV_FILE_BYTES_MAX, EnvVar, NetHost as GrantedHost, parse_env_file};

use crate::denied::Denials;
use crate::named_file::{read_text, unreadable};
use crate::places;
use crate::problem::{Code, Problem};
use crate::report::Reporter;
use crate::target::Target;

/// The spec of a workload, with its env files read and its directories looked at.
pub(crate) fn spec(
    target: &Target,
    stdio: Stdio,
    reporter: &Arc<Reporter>,
    denials: &Arc<Denials>,
) -> Result<Spec, Problem> {
    let workload = &target.workload;
    let program = target.component.file_name().unwrap_or_default();
    Ok(Spec {
        name: workload.name.to_string(),
        program: program.to_string_lossy().into_owned(),
        args: workload.args.clone(),
        env: workload
            .environment(|path| read_env_file(target, path))?
            .into_iter()
            .collect(),
        dirs: dirs(target)?,
        net: workload.net.iter().map(net).collect(),
        listen: workload.listen,
        config: workload.config.clone().into_iter().collect(),
        // Without a place for it, only the unnamed store can be opened.
        stores: places::state().ok().map(|state| StoresDir {
            path: state.join("keyvalue").join(workload.name.as_str()),
            room: None,
        }),
        limits: Limits {
            memory_bytes: workload.memory.map(|size| size.bytes()),
            instance_memory_bytes: workload.instance_memory.map(|size| size.bytes()),
            cpu_cores: workload.cpu.map(|cpu| cpu.cores()),
            timeout: workload.timeout.map(|period| period.duration()),
            concurrency_max: workload.max_concurrency.map(|count| count.get()),
            reuse: workload.reuse.map(|count| count.get()),
            body_bytes_max: Some(workload.max_body.bytes()),
        },
        term: None,
        stdio,
        // What a run used is told to nobody else.
        metered: reporter.is_verbose(),
        log: Some(reporter.clone()),
        denials: Some(denials.clone()),
    })
}

fn read_env_file(target: &Target, path: &Path) -> Result<Vec<EnvVar>, Problem> {
    let text = read_text(path, ENV_FILE_BYTES_MAX).map_err(|problem| {
        match (problem.code, target.relative_to()) {
            (Code::NotFound, Some(place)) => problem.hint(place),
            _ => problem,
        }
    })?;
    parse_env_file(&text).map_err(|error| {
        Problem::new(Code::BadInput, format!("cannot read {}", path.display()))
            .why(&error)
            .hint(error.hint())
    })
}

fn dirs(target: &Target) -> Result<Vec<Dir>, Problem> {
    let dirs = target.workload.dirs.iter().map(|grant| {
        let host = grant.host();
        let cannot = || Problem::new(Code::BadInput, format!("cannot grant {}", host.display()));
        match fs::metadata(host) {
            Ok(metadata) if metadata.is_dir() => Ok(Dir {
                host: host.to_owned(),
                guest: grant.guest().to_owned(),
                read_only: grant.read_only(),
            }),
            Ok(_) => Err(cannot()
                .why("it is not a directory")
                .hint("grant the directory that the file is in")),
            Err(error) => {
                let problem = unreadable(host, &error);
                Err(Problem {
                    what: format!("cannot grant {}", host.display()),
                    hint: Some(match grant.meant() {
                        Some(meant) => format!("{meant}, with two colons (HOST::GUEST[:ro])"),
                        None => target
                            .relative_to()
                            .unwrap_or_else(|| "make it, or grant one that is there".into()),
                    }),
                    why: match error.kind() {
                        ErrorKind::NotFound => vec!["there is no such directory".into()],
                        _ => problem.why,
                    },
                    code: problem.code,
                })
            }
        }
    });
    dirs.collect()
}

fn net(grant: &gary_manifest::NetGrant) -> NetGrant {
    NetGrant {
        host: match grant.host() {
            GrantedHost::Any => HostPattern::Any,
            GrantedHost::Name(name) => HostPattern::Name(name.to_string()),
            GrantedHost::Subdomains(name) => HostPattern::Suffix(name.to_string()),
            GrantedHost::Address(address) => HostPattern::Ip(*address),
            GrantedHost::Block(block) => HostPattern::Cidr(*block),
        },
        port: grant.port().map(Into::into),
    }
}
