//! What is written and found again.

use super::*;
use crate::content::{model::EntryCursor, storage::links};

fn some(content_type: &ContentType) -> Vec<Entry> {
    let fields = [
        json!({
            "title": "Ärger im Büro", "slug": "a", "price": 5.5, "city": "Köln", "sold_out": true,
            "tags": ["new", "rare"], "body": "Ein *langer* Text über Bücher",
        }),
        json!({
            "title": "Bücher", "slug": "b", "price": 10, "city": "Bonn", "sold_out": false, "tags": ["old"],
        }),
        json!({ "title": "Chor", "slug": "c", "price": -1, "city": "Bonn", "code": "x" }),
        json!({ "title": "Drachen", "slug": "d" }),
    ];
    (1..).zip(fields).map(|(number, fields)| entry(content_type, number, fields)).collect()
}

#[tokio::test]
async fn entries_are_written_changed_and_removed() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let entries = some(&event);
        site.insert(&event, entries.clone()).await;
        let reader = site.database.reader();
        assert_eq!(entries::find(reader, &event, entries[0].id).await.unwrap().as_ref(), Some(&entries[0]));
        let by_slug = entries::find_by_slug(reader, &event, "b").await.unwrap();
        let shown = Entry { stored: Map::new(), ..entries[1].clone() };
        assert_eq!(by_slug, Some(shown), "it is read to be shown");
        assert_eq!(entries::find_by_slug(reader, &event, "nobody").await.unwrap(), None);
        let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).chain([EntryId::generate()]).collect();
        assert_eq!(entries::find_many(reader, &event, &ids).await.unwrap().len(), 4);
        assert_eq!(entries::count(reader, &event, Some(EntryStatus::Published)).await.unwrap(), 4);
        assert_eq!(entries::count(reader, &event, Some(EntryStatus::Draft)).await.unwrap(), 0);

        let mut changed = entries[1].clone();
        changed.stored.insert("f1".into(), "Hefte".into());
        changed.stored.insert("f99".into(), "kept".into());
        changed.fields = Entry::named(&event.definition, &event.layout, &changed.stored);
        changed.status = EntryStatus::Draft;
        changed.version = 2;
        assert!(!site.update(&event, &changed, 7).await, "another version stands");
        assert!(site.update(&event, &changed, 1).await);
        assert_eq!(entries::find(reader, &event, changed.id).await.unwrap(), Some(changed.clone()));
        assert_eq!(entries::count(reader, &event, Some(EntryStatus::Draft)).await.unwrap(), 1);

        assert!(!site.delete(&event, changed.id, 1).await);
        assert!(site.delete(&event, changed.id, 2).await);
        assert_eq!(entries::find(reader, &event, changed.id).await.unwrap(), None);
        assert_eq!(entries::count(reader, &event, None).await.unwrap(), 3);
        site.close().await;
    }
}

#[tokio::test]
async fn unique_values_are_taken_once() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        site.insert(&event, some(&event)).await;
        let code = event.definition.field("code").unwrap();
        let reader = site.database.reader();
        let taken = |value: &'static str, number: i64| {
            let (event, id) = (&event, entry(&event, number, json!({})).id);
            async move { entries::taken(reader, event, code, &value.into(), id).await.unwrap() }
        };
        assert!(taken("x", 9).await);
        assert!(!taken("x", 3).await, "its own value");
        assert!(!taken("y", 9).await);
        let again = (event.clone(), entry(&event, 9, json!({ "title": "Again", "code": "x" })));
        let written = site.database.write(again, |transaction, (event, entry)| {
            Box::pin(async move {
                let derived = entries::Derived::of(event, entry)?;
                Ok(entries::insert(transaction, event, entry, &derived).await?)
            })
        });
        assert!(!written.await.unwrap(), "nothing is written twice, and nothing fails");
        assert_eq!(entries::count(reader, &event, None).await.unwrap(), some(&event).len() as u64);
        site.close().await;
    }
}

