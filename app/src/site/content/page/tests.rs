use serde_json::{Value, json};

use super::{ContentPage, PageContext, assemble};
use crate::{
    clock::Timestamp,
    content::{
        ContentType, Entry, EntryStatus, Field, Fields, Kind, TypeDefinition, bundled,
        definition::source::from_toml, layout::Layout, model::Owner,
    },
    ids::EntryId,
    render::sanitize,
    site::content::{
        archive::summary,
        fields::{self, Material},
    },
    themes::{
        ThemeEngine, content_archive_templates, content_templates,
        context::{
            ContentArchivePage, ContentLink, ContentTypeContext, FeedContext, Frame, NamedLink, Pagination,
            SiteContext,
        },
    },
};

/// A value that fits the field.
fn sample(field: &Field) -> Value {
    match &field.kind {
        Kind::Text(_) => json!(format!("<{}>", field.label)),
        Kind::Markdown(_) => json!("Some *words*."),
        Kind::Number(_) | Kind::Integer(_) => json!(3),
        Kind::Boolean => json!(true),
        Kind::Date(_) => json!("2026-01-31"),
        Kind::DateTime(_) => json!("2026-01-31T18:30:00.000Z"),
        Kind::Select { options, many: None } => json!(options[0].value),
        Kind::Select { options, .. } => json!([options[0].value]),
        Kind::Email(_) => json!("ada@example.com"),
        Kind::Url(_) => json!("https://example.com/"),
        Kind::Slug { .. } => json!("a-slug"),
        Kind::Json => json!({ "a": [1] }),
        Kind::Relation { many: None, .. } => json!(EntryId::generate()),
        Kind::Relation { .. } => json!([EntryId::generate()]),
        Kind::Group { fields, .. } => json!([samples(fields), {}]),
    }
}

fn samples(fields: &[Field]) -> Fields {
    fields.iter().map(|field| (field.name.to_string(), sample(field))).collect()
}

fn content_type(definition: TypeDefinition) -> ContentType {
    let now = Timestamp::now();
    let (number, version, layout) = (1, 1, Layout::default());
    ContentType {
        number,
        version,
        owner: Owner::File,
        enabled: true,
        definition,
        layout,
        created_at: now,
        updated_at: now,
    }
}

fn entry(fields: Fields) -> Entry {
    let now = Timestamp::now();
    Entry {
        id: EntryId::generate(),
        status: EntryStatus::Published,
        fields,
        stored: serde_json::Map::new(),
        created_by: None,
        updated_by: None,
        created_at: now,
        updated_at: now,
        published_at: Some(now),
        version: 1,
    }
}

fn frame(kind: &'static str) -> Frame {
    Frame {
        site: SiteContext {
            title: "Site".into(),
            description: String::new(),
            url: "https://example.com".into(),
            language: "en".into(),
            generator: "Fleuron",
        },
        navigation: Vec::new(),
        feed: FeedContext { title: "Site".into(), url: "/feed.xml".into() },
        page: PageContext { kind, og_type: "article", ..PageContext::default() },
    }
}

fn shown_type(content_type: &ContentType) -> ContentTypeContext {
    let definition = &content_type.definition;
    let labels = fields::public(&definition.fields);
    ContentTypeContext {
        name: content_type.name().into(),
        singular: definition.singular.clone(),
        plural: definition.plural.clone(),
        description: None,
        title_field: definition.title_field.as_ref().map(ToString::to_string),
        labels: labels.map(|field| (field.name.to_string(), field.label.clone())).collect(),
        url: Some("/things".into()),
        feed: None,
    }
}

/// The page of an entry and the archive that lists it, with the very first of the candidates.
fn pages(theme: &str, content_type: &ContentType, of: Fields) -> String {
    let themes = ThemeEngine::open(theme).unwrap();
    let entry = entry(of);
    let mut material = Material::default();
    for (place, _) in fields::markdown(&content_type.definition.fields, &entry.fields) {
        material.html.insert(place, sanitize::content("<p>Some <em>words</em>.</p>").unwrap().into());
    }
    for (field, ..) in fields::relations(&content_type.definition, &entry.fields) {
        let link = |url: Option<&str>| ContentLink { title: "Ada".into(), url: url.map(str::to_owned) };
        material.relations.insert(field.name.to_string(), vec![link(Some("/authors/ada")), link(None)]);
    }
    let url = Some("/things/a-slug".to_owned());
    let author = NamedLink { name: "Ada".into(), url: "/authors/ada".into() };
    let listed = summary(content_type, &entry, url.clone());
    let page = ContentPage {
        frame: frame("content"),
        content_type: shown_type(content_type),
        entry: assemble(content_type, &entry, summary(content_type, &entry, url), Some(author), &material),
    };
    let archive = ContentArchivePage {
        frame: frame("content-archive"),
        content_type: shown_type(content_type),
        entries: vec![listed],
        entry_count: 1,
        pagination: Pagination { page: 1, pages: 1, newer: None, older: None, pages_list: Vec::new() },
    };
    let first = |candidates: Vec<String>| candidates.into_iter().find(|name| themes.has(&[name])).unwrap();
    let page = themes.render(&[first(content_templates(content_type.name()))], page).unwrap();
    let archive = themes.render(&[first(content_archive_templates(content_type.name()))], archive).unwrap();
    format!("{page}\n{archive}")
}

#[test]
fn built_in_themes_show_the_types_that_come_with_the_server() {
    for (stem, text) in bundled::files() {
        let content_type = content_type(from_toml(stem, text).unwrap().definition);
        let fields = &content_type.definition.fields;
        for theme in ["default", "minimal"] {
            let full = pages(theme, &content_type, samples(fields));
            assert!(full.contains("<em>words</em>") && full.contains("href=\"/things/a-slug\""), "{full}");
            assert!(!full.contains("{{") && !full.contains("<script"), "{full}");
            let title = content_type.definition.title_field.as_ref().unwrap();
            let private: Vec<&Field> = fields.iter().filter(|field| field.private).collect();
            assert!(private.iter().all(|field| !full.contains(&format!(">{}<", field.label))), "{full}");
            let poor = Fields::from_iter([(title.to_string(), json!("Only a title"))]);
            let poor = pages(theme, &content_type, poor);
            assert!(poor.contains("Only a title"), "{poor}");
        }
    }
}

#[test]
fn a_type_may_have_other_fields_than_its_template_knows() {
    for name in ["event", "recipe"] {
        let text =
            "singular = \"Thing\"\nplural = \"Things\"\n[[fields]]\nname = \"heading\"\nkind = \"text\"\n";
        let content_type = content_type(from_toml(name, text).unwrap().definition);
        let shown = pages("default", &content_type, samples(&content_type.definition.fields));
        assert!(shown.contains("&lt;Heading&gt;"), "{shown}");
    }
}
