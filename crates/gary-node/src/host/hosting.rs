//! One hosting, from its order to its end.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gary_agent::{HostReport, Start};
use gary_host::http::{Asked, Handler, Observer, Request, Site};
use gary_host::{Kind, Program, Replica, Stdio, StoresDir, Term};
use gary_promise::{Body, Failure, Note, Outcome, PromiseId, Use};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::records::{self, Records};
use super::{NotRun, Stop, Workshop, fencing, health};
use crate::api::EndShown;
use crate::event::Event;
use crate::logs::{ReplicaKey, Scribe};
use crate::run_spec::{HealthCheck, RunSpec, StoresOf};
use crate::sites::RequestLog;
use crate::stores::Noted;

/// How long requests under way have when a hosting is stopped.
const DRAIN: Duration = Duration::from_secs(10);

/// Runs a hosting until it ends or is told to, and reports each.
pub(super) async fn host(
    (start, term): (Start, Option<Arc<Term>>),
    workshop: Arc<Workshop>,
    reports: mpsc::Sender<Event>,
    mut told: mpsc::UnboundedReceiver<Stop>,
) {
    let offer = start.offer.id();
    let key = ReplicaKey {
        workload: start.binding.workload(),
        slot: start.binding.slot(),
    };
    let mut hosting = Hosting {
        offer,
        key,
        start: &start,
        term: term.clone(),
        site: OnceLock::new(),
        replica: OnceLock::new(),
        scribe: Arc::new(workshop.scribe(key, start.binding.generation())),
        workshop: &workshop,
        reports: &reports,
    };
    let records = &workshop.tools.records;
    let wanted = hosting.wanted();
    records.begins(offer, key, &wanted.name);
    let sites = &workshop.tools.sites;
    sites.expect(offer, &wanted.name, &wanted.routes);
    let report = tokio::select! {
        report = hosting.run() => report,
        _ = told.recv() => {
            hosting.tell("stopped");
            HostReport::Stopped { offer }
        }
        () = hosting.over() => {
            hosting.tell("stopped: others may run it now");
            HostReport::Stopped { offer }
        }
    };
    workshop.tools.records.stopped(&offer);
    let drain = term.as_ref().map_or(DRAIN, |term| term.left().min(DRAIN));
    sites.close(&offer, drain).await;
    // Also of what was never served, since it was not well, nothing runs any more when that is told.
    if let Some(site) = hosting.site.take() {
        site.drained(Duration::ZERO).await;
    }
    if let Some(replica) = hosting.replica.take() {
        // To close its stores waits for the disk, which no thread does that runs guests.
        let _ = spawn_blocking(move || drop(replica)).await;
    }
    // A guest that was stopped for that has not failed.
    let report = match &term {
        Some(term) if term.is_over() => HostReport::Stopped { offer },
        _ => report,
    };
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
    key: ReplicaKey,
    scribe: Arc<Scribe>,
    start: &'a Start,
    /// Until when it may run, where it is exclusive.
    term: Option<Arc<Term>>,
    /// What answers requests, once there is that.
    site: OnceLock<Arc<Site>>,
    /// What has its stores open, until nothing of it runs.
    replica: OnceLock<Replica>,
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

    /// Waits until it may run no longer.
    async fn over(&self) {
        match &self.term {
            Some(term) => term.over().await,
            None => std::future::pending().await,
        }
    }

    /// Runs it to its own end, and says what that was.
    async fn run(&self) -> HostReport {
        let (replica, program, health) = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(why) => return self.not_started(EndShown::now(why.to_string())),
        };
        match program.kind() {
            Kind::Command(wasi) => {
                self.workshop.tools.sites.expect_no_more(&self.offer);
                self.started(&replica).await;
                match replica.run(wasi).await {
                    Ok(status) => {
                        let how = EndShown::now(format!("exited with status {status}"));
                        self.ended(how, Ok(status))
                    }
                    Err(failure) => self.ended(records::end(&failure), Err(said(&failure))),
                }
            }
            Kind::Http(wasi) => {
                let handler = match Handler::new(&replica, wasi) {
                    Ok(handler) => handler,
                    Err(error) => return self.not_started(EndShown::now(format!("{error:#}"))),
                };
                if let Err(failure) = replica.try_instantiate().await {
                    return self.not_started(records::end(&failure));
                }
                let observer = Requests {
                    offer: self.offer,
                    scribe: Arc::clone(&self.scribe),
                    records: Arc::clone(&self.workshop.tools.records),
                };
                let site = self
                    .site
                    .get_or_init(|| Arc::new(Site::new(handler, Arc::new(observer))));
                self.serve(site, &replica, health.as_ref()).await
            }
            Kind::Library => {
                let why = "it exports nothing that can be run".to_owned();
                self.not_started(EndShown::now(why))
            }
        }
    }

    /// Serves what answers requests, from when it is well for as long as it is.
    async fn serve(
        &self,
        site: &Arc<Site>,
        replica: &Replica,
        health: Option<&HealthCheck>,
    ) -> HostReport {
        if let Some(check) = health
            && let Err(why) = health::become_well(site, check, |why| self.not_well(why)).await
        {
            return self.ended(EndShown::now(why), Err(Failure::Health));
        }
        let wanted = self.wanted();
        let sites = &self.workshop.tools.sites;
        sites.open(self.offer, &wanted.name, &wanted.routes, Arc::clone(site));
        self.started(replica).await;
        let Some(check) = health else {
            return std::future::pending().await;
        };
        let why = health::stay_well(site, check).await;
        self.ended(EndShown::now(why), Err(Failure::Health))
    }

    /// It does not pass its health check yet.
    fn not_well(&self, why: &str) {
        self.tell(&format!("not well yet: {why}"));
        let end = EndShown::now(format!("not well yet: {why}"));
        self.workshop.tools.records.failed(&self.offer, end);
    }

    async fn started(&self, replica: &Replica) {
        let records = &self.workshop.tools.records;
        records.started(&self.offer, replica, self.site.get().is_some());
        self.tell("started");
        self.report(HostReport::Started { offer: self.offer }).await;
    }

    fn not_started(&self, end: EndShown) -> HostReport {
        self.ended(end, Err(Failure::Start))
    }

    /// Tells whoever reads what the replica writes, and what happens on this node.
    fn tell(&self, what: &str) {
        self.scribe.note(what);
        let (name, generation) = (&self.wanted().name, self.start.binding.generation());
        let what = format!(
            "replica {} of generation {generation}: {what}",
            self.key.slot.0
        );
        self.workshop.tools.chronicle.add(name.as_str(), what);
    }

    async fn prepare(&self) -> Result<(Replica, Program, Option<HealthCheck>), NotRun> {
        let wanted = self.wanted();
        let spec = RunSpec::unpack(&wanted.spec)?;
        let program = self.workshop.program(wanted).await?;
        let (health, stores) = (spec.health.clone(), spec.stores);
        let mut spec = spec.granted(wanted.name.as_str(), self.start.binding.enforced())?;
        spec.stores = match stores {
            Some(stores) => Some(self.take(stores).await?),
            None => None,
        };
        spec.term.clone_from(&self.term);
        if let Some(term) = self.start.term {
            let epoch = fencing::text(term.epoch);
            spec.env.push((fencing::VARIABLE.to_owned(), epoch));
        }
        spec.stdio = Stdio::Sink(self.scribe.clone());
        spec.log = Some(self.scribe.clone());
        let replica = Replica::new(&program, spec).map_err(NotRun::Link)?;
        let _first = self.replica.set(replica.clone());
        Ok((replica, program, health))
    }

    /// Its stores, once whoever ran in its place has closed them.
    async fn take(&self, stores: StoresOf) -> Result<StoresDir, NotRun> {
        let slot = match stores {
            StoresOf::Workload => None,
            StoresOf::Replica => Some(self.key.slot),
        };
        let note = Noted::new(&self.wanted().name, [self.start.binding.keeper()]);
        let waits =
            || self.tell("waits for its stores, which what ran before it has not closed yet");
        let kept = &self.workshop.tools.stores;
        let taken = kept.take((self.key.workload, slot), &note, waits).await;
        taken.map_err(NotRun::Stores)
    }

    /// What it reports: of a run, how that ended; of what should run on and on, that it fails.
    fn ended(&self, end: EndShown, ended: Result<i32, Failure>) -> HostReport {
        let offer = self.offer;
        let why = end.how.clone();
        self.tell(&why);
        self.scribe.note(&end.backtrace.join("\n"));
        self.workshop.tools.records.ended(&offer, end);
        let Some(run) = self.start.run else {
            let failure = ended.map_or_else(|failure| failure, |_| Failure::Ended);
            return HostReport::Failed { offer, failure };
        };
        let (outcome, note) = match ended {
            Ok(status) => (Outcome::Exited(status.cast_unsigned()), None),
            Err(failure) => (Outcome::Failed(failure), note(&why)),
        };
        HostReport::Ended {
            offer,
            asked: run.asked,
            outcome,
            note,
        }
    }
}