#[tokio::test]
async fn lists_filter_and_sort_with_what_is_unset_as_the_smallest() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        site.insert(&event, some(&event)).await;
        let (a, b, c, d) = ("Ärger im Büro", "Bücher", "Chor", "Drachen");
        let between = |sort: &str, lowest: f64, largest: f64| {
            let above = with(list(sort), "price", Operator::GreaterOrEqual, number(lowest));
            with(above, "price", Operator::LessOrEqual, number(largest))
        };
        let cases: Vec<(EntryList, Vec<&str>)> = vec![
            (list("-created_at"), vec![d, c, b, a]),
            (list("price"), vec![d, c, a, b]),
            (list("-title"), vec![a, d, c, b]),
            (with(list("price"), "price", Operator::Less, number(6.0)), vec![c, a]),
            (with(list("-price"), "price", Operator::GreaterOrEqual, number(5.5)), vec![b, a]),
            (with(list("title"), "price", Operator::IsNull, number(1.0)), vec![d]),
            (with(list("title"), "price", Operator::IsNull, number(0.0)), vec![b, c, a]),
            (with(list("title"), "city", Operator::Equal, text("Bonn")), vec![b, c]),
            (with(list("-price"), "city", Operator::Equal, text("Bonn")), vec![b, c]),
            (with(list("-created_at"), "city", Operator::Equal, text("Bonn")), vec![c, b]),
            (between("title", -1.0, 6.0), vec![c, a]),
            (between("price", -1.0, 6.0), vec![c, a]),
            (between("title", 6.0, -1.0), vec![]),
            (with(list("title"), "sold_out", Operator::Equal, number(1.0)), vec![a]),
            (with(list("title"), "sold_out", Operator::Equal, number(0.0)), vec![b]),
            (with(list("title"), "price", Operator::In, [number(-1.0), number(10.0)].concat()), vec![b, c]),
            (with(list("-price"), "price", Operator::In, [number(-1.0), number(10.0)].concat()), vec![b, c]),
            (with(list("title"), "tags", Operator::Contains, text("rare")), vec![a]),
            (with(list("title"), "tags", Operator::In, [text("rare"), text("old")].concat()), vec![b, a]),
            (with(list("title"), "tags", Operator::IsNull, number(1.0)), vec![c, d]),
            (with(list("title"), "tags", Operator::IsNull, number(0.0)), vec![b, a]),
            (with(list("title"), "created_at", Operator::Less, number(1_700_000_003_000.0)), vec![b, a]),
            (between("-price", 6.0, -1.0), vec![]),
        ];
        for (list, wanted) in cases {
            assert_eq!(site.titles(&event, &list).await, wanted, "{:?} {list:?}", site.backend());
        }
        site.close().await;
    }
}

#[tokio::test]
async fn searches_find_all_words_wherever_they_stand() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let mut entries = some(&event);
        site.insert(&event, entries.clone()).await;
        let found = |words: &'static str| {
            let list = EntryList { search: Some(words.to_owned()), ..list("title") };
            let (site, event) = (&site, &event);
            async move { site.titles(event, &list).await }
        };
        assert_eq!(found("bucher").await, ["Bücher", "Ärger im Büro"]);
        assert_eq!(found("TEXT büc").await, ["Ärger im Büro"], "the last word may be unfinished");
        assert_eq!(found("tex bücher").await, Vec::<String>::new());
        assert_eq!(found(" \" ").await, Vec::<String>::new());

        entries[1].stored.insert("f1".into(), "Hefte".into());
        entries[1].fields = Entry::named(&event.definition, &event.layout, &entries[1].stored);
        entries[1].version = 2;
        assert!(site.update(&event, &entries[1], 1).await);
        assert_eq!(found("bücher").await, ["Ärger im Büro"]);
        assert_eq!(found("hef").await, ["Hefte"]);
        assert!(site.delete(&event, entries[1].id, 2).await);
        assert_eq!(found("hef").await, Vec::<String>::new());
        site.close().await;
    }
}

