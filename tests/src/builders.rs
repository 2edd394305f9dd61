//! Posts and pages to be created, in words.

use serde_json::{Map, Value, json};

use crate::actor::Actor;
use crate::answer::Answer;

/// A post or page that is to be created.
#[derive(Clone, Debug)]
#[must_use]
pub struct NewPost {
    path: &'static str,
    fields: Map<String, Value>,
}

/// A draft of a post with a line of content.
pub fn post(title: &str) -> NewPost {
    new("/api/v1/posts", title)
}

/// A draft of a page with a line of content.
pub fn page(title: &str) -> NewPost {
    new("/api/v1/pages", title)
}

fn new(path: &'static str, title: &str) -> NewPost {
    NewPost { path, fields: Map::new() }.with("title", title).with("content", "Some *content*.")
}

impl NewPost {
    /// Sets a field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// Markdown.
    pub fn content(self, markdown: &str) -> Self {
        self.with("content", markdown)
    }

    /// Published at once.
    pub fn published(self) -> Self {
        self.with("status", "published")
    }

    /// With this slug.
    pub fn slug(self, slug: &str) -> Self {
        self.with("slug", slug)
    }

    /// In this category.
    pub fn category(self, id: &str) -> Self {
        self.with("category_id", id)
    }

    /// With these tags.
    pub fn tags(self, ids: &[&str]) -> Self {
        self.with("tag_ids", json!(ids))
    }

    /// The body of the request.
    pub fn body(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// Sends it, whatever comes of it.
    pub async fn send(&self, actor: &Actor) -> Answer {
        actor.post(self.path, &self.body()).await
    }

    /// Creates it and answers it as the API does.
    ///
    /// # Panics
    /// When it is not created.
    pub async fn create(&self, actor: &Actor) -> Value {
        self.send(actor).await.expect(201).json()
    }
}
