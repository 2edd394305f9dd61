//! Answers what no site may accept: the words in a title say which.

use fleuron_plugin::*;

struct Meddler;

impl Guest for Meddler {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        meddle(input)
    }

    fn on_post_updating(input: PostInput) -> Option<PostInput> {
        meddle(input)
    }
}

fn meddle(mut post: PostInput) -> Option<PostInput> {
    let has = |word: &str| post.title.contains(word);
    if has("please-publish") {
        post.status = Some("published".to_owned());
    } else if has("please-blank") {
        post.title = String::new();
    } else if has("please-bloat") {
        post.slug = Some("x".repeat(5 << 20));
    } else if has("please-invent") {
        post.category_id = Some("no such category".to_owned());
    } else if has("please-forget") {
        post.excerpt = None;
        post.category_id = None;
        post.cover_image = None;
        post.slug = None;
        post.status = None;
        post.tag_ids = None;
    } else {
        return None;
    }
    Some(post)
}

export_plugin_hooks!(Meddler);
