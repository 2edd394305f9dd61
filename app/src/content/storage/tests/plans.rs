//! By which index the statements that really run find their entries.

use super::*;
use crate::content::{
    model::EntryCursor,
    storage::{
        entries::{
            list::{choose, slice_sql},
            plan::{Drive, Plan},
        },
        indexes, row,
    },
};

/// A type with enough entries that more than a few are found by most conditions.
async fn filled(site: &Site) -> ContentType {
    let event = site.make(&event()).await;
    let fields = |number: i64| {
        let city = if number % 100 == 0 { "Bonn" } else { "Köln" };
        json!({
            "title": format!("Title {}", number * 7919 % 1_000), "slug": format!("s-{number}"),
            "price": number % 50, "city": city, "sold_out": number % 2 == 0,
            "tags": [if number % 100 == 0 { "rare" } else { "old" }],
        })
    };
    let entries = (0..2_000).map(|number| entry(&event, number, fields(number)));
    site.insert(&event, entries.collect()).await;
    event
}

/// The name of the index over these expressions.
fn index(event: &ContentType, backend: DbBackend, over: &str) -> String {
    let found = indexes::wanted(event, backend).into_iter().find(|index| index.create(false).ends_with(over));
    found.unwrap_or_else(|| panic!("an index over {over}")).name
}

/// What is run for a list: how it was chosen, and the plan of each statement.
async fn plans(site: &Site, event: &ContentType, list: &EntryList) -> (Drive, Vec<String>) {
    let plan = Plan::new(event, list, site.backend()).unwrap().unwrap();
    let drive = choose(site.database.reader(), &plan).await.unwrap();
    let mut plans = Vec::new();
    for run in plan.runs() {
        plans.push(site.explain(plan.statement(drive, &run, 20)).await);
    }
    (drive, plans)
}

fn after(mut list: EntryList, value: IndexValue) -> EntryList {
    list.after = Some(EntryCursor { value, id: EntryId(Uuid::from_u128(0x0190 << 112)) });
    list
}

const CREATED: &str = "(status, created_at, id)";
const PRICE: &str = "(status, (COALESCE(CAST(data ->> '$.f3' AS REAL), -9e999)), id)";
const TITLE: &str = "(status, (COALESCE(data ->> '$.f1', '')), id)";
const CITY_CREATED: &str = "(status, (COALESCE(data ->> '$.f4', '')), created_at, id)";
const CITY_PRICE: &str =
    "(status, (COALESCE(data ->> '$.f4', '')), (COALESCE(CAST(data ->> '$.f3' AS REAL), -9e999)), id)";

#[tokio::test]
async fn lists_walk_along_one_index() {
    let site = Site::sqlite().await;
    let event = filled(&site).await;
    let place = IndexValue::Number(25.0);
    let moment = IndexValue::Number(1_700_000_900_000.0);
    let cologne = |sort: &str| with(list(sort), "city", Operator::Equal, text("Köln"));
    let cases = [
        (list("-created_at"), CREATED),
        (after(list("-created_at"), moment.clone()), CREATED),
        (list("price"), PRICE),
        (after(list("-price"), place.clone()), PRICE),
        (after(with(list("price"), "price", Operator::Greater, number(10.0)), place.clone()), PRICE),
        (with(list("-price"), "price", Operator::Equal, number(10.0)), PRICE),
        (with(list("-price"), "price", Operator::IsNull, number(1.0)), PRICE),
        (cologne("-created_at"), CITY_CREATED),
        (after(cologne("created_at"), moment), CITY_CREATED),
        (cologne("price"), CITY_PRICE),
        (after(cologne("-price"), place), CITY_PRICE),
        (cologne("title"), TITLE),
        (after(cologne("title"), IndexValue::Text("Title 5".into())), TITLE),
        (with(list("title"), "tags", Operator::Contains, text("old")), TITLE),
        (EntryList { search: Some("title".into()), ..list("title") }, TITLE),
    ];
    for analyzed in [false, true] {
        if analyzed {
            let done = site.database.write((), |transaction, ()| {
                Box::pin(async move { Ok(transaction.execute_unprepared("ANALYZE").await.map(|_| ())?) })
            });
            done.await.unwrap();
        }
        for (list, over) in &cases {
            let (_, plans) = plans(&site, &event, list).await;
            assert!(!plans.is_empty());
            let by = format!("USING INDEX {} (status=?", index(&event, DbBackend::Sqlite, over));
            for (place, plan) in plans.iter().enumerate() {
                // Among entries of one value, any index that has the id next is as good.
                let is_tie = list.after.is_some() && place == 0;
                assert!(is_tie || plan.contains(&by), "{list:?}\nwants {by}\n{plan}");
                let is_slow = |line: &str| line.contains("TEMP B-TREE") || line == "SCAN content_1";
                assert!(!plan.lines().any(is_slow), "{list:?}\n{plan}");
            }
        }
    }
    site.close().await;
}

