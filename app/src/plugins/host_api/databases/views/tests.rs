use std::time::{Duration, Instant};

use fleuron_plugin_host::ports::SiteView;
use rusqlite::types::Value;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    TransactionTrait,
};
use uuid::Uuid;

use super::*;
use crate::{
    clock::Timestamp,
    config::DatabaseConfig,
    entities::{categories, comments, post_tags, posts, tags, users},
};

const DAY: i64 = 24 * 60 * 60 * 1000;
const PUBLISHED: u128 = 600;

/// A site with many posts: published ones in their numbers' order, two of which were made in the same millisecond
/// each; some without a time; drafts, scheduled ones, trash and pages; comments in every state.
struct Site {
    _folder: tempfile::TempDir,
    database: Database,
}

fn uuid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128((0x019a_0000_0000_7000_8000 << 48) | (kind << 40) | number)
}

async fn insert<M, A>(site: &Database, rows: Vec<M>)
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + ActiveModelBehavior + Send,
{
    let rows: Vec<A> = rows.into_iter().map(IntoActiveModel::into_active_model).collect();
    for chunk in rows.chunks(100) {
        <A::Entity as EntityTrait>::insert_many(chunk.to_vec())
            .exec_without_returning(site.reader())
            .await
            .unwrap();
    }
}

fn post(number: u128, kind: &str, status: &str) -> posts::Model {
    let start = Timestamp::parse("2026-01-31T12:00:00Z").unwrap().millis();
    let at = start + i64::try_from(number / 2).unwrap() * (DAY / 2);
    posts::Model {
        id: uuid(1, number),
        kind: kind.into(),
        status: status.into(),
        title: format!("Title {number}"),
        slug: if number == 7 { "2024".into() } else { format!("slug-{number}") },
        excerpt: number.is_multiple_of(3).then(|| format!("Excerpt {number}")),
        content: "word ".repeat(if number % 100 == 3 { 40_000 } else { 5 }),
        cover_image: None,
        category_id: number.is_multiple_of(4).then(|| uuid(2, number % 3)),
        permalink: number.is_multiple_of(10).then(|| format!("/old/{number}.html")),
        comments_open: true,
        created_by: number.is_multiple_of(5).then(|| uuid(3, 0)),
        updated_by: None,
        created_at: at,
        updated_at: at + 1,
        published_at: (matches!(status, "published" | "scheduled") && !number.is_multiple_of(7))
            .then_some(at),
        view_count: i64::try_from(number).unwrap(),
        version: 1,
    }
}

