//! The most viewed posts of some time.

use fleuron_plugin::data::{Error, ErrorCode, Row, Value};
use fleuron_plugin::database;

use crate::roll_up::DAYS_KEPT;

/// How far back a list looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its name in the digest.
    pub(crate) name: &'static str,
    /// Days, the last of them today.
    pub(crate) days: u32,
}

/// A week.
pub(crate) const WEEK: Window = Window { name: "last_7_days", days: 7 };
/// About a month, and as long as every day is kept as a day.
pub(crate) const MONTH: Window = Window { name: "last_30_days", days: 30 };
/// A year. Beyond the days that are kept as days it consists of whole months.
pub(crate) const YEAR: Window = Window { name: "last_365_days", days: 365 };

/// What lies within a window: the placeholders are those of [`Bounds::params`].
pub(crate) const WITHIN: &str = "((grain = 'day' AND period > ?) OR (grain = 'month' AND period >= ?))";

/// More candidates than wanted, for those among them that are not published any more.
const SPARE: u32 = 50;

/// Where a window begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The last day before it.
    day: String,
    /// The first month that counts, where the window reaches beyond what is kept as days: the one of its first day,
    /// as a whole.
    month: String,
}

/// Later than every month.
const NO_MONTH: &str = "9999-99";

impl Bounds {
    /// The bounds of a window that ends with a day, as in `2026-11-28`.
    pub(crate) fn of(window: Window, today: &str) -> Result<Bounds, Error> {
        let sql = "SELECT date(?, ?) AS day, strftime('%Y-%m', ?, ?) AS month";
        let ago = |days: u32| Value::from(format!("-{days} days"));
        let rows =
            database::query(sql, &[today.into(), ago(window.days), today.into(), ago(window.days - 1)])?;
        let row = rows.first().ok_or_else(|| Error::new(ErrorCode::Failed, "the day has no answer"))?;
        let months = window.days > DAYS_KEPT;
        Ok(Bounds {
            day: row.read("day")?,
            month: if months { row.read("month")? } else { NO_MONTH.to_owned() },
        })
    }

    /// The values for [`WITHIN`].
    pub(crate) fn params(&self) -> [Value; 2] {
        [self.day.as_str().into(), self.month.as_str().into()]
    }
}

/// The SQL of a ranking: `id`, `title`, `path`, `views` and `comments` of published posts, most views first.
///
/// The posts are looked up one by one, in the order of the ranking: their number does not matter, only that of the
/// counts.
pub(crate) fn ranked() -> String {
    format!(
        "SELECT p.id, p.title, coalesce(p.path, '/' || p.slug) AS path, c.views, c.comments FROM ( \
           SELECT post_id, sum(views) AS views, sum(comments) AS comments FROM counts \
           WHERE post_id <> '' AND {WITHIN} \
           GROUP BY post_id HAVING sum(views) > 0 ORDER BY sum(views) DESC, post_id LIMIT ? \
         ) AS c CROSS JOIN core_posts AS p ON p.id = c.post_id WHERE p.status = 'published' \
         ORDER BY c.views DESC, p.id LIMIT ?"
    )
}

/// The values for [`ranked`]: so many posts at most.
pub(crate) fn ranked_params(bounds: &Bounds, most: u32) -> Vec<Value> {
    bounds.params().into_iter().chain([(most + SPARE).into(), most.into()]).collect()
}

/// The most viewed posts of a window that ends with a day.
pub(crate) fn top(window: Window, today: &str, most: u32) -> Result<Vec<Row>, Error> {
    let bounds = Bounds::of(window, today)?;
    database::query(&ranked(), &ranked_params(&bounds, most))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::data::Row;

    use super::{MONTH, WEEK, Window, YEAR, top};
    use crate::testing::{book, host, id, post, publish};

    const TODAY: &str = "2026-11-28";

    fn views(window: Window, most: u32) -> Vec<(String, i64)> {
        let line = |row: &Row| (row.read("path").unwrap(), row.integer("views").unwrap());
        top(window, TODAY, most).unwrap().iter().map(line).collect()
    }

    fn viewed(posts: &[(usize, i64)]) -> Vec<(String, i64)> {
        posts.iter().map(|(number, views)| (format!("/post-{number}"), *views)).collect()
    }

    #[test]
    fn windows_end_where_they_say() {
        let host = host();
        publish(&host, [post(1, 0)]);
        for (grain, period, views) in [
            ("day", "2026-11-28", 1),
            ("day", "2026-11-22", 2),
            ("day", "2026-11-21", 4),
            ("day", "2026-10-30", 8),
            ("day", "2026-10-29", 16),
            ("month", "2026-10", 32),
            ("month", "2025-11", 64),
            ("month", "2025-10", 128),
            ("year", "2024", 256),
        ] {
            book(grain, period, &id(1), views);
        }
        assert_eq!(views(WEEK, 5), viewed(&[(1, 3)]));
        assert_eq!(views(MONTH, 5), viewed(&[(1, 15)]), "what is a month already is older");
        assert_eq!(views(YEAR, 5), viewed(&[(1, 127)]));
    }

    #[test]
    fn the_most_viewed_come_first_and_only_published_ones() {
        let host = host();
        let hidden = post(4, 0).with("status", "draft");
        publish(&host, [post(1, 0), post(2, 0), post(3, 0), hidden]);
        for (number, views) in [(1, 5), (2, 9), (3, 9), (4, 100), (5, 100)] {
            book("day", TODAY, &id(number), views);
        }
        book("day", TODAY, "", 1000);
        assert_eq!(views(MONTH, 5), viewed(&[(2, 9), (3, 9), (1, 5)]));
        assert_eq!(views(MONTH, 2), viewed(&[(2, 9), (3, 9)]));
    }
}
