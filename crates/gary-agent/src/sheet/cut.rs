//! How a sheet is cut into parts that fit a frame.

use gary_promise::{BATCH_BYTES_MAX, Batch, BoundedSet, SheetPart, SignedRecord, Version};

use super::{SHEET_BYTES_MAX, Sheet, content};

/// The bytes of a part that is full. One that holds a single promise may have more. A quarter of what a
/// frame may have, so that others get their turn, and a slow peer shows early that it is there.
pub const PART_BYTES_FULL: usize = BATCH_BYTES_MAX / 4;

/// The most parts of one sheet: any two that follow each other have more than one is full with.
pub const PARTS_MAX: usize = 2 * SHEET_BYTES_MAX.div_ceil(PART_BYTES_FULL) + 1;

/// What a peer with the head `have` needs to have the sheet: what has changed since where that is
/// remembered, and all of it otherwise.
pub(super) fn cut(sheet: &Sheet, have: Option<Version>) -> Vec<SheetPart> {
    let since = have.filter(|have| sheet.remembers(*have));
    let batches = batches(sheet, since);
    let parts = u32::try_from(batches.len()).expect("a sheet has few parts");
    let gone = since
        .into_iter()
        .flat_map(|since| sheet.gone().since(since));
    let mut gone = BoundedSet::new(gone).expect("a sheet remembers no more than go in a part");
    let parts = batches.into_iter().zip(0..).map(|(made, part)| SheetPart {
        head: sheet.head().signed().clone(),
        since,
        part,
        parts,
        made,
        // All of it goes in the first.
        gone: std::mem::take(&mut gone),
    });
    parts.collect()
}

/// At least one, be it empty: the head has to travel in any case.
fn batches(sheet: &Sheet, since: Option<Version>) -> Vec<Batch> {
    let mut full = Vec::new();
    let (mut batch, mut batch_bytes) = (Batch::default(), 0);
    for line in sheet.made_since(since) {
        let bytes = content::bytes(line);
        if !batch.is_empty() && batch_bytes + bytes > PART_BYTES_FULL {
            full.push(std::mem::take(&mut batch));
            batch_bytes = 0;
        }
        let record = SignedRecord::Promise(line.signed().clone());
        assert!(batch.push(record), "a batch has room for more than a part");
        batch_bytes += bytes;
    }
    full.push(batch);
    full
}

#[cfg(test)]
mod tests {
    use gary_promise::Body;

    use super::*;
    use crate::sheet::{SHEET_PROMISES_MAX, testing::Agent};

    fn records(parts: &[SheetPart]) -> usize {
        parts.iter().map(|part| part.made.records().len()).sum()
    }

    #[test]
    fn the_fullest_sheet_has_few_parts() {
        let mut agent = Agent::new(1);
        for _ in 0..SHEET_PROMISES_MAX {
            agent.promise(Body::Admit);
        }
        agent.sign();
        let parts = cut(agent.sheet.sheet().expect("it is signed"), None);
        assert_eq!(records(&parts), SHEET_PROMISES_MAX);
        assert!(parts.len() <= PARTS_MAX);
        for (number, part) in parts.iter().enumerate() {
            assert_eq!(part.part as usize, number);
            assert_eq!(part.parts as usize, parts.len());
        }
    }

    #[test]
    fn only_what_has_changed_goes_to_who_has_the_rest() {
        let mut agent = Agent::new(1);
        let first = agent.keep(1);
        agent.keep(2);
        agent.sign();
        let before = agent.head();
        agent.withdraw(&first);
        agent.keep(3);
        agent.sign();

        let sheet = agent.sheet.sheet().expect("it is signed");
        let [part] = &cut(sheet, Some(before))[..] else {
            panic!("it is small");
        };
        assert_eq!(part.since, Some(before));
        assert_eq!(part.made.records().len(), 1);
        assert!(part.gone.iter().eq([&first.version()]));

        let whole = cut(sheet, None);
        assert_eq!((whole[0].since, records(&whole)), (None, 2));
        assert!(whole[0].gone.is_empty());
    }

    #[test]
    fn who_has_missed_what_is_forgotten_gets_all_of_it() {
        let mut agent = Agent::new(1);
        agent.sign();
        let before = agent.head();
        let mut restarted = Agent::started(1, 2);
        restarted.sign();
        let sheet = restarted.sheet.sheet().expect("it is signed");
        assert_eq!(cut(sheet, Some(before))[0].since, None);
    }
}
