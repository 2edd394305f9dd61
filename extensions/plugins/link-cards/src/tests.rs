mod silent;

use std::panic::catch_unwind;

use super::LinkCards;
use fleuron_plugin::testing::{MemoryHost, install};
use fleuron_plugin::{Guest, host_api};
use silent::Silent;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 24 * 60 * 60;

/// A paragraph with nothing but a link.
fn paragraph(address: &str) -> String {
    format!("<p><a href=\"{address}\">{address}</a></p>")
}

fn card(address: &str, title: &str, site: &str) -> String {
    format!(
        "<blockquote class=\"link-card\">\n<p class=\"link-card-title\"><a href=\"{address}\">{title}</a></p>\n\
         <p class=\"link-card-site\">{site}</p>\n</blockquote>"
    )
}

/// A host at a time, with pages `https://example.com/1` to `/9`.
fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.set_clock(NOW * 1000);
    for number in 1..10 {
        let address = format!("https://example.com/{number}");
        host.answer_http(&address, &format!("<title>Page {number}</title>"));
    }
    host
}

fn asked(host: &MemoryHost) -> Vec<String> {
    host.requests().into_iter().map(|request| request.url).collect()
}

/// How many cards are on a page with links to these pages of example.com.
fn cards(host: &MemoryHost, numbers: std::ops::Range<usize>) -> usize {
    let page: String = numbers.map(|number| paragraph(&format!("https://example.com/{number}"))).collect();
    let filtered = host.call(|| LinkCards::filter_html(page.clone()));
    filtered.unwrap_or(page).matches("<blockquote class=\"link-card\">").count()
}

#[test]
fn a_bare_link_becomes_a_card_and_the_rest_stays() {
    let host = host();
    let (before, after) = ("<h2>Links</h2>\n<p>One:</p>\n", "\n<p>End &amp; out.</p>");
    let page = format!("{before}{}{after}", paragraph("https://example.com/1"));
    let filtered = LinkCards::filter_html(page);
    let expected = format!("{before}{}{after}", card("https://example.com/1", "Page 1", "example.com"));
    assert_eq!(filtered, Some(expected));
    assert_eq!(asked(&host), ["https://example.com/1"]);
}

#[test]
fn a_page_is_asked_for_once() {
    let host = host();
    assert_eq!(cards(&host, 1..2), 1);
    assert_eq!(cards(&host, 1..2), 1);
    let twice = paragraph("https://example.com/1").repeat(2);
    assert_eq!(LinkCards::filter_html(twice).map(|html| html.matches("Page 1").count()), Some(2));
    assert_eq!(asked(&host).len(), 1);
    host.answer_http("https://example.com/1", "<title>Changed</title>");
    host.set_clock((NOW + 30 * DAY) * 1000);
    let filtered = LinkCards::filter_html(paragraph("https://example.com/1")).unwrap_or_default();
    assert!(filtered.contains("Changed"), "{filtered}");
    assert_eq!(asked(&host).len(), 2);
}

#[test]
fn what_fails_stays_a_link_for_a_day() {
    let host = host();
    host.answer_http("https://example.org/untitled", "<p>No title.</p>");
    for address in ["https://example.org/down", "https://example.org/untitled"] {
        let before = asked(&host).len();
        for _ in 0..3 {
            assert_eq!(LinkCards::filter_html(paragraph(address)), None);
        }
        assert_eq!(asked(&host).len(), before + 1, "{address}");
    }
    assert!(
        host.log_lines()
            .iter()
            .any(|line| line == "info: https://example.org/untitled has no title; the link stays a link")
    );
    host.answer_http("https://example.org/down", "<title>Up again</title>");
    host.set_clock((NOW + DAY) * 1000);
    let filtered = LinkCards::filter_html(paragraph("https://example.org/down")).unwrap_or_default();
    assert!(filtered.contains("Up again"), "{filtered}");
}