fn comment(number: u128, post: u128, status: &str) -> comments::Model {
    comments::Model {
        id: uuid(4, number),
        post_id: uuid(1, post),
        parent_id: None,
        user_id: None,
        nickname: format!("guest {number}"),
        email: Some("guest@example.com".into()),
        content: "Hello".into(),
        status: status.into(),
        created_at: i64::try_from(number).unwrap() * 1000,
        updated_at: 0,
        version: 1,
    }
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        let user = |number, name: &str, status: &str| users::Model {
            id: uuid(3, number),
            email: Some(format!("{name}@example.com")),
            username: name.into(),
            display_name: name.to_uppercase(),
            bio: String::new(),
            password_hash: Some("secret".into()),
            role: "author".into(),
            status: status.into(),
            token_version: 1,
            created_at: 0,
            updated_at: 0,
        };
        insert(&database, vec![user(0, "ada", "active"), user(1, "bob", "suspended")]).await;
        let term = |number: u128| (uuid(2, number), format!("Term {number}"), format!("term-{number}"));
        let category = |number| {
            let (id, name, slug) = term(number);
            categories::Model { id, parent_id: None, name, slug, description: String::new(), version: 1 }
        };
        let tag = |number| {
            let (id, name, slug) = term(number);
            tags::Model { id, name, slug, description: String::new(), version: 1 }
        };
        insert(&database, (0..3).map(category).collect()).await;
        insert(&database, (0..3).map(tag).collect()).await;
        let mut rows: Vec<posts::Model> =
            (0..PUBLISHED).map(|number| post(number, "post", "published")).collect();
        rows.extend((1000..1005).map(|number| post(number, "post", "draft")));
        rows.extend((1100..1103).map(|number| post(number, "post", "scheduled")));
        rows.extend((2000..2003).map(|number| post(number, "post", "trash")));
        rows.extend((3000..3004).map(|number| post(number, "page", "published")));
        rows.push(post(3010, "page", "draft"));
        insert(&database, rows).await;
        let link = |post| post_tags::Model { post_id: uuid(1, post), tag_id: uuid(2, post % 3), position: 0 };
        insert(&database, [0, 1, 2, 1000, 1100, 2000, 3000, 3010].map(link).to_vec()).await;
        let spoken = vec![
            comment(1, 0, "approved"),
            comment(2, 0, "approved"),
            comment(3, 0, "pending"),
            comment(4, 0, "spam"),
            comment(5, 1000, "approved"),
            comment(6, 2000, "approved"),
            comment(7, 3000, "approved"),
            comment(8, 1100, "approved"),
        ];
        insert(&database, spoken).await;
        Self { _folder: folder, database }
    }

    /// Runs `work` on a connection with these views, as the plugins' database would.
    async fn with<T: Send + 'static>(
        &self,
        views: &[SiteView],
        work: impl FnOnce(&Connection, &Deadline) -> T + Send + 'static,
    ) -> T {
        let views = views.iter().copied().collect();
        let access = DatabaseAccess { own_tables: true, views, ..DatabaseAccess::default() };
        let site = self.database.clone();
        let run = move || {
            let connection = Connection::open_in_memory().unwrap();
            let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
            register(&connection, &access, &GrantedTypes::default(), &site, &deadline).unwrap();
            work(&connection, &deadline)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    async fn rows(&self, views: &[SiteView], sql: &str) -> Vec<Vec<Value>> {
        let sql = sql.to_owned();
        self.with(views, move |connection, _| all(connection, &sql).unwrap()).await
    }

    async fn number(&self, views: &[SiteView], sql: &str) -> i64 {
        match self.rows(views, sql).await.first().and_then(|row| row.first()) {
            Some(Value::Integer(number)) => *number,
            other => panic!("{sql}: {other:?}"),
        }
    }
}

fn all(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect())?;
    rows.collect()
}

/// The SDK's host in memory is compared with the same lines.
#[test]
fn the_plugin_authors_guide_names_every_column() {
    const GUIDE: &str = include_str!("../../../../../../plugin-wit/docs/tables.md");
    let names = |cell: &str| -> Vec<String> {
        cell.trim().split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
    };
    let mut documented = Vec::new();
    for line in GUIDE.lines().filter(|line| line.starts_with("| `core_")) {
        let cells: Vec<&str> = line.split('|').collect();
        documented.extend(names(cells[1]).into_iter().map(|view| (view, names(cells[2]))));
    }
    let columns =
        |table: &tables::Table| table.columns.iter().map(|column| column.name.to_string()).collect();
    let mut there: Vec<(String, Vec<String>)> =
        tables::ALL.iter().map(|table| (table.name.to_string(), columns(table))).collect();
    documented.sort();
    there.sort();
    assert_eq!(documented, there);
}

/// Two scans at once take all connections that plugins have, and none that pages are made with.
#[tokio::test]
async fn views_leave_the_sites_connections_alone() {
    let site = Site::new().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        held.push(site.database.views().begin().await.unwrap());
    }
    let in_time = Duration::from_secs(5);
    let page = posts::Entity::find().count(site.database.reader());
    assert!(tokio::time::timeout(in_time, page).await.unwrap().unwrap() > 0);
    // And the other way round.
    drop(held);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(site.database.reader().begin().await.unwrap());
    }
    let answer = site.number(&[SiteView::Tags], "SELECT count(*) FROM core_tags");
    assert_eq!(tokio::time::timeout(in_time, answer).await.unwrap(), 3);
    let written = site.database.views().execute_unprepared("DELETE FROM posts").await;
    assert!(written.is_err(), "views can only read");
}