#[tokio::test]
async fn pages_go_through_equal_values_without_loss_or_repetition() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let fields = |number: i64| match number % 3 {
            0 => json!({ "title": format!("{number:03}"), "city": "Bonn" }),
            rest => json!({ "title": format!("{number:03}"), "price": rest, "city": "Bonn" }),
        };
        site.insert(&event, (0..50).map(|number| entry(&event, number, fields(number))).collect()).await;
        for sort in ["price", "-price", "created_at", "-title"] {
            for filter in [None, Some(text("Bonn"))] {
                let mut page = EntryList { limit: 7, ..list(sort) };
                if let Some(values) = filter {
                    page = with(page, "city", Operator::Equal, values);
                }
                let whole = site.titles(&event, &EntryList { limit: 100, ..page.clone() }).await;
                assert_eq!(whole.len(), 50);
                let mut pages = Vec::new();
                loop {
                    let found = entries::list(site.database.reader(), &event, &page).await.unwrap();
                    let Some(last) = found.last() else { break };
                    pages.extend(found.iter().map(|entry| entry.title(&event.definition)));
                    let price = last.fields.get("price").and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY);
                    let value = match sort.trim_start_matches('-') {
                        "price" => IndexValue::Number(price),
                        "title" => IndexValue::Text(last.title(&event.definition)),
                        _ => IndexValue::Number(last.created_at.millis() as f64),
                    };
                    page.after = Some(EntryCursor { value, id: last.id });
                }
                assert_eq!(pages, whole, "{sort}");
            }
        }
        let slice = entries::slice(site.database.reader(), &event, 48, 5).await.unwrap();
        let slice: Vec<String> = slice.iter().map(|entry| entry.title(&event.definition)).collect();
        assert_eq!(slice, ["001", "000"]);
        site.close().await;
    }
}

#[tokio::test]
async fn links_are_found_from_the_other_end() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let first = entry(&event, 1, json!({ "title": "One" }));
        let id = first.id.to_string();
        let mut second = entry(&event, 2, json!({ "title": "Two", "after": id, "tags": ["old"] }));
        site.insert(&event, vec![first.clone(), second.clone()]).await;
        let reader = site.database.reader();
        let referrers = links::referrers(reader, first.id.0, 10).await.unwrap();
        let key = event.layout.key("after").unwrap().to_owned();
        let wanted = links::Referrer { type_number: event.number, entry: second.id, key };
        assert_eq!(referrers, [wanted]);
        let ids = vec![first.id.0, Uuid::now_v7(), second.id.0];
        let locked = site.database.write((event.table(), ids), |transaction, (table, ids)| {
            Box::pin(async move {
                links::lock_for_delete(transaction, table, ids[0]).await?;
                Ok(links::lock_entries(transaction, table, ids).await?)
            })
        });
        let mut locked = locked.await.unwrap();
        locked.sort_unstable();
        assert_eq!(locked, [first.id.0, second.id.0]);

        second.stored.remove(event.layout.key("after").unwrap());
        second.fields = Entry::named(&event.definition, &event.layout, &second.stored);
        second.version = 2;
        assert!(site.update(&event, &second, 1).await);
        assert!(links::referrers(reader, first.id.0, 10).await.unwrap().is_empty());
        let old = with(list("title"), "tags", Operator::Contains, text("old"));
        assert_eq!(site.titles(&event, &old).await, ["Two"]);
        assert!(site.delete(&event, second.id, 2).await);
        assert_eq!(site.titles(&event, &old).await, Vec::<String>::new());
        site.close().await;
    }
}

#[tokio::test]
async fn entries_that_are_locked_are_read_as_they_stay() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let first = entry(&event, 1, json!({ "title": "One" }));
        site.insert(&event, vec![first.clone()]).await;
        let changed = Entry { version: 2, ..first.clone() };
        let hold = site.database.hold_commits().await;
        let pause = || tokio::time::sleep(std::time::Duration::from_millis(200));
        let looking = async {
            pause().await;
            let looked = site.database.write((event.clone(), first.id), |transaction, (event, id)| {
                Box::pin(async move {
                    links::lock_entries_for_update(transaction, &event.table(), &[id.0]).await?;
                    Ok(entries::find(transaction, event, *id).await?.map(|entry| entry.version))
                })
            });
            looked.await.unwrap()
        };
        let releasing = async {
            pause().await;
            pause().await;
            drop(hold);
        };
        let (is_changed, seen, ()) = tokio::join!(site.update(&event, &changed, 1), looking, releasing);
        assert!(is_changed);
        assert_eq!(seen, Some(2), "whoever was changing it is waited for");
        site.close().await;
    }
}

