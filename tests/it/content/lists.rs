//! Lists: filters, orders, pages, search, chosen fields.

use fleuron_tests::{Actor, TestApp, both, id, text};
use serde_json::{Value, json};

use super::{at, create, define, listed, values};

fn shop() -> Value {
    json!([
        { "name": "name", "kind": "text", "required": true, "filterable": true, "sortable": true, "searchable": true },
        { "name": "price", "kind": "number", "filterable": true, "sortable": true },
        { "name": "stock", "kind": "integer", "filterable": true, "sortable": true },
        { "name": "sold_out", "kind": "boolean", "filterable": true, "sortable": true },
        { "name": "colour", "kind": "select", "options": ["red", "green", "blue"], "filterable": true },
        { "name": "sizes", "kind": "select", "options": ["s", "m", "l"], "many": true, "filterable": true },
        { "name": "since", "kind": "date", "filterable": true, "sortable": true },
        { "name": "text", "kind": "markdown", "searchable": true },
        { "name": "note", "kind": "text" },
    ])
}

/// Twelve things, `a` to `l`; the price of the last is not known.
async fn stocked(app: &TestApp) -> Actor {
    let administrator = define(app, "thing", shop()).await;
    for (index, name) in ('a'..='l').enumerate() {
        let sizes: &[&str] = [&["s"][..], &["s", "m"], &["m", "l"]][index % 3];
        let colour = ["red", "green", "blue"][index % 3];
        let mut fields = json!({
            "name": name.to_string(), "price": (index / 2) as f64 + 0.5, "stock": 100 - index, "sold_out": index % 2 == 0,
            "colour": colour, "sizes": sizes, "since": format!("2026-01-{:02}", index + 1),
            "text": format!("It is number {index}, says Ähre."), "note": "x",
        });
        if name == 'l' {
            fields.as_object_mut().unwrap().remove("price");
        }
        create(&administrator, "thing", fields).await;
    }
    administrator
}

async fn names(actor: &Actor, query: &str) -> String {
    let path = format!("{}?limit=100&{query}", at("thing"));
    listed(actor, &path, "name").await.iter().map(|name| name.as_str().unwrap()).collect()
}