/// How it is said to others that a guest has failed.
const fn said(failure: &gary_host::Failure) -> Failure {
    match failure {
        gary_host::Failure::Trap(_) => Failure::Trapped,
        gary_host::Failure::TimedOut(_) => Failure::TimedOut,
        _ => Failure::Ended,
    }
}

/// Tells of requests to a hosting, as far as somebody wants to know.
struct Requests {
    offer: PromiseId,
    scribe: Arc<Scribe>,
    records: Arc<Records>,
}

impl Observer for Requests {
    fn wants_requests(&self) -> bool {
        RequestLog.wants_requests()
    }

    fn request(&self, request: &Request<'_>) {
        RequestLog.request(request);
    }

    fn failed(&self, asked: &Asked, failure: &gary_host::Failure) {
        let end = records::end(failure);
        self.scribe.note(&format!("{asked}: {}", end.how));
        self.scribe.note(&end.backtrace.join("\n"));
        self.records.failed(&self.offer, end);
    }

    fn connection(&self, why: &str) {
        RequestLog.connection(why);
    }
}

/// As much as there is room for of what is wrong.
fn note(why: &str) -> Option<Note> {
    let line = why.lines().next().unwrap_or_default();
    let mut line = line.to_owned();
    line.truncate(line.floor_char_boundary(Note::BYTES_MAX));
    line.parse().ok()
}
