use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fleuron_plugin_host::ports::{DatabaseAccess, SiteView};
use rusqlite::{
    Connection,
    types::{Value, ValueRef},
};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::*;
use crate::{
    clock::Timestamp,
    config::DatabaseConfig,
    content::{
        definition::source,
        layout::Layout,
        model::Owner,
        storage::{tables, types},
    },
    database::Database,
    plugins::host_api::databases::{
        deadline::Deadline,
        views::{
            ContentTypes, GrantedTypes,
            condition::{Bound, Condition, bind},
            plan::{Operator, Plan, Pushed},
            register,
            scan::Scan,
            source::Source,
            tables::AnyTable,
        },
    },
};

const ENTRIES: u32 = 330;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// A site with entries of a type that has a field of every kind that is told apart: some without values, some drafts.
struct Site {
    _folder: tempfile::TempDir,
    database: Database,
    content_type: Arc<ContentType>,
}

fn definition() -> Json {
    json!({
        "name": "thing", "singular": "Thing", "plural": "Things", "default_sort": "-day",
        "fields": [
            { "name": "title", "kind": "text", "sortable": true },
            { "name": "slug", "kind": "slug" },
            { "name": "price", "kind": "number", "filterable": true, "sortable": true },
            { "name": "seats", "kind": "integer", "sortable": true },
            { "name": "category", "kind": "select", "options": ["a", "b", "c"], "filterable": true },
            { "name": "active", "kind": "boolean", "filterable": true },
            { "name": "day", "kind": "date", "sortable": true },
            { "name": "body", "kind": "markdown" },
            { "name": "tags", "kind": "select", "options": ["x", "y"], "many": true },
            { "name": "note", "kind": "text" },
            { "name": "secret", "kind": "text", "filterable": true, "private": true },
        ],
    })
}

/// What is stored of an entry; every field has the key of its place.
fn stored(number: u32) -> Json {
    let mut stored = json!({
        "f1": format!("Title {}", number % 40),
        "f2": format!("slug-{number}"),
        "f6": number.is_multiple_of(2),
        "f8": "word ".repeat(5),
        "f9": ["x", "y"],
        "f11": "secret",
    });
    if !number.is_multiple_of(7) {
        stored["f3"] = json!(f64::from(number % 20) * 0.5 - 2.0);
    }
    if !number.is_multiple_of(9) {
        stored["f4"] = json!(number % 30);
    }
    if !number.is_multiple_of(5) {
        let categories = ["a", "b", "c"];
        stored["f5"] = json!(categories[(number % 3) as usize]);
    }
    if !number.is_multiple_of(13) {
        stored["f7"] = json!(format!("2026-{:02}-{:02}", number % 12 + 1, number % 28 + 1));
    }
    if number.is_multiple_of(6) {
        stored["f10"] = json!(format!("{number}"));
    }
    stored
}

