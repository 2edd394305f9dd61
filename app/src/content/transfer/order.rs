//! In which order entries are made that lead to each other: those first that others wait for.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    content::{
        Fields, Kind, NewEntry, TypeDefinition,
        check::relation_ids,
        definition::{Field, Target},
    },
    ids::EntryId,
};

/// An entry to be made, from this line.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// The line's number.
    pub(super) line: u64,
    /// Its length in bytes.
    pub(super) size: usize,
    /// What it says.
    pub(super) new: NewEntry,
}

/// The fields whose values are other entries of the same type.
pub(super) fn own_relations(definition: &TypeDefinition) -> impl Iterator<Item = &Field> {
    definition.fields.iter().filter(move |field| {
        matches!(&field.kind, Kind::Relation { to: Target::Type(to), .. } if *to == definition.name)
    })
}

fn targets(definition: &TypeDefinition, fields: &Fields) -> HashSet<Uuid> {
    let values = own_relations(definition).filter_map(|field| fields.get(field.name.as_str()));
    values.flat_map(|value: &Value| relation_ids(value)).collect()
}

/// These entries, and those of the works that lead to one of them, be it over others.
pub(super) fn with_followers(
    definition: &TypeDefinition,
    works: &[&Work],
    mut open: Vec<EntryId>,
) -> HashSet<EntryId> {
    let mut found: HashSet<EntryId> = open.iter().copied().collect();
    if found.is_empty() {
        return found;
    }
    let mut followers: HashMap<EntryId, Vec<EntryId>> = HashMap::new();
    for work in works {
        let Some(id) = work.new.id else { continue };
        for target in targets(definition, &work.new.fields) {
            followers.entry(EntryId(target)).or_default().push(id);
        }
    }
    while let Some(id) = open.pop() {
        let new = followers.remove(&id).unwrap_or_default().into_iter().filter(|id| found.insert(*id));
        open.extend(new);
    }
    found
}

/// Entries that wait, each with how many of the others must come before it.
pub(super) struct Order {
    works: Vec<Option<Work>>,
    open: Vec<usize>,
    /// Those that wait for the one at the same place.
    followers: Vec<Vec<usize>>,
    ready: VecDeque<usize>,
}

impl Order {
    pub(super) fn new(definition: &TypeDefinition, works: Vec<Work>) -> Self {
        // Where the last line of each entry is. Its lines form a chain: each waits for the one before it, and whoever
        // leads to the entry waits for the last.
        let mut places: HashMap<EntryId, usize> = HashMap::new();
        let before = |(index, work): (usize, &Work)| places.insert(work.new.id?, index);
        let earlier: Vec<Option<usize>> = works.iter().enumerate().map(before).collect();
        let mut open = vec![0; works.len()];
        let mut followers = vec![Vec::new(); works.len()];
        for (index, work) in works.iter().enumerate() {
            let targets = targets(definition, &work.new.fields);
            // An entry that leads to itself is never ready.
            let awaited = targets.iter().filter_map(|id| places.get(&EntryId(*id)).copied());
            let before: HashSet<usize> = awaited.chain(earlier[index]).collect();
            open[index] = before.len();
            for other in before {
                followers[other].push(index);
            }
        }
        let ready = (0..works.len()).filter(|index| open[*index] == 0).collect();
        Self { works: works.into_iter().map(Some).collect(), open, followers, ready }
    }

    /// One that waits for nothing.
    pub(super) fn take_ready(&mut self) -> Option<(usize, Work)> {
        let index = self.ready.pop_front()?;
        Some((index, self.works.get_mut(index)?.take()?))
    }

    /// The one at this place is made, or never will be.
    pub(super) fn done(&mut self, index: usize) {
        for follower in std::mem::take(&mut self.followers[index]) {
            self.open[follower] -= 1;
            if self.open[follower] == 0 {
                self.ready.push_back(follower);
            }
        }
    }

    /// Those that wait for each other, in a circle, and those that wait for these.
    pub(super) fn rest(self) -> Vec<Work> {
        self.works.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::content::transfer::trial::tests::notes;

    fn id(number: u128) -> EntryId {
        EntryId(Uuid::from_u128(number))
    }

    /// A line of the entry with this number that leads to these.
    fn work(line: u64, number: u128, related: &[u128]) -> Work {
        let related: Vec<EntryId> = related.iter().map(|number| id(*number)).collect();
        let fields = json!({ "title": format!("{number}"), "related": related });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Work { line, size: 1, new: NewEntry { id: Some(id(number)), fields, ..NewEntry::default() } }
    }

    fn run(works: Vec<Work>) -> (Vec<u64>, Vec<u64>) {
        let mut order = Order::new(&notes().definition, works);
        let mut lines = Vec::new();
        while let Some((index, work)) = order.take_ready() {
            lines.push(work.line);
            order.done(index);
        }
        (lines, order.rest().iter().map(|work| work.line).collect())
    }

    #[test]
    fn what_is_led_to_comes_first() {
        assert_eq!(
            run(vec![work(1, 1, &[2]), work(2, 2, &[3, 99]), work(3, 3, &[])]),
            (vec![3, 2, 1], vec![])
        );
        assert_eq!(run(vec![work(1, 1, &[2]), work(2, 2, &[]), work(3, 1, &[])]), (vec![2, 1, 3], vec![]));
    }

    #[test]
    fn circles_are_left() {
        let circle =
            vec![work(1, 1, &[2]), work(2, 2, &[1]), work(3, 3, &[3]), work(4, 4, &[1]), work(5, 5, &[])];
        assert_eq!(run(circle), (vec![5], vec![1, 2, 3, 4]));
    }

    #[test]
    fn lines_of_one_entry_form_a_chain() {
        let mut works: Vec<Work> = (1..=20_000).map(|line| work(line, 7, &[99])).collect();
        works.push(work(20_001, 8, &[7]));
        let order = Order::new(&notes().definition, works.clone());
        assert!(order.followers.iter().all(|followers| followers.len() <= 1), "each waits for one at most");
        let (lines, rest) = run(works);
        assert!(lines.into_iter().eq(1..=20_001) && rest.is_empty());
    }

    #[test]
    fn followers_are_found_over_others() {
        let works =
            [work(1, 1, &[2]), work(2, 2, &[3, 1]), work(3, 3, &[]), work(4, 4, &[5]), work(5, 5, &[4])];
        let works: Vec<&Work> = works.iter().collect();
        let found = |numbers: &[u128]| {
            let open = numbers.iter().map(|number| id(*number)).collect();
            with_followers(&notes().definition, &works, open)
        };
        assert_eq!(found(&[3]), HashSet::from([1, 2, 3].map(id)));
        assert_eq!(found(&[4]), HashSet::from([4, 5].map(id)));
        assert_eq!(found(&[9]), HashSet::from([id(9)]));
        assert!(found(&[]).is_empty());
    }
}