both! {
    async fn filters_find_what_they_say(app: TestApp) {
        stocked(&app).await;
        let guest = app.guest();
        for (query, expected) in [
            ("sort=name", "abcdefghijkl"),
            ("sort=-name", "lkjihgfedcba"),
            ("sort=name&filter[name]=c", "c"),
            ("sort=name&filter[name][in]=c,a,x", "ac"),
            ("sort=name&filter[price]=0.5", "ab"),
            ("sort=name&filter[price][gte]=4.5", "ijk"),
            ("sort=name&filter[price][gt]=4.5", "k"),
            ("sort=name&filter[price][lt]=1", "ab"),
            ("sort=name&filter[price][lte]=1.5", "abcd"),
            ("sort=name&filter[price][gte]=1&filter[price][lt]=2", "cd"),
            ("sort=name&filter[price][null]=true", "l"),
            ("sort=name&filter[price][null]=false&filter[stock][lt]=92", "jk"),
            ("sort=name&filter[stock]=99", "b"),
            ("sort=name&filter[sold_out]=true", "acegik"),
            ("sort=name&filter[sold_out]=false", "bdfhjl"),
            ("sort=name&filter[colour]=red", "adgj"),
            ("sort=name&filter[colour][in]=red,blue", "acdfgijl"),
            ("sort=name&filter[sizes][contains]=m", "bcefhikl"),
            ("sort=name&filter[sizes]=l", "cfil"),
            ("sort=name&filter[since][gte]=2026-01-11", "kl"),
            ("sort=name&filter[colour]=red&filter[sold_out]=true", "ag"),
            ("sort=name&filter[colour]=red&filter[price][gte]=3", "gj"),
            ("sort=price&filter[colour]=red", "adgj"),
            ("sort=-stock&filter[colour]=red", "adgj"),
            ("sort=created_at", "abcdefghijkl"),
            ("", "lkjihgfedcba"),
            ("sort=name&q=number", "abcdefghijkl"),
            ("sort=name&q=number+7", "h"),
            ("sort=name&q=%C3%84HR", "abcdefghijkl"),
            ("sort=name&q=nowhere", ""),
            ("sort=name&q=%22)(*", ""),
            ("sort=name&filter[colour]=green&q=number+1", "bk"),
        ] {
            assert_eq!(names(&guest, query).await, expected, "{query}");
        }
    }

    async fn what_is_not_set_is_the_smallest(app: TestApp) {
        stocked(&app).await;
        let guest = app.guest();
        assert!(names(&guest, "sort=price").await.starts_with('l'));
        assert!(names(&guest, "sort=-price").await.ends_with('l'));
        assert_eq!(names(&guest, "sort=name&filter[price][lt]=100").await, "abcdefghijk", "what is not set is not less");
    }

    async fn pages_hold_everything_once(app: TestApp) {
        stocked(&app).await;
        let guest = app.guest();
        for query in [
            "sort=price", "sort=-price", "sort=name", "sort=-created_at", "sort=updated_at", "sort=-published_at",
            "sort=sold_out", "sort=-sold_out", "sort=-since&filter[sizes][contains]=m", "sort=price&filter[colour]=red", "q=number&sort=-stock",
            "sort=price&filter[colour][in]=red,green",
        ] {
            let whole = names(&guest, query).await;
            for limit in [1, 2, 5] {
                let (mut paged, mut cursor) = (String::new(), String::new());
                loop {
                    let path = format!("{}?limit={limit}&{query}{cursor}", at("thing"));
                    let page = guest.get(&path).await.expect(200).json();
                    let items = page["items"].as_array().unwrap();
                    assert!(items.len() <= limit);
                    paged.extend(items.iter().map(|item| text(&item["fields"], "name")));
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                    assert!(paged.len() <= 12, "{query} by {limit} does not end: {paged}");
                }
                assert_eq!(paged, whole, "{query} by {limit}");
            }
        }
    }

    async fn what_cannot_be_asked_is_said(app: TestApp) {
        stocked(&app).await;
        let guest = app.guest();
        for (query, named) in [
            ("filter[note]=x", "filter[note]"),
            ("filter[nothing]=x", "filter[nothing]"),
            ("filter[price][like]=x", "filter[price][like]"),
            ("filter[price]=cheap", "filter[price]"),
            ("filter[price][gte]=", "filter[price][gte]"),
            ("filter[stock]=1.5", "filter[stock]"),
            ("filter[sold_out]=maybe", "filter[sold_out]"),
            ("filter[colour]=pink", "filter[colour]"),
            ("filter[since][gte]=yesterday", "filter[since][gte]"),
            ("filter[price][contains]=1", "filter[price][contains]"),
            ("filter[price][null]=perhaps", "filter[price][null]"),
            ("sort=note", "sort"),
            ("sort=price,name", "sort"),
            ("sort=", "sort"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("status=deleted", "status"),
            ("fields=nothing", "fields"),
            ("expand=price", "expand"),
            ("include=everything", "include"),
            ("colour=red", "colour"),
        ] {
            let answer = guest.get(&format!("{}?{query}", at("thing"))).await;
            assert_eq!(answer.faulty_fields(), [named], "{query}");
        }
        let both = guest.get(&format!("{}?filter[note]=x&sort=note&limit=0", at("thing"))).await;
        assert_eq!(both.faulty_fields().len(), 3, "all faults at once");
        guest.get(&format!("{}?cursor=nonsense", at("thing"))).await.problem(400, "invalid_cursor");
        let next = guest.get(&format!("{}?limit=1&sort=price", at("thing"))).await.json();
        let other = format!("{}?limit=1&sort=name&cursor={}", at("thing"), text(&next, "next_cursor"));
        guest.get(&other).await.problem(400, "invalid_cursor");
    }

    async fn fields_can_be_chosen_and_rendered(app: TestApp) {
        let administrator = stocked(&app).await;
        let guest = app.guest();
        let chosen = guest.get(&format!("{}?fields=name,price&limit=1&sort=name", at("thing"))).await.expect(200).items();
        assert_eq!(values(&chosen[0]), json!({ "name": "a", "price": 0.5 }));
        let fields = json!({ "name": "z", "text": "Some *words* <script>alert(1)</script>" });
        let created = create(&administrator, "thing", fields).await;
        let path = format!("{}/{}?include=html", at("thing"), id(&created));
        let read = guest.get(&path).await.expect(200).json();
        let html = text(&read["html"], "text");
        assert!(html.contains("<em>words</em>") && !html.contains("<script"), "{html}");
    }

    async fn many_are_created_at_once_or_none(app: TestApp) {
        let administrator = define(&app, "thing", shop()).await;
        let path = format!("{}/bulk", at("thing"));
        let item = |name: &str| json!({ "fields": { "name": name } });
        let made = administrator.post(&path, &json!({ "items": [item("a"), item("b"), item("c")] })).await.expect(201).items();
        assert_eq!(made.len(), 3);
        assert_eq!(names(&administrator, "sort=name").await, "abc");
        let faulty = json!({ "items": [item("d"), { "fields": { "price": "x" } }, { "fields": { "name": 5 } }] });
        let mut named = administrator.post(&path, &faulty).await.faulty_fields();
        named.sort_unstable();
        assert_eq!(named, ["items[1].fields.name", "items[1].fields.price", "items[2].fields.name"]);
        assert_eq!(names(&administrator, "sort=name").await, "abc", "none of them was made");
        assert_eq!(administrator.post(&path, &json!({ "items": [] })).await.status, 422);
        app.subscriber().await.post(&path, &json!({ "items": [item("e")] })).await.problem(403, "forbidden");
    }
}
