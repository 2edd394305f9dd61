//! Types, their tables, and indexes that come and go.

use super::*;
use crate::{
    content::storage::{indexes, search, types},
    error::ErrorCode,
};

/// The type as it would be with this definition, whose fields have the keys that they have by name.
fn changed(content_type: &ContentType, definition: &Value) -> ContentType {
    let mut changed = content_type.clone();
    changed.definition = source::from_json(definition).unwrap();
    for field in &changed.definition.fields {
        if changed.layout.key(field.name.as_str()).is_none() {
            let key = changed.layout.fresh();
            changed.layout.keys.insert(field.name.to_string(), key);
        }
    }
    changed.version += 1;
    changed
}

fn small(fields: &Value) -> Value {
    json!({ "name": "small", "singular": "Small", "plural": "Small", "fields": fields })
}

/// Makes all entries ready for another definition, as a change does before anything else.
async fn make_ready(site: &Site, before: &ContentType, after: &ContentType) {
    let rows = entries::batch(site.database.reader(), before, 0, 100).await.unwrap();
    let written = site.database.write((after.clone(), rows), |transaction, (after, rows)| {
        Box::pin(async move {
            for row in rows {
                let (seen, stored) = (row.entry.version, &row.entry.stored);
                assert!(entries::prepare(transaction, after, row.seq, seen, stored, 7).await?);
            }
            Ok(())
        })
    });
    written.await.unwrap();
}

/// The titles of the entries that are found by these words.
async fn found(site: &Site, content_type: &ContentType, words: &str) -> Vec<String> {
    let list = EntryList { search: Some(words.to_owned()), ..list("created_at") };
    site.titles(content_type, &list).await
}

/// How many sets of words are kept of the entries.
async fn sets_of_words(site: &Site, content_type: &ContentType) -> usize {
    let (reader, table) = (site.database.reader(), content_type.table());
    let sets = match site.backend() {
        DbBackend::Postgres => search::columns(reader, &table).await,
        _ => search::tables(reader, &table).await,
    };
    sets.unwrap().len()
}

#[tokio::test]
async fn types_are_kept_and_changed_by_whoever_saw_them_last() {
    for site in Site::all().await {
        let made = site.make(&event()).await;
        let reader = site.database.reader();
        assert_eq!(types::find(reader, "event").await.unwrap().as_ref(), Some(&made));
        assert_eq!(types::find(reader, "nothing").await.unwrap(), None);
        assert_eq!(types::all(reader).await.unwrap(), vec![made.clone()]);
        let mut next = changed(&made, &event());
        next.enabled = false;
        let written = site.database.write(next.clone(), |transaction, next| {
            Box::pin(async move {
                assert_eq!(types::version_for_share(transaction, next.number).await?, Some((1, true)));
                assert_eq!(types::lock(transaction, next.number).await?, Some(1));
                assert!(!types::update(transaction, next, 7).await?);
                assert!(types::update(transaction, next, 1).await?);
                assert_eq!(types::version_for_share(transaction, next.number).await?, Some((2, false)));
                Ok(())
            })
        });
        written.await.unwrap();
        assert_eq!(types::find(reader, "event").await.unwrap(), Some(next.clone()));
        let removed = site.database.write(next.number, |transaction, number| {
            Box::pin(async move {
                tables::drop(transaction, *number).await?;
                types::delete(transaction, *number).await?;
                Ok(types::lock(transaction, *number).await?)
            })
        });
        assert_eq!(removed.await.unwrap(), None);
        let again = site.make(&event()).await;
        assert!(again.number > next.number, "a number is never given again");
        site.close().await;
    }
}

#[tokio::test]
async fn a_type_that_cannot_be_read_is_left_out() {
    for site in Site::all().await {
        let made = site.make(&event()).await;
        let broken = site.database.write((), |transaction, ()| {
            Box::pin(async move {
                let sql = "INSERT INTO content_types \
                           (name, owner, enabled, definition, layout, version, created_at, updated_at) \
                           VALUES ('broken', 'api', TRUE, '{}', '{}', 1, 0, 0)";
                Ok(transaction.execute_unprepared(sql).await.map(|_| ())?)
            })
        });
        broken.await.unwrap();
        assert_eq!(types::all(site.database.reader()).await.unwrap(), vec![made]);
        assert!(types::find(site.database.reader(), "broken").await.is_err());
        site.close().await;
    }
}