#[tokio::test]
async fn only_what_was_granted_is_there() {
    let site = Site::new().await;
    for table in &tables::ALL {
        for view in SiteView::ALL {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            let answer = site.with(&[view], move |connection, _| all(connection, &sql)).await;
            assert_eq!(answer.is_ok(), table.view == Some(view), "{} with {view}: {answer:?}", table.name);
        }
    }
}

#[tokio::test]
async fn rows_are_those_that_everybody_may_see_and_drafts_where_granted() {
    use SiteView::{Comments, Drafts, Pages, Posts, Tags, Users};
    let site = Site::new().await;
    let published = i64::try_from(PUBLISHED).unwrap();
    for (views, sql, expected) in [
        (&[Posts][..], "SELECT count(*) FROM core_posts", published),
        (&[Posts, Drafts], "SELECT count(*) FROM core_posts", published + 8),
        (&[Posts, Drafts], "SELECT count(*) FROM core_posts WHERE status = 'draft'", 5),
        (&[Posts, Drafts], "SELECT count(*) FROM core_posts WHERE status = 'scheduled'", 3),
        (&[Posts], "SELECT count(*) FROM core_posts WHERE status <> 'published'", 0),
        (&[Posts, Drafts], "SELECT count(*) FROM core_posts WHERE status = 'trash'", 0),
        (&[Pages], "SELECT count(*) FROM core_pages", 4),
        (&[Pages, Drafts], "SELECT count(*) FROM core_pages", 5),
        (&[Comments], "SELECT count(*) FROM core_comments", 3),
        (&[Comments, Posts, Drafts], "SELECT count(*) FROM core_comments", 3),
        (&[Tags], "SELECT count(*) FROM core_post_tags", 4),
        (&[Tags, Drafts], "SELECT count(*) FROM core_post_tags", 4),
        (&[Tags, Posts, Drafts], "SELECT count(*) FROM core_post_tags", 6),
        (&[Tags, Pages, Drafts], "SELECT count(*) FROM core_post_tags", 5),
        (&[Tags, Posts, Pages, Drafts], "SELECT count(*) FROM core_post_tags", 7),
        (&[Tags], "SELECT count(*) FROM core_tags", 3),
        (&[Users], "SELECT count(*) FROM core_users", 1),
    ] {
        assert_eq!(site.number(views, sql).await, expected, "{views:?} {sql}");
    }
}

#[tokio::test]
async fn values_look_as_in_the_payloads_of_hooks() {
    let site = Site::new().await;
    let sql = "SELECT id, slug, path, category_id, created_by, created_at, published_at, view_count, typeof(version) \
               FROM core_posts WHERE slug IN ('2024', 'slug-20') ORDER BY slug";
    let text = |text: &str| Value::Text(text.into());
    let rows = site.rows(&[SiteView::Posts], sql).await;
    let expected = vec![
        vec![
            text("019a0000-0000-7000-8000-010000000007"),
            text("2024"),
            text("/2024"),
            Value::Null,
            Value::Null,
            text("2026-02-02T00:00:00.000Z"),
            Value::Null,
            Value::Integer(7),
            text("integer"),
        ],
        vec![
            text("019a0000-0000-7000-8000-010000000014"),
            text("slug-20"),
            text("/old/20.html"),
            text("019a0000-0000-7000-8000-020000000002"),
            text("019a0000-0000-7000-8000-030000000000"),
            text("2026-02-05T12:00:00.000Z"),
            text("2026-02-05T12:00:00.000Z"),
            Value::Integer(20),
            text("integer"),
        ],
    ];
    assert_eq!(rows, expected);
}

