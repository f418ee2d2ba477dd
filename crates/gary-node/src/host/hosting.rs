//! One hosting, from its order to its end.

use std::sync::Arc;
use std::time::Duration;

use gary_agent::{HostReport, Start};
use gary_host::http::Handler;
use gary_host::{Kind, Program, Replica};
use gary_promise::{Body, Failure, Note, Outcome, PromiseId, Use};
use tokio::sync::mpsc;

use super::{NotRun, Stop, Workshop};
use crate::event::Event;
use crate::run_spec::RunSpec;

/// How long requests under way have when a hosting is stopped.
const DRAIN: Duration = Duration::from_secs(10);

/// Runs a hosting until it ends or is told to, and reports each.
pub(super) async fn host(
    start: Start,
    workshop: Arc<Workshop>,
    reports: mpsc::Sender<Event>,
    mut told: mpsc::UnboundedReceiver<Stop>,
) {
    let offer = start.offer.id();
    let hosting = Hosting {
        offer,
        start: &start,
        workshop: &workshop,
        reports: &reports,
    };
    let report = tokio::select! {
        report = hosting.run() => report,
        _ = told.recv() => HostReport::Stopped { offer },
    };
    hosting.workshop.sites.close(&offer, DRAIN).await;
    // Whoever orders this offer anew finds nobody here any more. What it was told meanwhile is answered.
    told.close();
    let is_told = told.try_recv().is_ok();
    let has_stopped = HostReport::Stopped { offer };
    let says_so = report == has_stopped;
    hosting.report(report).await;
    if is_told && !says_so {
        hosting.report(has_stopped).await;
    }
}

struct Hosting<'a> {
    offer: PromiseId,
    start: &'a Start,
    workshop: &'a Workshop,
    reports: &'a mpsc::Sender<Event>,
}

impl Hosting<'_> {
    async fn report(&self, report: HostReport) {
        // Nobody listens once the node has ended.
        let _ = self.reports.send(Event::Reported(report)).await;
    }

    fn wanted(&self) -> &Use {
        let Body::Use(wanted) = self.start.intent.body() else {
            unreachable!("a binding is of an intent");
        };
        wanted
    }

    /// Runs it to its own end, and says what that was.
    async fn run(&self) -> HostReport {
        let (replica, program) = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(why) => return self.ended(Err((Failure::Start, why.to_string()))),
        };
        match program.kind() {
            Kind::Command(wasi) => {
                self.report(HostReport::Started { offer: self.offer }).await;
                match replica.run(wasi).await {
                    Ok(status) => self.ended(Ok(status)),
                    Err(failure) => self.ended(Err((Failure::Ended, failure.to_string()))),
                }
            }
            Kind::Http(wasi) => {
                let handler = match Handler::new(&replica, wasi) {
                    Ok(handler) => handler,
                    Err(error) => return self.ended(Err((Failure::Start, format!("{error:#}")))),
                };
                if let Err(failure) = replica.try_instantiate().await {
                    return self.ended(Err((Failure::Start, failure.to_string())));
                }
                let wanted = self.wanted();
                self.workshop
                    .sites
                    .open(self.offer, &wanted.name, &wanted.routes, handler);
                self.report(HostReport::Started { offer: self.offer }).await;
                std::future::pending().await
            }
            Kind::Library => {
                let why = "it exports nothing that can be run".to_owned();
                self.ended(Err((Failure::Start, why)))
            }
        }
    }

    async fn prepare(&self) -> Result<(Replica, Program), NotRun> {
        // Nothing would stop it in time yet by a clock that counts what the machine sleeps.
        if self.start.term.is_some() {
            return Err(NotRun::Exclusive);
        }
        let wanted = self.wanted();
        let spec = RunSpec::unpack(&wanted.spec)?;
        let keeper = self.start.binding.keeper();
        let program = self.workshop.program(wanted.component, keeper).await?;
        let spec = spec.granted(wanted.name.as_str(), self.start.binding.enforced())?;
        let replica = Replica::new(&program, spec).map_err(NotRun::Link)?;
        Ok((replica, program))
    }

    /// What it reports: of a run, how that ended; of what should run on and on, that it fails.
    fn ended(&self, ended: Result<i32, (Failure, String)>) -> HostReport {
        let offer = self.offer;
        let why = match &ended {
            Ok(status) => format!("exited with status {status}"),
            Err((_, why)) => why.clone(),
        };
        tracing::info!(name = %self.wanted().name, why, "a hosting has ended");
        let Some(run) = self.start.run else {
            let failure = ended.map_or_else(|(failure, _)| failure, |_| Failure::Ended);
            return HostReport::Failed { offer, failure };
        };
        let (outcome, note) = match ended {
            Ok(status) => (Outcome::Exited(status.cast_unsigned()), None),
            Err((failure, why)) => (Outcome::Failed(failure), note(&why)),
        };
        HostReport::Ended {
            offer,
            asked: run.asked,
            outcome,
            note,
        }
    }
}

/// As much as there is room for of what is wrong.
fn note(why: &str) -> Option<Note> {
    let line = why.lines().next().unwrap_or_default();
    let mut line = line.to_owned();
    line.truncate(line.floor_char_boundary(Note::BYTES_MAX));
    line.parse().ok()
}