impl Site {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        let definition = source::from_json(&definition()).unwrap();
        let mut layout = Layout::default();
        for field in &definition.fields {
            let key = layout.fresh();
            layout.keys.insert(field.name.to_string(), key);
        }
        let now = Timestamp::now();
        let mut content_type = ContentType {
            number: 0,
            version: 1,
            owner: Owner::Api,
            enabled: true,
            definition,
            layout,
            created_at: now,
            updated_at: now,
        };
        let transaction = database.reader().begin().await.unwrap();
        content_type.number = types::insert(&transaction, &content_type).await.unwrap();
        tables::create(&transaction, &content_type).await.unwrap();
        let insert = format!(
            "INSERT INTO {} (id, status, data, created_at, updated_at, published_at, version) \
             VALUES (?, ?, ?, ?, ?, ?, 1)",
            content_type.table()
        );
        for number in 0..ENTRIES {
            let is_draft = number.is_multiple_of(11);
            // Two entries each are of the same moment.
            let at = i64::from(number / 2) * (DAY / 2);
            let values: [sea_orm::Value; 6] = [
                Uuid::from_u128((0x019a_0000_0000_7000_8000 << 48) | u128::from(number)).into(),
                if is_draft { "draft" } else { "published" }.into(),
                stored(number).to_string().into(),
                at.into(),
                (at + 1).into(),
                (!is_draft).then_some(at + 2).into(),
            ];
            let statement = Statement::from_sql_and_values(DbBackend::Sqlite, &insert, values);
            transaction.execute_raw(statement).await.unwrap();
        }
        transaction.commit().await.unwrap();
        Self { _folder: folder, database, content_type: Arc::new(content_type) }
    }

    /// Runs `work` on a connection with the type's table, as the plugins' database would.
    async fn with<T: Send + 'static>(
        &self,
        drafts: bool,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> T {
        let access = access(drafts);
        let (site, granted) = (self.database.clone(), GrantedTypes(vec![Arc::clone(&self.content_type)]));
        let run = move || {
            let connection = Connection::open_in_memory().unwrap();
            let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
            register(&connection, &access, &granted, &site, &deadline).unwrap();
            work(&connection)
        };
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    fn table(&self, drafts: bool) -> Table {
        table(&self.content_type, Seen::of(&access(drafts)), DbBackend::Sqlite)
    }

    /// How SQLite finds the first rows of a search, in its own words.
    async fn plan_of(&self, order: Order, conditions: Vec<Condition>) -> String {
        let seen = Seen::of(&access(false));
        let table = AnyTable::Content(Arc::new(self.table(false)));
        let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
        let source = Source { table, seen, site: self.database.clone(), deadline };
        let plan = Plan { columns: u64::MAX >> 10, order, pushed: Vec::new() };
        let mut statement = Scan::new(&source, plan, conditions).first_statement(&source).unwrap();
        statement.sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
        let rows = self.database.reader().query_all_raw(statement).await.unwrap();
        let details = rows.iter().map(|row| row.try_get::<String>("", "detail").unwrap());
        details.collect::<Vec<_>>().join("; ")
    }
}

fn access(drafts: bool) -> DatabaseAccess {
    let views = drafts.then_some(SiteView::Drafts).into_iter().collect();
    DatabaseAccess { own_tables: true, views, content: ["thing".to_owned()].into() }
}