#[tokio::test]
async fn indexes_follow_the_definition() {
    for site in Site::all().await {
        let backend = site.backend();
        let before = site.make(&small(&json!([{ "name": "title", "kind": "text" }]))).await;
        let title = |number: i64| json!({ "title": format!("Number {number}") });
        let entries = (0..1_200).map(|number| entry(&before, number, title(number)));
        site.insert(&before, entries.collect()).await;
        let searchable = json!([{ "name": "title", "kind": "text", "sortable": true, "searchable": true }]);
        let after = changed(&before, &small(&searchable));
        assert!(indexes::wanted(&after, backend).len() > indexes::wanted(&before, backend).len());

        for _ in 0..2 {
            indexes::build(&site.database, &after).await.unwrap();
        }
        indexes::drop_unwanted(&site.database, &after).await.unwrap();
        let found = EntryList { search: Some("number 1199".into()), ..list("created_at") };
        assert_eq!(site.titles(&after, &found).await, ["Number 1199"]);

        indexes::drop_unwanted(&site.database, &before).await.unwrap();
        site.insert(&before, vec![entry(&before, 2_000, title(2_000))]).await;
        indexes::build(&site.database, &after).await.unwrap();
        let found = EntryList { search: Some("2000".into()), ..list("created_at") };
        assert_eq!(site.titles(&after, &found).await, ["Number 2000"]);
        site.close().await;
    }
}

#[tokio::test]
async fn a_field_does_not_become_unique_while_values_repeat() {
    for site in Site::all().await {
        let before = site.make(&small(&json!([{ "name": "code", "kind": "text" }]))).await;
        let mut entries: Vec<Entry> =
            (1..=2).map(|number| entry(&before, number, json!({ "code": "same" }))).collect();
        entries.push(entry(&before, 3, json!({})));
        entries.push(entry(&before, 4, json!({})));
        site.insert(&before, entries.clone()).await;
        let unique = json!([{ "name": "code", "kind": "text", "unique": true }]);
        let after = changed(&before, &small(&unique));
        let error = indexes::build(&site.database, &after).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValidationFailed, "{error}");
        assert_eq!(error.fields()[0].field, "fields[0].unique");
        assert!(site.delete(&before, entries[0].id, 1).await);
        indexes::build(&site.database, &after).await.unwrap();
        site.close().await;
    }
}

#[tokio::test]
async fn a_change_that_fails_leaves_searches_as_they_were() {
    for site in Site::all().await {
        let fields = |title: bool, note: bool| {
            small(&json!([
                { "name": "title", "kind": "text", "searchable": title },
                { "name": "note", "kind": "text", "searchable": note },
            ]))
        };
        let before = site.make(&fields(true, false)).await;
        let values =
            |number: i64| json!({ "title": format!("Title {number}"), "note": format!("Note {number}") });
        let mut entries: Vec<Entry> = (1..=3).map(|number| entry(&before, number, values(number))).collect();
        site.insert(&before, entries.clone()).await;
        let after = changed(&before, &fields(false, true));

        // Before there is a place for the words that shall be, and when there is one.
        for is_built in [false, true] {
            if is_built {
                indexes::build(&site.database, &after).await.unwrap();
                assert_eq!(sets_of_words(&site, &before).await, 2);
            }
            make_ready(&site, &before, &after).await;
            assert_eq!(found(&site, &before, "title 2").await, ["Title 2"]);
            assert_eq!(found(&site, &before, "note").await, Vec::<String>::new());
        }
        assert_eq!(found(&site, &after, "note 2").await, ["Title 2"]);
        assert_eq!(found(&site, &after, "title").await, Vec::<String>::new());

        entries[1].stored.insert("f1".into(), "Renamed".into());
        entries[1].fields = Entry::named(&before.definition, &before.layout, &entries[1].stored);
        entries[1].version = 2;
        assert!(site.update(&before, &entries[1], 1).await);
        assert_eq!(found(&site, &before, "renamed").await, ["Renamed"]);

        indexes::drop_unwanted(&site.database, &after).await.unwrap();
        assert_eq!(sets_of_words(&site, &before).await, 2, "a version that never came removes no words");
        indexes::build(&site.database, &before).await.unwrap();
        indexes::drop_unwanted(&site.database, &before).await.unwrap();
        assert_eq!(sets_of_words(&site, &before).await, 1);
        assert_eq!(found(&site, &before, "renamed").await, ["Renamed"]);
        assert_eq!(found(&site, &before, "title").await, ["Title 1", "Title 3"]);
        assert_eq!(found(&site, &before, "note").await, Vec::<String>::new());
        make_ready(&site, &before, &after).await;
        assert_eq!(found(&site, &before, "title 3").await, ["Title 3"]);
        site.close().await;
    }
}

#[tokio::test]
async fn labels_that_a_change_would_bring_are_not_found_before() {
    for site in Site::all().await {
        let fields = |label: &str| {
            small(&json!([
                { "name": "title", "kind": "text" },
                { "name": "color", "kind": "select", "searchable": true,
                  "options": [{ "value": "c1", "label": label }, "blue"] },
            ]))
        };
        let before = site.make(&fields("Red")).await;
        site.insert(&before, vec![entry(&before, 1, json!({ "title": "A", "color": "c1" }))]).await;
        let after = changed(&before, &fields("Crimson"));
        indexes::build(&site.database, &after).await.unwrap();
        make_ready(&site, &before, &after).await;
        assert_eq!(found(&site, &before, "red").await, ["A"]);
        assert_eq!(found(&site, &before, "crimson").await, Vec::<String>::new());
        assert_eq!(found(&site, &after, "crimson").await, ["A"]);
        site.close().await;
    }
}