/// Every way to narrow and to order finds the rows of an ordinary table with the same content.
#[tokio::test]
async fn conditions_and_orders_mean_what_they_mean_for_ordinary_tables() {
    const CONDITIONS: [&str; 39] = [
        "1",
        "id = '019a0000-0000-7000-8000-010000000014'",
        "id = '019A0000-0000-7000-8000-010000000014'",
        "id = '019A0000-0000-7000-8000-010000000014' COLLATE NOCASE",
        "id = 5 OR id = x'01' OR id = NULL OR id = 'nonsense'",
        "id > '019a0000-0000-7000-8000-010000000100' AND id <= '019a0000-0000-7000-8000-010000000120'",
        "id > 'nonsense' OR id < '019a0000'",
        "id IN ('019a0000-0000-7000-8000-010000000014', '019a0000-0000-7000-8000-010000000015', 'x', NULL)",
        "id = '019a0000-0000-7000-8000-010000000014' OR slug = 'slug-3'",
        "slug = 'slug-3' OR slug = 'slug-4' OR category_id = '019a0000-0000-7000-8000-020000000001'",
        "slug = 2024",
        "slug = 2024.0",
        "slug = CAST(2024 AS NUMERIC)",
        "slug = '2024'",
        "slug = 'SLUG-3' COLLATE NOCASE",
        "slug = char(0)",
        "slug LIKE 'slug-1_'",
        "path = '/old/20.html' OR path = '/slug-20' OR path = '/slug-21' OR path = 'slug-22' OR path = ''",
        "category_id = '019a0000-0000-7000-8000-020000000002'",
        "category_id IS NULL",
        "created_by = '019a0000-0000-7000-8000-030000000000' AND view_count > 300",
        "status = 'published'",
        "status = 'draft'",
        "status = 'scheduled'",
        "status = 3",
        "published_at = '2026-02-05T12:00:00.000Z'",
        "published_at = '2026-02-05T12:00:00Z'",
        "published_at > '2026-02-05T12:00:00.000Z'",
        "published_at >= '2026-02-05T12:00:00Z' AND published_at <= '2026-03-05T12:00:00Z'",
        "published_at < '2026-02-05'",
        "published_at BETWEEN '2026-02-05' AND '2026-02-06T23:59:59+14:00'",
        "published_at > '2026' AND published_at < '2026-03'",
        "published_at > 2025",
        "published_at > x'32'",
        "published_at > NULL",
        "published_at IS NULL",
        "created_at >= '2026-03-01' AND category_id IS NOT NULL",
        "updated_at < '2026-02-05T12:00:00.001Z'",
        "published_at > created_at OR created_at < '2026-02-01'",
    ];
    const ORDERS: [&str; 8] = [
        "id",
        "id DESC",
        "published_at, id",
        "published_at DESC, id DESC",
        "published_at DESC, id",
        "created_at, id",
        "created_at DESC, id DESC, slug",
        "updated_at DESC, id",
    ];
    let site = Site::new().await;
    let compare = |connection: &Connection, _: &Deadline| {
        let copy = tables::ALL[0].declaration().replace("TABLE x(", "TABLE copy(");
        connection.execute_batch(&format!("{copy}; INSERT INTO copy SELECT * FROM core_posts")).unwrap();
        for condition in CONDITIONS {
            for order in ORDERS {
                let sql =
                    |table| format!("SELECT id, content FROM {table} WHERE {condition} ORDER BY {order}");
                let view = all(connection, &sql("core_posts")).unwrap();
                assert_eq!(view, all(connection, &sql("copy")).unwrap(), "{condition} ORDER BY {order}");
                let few = all(connection, &format!("{} LIMIT 5 OFFSET 2", sql("core_posts"))).unwrap();
                let expected: Vec<_> = view.into_iter().skip(2).take(5).collect();
                assert_eq!(few, expected, "{condition} ORDER BY {order} LIMIT");
            }
            let count = |table| format!("SELECT count(*), sum(view_count) FROM {table} WHERE {condition}");
            let view = all(connection, &count("core_posts")).unwrap();
            assert_eq!(view, all(connection, &count("copy")).unwrap(), "{condition}");
        }
        let numbers =
            "CREATE TABLE numbers(n NUMERIC); INSERT INTO numbers VALUES (2024), ('slug-3'), (NULL)";
        connection.execute_batch(numbers).unwrap();
        let join = |table| format!("SELECT t.id FROM numbers JOIN {table} t ON t.slug = n ORDER BY t.id");
        assert_eq!(all(connection, &join("core_posts")).unwrap(), all(connection, &join("copy")).unwrap());
    };
    site.with(&[SiteView::Posts, SiteView::Drafts], compare).await;
    site.with(&[SiteView::Posts], compare).await;
}

