//! Which job is due when: in memory, and sorted, so that ten thousand jobs cost nothing while none is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::job::{JobDefinition, JobKey};
use crate::clock::Timestamp;

/// All jobs and when they are due next.
#[derive(Default)]
pub(super) struct Timetable {
    jobs: BTreeMap<JobKey, Entry>,
    order: BTreeSet<(Timestamp, JobKey)>,
}

struct Entry {
    job: Arc<JobDefinition>,
    next: Option<Timestamp>,
}

impl Timetable {
    /// Takes over these jobs in place of all before.
    pub(super) fn replace(
        &mut self,
        jobs: impl IntoIterator<Item = (Arc<JobDefinition>, Option<Timestamp>)>,
    ) {
        self.jobs.clear();
        self.order.clear();
        for (job, next) in jobs {
            let key = job.key.clone();
            self.order.extend(next.map(|next| (next, key.clone())));
            self.jobs.insert(key, Entry { job, next });
        }
    }

    /// Sets when a job is due next. One that is gone stays gone.
    pub(super) fn set_next(&mut self, key: &JobKey, next: Option<Timestamp>) {
        let Some(entry) = self.jobs.get_mut(key) else { return };
        if let Some(before) = entry.next.take() {
            self.order.remove(&(before, key.clone()));
        }
        entry.next = next;
        self.order.extend(next.map(|next| (next, key.clone())));
    }

    /// The job, if there is such.
    pub(super) fn job(&self, key: &JobKey) -> Option<&Arc<JobDefinition>> {
        self.jobs.get(key).map(|entry| &entry.job)
    }

    /// When a job is due next.
    pub(super) fn next(&self, key: &JobKey) -> Option<Timestamp> {
        self.jobs.get(key)?.next
    }

    /// What is due, what has been so for longest first.
    pub(super) fn due(&self, now: Timestamp) -> Vec<(Arc<JobDefinition>, Timestamp)> {
        let due = self.order.iter().take_while(|(at, _)| *at <= now);
        due.filter_map(|(at, key)| Some((Arc::clone(self.job(key)?), *at))).collect()
    }

    /// When something is due next after this moment.
    pub(super) fn first_after(&self, time: Timestamp) -> Option<Timestamp> {
        // No key is less than the empty one.
        let start = (Timestamp::from_millis(time.millis().saturating_add(1)), JobKey::new("", ""));
        self.order.range(start..).next().map(|(at, _)| *at)
    }

    /// All jobs with when they are due next, by owner and name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Arc<JobDefinition>, Option<Timestamp>)> {
        self.jobs.values().map(|entry| (&entry.job, entry.next))
    }

    /// How many jobs there are.
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::idle_job;
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn what_is_due_comes_in_order() {
        let mut timetable = Timetable::default();
        let jobs: Vec<_> = ["a", "b", "c"].map(|name| Arc::new(idle_job(name, "@daily"))).into();
        let keys: Vec<JobKey> = jobs.iter().map(|job| job.key.clone()).collect();
        timetable.replace(jobs.into_iter().zip([Some(at(30)), Some(at(10)), None]));
        let due = |timetable: &Timetable, now| -> Vec<String> {
            timetable.due(at(now)).iter().map(|(job, _)| job.key.job_type.to_string()).collect()
        };
        assert_eq!((timetable.len(), timetable.first_after(at(0))), (3, Some(at(10))));
        assert_eq!((timetable.first_after(at(10)), timetable.first_after(at(30))), (Some(at(30)), None));
        assert!(due(&timetable, 9).is_empty());
        assert_eq!(due(&timetable, 30), ["b", "a"]);
        timetable.set_next(&keys[1], Some(at(40)));
        timetable.set_next(&keys[2], Some(at(20)));
        timetable.set_next(&JobKey::new("site", "gone"), Some(at(1)));
        assert_eq!(due(&timetable, 40), ["c", "a", "b"]);
        timetable.set_next(&keys[0], None);
        assert_eq!((timetable.next(&keys[0]), timetable.first_after(at(0))), (None, Some(at(20))));
        timetable.replace([]);
        assert!(timetable.first_after(at(0)).is_none() && timetable.job(&keys[0]).is_none());
    }
}
