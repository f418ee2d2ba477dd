//! What keepers say of a register, as a person reads it.

use gary_agent::register::Votes;
use gary_promise::{
    AgentId, Answer, Ballot, Configuration, Consultation, Consults, Entrusted, Entry, PromiseId,
    Question, Recall, Tenancy, TenancyWord, Verdict, WorkloadName,
};

use crate::checker::Book;
use crate::reader::Reader;
use crate::running;

/// What one keeper of a name says to another.
pub(crate) fn consults(consults: &Consults, book: &Book, reader: &mut Reader) -> String {
    let name = &consults.name;
    match &consults.what {
        Consultation::Asked(asked) => {
            let ballot = ballot(&asked.ballot, book);
            match &asked.question {
                Question::Prepare => format!("{ballot} of {name}: asks what was voted for"),
                Question::Accept(entrusted) => {
                    let what = held(entrusted, book, reader);
                    format!("{ballot} of {name}: asks to vote for {what}")
                }
            }
        }
        Consultation::Answered(answered) => {
            let ballot = ballot(&answered.ballot, book);
            let answer = answer(&answered.answer, book, reader);
            format!("{ballot} of {name}: {answer}")
        }
        Consultation::Chosen(chosen) => {
            format!("{name} is {}", held(&chosen.entrusted, book, reader))
        }
        Consultation::Collected(workload) => {
            let workload = book.names.of_workload(workload);
            format!("{name}: has forgotten {workload}, which is deleted")
        }
        Consultation::Namesake(keepers) => {
            let keepers = agents(keepers, book);
            format!("keeps another {name} with {keepers}")
        }
        Consultation::Learned(learned) => match &learned.ballot {
            Some(by) => format!("knows what {name} is by {}", ballot(by, book)),
            None => format!("knows what {name} began with"),
        },
    }
}

fn answer(answer: &Answer<Entry>, book: &Book, reader: &mut Reader) -> String {
    match answer {
        Answer::Promised(None) => "promises, and has voted for nothing".to_owned(),
        Answer::Promised(Some(vote)) => {
            let last = held(&vote.entrusted, book, reader);
            format!("promises, and knows of {last}")
        }
        Answer::Accepted => "votes for it".to_owned(),
        Answer::Outbid(by) => format!("has promised {}", ballot(by, book)),
        Answer::Ahead(chosen) => {
            let now = held(&chosen.entrusted, book, reader);
            format!("others vote by now: it is {now}")
        }
        Answer::Behind => "does not know that these vote".to_owned(),
        Answer::Elsewhere(keepers) => format!("votes with {}", agents(keepers, book)),
        Answer::NotAsked => "does not vote on that".to_owned(),
    }
}

/// What two keepers remember of each other's stores.
pub(crate) fn recall(recall: &Recall) -> String {
    match recall {
        Recall::Asks { .. } => "asks which of its commits was seen last".to_owned(),
        Recall::Saw { sequence, .. } => format!("has seen commit {}", sequence.0),
    }
}

/// What a host of something exclusive and its keeper say to one another.
pub(crate) fn tenancy(from: AgentId, to: AgentId, tenancy: &Tenancy, book: &Book) -> String {
    let workload = book.names.of_workload(&tenancy.workload);
    let epoch = tenancy.claim.epoch;
    let offer = |promiser| {
        let version = tenancy.claim.offer;
        book.names.of_promise(&PromiseId { promiser, version })
    };
    match &tenancy.word {
        TenancyWord::Asks(_) => {
            format!("asks for epoch {epoch} of {workload} for {}", offer(from))
        }
        TenancyWord::Grants { .. } => {
            format!("grants epoch {epoch} of {workload} to {}", offer(to))
        }
        TenancyWord::Refuses { latest: None, .. } => {
            format!("does not grant epoch {epoch} of {workload}")
        }
        TenancyWord::Refuses {
            latest: Some(latest),
            ..
        } => format!("does not grant epoch {epoch} of {workload}: has granted {latest}"),
        TenancyWord::Releases => {
            format!(
                "releases {workload} by {}, up to epoch {epoch}",
                offer(from)
            )
        }
    }
}

/// How an agent has voted.
pub(crate) fn votes(
    name: &WorkloadName,
    votes: &Votes<Entry>,
    book: &Book,
    reader: &mut Reader,
) -> String {
    let promised = votes.promised().map(|its| ballot(&its, book));
    let promised = promised.unwrap_or_else(|| "nothing".to_owned());
    let voted = votes.voted().map(|its| {
        let what = held(&its.entrusted, book, reader);
        format!(", voted for {what}")
    });
    let chosen = votes.chosen().map(|its| {
        let what = held(&its.entrusted, book, reader);
        format!(", knows that it is {what}")
    });
    format!(
        "of {name}: promised {promised}{}{}",
        voted.unwrap_or_default(),
        chosen.unwrap_or_default()
    )
}

/// What has become of an intent.
pub(crate) fn verdict(verdict: &Verdict, book: &Book) -> String {
    match verdict {
        Verdict::Committed(keepers) => {
            format!("is committed, kept by {}", agents(keepers, book))
        }
        Verdict::Conflict(now) => format!("is refused: generation {now} stands by now"),
        Verdict::NameTaken(by) => {
            format!("is refused: the name is {}'s", book.names.of_workload(by))
        }
        Verdict::NotKept => "is refused: there is no such workload".to_owned(),
        Verdict::NotAllowed => "is refused: its owner may not update that".to_owned(),
        Verdict::Exclusivity => {
            "is refused: exclusive is what it is from its first generation on, or never".to_owned()
        }
        Verdict::Mode => {
            "is refused: a service, a job or a schedule is what it is from its first generation on"
                .to_owned()
        }
        Verdict::Elsewhere(keepers) => format!("is for {} to keep", agents(keepers, book)),
        Verdict::Unsettled => "may be kept or not: no majority has answered".to_owned(),
    }
}

fn held(entrusted: &Entrusted<Entry>, book: &Book, reader: &mut Reader) -> String {
    let intent = reader
        .promise(&entrusted.content.intent)
        .map(|its| its.id());
    let intent = intent.map(|its| book.names.of_promise(&its));
    let intent = intent.unwrap_or_else(|| "what nobody has signed".to_owned());
    let runs = running::runs(&entrusted.content.runs, book);
    let intent = intent + &runs.map_or_else(String::new, |runs| format!(" ({runs})"));
    let keepers = &entrusted.configuration;
    match keepers.epoch().get() {
        1 => intent,
        epoch => format!("{intent} with keepers {epoch}: {}", agents(keepers, book)),
    }
}

fn ballot(ballot: &Ballot, book: &Book) -> String {
    let by = book.names.of_agent(&ballot.by);
    format!("ballot {} by {by}:{}", ballot.counter, ballot.epoch.0)
}

fn agents(keepers: &Configuration, book: &Book) -> String {
    let names: Vec<String> = keepers
        .keepers()
        .iter()
        .map(|its| book.names.of_agent(its))
        .collect();
    names.join(" ")
}
