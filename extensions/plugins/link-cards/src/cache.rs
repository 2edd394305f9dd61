//! What is known of linked pages, in the plugin's files.
//!
//! `cards/<hash>` holds what a page told about itself, `failures/<hash>` is there where an address gave no card. How old
//! an entry is, its file tells. Instances share the files, and two may write the same entry at once: each writes it whole.

use fleuron_plugin::{clock, host_api};

use crate::address::Address;
use crate::page::Page;
use crate::settings::Settings;

const CARDS: &str = "cards";
const FAILURES: &str = "failures";
const DAY: u64 = 24 * 60 * 60;

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// It told this, not long ago.
    Fresh(Page),
    /// It told this long ago; it is time to ask again.
    Stale(Page),
    /// It gave no card today. What it told before that, if it did.
    Failed(Option<Page>),
    /// It has not been asked.
    Nothing,
}

/// The files, and how long they count.
#[derive(Debug)]
pub(crate) struct Cache {
    now: u64,
    keep: u64,
    entries: usize,
}

impl Cache {
    /// The cache as of now.
    pub(crate) fn open(settings: &Settings) -> Self {
        Self {
            now: clock::unix_seconds().unsigned_abs(),
            keep: settings.keep_days * DAY,
            entries: settings.entries,
        }
    }

    /// What is known of an address.
    pub(crate) fn look_up(&self, address: &Address) -> Known {
        let card = host_api::vfs_read(&path(CARDS, address)).and_then(|text| read(&text, address));
        if let Some(page) = &card
            && self.is_fresh(&path(CARDS, address), self.keep)
        {
            return Known::Fresh(page.clone());
        }
        if self.is_fresh(&path(FAILURES, address), DAY) {
            return Known::Failed(card);
        }
        card.map_or(Known::Nothing, Known::Stale)
    }

    /// Keeps what a page told.
    pub(crate) fn keep(&self, address: &Address, page: &Page) {
        let Page { title, description, site } = page;
        let text = format!("{}\n{title}\n{description}\n{site}\n", address.as_str());
        if host_api::vfs_write(&path(CARDS, address), &text) {
            host_api::vfs_delete(&path(FAILURES, address));
            self.trim(CARDS);
        }
    }

    /// Keeps that an address gave no card.
    pub(crate) fn keep_failure(&self, address: &Address) {
        if host_api::vfs_write(&path(FAILURES, address), &format!("{}\n", address.as_str())) {
            self.trim(FAILURES);
        }
    }

    /// Throws away what no longer counts, and answers how many entries that were.
    pub(crate) fn sweep(&self) -> usize {
        let mut gone = 0;
        for (folder, keep) in [(CARDS, self.keep), (FAILURES, DAY)] {
            let stale = names(folder).into_iter().map(|name| format!("{folder}/{name}"));
            gone += stale.filter(|path| !self.is_fresh(path, keep) && host_api::vfs_delete(path)).count();
            self.trim(folder);
        }
        gone
    }

    /// Deletes the oldest where there are too many, and a tenth more, so that this is not needed at each new one.
    fn trim(&self, folder: &str) {
        let names = names(folder);
        if names.len() <= self.entries {
            return;
        }
        let mut dated: Vec<(u64, String)> = names
            .into_iter()
            .map(|name| format!("{folder}/{name}"))
            .map(|path| (modified(&path).unwrap_or(0), path))
            .collect();
        dated.sort();
        let too_many = dated.len() - self.entries * 9 / 10;
        for (_, path) in &dated[..too_many] {
            host_api::vfs_delete(path);
        }
    }

    /// Whether there is an entry of at most this age, in seconds. One from the future, after a clock was put right, is as
    /// old as it is early.
    fn is_fresh(&self, path: &str, age: u64) -> bool {
        modified(path).is_some_and(|modified| modified.abs_diff(self.now) < age)
    }
}

fn path(folder: &str, address: &Address) -> String {
    // FNV-1a. Whoever finds two addresses with one hash wins nothing: entries name theirs.
    let hash = address.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{folder}/{hash:016x}")
}

/// `None` where the entry is another address's, or no entry.
fn read(text: &str, address: &Address) -> Option<Page> {
    let mut lines = text.split('\n');
    let is_its_own = lines.next()? == address.as_str();
    let [title, description, site] = [lines.next()?, lines.next()?, lines.next()?].map(str::to_owned);
    (is_its_own && !title.is_empty()).then_some(Page { title, description, site })
}

/// The entries of a folder. Their names hold nothing that JSON would escape.
fn names(folder: &str) -> Vec<String> {
    let list = host_api::vfs_list(folder).unwrap_or_default();
    let is_name = |text: &&str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    list.split('"').filter(is_name).map(str::to_owned).collect()
}