#[tokio::test]
async fn a_few_entries_are_fetched_and_sorted() {
    let site = Site::sqlite().await;
    let event = filled(&site).await;
    let bonn = with(list("title"), "city", Operator::Equal, text("Bonn"));
    let (drive, found) = plans(&site, &event, &bonn).await;
    assert_eq!(drive, Drive::Condition(0));
    assert!(found[0].contains("<expr>=?") && found[0].contains("TEMP B-TREE"), "{found:?}");
    let rare = with(list("title"), "tags", Operator::Contains, text("rare"));
    let (drive, found) = plans(&site, &event, &rare).await;
    assert_eq!(drive, Drive::Condition(0));
    assert!(found[0].contains("SEARCH content_links USING COVERING INDEX"), "{found:?}");
    assert!(found[0].contains("(id=?)"), "{found:?}");
    let words = EntryList { search: Some("title 77".into()), ..list("price") };
    let (drive, found) = plans(&site, &event, &words).await;
    assert_eq!(drive, Drive::Search);
    assert!(found[0].contains("INTEGER PRIMARY KEY (rowid=?)"), "{found:?}");
    // Two conditions: by the rarer one.
    let both = |sort: &str, city: &str| {
        let sold_out = with(list(sort), "sold_out", Operator::Equal, number(1.0));
        with(sold_out, "city", Operator::Equal, text(city))
    };
    assert_eq!(plans(&site, &event, &both("title", "Bonn")).await.0, Drive::Condition(1));
    assert!(matches!(plans(&site, &event, &both("-created_at", "Köln")).await.0, Drive::Equality(_)));
    site.close().await;
}

#[tokio::test]
async fn slugs_unique_values_and_places_are_looked_up() {
    let site = Site::sqlite().await;
    let event = filled(&site).await;
    for field in ["slug", "code"] {
        let field = event.definition.field(field).unwrap();
        let unique = indexes::unique_index(&event, field);
        let key = event.layout.key(field.name.as_str()).unwrap();
        let mut sql = row::select(&event, DbBackend::Sqlite);
        sql.push(&format!("data ->> '$.{key}' = ")).bind("s-7");
        let plan = site.explain(sql.statement()).await;
        assert!(plan.contains(&format!("USING INDEX {unique} (<expr>=?)")), "{plan}");
    }
    let sql = slice_sql(&event, DbBackend::Sqlite, 1_000, 20).unwrap();
    let plan = site.explain(sql.statement()).await;
    let index = index(&event, DbBackend::Sqlite, CREATED);
    assert!(plan.contains(&format!("USING COVERING INDEX {index} (status=?)")), "{plan}");
    site.close().await;
}

#[tokio::test]
async fn postgres_has_an_index_for_everything() {
    let Some(site) = Site::postgres().await else { return };
    let event = filled(&site).await;
    site.database.reader().execute_unprepared("ANALYZE").await.unwrap();
    let (place, moment) = (IndexValue::Number(25.0), IndexValue::Number(1_700_000_900_000.0));
    let cologne = |sort: &str| with(list(sort), "city", Operator::Equal, text("Köln"));
    let lists = [
        after(list("-created_at"), moment.clone()),
        after(list("-price"), place.clone()),
        after(cologne("price"), place),
        after(cologne("-created_at"), moment),
    ];
    for list in &lists {
        let (_, plans) = plans(&site, &event, list).await;
        for plan in &plans {
            assert!(plan.contains("Index Scan") && !plan.contains("Sort"), "{list:?}\n{plan}");
        }
    }
    site.close().await;
}