#[test]
fn an_old_card_outlives_its_page() {
    let host = host();
    assert_eq!(cards(&host, 1..2), 1);
    host.answer_http("https://example.com/1", "gone");
    host.set_clock((NOW + 31 * DAY) * 1000);
    assert_eq!(cards(&host, 1..2), 1);
    assert_eq!(cards(&host, 1..2), 1);
    assert_eq!(asked(&host).len(), 2, "it was asked once more");
    LinkCards::on_cron_tick(None);
    host.set_clock((NOW + 33 * DAY) * 1000);
    assert_eq!(cards(&host, 1..2), 0);
}

#[test]
fn a_render_makes_three_requests_and_the_next_goes_on() {
    let host = host();
    assert_eq!(cards(&host, 1..6), 3);
    assert_eq!(asked(&host).len(), 3);
    assert_eq!(cards(&host, 1..6), 5);
    assert_eq!(asked(&host).len(), 5);
    host.set_config("requests", "0");
    assert_eq!(cards(&host, 1..9), 5, "what is kept is shown");
    assert_eq!(asked(&host).len(), 5);
}

#[test]
fn no_request_begins_late() {
    let host = host();
    let mut cards = crate::Cards::open(crate::Settings::read());
    let address = |number| crate::address::Address::parse(&format!("https://example.com/{number}")).unwrap();
    assert!(cards.page(&address(1)).is_some());
    host.set_clock((NOW + 3) * 1000);
    assert!(cards.page(&address(2)).is_some());
    host.set_clock((NOW + 4) * 1000);
    assert!(cards.page(&address(3)).is_none());
    assert!(cards.page(&address(2)).is_some(), "what is known takes no time");
    assert_eq!(asked(&host).len(), 2);
}

#[test]
fn a_call_that_a_silent_server_ends_has_written_down_the_failure() {
    let host = host();
    install(Silent(host.clone()));
    let page = || paragraph("https://example.org/silent");
    assert!(catch_unwind(|| LinkCards::filter_html(page())).is_err(), "the call ends while it waits");
    install(host.clone());
    assert_eq!(LinkCards::filter_html(page()), None);
    assert_eq!(asked(&host), Vec::<String>::new(), "it is not asked again today");
}

#[test]
fn hosts_can_be_left_out() {
    let host = host();
    host.set_config("never_hosts", "example.com");
    assert_eq!(cards(&host, 1..2), 0);
    host.set_config("never_hosts", "");
    host.set_config("only_hosts", "example.org");
    assert_eq!(cards(&host, 1..2), 0);
    assert!(asked(&host).is_empty());
    host.set_config("only_hosts", "example.org\nexample.com");
    assert_eq!(cards(&host, 1..2), 1);
}

#[test]
fn without_the_permission_links_stay_links() {
    let host = host();
    host.deny(fleuron_plugin::testing::Permission::Http);
    assert_eq!(cards(&host, 1..3), 0);
    assert!(asked(&host).is_empty());
    assert!(host.log_lines()[0].starts_with("warn: http-get: not granted"), "{:?}", host.log_lines());
}

#[test]
fn a_page_without_bare_links_costs_no_host_call() {
    let host = MemoryHost::install();
    assert_eq!(
        LinkCards::filter_html("<p>Words and <a href=\"https://example.com/\">a link</a>.</p>".to_owned()),
        None
    );
    assert!(host.requests().is_empty() && host.log_lines().is_empty());
    assert_eq!(host_api::vfs_list("").as_deref(), Some("[]"));
}

#[test]
fn a_full_disk_costs_no_card() {
    // Files where folders should be: nothing can be written beneath them.
    let host = host();
    assert!(host_api::vfs_write("cards", "x") && host_api::vfs_write("failures", "x"));
    assert_eq!(cards(&host, 1..2), 1);
}

#[test]
fn the_sweep_says_what_it_did() {
    let host = host();
    assert_eq!(cards(&host, 1..4), 3);
    LinkCards::on_cron_tick(Some("{}".to_owned()));
    assert!(host.log_lines().is_empty());
    host.set_clock((NOW + 31 * DAY) * 1000);
    LinkCards::on_cron_tick(None);
    assert_eq!(host.log_lines(), ["info: 3 old entries thrown away"]);
    assert_eq!(host_api::vfs_list("").as_deref(), Some("[]"));
}
