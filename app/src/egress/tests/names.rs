//! A resolver that says what it is told, and remembers what it was asked.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;

use crate::egress::Resolve;

/// The answers of each name in turn; the last one stays.
#[derive(Clone, Default)]
pub(super) struct Names {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, VecDeque<Vec<IpAddr>>>,
    asked: Vec<String>,
}

impl Names {
    /// Adds a further answer for a name.
    pub(super) fn with(self, name: &str, addresses: &[&str]) -> Names {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.state.lock().unwrap().answers.entry(name.to_owned()).or_default().push_back(addresses);
        self
    }

    pub(super) fn resolver(&self) -> Arc<dyn Resolve> {
        Arc::new(self.clone())
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(name.to_owned());
        let answers = state.answers.get_mut(name).ok_or_else(|| io::Error::other("there is no such name"))?;
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Ok(answer.unwrap_or_default())
    }
}