#[tokio::test]
async fn the_pages_of_published_entries_are_listed_in_the_order_of_their_creation() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let mut entries = some(&event);
        entries[1].status = EntryStatus::Draft;
        site.insert(&event, entries.clone()).await;
        let reader = site.database.reader();
        let first = entries::published_paths(reader, &event, 0, 2).await.unwrap();
        let rest = entries::published_paths(reader, &event, first[1].seq, 2).await.unwrap();
        assert_eq!((first.len(), rest.len()), (2, 1));
        let published = [&entries[0], &entries[2], &entries[3]];
        for (path, entry) in first.iter().chain(&rest).zip(published) {
            let slug = entry.slug(&event.definition).map(str::to_owned);
            assert_eq!((path.id, &path.slug, path.updated_at), (entry.id, &slug, entry.updated_at));
        }
        assert!(entries::published_paths(reader, &event, rest[0].seq, 2).await.unwrap().is_empty());

        let plain = json!({
            "name": "plain", "singular": "Plain", "plural": "Plain",
            "fields": [{ "name": "title", "kind": "text" }],
        });
        let plain = site.make(&plain).await;
        site.insert(&plain, vec![entry(&plain, 1, json!({ "title": "One" }))]).await;
        let paths = entries::published_paths(reader, &plain, 0, 9).await.unwrap();
        assert!(paths.len() == 1 && paths[0].slug.is_none());
        site.close().await;
    }
}

#[tokio::test]
async fn entries_are_prepared_for_another_definition() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let old = (1..=5).map(|number| entry(&event, number, json!({ "title": "Old" })));
        site.insert(&event, old.collect()).await;
        let reader = site.database.reader();
        let first = entries::batch(reader, &event, 0, 2).await.unwrap();
        assert_eq!(first.len(), 2);
        let rest = entries::batch(reader, &event, first[1].seq, 10).await.unwrap();
        assert_eq!(rest.len(), 3);
        let stored: Map<String, Value> = [("f1".to_owned(), "New".into())].into_iter().collect();
        let input = (event.clone(), first[0].seq, stored.clone());
        let prepared = site.database.write(input, |transaction, (event, seq, stored)| {
            Box::pin(async move {
                let stale = entries::prepare(transaction, event, *seq, 9, stored, 2).await?;
                Ok((stale, entries::prepare(transaction, event, *seq, 1, stored, 2).await?))
            })
        });
        assert_eq!(prepared.await.unwrap(), (false, true));
        let left = entries::unprepared(reader, &event, 2, 0, 10).await.unwrap();
        assert_eq!(left.len(), 4);
        let mut changed = entries::batch(reader, &event, 0, 1).await.unwrap().remove(0);
        assert_eq!(changed.entry.version, 1, "nobody sees that it was prepared");
        assert_eq!(changed.entry.stored, stored);
        let found = EntryList { search: Some("new".into()), ..list("title") };
        assert_eq!(site.titles(&event, &found).await, ["New"]);
        changed.entry.version = 2;
        assert!(site.update(&event, &changed.entry, 1).await);
        assert_eq!(entries::unprepared(reader, &event, 2, 0, 10).await.unwrap().len(), 5);
        site.close().await;
    }
}

#[tokio::test]
async fn slugs_of_before_lead_to_their_entries() {
    for site in Site::all().await {
        let event = site.make(&event()).await;
        let entry = entry(&event, 1, json!({ "title": "One", "slug": "now" }));
        site.insert(&event, vec![entry.clone()]).await;
        let noted = site.database.write((event.number, entry.id), |transaction, (number, id)| {
            Box::pin(async move {
                entries::remember_slug(transaction, *number, "before", EntryId::generate()).await?;
                entries::remember_slug(transaction, *number, "before", *id).await?;
                entries::remember_slug(transaction, *number, "again", *id).await?;
                Ok(entries::forget_slug(transaction, *number, "again").await?)
            })
        });
        noted.await.unwrap();
        let reader = site.database.reader();
        assert_eq!(entries::moved_slug(reader, event.number, "before").await.unwrap(), Some(entry.id));
        assert_eq!(entries::moved_slug(reader, event.number, "again").await.unwrap(), None);
        assert_eq!(entries::moved_slug(reader, event.number + 1, "before").await.unwrap(), None);
        assert!(site.delete(&event, entry.id, 1).await);
        assert_eq!(entries::moved_slug(reader, event.number, "before").await.unwrap(), None);
        site.close().await;
    }
}
