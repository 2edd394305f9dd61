//! The cards of one render: from the cache, or from the pages themselves while there is time.

use fleuron_plugin::{clock, host_api};

use crate::address::Address;
use crate::cache::{Cache, Known};
use crate::page::Page;
use crate::settings::Settings;

/// How long after the start of a render a request may begin, in milliseconds: half of what the manifest allows.
const LAST_REQUEST: i64 = 3000;

/// The cards of one render.
pub(crate) struct Cards {
    settings: Settings,
    cache: Cache,
    requests_left: u64,
    started: i64,
}

impl Cards {
    /// Starts a render.
    pub(crate) fn open(settings: Settings) -> Self {
        let (cache, requests_left) = (Cache::open(&settings), settings.requests);
        Self { settings, cache, requests_left, started: clock::unix_millis() }
    }

    /// What stands on the card of an address; `None` where the link stays a link.
    pub(crate) fn page(&mut self, address: &Address) -> Option<Page> {
        if !self.settings.allow(address.host()) {
            return None;
        }
        match self.cache.look_up(address) {
            Known::Fresh(page) => Some(page),
            Known::Stale(page) => self.fetch(address).or(Some(page)),
            Known::Failed(page) => page,
            Known::Nothing => self.fetch(address),
        }
    }

    fn fetch(&mut self, address: &Address) -> Option<Page> {
        if self.requests_left == 0 || clock::unix_millis().saturating_sub(self.started) > LAST_REQUEST {
            return None;
        }
        self.requests_left -= 1;
        // Written down first: where the server never answers, this call ends here.
        self.cache.keep_failure(address);
        let html = host_api::http_get(address.as_str())?;
        let page = Page::read(&html);
        match &page {
            Some(page) => self.cache.keep(address, page),
            None => {
                host_api::log("info", &format!("{} has no title; the link stays a link", address.as_str()))
            }
        }
        page
    }
}