fn all(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn place(table: &Table, name: &str) -> usize {
    table.columns.iter().position(|column| column.name == name).unwrap_or_else(|| panic!("{name}"))
}

#[tokio::test]
async fn every_public_field_has_a_column() {
    let site = Site::new().await;
    let table = site.table(false);
    assert_eq!((&*table.name, &*table.origin), ("core_content_thing", &*site.content_type.table()));
    let names: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
    let expected = "id status title slug price seats category active day body tags note created_at updated_at \
                    published_at version";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    for (name, lookup) in [
        ("id", Lookup::One),
        ("title", Lookup::Sorted(ROWS_OF_SORTED)),
        ("slug", Lookup::One),
        ("price", Lookup::Sorted(ROWS_OF_SORTED)),
        ("category", Lookup::Many(ROWS_OF_VALUE)),
        ("active", Lookup::Many(ROWS_OF_VALUE)),
        ("tags", Lookup::No),
        ("note", Lookup::No),
        ("published_at", Lookup::Moment { ordered: true, nullable: false }),
    ] {
        assert_eq!(table.columns[place(&table, name)].lookup, lookup, "{name}");
    }
    assert_eq!(table.order_of_many, Some(Order { column: Some(place(&table, "day")), descending: true }));
    // Over two statuses no index gives an order.
    let drafts = site.table(true);
    assert!(
        drafts.columns.iter().all(|column| !column.lookup.is_ordered()) && drafts.order_of_many.is_none()
    );
}

#[tokio::test]
async fn values_look_like_themselves() {
    let site = Site::new().await;
    let sql = "SELECT id, status, title, price, seats, category, active, tags, note, published_at, version \
               FROM core_content_thing WHERE slug IN ('slug-1', 'slug-0', 'slug-7') ORDER BY slug";
    let rows = site.with(false, move |connection| all(connection, sql)).await;
    let text = |text: &str| Value::Text(text.into());
    let expected = vec![
        vec![
            text("019a0000-0000-7000-8000-000000000001"),
            text("published"),
            text("Title 1"),
            Value::Real(-1.5),
            Value::Integer(1),
            text("b"),
            Value::Integer(0),
            text(r#"["x","y"]"#),
            Value::Null,
            text("1970-01-01T00:00:00.002Z"),
            Value::Integer(1),
        ],
        vec![
            text("019a0000-0000-7000-8000-000000000007"),
            text("published"),
            text("Title 7"),
            Value::Null,
            Value::Integer(7),
            text("b"),
            Value::Integer(0),
            text(r#"["x","y"]"#),
            Value::Null,
            text("1970-01-02T12:00:00.002Z"),
            Value::Integer(1),
        ],
    ];
    assert_eq!(rows, expected, "the first of the three is a draft");
}

/// Every way to narrow and to order finds the rows of an ordinary table with the same content.
#[tokio::test]
async fn conditions_and_orders_mean_what_they_mean_for_ordinary_tables() {
    const CONDITIONS: [&str; 30] = [
        "1",
        "id = '019a0000-0000-7000-8000-000000000014'",
        "id > '019a0000-0000-7000-8000-000000000100' OR slug = 'slug-3'",
        "slug = 'slug-20'",
        "slug = 'SLUG-20' COLLATE NOCASE",
        "title = 'Title 3'",
        "title = ''",
        "title > 'Title 2' AND title <= 'Title 30'",
        "title IS NULL",
        "price = 1",
        "price = 1.5",
        "price = '1.5'",
        "price = 'dear'",
        "price < 0",
        "price > -1e308",
        "price >= -9e999",
        "price <= 9007199254740993",
        "price IS NULL",
        "price BETWEEN 0 AND 3.25 AND category = 'a'",
        "price IN (1, 2, NULL, 'x')",
        "seats = 5 OR seats > 27.5",
        "seats < x'00'",
        "category = 'b'",
        "category = 5",
        "category <> 'a'",
        "active = 1 AND category = 'c'",
        "active = 0.0",
        "day >= '2026-03' AND day < '2026-05-10'",
        "note = 12",
        "published_at >= '1970-01-20' AND created_at < '1970-02-20T12:00:00.000Z'",
    ];
    const ORDERS: [&str; 10] = [
        "id",
        "id DESC",
        "title, id",
        "title DESC, id DESC",
        "price, id",
        "price DESC, id DESC",
        "seats DESC, id",
        "day DESC, id DESC",
        "published_at DESC, id DESC",
        "updated_at, title, id",
    ];
    let site = Site::new().await;
    for drafts in [false, true] {
        let copy = site.table(drafts).declaration().replace("TABLE x(", "TABLE copy(");
        let compare = move |connection: &Connection| {
            let fill = format!("{copy}; INSERT INTO copy SELECT * FROM core_content_thing");
            connection.execute_batch(&fill).unwrap();
            for condition in CONDITIONS {
                for order in ORDERS {
                    let sql = |table| {
                        format!("SELECT id, price, tags FROM {table} WHERE {condition} ORDER BY {order}")
                    };
                    let view = all(connection, &sql("core_content_thing"));
                    assert_eq!(view, all(connection, &sql("copy")), "{condition} ORDER BY {order}");
                    let few = all(connection, &format!("{} LIMIT 5 OFFSET 2", sql("core_content_thing")));
                    let expected: Vec<_> = view.into_iter().skip(2).take(5).collect();
                    assert_eq!(few, expected, "{condition} ORDER BY {order} LIMIT");
                }
                let count =
                    |table| format!("SELECT count(*), total(seats), max(day) FROM {table} WHERE {condition}");
                assert_eq!(
                    all(connection, &count("core_content_thing")),
                    all(connection, &count("copy")),
                    "{condition}"
                );
            }
        };
        site.with(drafts, compare).await;
    }
}

#[tokio::test]
async fn what_is_searched_is_found_through_the_types_indexes() {
    let site = Site::new().await;
    let table = site.table(false);
    let compare = |name: &str, operator, value: sea_orm::Value| Condition::Compare {
        column: place(&table, name),
        operator,
        value,
    };
    let order = |name: &str, descending| Order { column: Some(place(&table, name)), descending };
    let equal = Operator::Equal;
    for (order, conditions) in [
        (order("price", false), vec![compare("price", Operator::GreaterOrEqual, 3.0_f64.into())]),
        (order("price", true), vec![]),
        (order("title", true), vec![compare("title", Operator::Less, "Title 3".into())]),
        (order("day", true), vec![compare("category", equal, "a".into())]),
        (order("day", true), vec![compare("active", equal, 1.0_f64.into())]),
        (order("created_at", false), vec![]),
        (order("updated_at", true), vec![]),
        (order("published_at", true), vec![compare("published_at", Operator::Less, 5_i64.into())]),
    ] {
        let plan = site.plan_of(order, conditions.clone()).await;
        let index = format!("USING INDEX {}_", site.content_type.table());
        assert!(plan.contains(&index), "{order:?} {conditions:?}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{order:?} {conditions:?}: {plan}");
    }
    let plan = site.plan_of(Order::default(), vec![compare("slug", equal, "slug-3".into())]).await;
    assert!(plan.contains(&format!("USING INDEX {}_", site.content_type.table())), "{plan}");
    // The whole table is walked along the key.
    let plan = site.plan_of(Order::default(), vec![]).await;
    assert!(plan.contains("sqlite_autoindex") && !plan.contains("TEMP B-TREE"), "{plan}");
}

#[tokio::test]
async fn conditions_are_pushed_as_the_types_columns_allow() {
    let site = Site::new().await;
    let table = site.table(false);
    for (name, value, is_checked) in [
        ("price", ValueRef::Integer(3), true),
        ("price", ValueRef::Text(b"3"), false),
        ("title", ValueRef::Text(b"3"), true),
        ("title", ValueRef::Integer(3), false),
    ] {
        let pushed = Pushed { column: place(&table, name), operator: Operator::Equal };
        let bound = bind(&table, pushed, value);
        assert_eq!(matches!(bound, Bound::Checked(_)), is_checked, "{name} {value:?}");
    }
}

#[tokio::test]
async fn what_is_granted_follows_the_types() {
    let site = Site::new().await;
    let (database, number) = (site.database.clone(), site.content_type.number);
    let follow = move || {
        let runtime = tokio::runtime::Handle::current();
        let (types, until) = (ContentTypes::default(), Instant::now() + Duration::from_secs(60));
        let granted = || types.granted(&access(false), &database, until).unwrap();
        let first = granted();
        assert_eq!(first.0.len(), 1);
        assert!(first.are_as(&granted()) && !first.are_as(&GrantedTypes::default()));
        let change = |sql: String| {
            runtime.block_on(database.reader().execute_unprepared(&sql)).unwrap();
            database.changes().touch_names();
        };
        change(format!("UPDATE content_types SET version = 2 WHERE number = {number}"));
        assert!(!first.are_as(&granted()), "a new version");
        change(format!("UPDATE content_types SET enabled = 0 WHERE number = {number}"));
        assert!(granted().0.is_empty(), "it is not served");
        let nothing = types.granted(&DatabaseAccess::default(), &database, until).unwrap();
        assert!(nothing.0.is_empty());
    };
    tokio::task::spawn_blocking(follow).await.unwrap();
}
