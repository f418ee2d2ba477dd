//! A world's conversation, written down for people.

use std::collections::BTreeSet;
use std::fmt;

use gary_agent::{Afterwards, DeployError, Fact, HostReport, Order};
use gary_promise::{
    AgentId, Assessment, Body, Broken, Claim, Contrary, Frame, Judgement, Kept, PacketCodec,
    Promise, PromiseId, Requirement, Saying, SignedRecord, TenancyWord, Time, Unknown, Use,
    Verified, Version, WorkloadId,
};
use gary_wire::WireCodec;

use crate::checker::Book;
use crate::consulted;
use crate::reader::Reader;
use crate::running;
use crate::seen::Seen;

/// The most lines that are kept. Beyond, the first are forgotten: what went wrong is marked, and stands near the end.
pub const LINES_MAX: usize = 200_000;

/// Who said what to whom, in the words of the theory, line by line.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Vec<String>,
    detail: Detail,
    /// What was said of claims to something exclusive: it is said again and again.
    claims: BTreeSet<(AgentId, AgentId, Claim, u8)>,
    /// Who has said to whom that all that it hosts ends.
    leaving: BTreeSet<(AgentId, AgentId)>,
}

/// What is written down. Members that ask one another whether they are still there never are: they do it all
/// the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Detail {
    /// Everything, when it is said and when it is heard.
    #[default]
    Everything,
    /// What is said, but for what is said again and again.
    Said,
    /// Of what is said, what agents deal in with one another.
    Dealings,
}

impl Detail {
    /// Whether a frame that is said is written down.
    const fn has(self, frame: &Frame) -> bool {
        match frame {
            Frame::Hint(_) | Frame::Fetch(_) | Frame::Sheet(_) | Frame::Recall(_) => {
                !matches!(self, Self::Dealings)
            }
            Frame::Digest(_) | Frame::Listing(_) => {
                matches!(self, Self::Everything)
            }
            _ => true,
        }
    }
}

impl Transcript {
    /// Leaves out what is said again and again, such as renewals.
    pub fn brief() -> Self {
        Self {
            detail: Detail::Said,
            ..Self::default()
        }
    }

    /// Leaves out as well how agents find one another and learn of one another's sheets and stores.
    pub fn of_dealings() -> Self {
        Self {
            detail: Detail::Dealings,
            ..Self::default()
        }
    }

    /// The last lines.
    pub fn last(&self, count: usize) -> &[String] {
        &self.lines[self.lines.len().saturating_sub(count)..]
    }