/// When a file was written, in Unix seconds.
fn modified(path: &str) -> Option<u64> {
    let stat = host_api::vfs_stat(path)?;
    let (_, rest) = stat.split_once("\"modified\":")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Cache, DAY, Known, path};
    use crate::address::Address;
    use crate::page::Page;
    use crate::settings::Settings;
    use fleuron_plugin::{host_api, testing::MemoryHost};

    const NOW: u64 = 1_800_000_000;

    fn address(number: usize) -> Address {
        Address::parse(&format!("https://example.com/{number}")).unwrap()
    }

    fn page(title: &str) -> Page {
        Page { title: title.to_owned(), description: "Words.".to_owned(), site: String::new() }
    }

    /// The cache at this time.
    fn cache(host: &MemoryHost, time: u64) -> Cache {
        host.set_clock(time * 1000);
        Cache::open(&Settings::read())
    }

    #[test]
    fn cards_are_good_for_a_month() {
        let host = MemoryHost::install();
        assert_eq!(cache(&host, NOW).look_up(&address(1)), Known::Nothing);
        cache(&host, NOW).keep(&address(1), &page("One"));
        for (time, known) in [
            (NOW, Known::Fresh(page("One"))),
            (NOW + 30 * DAY - 1, Known::Fresh(page("One"))),
            (NOW + 30 * DAY, Known::Stale(page("One"))),
            (NOW - 31 * DAY, Known::Stale(page("One"))),
        ] {
            assert_eq!(cache(&host, time).look_up(&address(1)), known, "{time}");
        }
        assert_eq!(cache(&host, NOW).look_up(&address(2)), Known::Nothing);
    }

    #[test]
    fn failures_are_good_for_a_day_and_do_not_forget_the_card() {
        let host = MemoryHost::install();
        cache(&host, NOW).keep_failure(&address(1));
        assert_eq!(cache(&host, NOW + DAY - 1).look_up(&address(1)), Known::Failed(None));
        assert_eq!(cache(&host, NOW + DAY).look_up(&address(1)), Known::Nothing);
        cache(&host, NOW).keep(&address(1), &page("One"));
        assert_eq!(host_api::vfs_list("failures"), None, "a success ends a failure");
        cache(&host, NOW + 40 * DAY).keep_failure(&address(1));
        assert_eq!(cache(&host, NOW + 40 * DAY).look_up(&address(1)), Known::Failed(Some(page("One"))));
    }

    #[test]
    fn an_entry_that_is_not_its_own_counts_for_nothing() {
        let host = MemoryHost::install();
        let file = path("cards", &address(1));
        for text in [
            "",
            "x",
            "https://example.com/2\nTwo\n\n\n",
            "https://example.com/1\n\n\n\n",
            "https://example.com/1\nOne",
        ] {
            host_api::vfs_write(&file, text);
            assert_eq!(cache(&host, NOW).look_up(&address(1)), Known::Nothing, "{text:?}");
        }
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let host = MemoryHost::install();
        host.set_config("entries", "10");
        for number in 0..11 {
            cache(&host, NOW + number as u64).keep(&address(number), &page("One"));
            cache(&host, NOW + number as u64).keep_failure(&address(100 + number));
        }
        let cache = cache(&host, NOW + 20);
        let kept = |from: usize| {
            (from..from + 11).filter(|number| cache.look_up(&address(*number)) != Known::Nothing)
        };
        assert_eq!(kept(0).collect::<Vec<_>>(), (2..11).collect::<Vec<_>>(), "nine of ten are left");
        assert_eq!(kept(100).collect::<Vec<_>>(), (102..111).collect::<Vec<_>>());
    }

    #[test]
    fn what_no_longer_counts_is_swept_away() {
        let host = MemoryHost::install();
        cache(&host, NOW).keep(&address(1), &page("Old"));
        cache(&host, NOW).keep_failure(&address(2));
        cache(&host, NOW + 20 * DAY).keep(&address(3), &page("New"));
        cache(&host, NOW + 31 * DAY - 1).keep_failure(&address(4));
        assert_eq!(cache(&host, NOW + 31 * DAY).sweep(), 2);
        assert_eq!(cache(&host, NOW + 31 * DAY).sweep(), 0);
        let cache = cache(&host, NOW + 31 * DAY);
        assert_eq!(cache.look_up(&address(1)), Known::Nothing);
        assert_eq!(cache.look_up(&address(3)), Known::Fresh(page("New")));
        assert_eq!(cache.look_up(&address(4)), Known::Failed(None));
    }

    #[test]
    fn a_smaller_cache_shrinks_when_it_is_swept() {
        let host = MemoryHost::install();
        for number in 0..30 {
            cache(&host, NOW + number as u64).keep(&address(number), &page("One"));
        }
        host.set_config("entries", "20");
        assert_eq!(cache(&host, NOW + 30).sweep(), 0, "none is too old");
        let left = host_api::vfs_list("cards").unwrap_or_default();
        assert_eq!(left.matches(',').count() + 1, 18);
    }
}
