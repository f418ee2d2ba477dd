//! How many are asked to host a slot at once.

use std::collections::{BTreeMap, BTreeSet};

use gary_promise::{
    AgentId, Answer, Consultation, Consults, Invitation, PromiseId, Slot, Time, WorkloadName,
};

use super::{Book, Verdict};

/// How many are asked for a slot first. It stands in docs/PROMISES.md, and not in what is checked alone.
const FIRST_MAX: usize = 2;

/// How many are asked for a slot at most, where few would not.
const WIDEST_MAX: usize = 32;

/// How soon after it has taken an intent a keeper opens no other round than the first, or none that is wider, in
/// microseconds: less than it waits after one that nothing came of.
const NO_SECOND_BEFORE_US: u64 = 90_000;

/// Whom a keeper has invited last by an intent. What is said at one moment is one round. Whom an agent asks itself is
/// not seen: it may be one more than are.
#[derive(Debug)]
struct Round {
    at: Time,
    asked: BTreeMap<Slot, BTreeSet<AgentId>>,
}

/// The last round of each intent, by each keeper.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    rounds: BTreeMap<(AgentId, PromiseId), Round>,
    /// When a keeper took an intent into its custody.
    taken: BTreeMap<(AgentId, PromiseId), Time>,
    /// When a keeper of a name has first heard that somebody voted, or that something was chosen, since it took an intent.
    consulted: BTreeMap<(AgentId, WorkloadName), Time>,
}

impl Rounds {
    /// A keeper hears something by which an intent may come to be chosen.
    pub(super) fn consulted(&mut self, at: Time, keeper: AgentId, consults: &Consults) {
        let decides = match &consults.what {
            Consultation::Chosen(_) => true,
            Consultation::Answered(answered) => matches!(answered.answer, Answer::Accepted),
            Consultation::Asked(_)
            | Consultation::Learned(_)
            | Consultation::Collected(_)
            | Consultation::Namesake(_) => false,
        };
        if decides {
            let place = (keeper, consults.name.clone());
            self.consulted.entry(place).or_insert(at);
        }
    }

    /// A keeper has stored that it tends an intent, which it does since it has heard that it is chosen: then, or later.
    pub(super) fn taken(&mut self, keeper: AgentId, intent: PromiseId, book: &Book) {
        let name = book.intent(&intent).map(|its| its.name.clone());
        let consulted = name.and_then(|name| self.consulted.remove(&(keeper, name)));
        if let Some(at) = consulted {
            self.taken.entry((keeper, intent)).or_insert(at);
        }
    }

    /// A keeper has started or stood still: nobody can say which round is its first. What it had taken by then, it does not
    /// take anew when it is submitted once more.
    pub(super) fn forget(&mut self, keeper: AgentId) {
        let theirs = self.taken.iter_mut().filter(|((its, _), _)| *its == keeper);
        theirs.for_each(|(_, taken_at)| *taken_at = Time::from_us(0));
    }

    /// A keeper asks an agent.
    ///
    /// # Errors
    ///
    /// How it asks too many.
    pub(super) fn invited(
        &mut self,
        at: Time,
        keeper: AgentId,
        to: AgentId,
        invitation: &Invitation,
        book: &Book,
    ) -> Verdict {
        for intent in &book.made {
            let new = || Round {
                at,
                asked: BTreeMap::new(),
            };
            let place = (keeper, *intent);
            let taken_at = self.taken.get(&place);
            let is_first =
                taken_at.is_some_and(|taken| at.as_us() - taken.as_us() < NO_SECOND_BEFORE_US);
            let round = self.rounds.entry(place).or_insert_with(new);
            if round.at != at {
                *round = new();
            }
            for slot in invitation.slots.iter() {
                let asked = round.asked.entry(*slot).or_default();
                asked.insert(to);
                if let Err(why) = check_asked((at, keeper), intent, *slot, is_first, asked, book) {
                    let (keeper, what) =
                        (book.names.of_agent(&keeper), book.names.of_promise(intent));
                    return Err(format!("{keeper} tells too many of {what}: {why}"));
                }
            }
        }
        Ok(())
    }
}

fn check_asked(
    (at, keeper): (Time, AgentId),
    intent: &PromiseId,
    slot: Slot,
    is_first: bool,
    asked: &BTreeSet<AgentId>,
    book: &Book,
) -> Result<(), String> {
    let count = asked.len();
    let most = if is_first { FIRST_MAX } else { WIDEST_MAX };
    if count > most {
        return Err(format!("{count} for slot {}", slot.0));
    }
    // Whoever hosts an earlier generation of it has the room.
    if is_first
        && count > 1
        && let Some(host) = in_place(at, keeper, intent, slot, book)
        && asked.contains(&host)
    {
        let (slot, host) = (slot.0, book.names.of_agent(&host));
        return Err(format!(
            "others for slot {slot} than {host}, which hosts it"
        ));
    }
    Ok(())
}

/// Who alone hosts an earlier generation of a slot, by what its keeper counts.
fn in_place(
    at: Time,
    keeper: AgentId,
    intent: &PromiseId,
    slot: Slot,
    book: &Book,
) -> Option<AgentId> {
    let workload = book.promises.get(intent)?.workload()?;
    let generation = book.intent(intent)?.lineage.generation();
    if book.others_have_bound(at, keeper, &workload) {
        return None;
    }
    let counted = book.acceptances.iter().filter(|(id, its)| {
        its.accept.workload == workload && id.promiser == keeper && its.is_counted()
    });
    let offers = counted
        .filter_map(|(_, its)| Some((its.accept.offer, book.offers.get(&its.accept.offer)?)));
    let mut of_it = offers.filter(|(_, its)| its.host.slot == slot);
    match (of_it.next(), of_it.next()) {
        (Some((offer, its)), None) if its.host.generation < generation => Some(offer.promiser),
        _ => None,
    }
}