    /// Adds a line that was not seen but explains what follows.
    pub(crate) fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(String::new());
        }
        self.lines.push(format!("# {text}"));
    }

    /// Marks what was written last: something does not hold.
    pub(crate) fn mark(&mut self, text: &str) {
        self.lines.push(format!("!! {text}"));
    }

    pub(crate) fn write(&mut self, at: Time, seen: &Seen<'_>, book: &Book, reader: &mut Reader) {
        if let Seen::Says {
            from,
            to,
            frame: Frame::Tenancy(its),
        } = *seen
        {
            let said = (from, to, its.claim, kind_of(&its.word));
            if !self.claims.insert(said) && self.detail != Detail::Everything {
                return;
            }
        }
        if let Seen::Says {
            from,
            to,
            frame: Frame::Renewal(renewal),
        } = *seen
        {
            // That all of it ends, or does not after all, is news once.
            let is_news = match renewal.ends_within {
                Some(_) => self.leaving.insert((from, to)),
                None => self.leaving.remove(&(from, to)),
            };
            if !is_news && self.detail != Detail::Everything {
                return;
            }
        }
        let Some(line) = self.line(seen, book, reader) else {
            return;
        };
        if self.lines.len() >= LINES_MAX {
            self.lines.drain(..LINES_MAX / 2);
        }
        let seconds = at.as_us() as f64 / 1e6;
        self.lines.push(format!("{seconds:>9.4}  {line}"));
    }

    fn line(&self, seen: &Seen<'_>, book: &Book, reader: &mut Reader) -> Option<String> {
        let name = |agent: &AgentId| book.names.of_agent(agent);
        let all = |agents: &[AgentId]| -> String {
            let names: Vec<String> = agents.iter().map(name).collect();
            names.join(" ")
        };
        Some(match *seen {
            Seen::Starts { agent, epoch, .. } => {
                format!("{} starts, life {}", name(&agent), epoch.0)
            }
            Seen::Ends { agent, for_good } => {
                let how = if for_good { "ends, for good" } else { "ends" };
                format!("{} {how}", name(&agent))
            }
            Seen::Says { from, to, frame } => {
                if !self.detail.has(frame) {
                    return None;
                }
                let what = said(from, to, frame, book, reader);
                format!("{} -> {}: {what}", name(&from), name(&to))
            }
            Seen::Hears {
                from,
                to,
                frame,
                is_noise,
            } => {
                if self.detail != Detail::Everything && !is_noise {
                    return None;
                }
                let what = said(from, to, frame, book, reader);
                let of = if is_noise { "a lie or echo of " } else { "" };
                format!("{} hears {of}{}: {what}", name(&to), name(&from))
            }
            Seen::Recovers {
                agent,
                intent,
                answer,
            } => {
                let by = name(&intent.by());
                let what = told(&SignedRecord::Promise((*intent).clone()), book, reader);
                let became = match answer {
                    Ok(_) => "done".to_owned(),
                    Err(error) => format!("refused: {error}"),
                };
                format!("{by} has {} recover: {what}; {became}", name(&agent))
            }
            Seen::Stores { agent, facts } => {
                let is_told = |fact: &&Fact| {
                    let is_of_stores = matches!(fact, Fact::Committed(_) | Fact::Saw { .. });
                    !is_of_stores || self.detail != Detail::Dealings
                };
                let facts = facts.iter().filter(is_told).map(|fact| match fact {
                    Fact::Record(record) => told(record, book, reader),
                    Fact::Keeps { keep, intent } => {
                        let (keep, intent) =
                            (book.names.of_promise(keep), book.names.of_promise(intent));
                        format!("keeps {intent} by {keep}")
                    }
                    Fact::Stood { before, .. } => {
                        let before = before.iter().map(|its| {
                            let intent = book.names.of_promise(&its.intent);
                            match its.failed {
                                Some(failed) => format!("{intent}, of which {}", failed.failure),
                                None => intent,
                            }
                        });
                        let before: Vec<String> = before.collect();
                        format!("remembers that {} stood", before.join(" and "))
                    }
                    Fact::Votes { name, votes } => consulted::votes(name, votes, book, reader),
                    Fact::HostsFor {
                        offer,
                        is_handed_over: true,
                        ..
                    } => {
                        let keeper = book.made_to(offer).map(|its| book.names.of_agent(&its));
                        let offer = book.names.of_promise(offer);
                        format!("{offer} is not for {} any more", keeper.unwrap_or_default())
                    }
                    Fact::HostsFor { offer, keepers, .. } => {
                        let keepers = keepers.iter().map(|its| book.names.of_agent(its));
                        let keepers: Vec<String> = keepers.collect();
                        let offer = book.names.of_promise(offer);
                        format!("{offer} is for {} too", keepers.join(" and "))
                    }
                    Fact::Pending {
                        intent, refused, ..
                    } => {
                        let intent = book.names.of_promise(intent);
                        match refused {
                            Some(verdict) => {
                                format!("shows that {intent} {}", consulted::verdict(verdict, book))
                            }
                            None => format!("{intent} is pending"),
                        }
                    }
                    Fact::Settled(intent) => {
                        format!("{} is not pending", book.names.of_promise(intent))
                    }
                    Fact::Committed(sequence) => format!("commit {}", sequence.0),
                    Fact::Saw { agent, sequence } => {
                        let agent = book.names.of_agent(agent);
                        format!("has seen {agent} at commit {}", sequence.0)
                    }
                    Fact::Collected { workload, .. } => {
                        let workload = book.names.of_workload(workload);
                        format!("forgets that {workload} was ever kept")
                    }
                    Fact::SetBack(its) => {
                        let by = book.names.of_agent(&its.by);
                        format!(
                            "votes no more: it is at commit {}, and {by} has seen {}",
                            its.stored.0, its.seen.0
                        )
                    }
                    Fact::Acquainted(count) => format!("has known {count} members"),
                    Fact::Granted { workload, grant } => {
                        let workload = book.names.of_workload(workload);
                        let offer = book.names.of_promise(&grant.holder.offer);
                        format!("has granted epoch {} of {workload} to {offer}", grant.epoch)
                    }
                    Fact::Ended { offer, ended } => {
                        let offer = book.names.of_promise(offer);
                        match ended {
                            Some(its) => {
                                let outcome = its.completion.outcome;
                                format!("{} of {offer} {outcome}", running::which(&its.key))
                            }
                            None => format!("need not know how {offer} ended"),
                        }
                    }
                    Fact::Ungranted(workload) => {
                        let workload = book.names.of_workload(workload);
                        format!("forgets what was granted of {workload}")
                    }
                    Fact::Drained(Some(_)) => "is drained".to_owned(),
                    Fact::Drained(None) => "is not drained".to_owned(),
                    Fact::HandedOver { offer, is_so: true } => {
                        format!("leaves {} to others", book.names.of_promise(offer))
                    }
                    Fact::HandedOver { offer, .. } => {
                        format!("leaves {} to nobody", book.names.of_promise(offer))
                    }
                    Fact::Forgotten(id) => format!("forgets {}", book.names.of_promise(id)),
                    Fact::Assessed(its) => judged(&its.assessment, book),
                });
                format!(
                    "{} stores: {}",
                    name(&agent),
                    facts.collect::<Vec<_>>().join("; ")
                )
            }
            Seen::Orders { agent, order } => match order {
                Order::Start(start) => {
                    let binding = &start.binding;
                    let term = start.term.map(|its| format!(", epoch {}", its.epoch));
                    let run = start.run.map(|its| {
                        let which = running::which(&its.key);
                        format!(", {which}, attempt {}", its.number)
                    });
                    format!(
                        "{} runs slot {} of {} (generation {}) by {}{}{}",
                        name(&agent),
                        binding.slot(),
                        book.names.of_workload(&binding.workload()),
                        binding.generation(),
                        book.names.of_promise(&binding.id().offer),
                        term.unwrap_or_default(),
                        run.unwrap_or_default(),
                    )
                }
                // It is said again and again.
                Order::Prolong { .. } if self.detail != Detail::Everything => return None,
                Order::Prolong { offer, term } => {
                    let offer = book.names.of_promise(offer);
                    format!("{} runs {offer} on, epoch {}", name(&agent), term.epoch)
                }
                Order::Suspend { offer } => {
                    let offer = book.names.of_promise(offer);
                    format!("{} stops {offer}, whose time is up", name(&agent))
                }
                Order::Stop { offer } => {
                    format!("{} stops {}", name(&agent), book.names.of_promise(offer))
                }
            },
            Seen::Reports { agent, report } => {
                let (offer, what) = match report {
                    HostReport::Started { offer } => (offer, "runs".to_owned()),
                    HostReport::Failed { offer, .. } => (offer, "has failed".to_owned()),
                    HostReport::Ended { offer, outcome, .. } => (offer, outcome.to_string()),
                    HostReport::Stopped { offer } => (offer, "is stopped".to_owned()),
                };
                let offer = book.names.of_promise(offer);
                format!("{}'s host: {offer} {what}", name(&agent))
            }
            Seen::Runs { .. } | Seen::Halts { .. } | Seen::Uses { .. } => return None,
            Seen::Submits { to, intent, answer } => {
                let what = reader.promise(intent).map(|its| {
                    let each = match its.body() {
                        Body::Use(wanted) if wanted.valency.get() > 0 => each(wanted),
                        _ => String::new(),
                    };
                    promised(its, book) + &each
                });
                let what = what.unwrap_or_default();
                let answer = match answer {
                    Ok(_) => "taken".to_owned(),
                    Err(error) => format!("refused: {}", refused(error, book)),
                };
                format!(
                    "{} submits to {}: {what}; {answer}",
                    name(&intent.by()),
                    name(&to)
                )
            }
            Seen::Settles { agent, settlement } => {
                let intent = book.names.of_promise(&settlement.intent);
                let verdict = consulted::verdict(&settlement.verdict, book);
                format!("{}'s person is told: {intent} {verdict}", name(&agent))
            }
            Seen::Sends { .. } if self.detail == Detail::Dealings => return None,
            Seen::Sends { from, to, packet } => {
                format!("{} ~> {}: {}", name(&from), name(&to), sent(packet)?)
            }
            Seen::GoesAway { agent } => format!("{} is told to go away for a while", name(&agent)),
            Seen::Revises { agent, published } => {
                format!(
                    "{} is to have {} from now on",
                    name(&agent),
                    published.resources
                )
            }
            Seen::Restores { agent, sequence } => {
                format!("{}'s disk goes back to commit {}", name(&agent), sequence.0)
            }
            Seen::Drains { agent, drain } => {
                let then = match drain.then {
                    Afterwards::Stays => "",
                    Afterwards::Leaves => ", and leaves then",
                };
                let ms = drain.within.as_ms();
                format!("{} is drained within {ms} ms{then}", name(&agent))
            }
            Seen::Undrains { agent } => format!("{} is not drained any more", name(&agent)),
            Seen::Leaves {
                agent,
                is_drained: true,
            } => format!("{} leaves, since it is drained", name(&agent)),
            Seen::Leaves { agent, .. } => format!("{} is told to leave", name(&agent)),
            Seen::TakesBack { agent, offer } => format!(
                "{}'s person wants {} back",
                name(&agent),
                book.names.of_promise(&offer)
            ),
            Seen::Measures { agent, free_bytes } => {
                let mebibytes = free_bytes >> 20;
                format!("{} measures {mebibytes} MiB of free memory", name(&agent))
            }
            Seen::Cuts { from, to } => format!("nothing passes from {} to {}", all(from), all(to)),
            Seen::Heals => "everything passes again".to_owned(),
            Seen::Stalls {
                agent,
                span_ms,
                is_clock,
            } => {
                let what = if is_clock {
                    "'s clock jumps by"
                } else {
                    " stalls for"
                };
                format!("{}{what} {span_ms} ms", name(&agent))
            }
            Seen::Calms => "faults cease".to_owned(),
            Seen::Replays => "messages of the past come again".to_owned(),
        })
    }
}

