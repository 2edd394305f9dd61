//! What is sent: an envelope in JSON with the data in it as text, which is what the signature is for.
//!
//! A plugin cannot set headers, so the signature travels in the body. Were the data an object there, receivers would have
//! to write it again exactly as it was to check it; a text arrives as it was sent, whatever reads the JSON.

use fleuron_plugin::PostOutput;
use serde::Serialize;

use crate::change::Change;
use crate::signature::Secret;

/// What a change happened to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The post's id.
    pub(crate) id: &'a str,
    /// `post` or `page`, as far as it is known.
    pub(crate) kind: Option<&'a str>,
    /// The version after the change; of a deleted post the last one.
    pub(crate) version: Option<i64>,
    /// The post as it was committed; none where it was deleted.
    pub(crate) post: Option<&'a PostOutput>,
}

/// An event that is to be signed.
#[derive(Clone, Debug)]
pub(crate) struct Envelope<'a> {
    id: &'a str,
    name: &'static str,
    timestamp: i64,
    data: String,
}

/// The whole body, in this order.
#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    name: &'a str,
    timestamp: i64,
    data: &'a str,
    signature: &'a str,
}

#[derive(Serialize)]
struct Data<'a> {
    // Once more, because what stands in the envelope alone is not signed.
    #[serde(rename = "type")]
    name: &'a str,
    post: Post<'a>,
}

#[derive(Serialize)]
struct Post<'a> {
    id: &'a str,
    kind: Option<&'a str>,
    version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(flatten)]
    public: Option<Public<'a>>,
}

/// What everybody can read anyhow. Of what is hidden again, it is not sent: it may have been hidden for a reason, and
/// changed since.
#[derive(Serialize)]
struct Public<'a> {
    title: &'a str,
    excerpt: Option<&'a str>,
    category_id: Option<&'a str>,
    created_by: &'a str,
    updated_by: Option<&'a str>,
    created_at: &'a str,
    updated_at: &'a str,
    published_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Puts an event into words, sent at `timestamp`, in seconds since 1970.
    pub(crate) fn new(
        change: Change,
        subject: &Subject<'_>,
        include_content: bool,
        id: &'a str,
        timestamp: i64,
    ) -> Self {
        let is_public = matches!(change, Change::Published | Change::Updated);
        let post = Post {
            id: subject.id,
            kind: subject.kind,
            version: subject.version,
            slug: subject.post.map(|post| post.slug.as_str()),
            status: subject.post.map(|post| post.status.as_str()),
            public: subject.post.filter(|_| is_public).map(|post| public(post, include_content)),
        };
        let data = json(&Data { name: change.name(), post });
        Self { id, name: change.name(), timestamp, data }
    }

    /// The body to send.
    pub(crate) fn signed(&self, secret: &Secret) -> String {
        let signature = secret.sign(self.id, self.timestamp, &self.data);
        json(&Body {
            id: self.id,
            name: self.name,
            timestamp: self.timestamp,
            data: &self.data,
            signature: &signature,
        })
    }
}

fn public(post: &PostOutput, include_content: bool) -> Public<'_> {
    Public {
        title: &post.title,
        excerpt: post.excerpt.as_deref(),
        category_id: post.category_id.as_deref(),
        created_by: &post.created_by,
        updated_by: post.updated_by.as_deref(),
        created_at: &post.created_at,
        updated_at: &post.updated_at,
        published_at: post.published_at.as_deref(),
        content: include_content.then_some(post.content.as_str()),
    }
}

/// # Panics
/// Never: these types have nothing in them that JSON cannot say.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| panic!("the event has no form in JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::PostOutput;
    use serde_json::{Value, json};

    use super::{Envelope, Subject};
    use crate::change::Change;
    use crate::signature::Secret;

    fn post(status: &str) -> PostOutput {
        PostOutput {
            id: "p1".to_owned(),
            title: "\u{DC}ber \"uns\"".to_owned(),
            slug: "ueber-uns".to_owned(),
            content: "Some *text*.\n".to_owned(),
            status: status.to_owned(),
            created_by: "u1".to_owned(),
            created_at: "2026-11-01T00:00:00.000Z".to_owned(),
            updated_at: "2026-11-02T00:00:00.000Z".to_owned(),
            published_at: Some("2026-11-02T00:00:00.000Z".to_owned()),
            ..PostOutput::default()
        }
    }

    fn sent(change: Change, post: Option<&PostOutput>, include_content: bool) -> (Value, Value) {
        let subject = Subject { id: "p1", kind: Some("post"), version: Some(3), post };
        let secret = Secret::parse("0123456789abcdef").unwrap();
        let body = Envelope::new(change, &subject, include_content, "e1", 1_700_000_000).signed(&secret);
        let envelope: Value = serde_json::from_str(&body).unwrap();
        let data = envelope["data"].as_str().unwrap();
        assert_eq!(envelope["signature"], json!(secret.sign("e1", 1_700_000_000, data)));
        let data = serde_json::from_str(data).unwrap();
        (envelope, data)
    }

    #[test]
    fn an_envelope_has_what_was_promised() {
        let (envelope, data) = sent(Change::Published, Some(&post("published")), false);
        assert_eq!(envelope["id"], "e1");
        assert_eq!(
            (&envelope["type"], &envelope["timestamp"]),
            (&json!("post.published"), &json!(1_700_000_000))
        );
        assert_eq!(envelope.as_object().map(|fields| fields.len()), Some(5));
        let expected = json!({
            "type": "post.published",
            "post": {
                "id": "p1", "kind": "post", "version": 3, "slug": "ueber-uns", "status": "published",
                "title": "\u{DC}ber \"uns\"", "excerpt": null, "category_id": null, "created_by": "u1", "updated_by": null,
                "created_at": "2026-11-01T00:00:00.000Z", "updated_at": "2026-11-02T00:00:00.000Z",
                "published_at": "2026-11-02T00:00:00.000Z",
            },
        });
        assert_eq!(data, expected);
    }

    #[test]
    fn the_text_is_sent_when_it_is_wanted() {
        let (_, data) = sent(Change::Updated, Some(&post("published")), true);
        assert_eq!(data["post"]["content"], "Some *text*.\n");
    }

    #[test]
    fn what_is_hidden_stays_hidden() {
        let (_, data) = sent(Change::Unpublished, Some(&post("draft")), true);
        let expected =
            json!({ "id": "p1", "kind": "post", "version": 3, "slug": "ueber-uns", "status": "draft" });
        assert_eq!(data["post"], expected);
        let (_, data) = sent(Change::Deleted, None, true);
        assert_eq!(data["post"], json!({ "id": "p1", "kind": "post", "version": 3 }));
    }
}
