//! Counts what a plugin was denied, so that its administrator sees what it reaches for.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::plugin_log::tidy;
use crate::status::Denial;

/// Different denials kept apart; a plugin that finds more reasons has them counted together.
const KEPT: usize = 64;
/// Bytes of a reason that are kept: names in it may be the plugin's.
const LONGEST: usize = 300;
/// Stands for the reasons beyond those kept apart.
const OTHERS: &str = "for other reasons";

/// Denials since the plugin was loaded.
#[derive(Debug, Default)]
pub(crate) struct Denials(Mutex<BTreeMap<(&'static str, String), u64>>);

impl Denials {
    /// Counts a denied call.
    pub(crate) fn count(&self, call: &'static str, reason: &str) {
        let cut = tidy(reason, LONGEST);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (call, cut);
        let is_known = counts.contains_key(&key);
        let key = if is_known || counts.len() < KEPT { key } else { (call, OTHERS.to_owned()) };
        *counts.entry(key).or_default() += 1;
    }

    /// All of them, by call and reason.
    pub(crate) fn all(&self) -> Vec<Denial> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let denial = |((call, reason), count): (&(&'static str, String), &u64)| Denial {
            call: (*call).to_owned(),
            reason: reason.clone(),
            count: *count,
        };
        counts.iter().map(denial).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_apart_up_to_a_limit() {
        let denials = Denials::default();
        for number in 0..200 {
            denials.count("db-query", &format!("table {number}"));
        }
        denials.count("db-query", "table 3");
        let all = denials.all();
        assert_eq!(all.len(), KEPT + 1);
        assert_eq!(all.iter().map(|denial| denial.count).sum::<u64>(), 201);
        assert!(all.iter().any(|denial| denial.reason == "table 3" && denial.count == 2));
    }
}