/// What kind of word it is.
const fn kind_of(word: &TenancyWord) -> u8 {
    match word {
        TenancyWord::Asks(_) => 0,
        TenancyWord::Grants { .. } => 1,
        TenancyWord::Refuses { .. } => 2,
        TenancyWord::Releases => 3,
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// What one hosting takes, and of which component it is.
fn each(wanted: &Use) -> String {
    let component = wanted.component.to_string();
    let (component, _) = component.split_at(component.len().min(15));
    let resources = wanted.needs.portion.resources();
    format!(", each {resources} for {component}")
}

/// Why an intent is refused, with names in the place of ids.
fn refused(error: &DeployError, book: &Book) -> String {
    let said = error.to_string();
    let named = |said: String, agent: &AgentId| {
        said.replace(&agent.to_string(), &book.names.of_agent(agent))
    };
    let known = |said: String, workload: &WorkloadId| {
        said.replace(&workload.to_string(), &book.names.of_workload(workload))
    };
    match error {
        DeployError::NotConsidered { owner } => named(said, owner),
        DeployError::NotKept { workload } | DeployError::Conflict { workload, .. } => {
            known(said, workload)
        }
        DeployError::NotAllowed { by, workload } => known(named(said, by), workload),
        _ => said,
    }
}

/// What a frame says.
fn said(from: AgentId, to: AgentId, frame: &Frame, book: &Book, reader: &mut Reader) -> String {
    let of = |promiser: AgentId, version: &Version| {
        let version = *version;
        book.names.of_promise(&PromiseId { promiser, version })
    };
    let list = |promiser: AgentId, versions: &mut dyn Iterator<Item = &Version>| -> String {
        let names: Vec<String> = versions.map(|version| of(promiser, version)).collect();
        names.join(" ")
    };
    match frame {
        Frame::Told(batch) => {
            let records = batch.records().iter();
            let records: Vec<String> = records.map(|its| told(its, book, reader)).collect();
            records.join("; ")
        }
        Frame::Invitation(invitation) => {
            let slots: Vec<String> = invitation.slots.iter().map(ToString::to_string).collect();
            let slots = slots.join(" ");
            match reader.promise(&invitation.intent) {
                Some(intent) => {
                    let intent = promised(intent, book);
                    let beside = invitation.beside.iter().map(ToString::to_string);
                    let beside: Vec<String> = beside.collect();
                    let beside = match beside.is_empty() {
                        true => String::new(),
                        false => format!(", {} beside what it hosts,", beside.join(" ")),
                    };
                    let awaited = match invitation.awaited.is_empty() {
                        true => "",
                        false => ", whose hosts leave,",
                    };
                    format!("invites for slots {slots}{beside}{awaited} of: {intent}")
                }
                None => format!("invites for slots {slots} of what nobody has signed"),
            }
        }
        Frame::Refusal(refusal) => {
            let slots: Vec<String> = refusal.slots.iter().map(ToString::to_string).collect();
            let workload = book.names.of_workload(&refusal.workload);
            format!(
                "refuses slots {} of {workload}: {}",
                slots.join(" "),
                refusal.why
            )
        }
        Frame::Dismissal(dismissal) => {
            format!("dismisses {}", list(to, &mut dismissal.offers.iter()))
        }
        Frame::Renewal(renewal) => {
            let parts = [
                ("bound", &renewal.bound),
                ("bound by others", &renewal.by_others),
                ("offered", &renewal.offered),
            ];
            let idle = match renewal.idle.is_empty() {
                true => String::new(),
                false => format!(
                    ", of which {} does not run",
                    list(from, &mut renewal.idle.iter())
                ),
            };
            let parts = parts.iter().filter(|(_, offers)| !offers.is_empty());
            let parts =
                parts.map(|(how, offers)| format!(" {how} {}", list(from, &mut offers.iter())));
            let ends = renewal.ends_within.map(|its| its.as_ms());
            let ends = ends.map(|ms| format!(", and takes all back within {ms} ms"));
            let ends = ends.unwrap_or_default();
            format!("renews{}{idle}{ends}", parts.collect::<String>())
        }
        Frame::Bound(its) => {
            let halves = [&its.offer, &its.acceptance].map(|its| reader.promise(its).cloned());
            let halves = halves.map(|its| its.map_or_else(String::new, |its| promised(&its, book)));
            format!("tells of {}; {}", halves[0], halves[1])
        }
        Frame::Handover(handover) => {
            let offers = list(to, &mut handover.offers.iter());
            format!("leaves {offers} to others")
        }
        Frame::Inquiry(inquiry) => {
            format!("asks after {}", list(to, &mut inquiry.offers.iter()))
        }
        Frame::Consults(its) => consulted::consults(its, book, reader),
        Frame::Recall(its) => consulted::recall(its),
        Frame::Tenancy(its) => consulted::tenancy(from, to, its, book),
        Frame::Running(its) => running::running(from, its, book),
        Frame::Submission(its) => {
            let intent = reader.promise(&its.intent).map(|its| promised(its, book));
            format!("passes on {}", intent.unwrap_or_default())
        }
        Frame::Settlement(its) => {
            let intent = book.names.of_promise(&its.intent);
            format!("{intent} {}", consulted::verdict(&its.verdict, book))
        }
        Frame::Absence(absence) => format!("will be back within {} ms", absence.notice.as_ms()),
        Frame::Denial(denial) => {
            format!("does not keep {}: {}", of(from, &denial.of), denial.failure)
        }
        Frame::Hint(hint) => format!(
            "{}'s sheet is at {}",
            book.names.of_agent(&hint.agent),
            hint.version
        ),
        Frame::Fetch(fetch) => {
            let since = fetch.have.map(|have| format!(" since {have}"));
            let owner = book.names.of_agent(&fetch.agent);
            format!("asks for {owner}'s sheet{}", since.unwrap_or_default())
        }
        Frame::Sheet(part) => {
            let owner = book.names.of_agent(&part.head.by());
            let made = part.made.records().iter();
            let made: Vec<String> = made.map(|its| told(its, book, reader)).collect();
            let gone = list(part.head.by(), &mut part.gone.iter());
            let gone = if gone.is_empty() {
                gone
            } else {
                format!(" gone {gone}")
            };
            format!("{owner}'s sheet: {}{gone}", made.join("; "))
        }
        Frame::Digest(digest) => match digest.branch.digits() {
            [] => "compares what it knows of sheets".to_owned(),
            digits => format!("compares what it knows of sheets in branch {digits:?}"),
        },
        Frame::Listing(listing) if listing.known.is_empty() && !listing.asks => {
            "knows the same of sheets".to_owned()
        }
        Frame::Listing(listing) => {
            let known = listing
                .known
                .iter()
                .map(|(agent, version)| format!("{} at {version}", book.names.of_agent(agent)));
            let known: Vec<String> = known.collect();
            match known.is_empty() {
                true => "knows no sheets there".to_owned(),
                false => format!("knows the sheets of {}", known.join(", ")),
            }
        }
    }
}

/// What a packet says; `None` where that is said all the time.
fn sent(packet: &[u8]) -> Option<&'static str> {
    let (head, _) = WireCodec.unpack_head(packet).ok()?;
    match head.saying {
        Saying::Announce => Some("would like to join"),
        Saying::Feed => Some("says who is there"),
        Saying::TurnUndead => Some("says that it is taken for dead"),
        _ => None,
    }
}

/// What a record says.
fn told(record: &SignedRecord, book: &Book, reader: &mut Reader) -> String {
    match record {
        SignedRecord::Promise(signed) => match reader.promise(signed) {
            Some(promise) => promised(promise, book),
            None => format!("what {} never signed", book.names.of_agent(&signed.by())),
        },
        SignedRecord::Withdrawal(signed) => {
            let reason = reader.withdrawal(signed).map(|its| its.reason());
            match reader.taken_back(signed).zip(reason) {
                Some((of, reason)) => {
                    let reason = format!("{reason:?}").to_lowercase();
                    format!("withdraws {} ({reason})", book.names.of_promise(&of))
                }
                None => format!("what {} never signed", book.names.of_agent(&signed.by())),
            }
        }
        SignedRecord::SheetHead(_) => "the head of a sheet".to_owned(),
        SignedRecord::Unknown(_) => "what only a later release can read".to_owned(),
    }
}

/// What an observer has come to judge.
fn judged(assessment: &Assessment, book: &Book) -> String {
    let of = book.names.of_promise(&assessment.promise());
    let why = match assessment.judgement() {
        Judgement::Kept(Kept::Renewed { .. }) => "kept: it stands by its promiser's word",
        Judgement::Kept(Kept::Used { .. }) => "kept: it was used",
        Judgement::Kept(Kept::OnNotice { .. }) => "kept: its promiser is away by plan",
        Judgement::Unknown(Unknown::Unheard) => "unknown: nothing was heard of it",
        Judgement::Unknown(Unknown::Silent { .. }) => "unknown: its promiser is silent",
        Judgement::Unknown(Unknown::Lost { .. }) => "unknown: its promiser cannot be reached",
        Judgement::Broken(Broken::Expired { .. }) => "broken: its lease ran out",
        Judgement::Broken(Broken::Withdrawn { .. }) => "broken: it was withdrawn",
        Judgement::Broken(Broken::Contrary { contrary, .. }) => match contrary {
            Contrary::Denied => "broken: its promiser says so",
            Contrary::Failed => "broken: it failed in use",
        },
    };
    format!("holds {of} for {why}")
}

/// What is promised.
fn promised(promise: &Verified<Promise>, book: &Book) -> String {
    let id = book.names.of_promise(&promise.id());
    let kind = promise.body().notation();
    let workload = promise.workload().map(|its| book.names.of_workload(&its));
    let workload = workload.unwrap_or_default();
    let said = match promise.body() {
        Body::Use(wanted) => format!(
            "{id} {kind} {} of {workload} (generation {})",
            wanted.valency,
            wanted.lineage.generation(),
        ),
        Body::Host(host) => format!(
            "{id} {kind} slot {} of {workload} (generation {})",
            host.slot, host.generation,
        ),
        Body::Accept(accept) => format!("{id} {kind} {}", book.names.of_promise(&accept.offer)),
        Body::Capacity(capacity) => format!("{id} {kind} of {}", capacity.resources),
        _ if workload.is_empty() => format!("{id} {kind}"),
        _ => format!("{id} {kind} {workload}"),
    };
    let requirements = promise.condition().requirements.iter();
    let requirements: Vec<String> = requirements
        .map(|required| match required {
            Requirement::Promised(id) => format!("{} stands", book.names.of_promise(id)),
            Requirement::Bound(interface) => format!("{interface} is bound"),
        })
        .collect();
    match requirements.is_empty() {
        true => said,
        false => format!("{said}, if {}", requirements.join(" and ")),
    }
}