#[tokio::test]
async fn tables_join_with_each_other_and_with_the_plugins_own() {
    let site = Site::new().await;
    let views = [SiteView::Posts, SiteView::Comments, SiteView::Tags, SiteView::Categories, SiteView::Users];
    for (sql, expected) in [
        ("SELECT count(*) FROM core_posts p JOIN core_comments c ON c.post_id = p.id", 2),
        ("SELECT count(*) FROM core_comments c LEFT JOIN core_posts p ON c.post_id = p.id", 3),
        (
            "SELECT count(*) FROM core_posts p JOIN core_post_tags l ON l.post_id = p.id JOIN core_tags t \
             ON t.id = l.tag_id WHERE t.slug = 'term-1'",
            1,
        ),
        (
            "SELECT count(*) FROM core_posts p JOIN core_users u ON u.id = p.created_by WHERE u.username = 'ada'",
            120,
        ),
        (
            "SELECT count(*) FROM core_categories c WHERE EXISTS (SELECT 1 FROM core_posts WHERE category_id = c.id)",
            3,
        ),
        (
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20) \
             SELECT count(*) FROM n JOIN core_posts ON slug = 'slug-' || i",
            20,
        ),
    ] {
        assert_eq!(site.number(&views, sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn tables_cannot_be_changed_or_used_behind_a_statements_back() {
    let site = Site::new().await;
    let check = |connection: &Connection, deadline: &Deadline| {
        for sql in [
            "INSERT INTO core_posts(id) VALUES ('x')",
            "UPDATE core_posts SET title = 'x'",
            "DELETE FROM core_posts",
            "CREATE INDEX i ON core_posts(id)",
            "CREATE VIRTUAL TABLE mine USING core_posts",
            "SELECT email FROM core_users",
            "SELECT password_hash FROM core_users",
            "SELECT email FROM core_comments",
        ] {
            assert!(all(connection, sql).is_err(), "{sql}");
        }
        connection.execute_batch("CREATE VIEW sly AS SELECT * FROM core_posts").unwrap();
        assert!(all(connection, "SELECT * FROM sly").is_err());
        deadline.set(Instant::now());
        let error = all(connection, "SELECT count(*) FROM core_posts").unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::OperationInterrupted));
    };
    site.with(&[SiteView::Posts, SiteView::Users, SiteView::Comments], check).await;
}

#[tokio::test]
async fn without_a_runtime_there_is_an_error_and_no_panic() {
    let site = Site::new().await;
    let database = site.database.clone();
    let outside = std::thread::spawn(move || {
        let connection = Connection::open_in_memory().unwrap();
        let access = DatabaseAccess { views: [SiteView::Posts].into(), ..DatabaseAccess::default() };
        let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
        register(&connection, &access, &GrantedTypes::default(), &database, &deadline).unwrap();
        all(&connection, "SELECT * FROM core_posts")
    });
    assert!(outside.join().unwrap().is_err());
}
