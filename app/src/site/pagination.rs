//! The pages of a list: links to the first, the last and those near the reader, gaps between.

use crate::themes::context::{PageLink, Pagination};

/// Pages to either side of the present one that are linked.
const NEAR: u64 = 2;

/// The pages of a list of `count` posts, seen from `page`. `None` when there is no such page.
pub(super) fn pagination(
    page: u64,
    count: u64,
    per_page: u64,
    url: impl Fn(u64) -> String,
) -> Option<Pagination> {
    let pages = count.div_ceil(per_page.max(1)).max(1);
    if page == 0 || page > pages {
        return None;
    }
    Some(Pagination {
        page,
        pages,
        newer: (page > 1).then(|| url(page - 1)),
        older: (page < pages).then(|| url(page + 1)),
        pages_list: links(page, pages, url),
    })
}

fn links(page: u64, pages: u64, url: impl Fn(u64) -> String) -> Vec<PageLink> {
    let near = page.saturating_sub(NEAR)..=page.saturating_add(NEAR);
    let mut shown: Vec<u64> = near.filter(|number| (1..=pages).contains(number)).chain([1, pages]).collect();
    shown.sort_unstable();
    shown.dedup();
    let mut list = Vec::with_capacity(shown.len() + 2);
    let mut last = 0;
    for number in shown {
        match number - last {
            1 => {}
            // A gap of one page is no shorter than the page.
            2 => list.push(link(last + 1, page, &url)),
            _ => list.push(PageLink { number: None, url: None, current: false, gap: true }),
        }
        list.push(link(number, page, &url));
        last = number;
    }
    list
}

fn link(number: u64, page: u64, url: impl Fn(u64) -> String) -> PageLink {
    PageLink { number: Some(number), url: Some(url(number)), current: number == page, gap: false }
}

#[cfg(test)]
mod tests {
    use super::pagination;

    fn shown(page: u64, pages: u64) -> String {
        let pagination = pagination(page, pages * 10, 10, |number| format!("/page/{number}")).unwrap();
        let text = pagination.pages_list.iter().map(|link| match (link.number, link.current) {
            (Some(number), true) => format!("[{number}]"),
            (Some(number), false) => number.to_string(),
            (None, _) => "…".to_owned(),
        });
        text.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn far_pages_are_left_out() {
        assert_eq!(shown(1, 1), "[1]");
        assert_eq!(shown(1, 3), "[1] 2 3");
        assert_eq!(shown(1, 20), "[1] 2 3 … 20");
        assert_eq!(shown(5, 20), "1 2 3 4 [5] 6 7 … 20");
        assert_eq!(shown(10, 20), "1 … 8 9 [10] 11 12 … 20");
        assert_eq!(shown(17, 20), "1 … 15 16 [17] 18 19 20");
        assert_eq!(shown(20, 20), "1 … 18 19 [20]");
    }

    #[test]
    fn only_pages_that_exist_are_found() {
        let url = |number: u64| number.to_string();
        let empty = pagination(1, 0, 10, url).unwrap();
        assert_eq!((empty.pages, empty.newer, empty.older), (1, None, None));
        assert!(pagination(2, 10, 10, url).is_none());
        assert!(pagination(0, 10, 10, url).is_none());
        let second = pagination(2, 11, 10, url).unwrap();
        assert_eq!((second.newer.as_deref(), second.older), (Some("1"), None));
    }
}
