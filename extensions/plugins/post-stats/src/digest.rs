//! Writes down what was counted, for people: `stats.json` and `stats.csv` among the plugin's files.

mod csv;

use fleuron_plugin::data::{Error, ErrorCode, Value};
use fleuron_plugin::{database, host_api};

use crate::ranking::{Bounds, MONTH, WEEK, WITHIN, Window, YEAR, ranked, ranked_params};

/// Posts in each list of the most viewed.
const TOP: u32 = 20;

const WINDOWS: [Window; 3] = [WEEK, MONTH, YEAR];

/// What a sum says.
const SUM: &str = "\
    json_object('views', coalesce(sum(views), 0), 'comments', coalesce(sum(comments), 0), \
        'posts_created', coalesce(sum(created), 0), 'posts_deleted', coalesce(sum(deleted), 0))";

/// Writes both files as of the end of a day, as in `2026-11-28`, in place of what they held.
pub(crate) fn write(today: &str) -> Result<(), Error> {
    keep("stats.json", &json(today)?)?;
    keep("stats.csv", &csv::csv(today)?)
}

fn keep(path: &str, content: &str) -> Result<(), Error> {
    match host_api::vfs_write(path, content) {
        true => Ok(()),
        false => Err(Error::new(ErrorCode::Failed, format!("{path} could not be written"))),
    }
}

/// The totals, the most viewed posts and the sums of all days, months and years. JSON is what the database writes best.
fn json(today: &str) -> Result<String, Error> {
    let all = text(&format!("SELECT {SUM} AS text FROM counts"), &[])?;
    let (mut totals, mut tops) = (vec![("all_time", all)], Vec::new());
    for window in WINDOWS {
        let bounds = Bounds::of(window, today)?;
        let total = format!("SELECT {SUM} AS text FROM counts WHERE {WITHIN}");
        totals.push((window.name, text(&total, &bounds.params())?));
        let top = format!(
            "SELECT json_group_array(json_object('id', id, 'title', title, 'path', path, 'views', views, \
             'comments', comments) ORDER BY views DESC, id) AS text FROM ({})",
            ranked()
        );
        tops.push((window.name, text(&top, &ranked_params(&bounds, TOP))?));
    }
    let digest = object([
        ("as_of", text("SELECT json_quote(strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) AS text", &[])?),
        ("totals", object(totals)),
        ("top_posts", object(tops)),
        ("days", series("day")?),
        ("months", series("month")?),
        ("years", series("year")?),
    ]);
    text("SELECT json_pretty(?) AS text", &[digest.into()])
}

/// The sums of all periods of a grain, the oldest first.
fn series(grain: &str) -> Result<String, Error> {
    let sql = format!(
        "SELECT json_group_array(json_insert(sums, '$.period', period) ORDER BY period) AS text FROM \
         (SELECT period, {SUM} AS sums FROM counts WHERE grain = ? GROUP BY period)"
    );
    text(&sql, &[grain.into()])
}

/// An object of names that need no escaping and values that are JSON.
fn object(members: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let members: Vec<String> =
        members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// The one text that a statement answers.
fn text(sql: &str, params: &[Value]) -> Result<String, Error> {
    let rows = database::query(sql, params)?;
    let row = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "a sum has no answer"))?;
    row.read("text")
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;
    use fleuron_plugin::{database, host_api};

    use super::TOP;
    use crate::testing::{book, host, id, post, publish, run};

    /// What the digest says at a path.
    fn said(host: &MemoryHost, path: &str) -> String {
        let file = host.file("stats.json").unwrap();
        let sql = "SELECT CAST(json_extract(?, ?) AS TEXT) AS said";
        let rows = database::query(sql, &[file.into(), path.into()]).unwrap();
        rows[0].read::<Option<String>>("said").unwrap().unwrap_or_else(|| "null".to_owned())
    }

    #[test]
    fn the_digest_has_totals_lists_and_series() {
        let host = host();
        publish(&host, [post(1, 0), post(2, 0).with("title", "\"Two\" \\ <b>\n")]);
        let sql = "INSERT INTO counts VALUES ('day', '2026-11-28', '', 0, 1, 3, 2), ('day', '2026-11-20', ?, 4, 5, 0, 0)";
        database::execute(sql, &[id(1).into()]).unwrap();
        book("day", "2026-11-28", &id(2), 2);
        book("month", "2026-01", &id(2), 100);
        book("year", "2020", &id(1), 1000);
        run(&host, "read", "2026-11-28");
        for (path, expected) in [
            ("$.totals.last_7_days.views", "2"),
            ("$.totals.last_7_days.comments", "1"),
            ("$.totals.last_7_days.posts_created", "3"),
            ("$.totals.last_7_days.posts_deleted", "2"),
            ("$.totals.last_30_days.views", "6"),
            ("$.totals.last_30_days.comments", "6"),
            ("$.totals.last_365_days.views", "106"),
            ("$.totals.all_time.views", "1106"),
            ("$.top_posts.last_7_days[0].id", &id(2)),
            ("$.top_posts.last_7_days[0].title", "\"Two\" \\ <b>\n"),
            ("$.top_posts.last_7_days[1]", "null"),
            ("$.top_posts.last_30_days[0].path", "/post-1"),
            ("$.top_posts.last_30_days[0].views", "4"),
            ("$.top_posts.last_30_days[0].comments", "5"),
            ("$.top_posts.last_30_days[1].path", "/post-2"),
            ("$.top_posts.last_365_days[0].views", "102"),
            ("$.days[0].period", "2026-11-20"),
            ("$.days[1].views", "2"),
            ("$.days[1].posts_created", "3"),
            ("$.days[2]", "null"),
            ("$.months[0].period", "2026-01"),
            ("$.years[0].views", "1000"),
        ] {
            assert_eq!(said(&host, path), expected, "{path}");
        }
        assert!(said(&host, "$.as_of").ends_with('Z'));
    }

    #[test]
    fn a_site_without_counts_has_a_digest_too() {
        let host = host();
        run(&host, "roll-up", "2026-11-28");
        assert_eq!(said(&host, "$.totals.all_time.views"), "0");
        assert_eq!(said(&host, "$.top_posts.last_365_days"), "[]");
        assert_eq!(host.file("stats.csv").map(|file| file.lines().count()), Some(1));
    }

    #[test]
    fn its_size_is_bounded() {
        let host = host();
        publish(&host, (0..3_000).map(|number| post(number, 0).with("title", "A long title ".repeat(20))));
        for number in 0..3_000 {
            book("day", "2026-11-28", &id(number), 1);
        }
        run(&host, "read", "2026-11-28");
        assert_eq!(said(&host, &format!("$.top_posts.last_7_days[{TOP}]")), "null");
        assert_ne!(said(&host, &format!("$.top_posts.last_7_days[{}]", TOP - 1)), "null");
        for path in ["stats.json", "stats.csv"] {
            let length = host.file(path).unwrap_or_default().len();
            assert!((1_000..600_000).contains(&length), "{path} has {length} bytes");
        }
        assert!(host.statements() < 100, "{} statements", host.statements());
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error() {
        host();
        assert!(host_api::vfs_write("stats.csv/in-the-way", "x"));
        let error = super::write("2026-11-28").unwrap_err();
        assert_eq!(error.message, "stats.csv could not be written");
    }
}
