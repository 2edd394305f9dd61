//! The most viewed posts as a table for spreadsheets.

use fleuron_plugin::data::{Error, Row};
use fleuron_plugin::database;

use crate::ranking::{Bounds, MONTH, WEEK, WITHIN, YEAR};

/// Lines at most, beside the first.
const POSTS: u32 = 1_000;

const FIRST_LINE: &str =
    "path,title,views_last_7_days,views_last_30_days,views_last_365_days,comments_last_365_days\n";

/// The published posts with the most views in a year, one on each line.
pub(super) fn csv(today: &str) -> Result<String, Error> {
    let sql = format!(
        "SELECT coalesce(p.path, '/' || p.slug) AS path, p.title, c.week, c.month, c.year, c.comments FROM ( \
           SELECT post_id, coalesce(sum(views) FILTER (WHERE {WITHIN}), 0) AS week, \
             coalesce(sum(views) FILTER (WHERE {WITHIN}), 0) AS month, \
             sum(views) AS year, sum(comments) AS comments \
           FROM counts WHERE post_id <> '' AND {WITHIN} \
           GROUP BY post_id ORDER BY sum(views) DESC, post_id LIMIT ? \
         ) AS c CROSS JOIN core_posts AS p ON p.id = c.post_id WHERE p.status = 'published' \
         ORDER BY c.year DESC, p.id"
    );
    let mut params = Vec::new();
    for window in [WEEK, MONTH, YEAR] {
        params.extend(Bounds::of(window, today)?.params());
    }
    params.push(POSTS.into());
    let mut csv = FIRST_LINE.to_owned();
    for row in database::query(&sql, &params)? {
        csv.push_str(&line(&row)?);
    }
    Ok(csv)
}

fn line(row: &Row) -> Result<String, Error> {
    let mut fields = vec![field(row.text("path")?), field(row.text("title")?)];
    for column in ["week", "month", "year", "comments"] {
        fields.push(row.integer(column)?.to_string());
    }
    Ok(fields.join(",") + "\n")
}

/// A text in quotes. Spreadsheets take what begins like a formula for one, wherever it came from, unless an apostrophe
/// stands before it.
fn field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::{FIRST_LINE, field};
    use crate::testing::{book, commented, host, id, post, publish, run, today};

    #[test]
    fn each_post_has_a_line() {
        let host = host();
        let hidden = post(3, 0).with("status", "draft");
        publish(&host, [post(1, 0), post(2, 0).with("title", "=1+1, \"quoted\""), hidden]);
        for (grain, period, number, views) in [
            ("day", "2026-11-28", 1, 1),
            ("day", "2026-11-10", 1, 2),
            ("month", "2026-03", 1, 4),
            ("month", "2025-03", 1, 8),
            ("day", "2026-10-25", 2, 16),
            ("day", "2026-11-28", 3, 32),
        ] {
            book(grain, period, &id(number), views);
        }
        run(&host, "read", "2026-11-28");
        let expected = format!(
            "{FIRST_LINE}\"/post-2\",\"'=1+1, \"\"quoted\"\"\",0,0,16,0\n\"/post-1\",\"Post 1\",1,3,7,0\n"
        );
        assert_eq!(host.file("stats.csv"), Some(expected));
    }

    #[test]
    fn comments_alone_are_worth_a_line() {
        let host = host();
        publish(&host, [post(1, 0)]);
        commented(&host, 1, "event");
        run(&host, "read", &today());
        let expected = format!("{FIRST_LINE}\"/post-1\",\"Post 1\",0,0,0,1\n");
        assert_eq!(host.file("stats.csv"), Some(expected));
    }

    #[test]
    fn no_title_is_a_formula() {
        for text in ["=1", "+1", "-1", "@a", "\tx"] {
            assert!(field(text).starts_with("\"'"), "{text:?}");
        }
        assert_eq!(field("a-b"), "\"a-b\"");
    }
}
