//! Fills in what an author left empty: the slug of a new post from its title, the excerpt from its first paragraph.

mod excerpt;
mod markdown;
mod slug;

use fleuron_plugin::prelude::*;

struct SlugAndExcerpt;

impl Guest for SlugAndExcerpt {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        let slug = if is_missing(&input.slug) { slug::from_title(&input.title) } else { None };
        let excerpt = missing_excerpt(&input);
        if slug.is_none() && excerpt.is_none() {
            return None;
        }
        Some(PostInput { slug: slug.or(input.slug), excerpt: excerpt.or(input.excerpt), ..input })
    }

    // A missing slug is left alone here: on update it means that the post keeps the one it has.
    fn on_post_updating(input: PostInput) -> Option<PostInput> {
        let excerpt = missing_excerpt(&input)?;
        Some(PostInput { excerpt: Some(excerpt), ..input })
    }
}

export_plugin_hooks!(SlugAndExcerpt);

fn missing_excerpt(post: &PostInput) -> Option<String> {
    if is_missing(&post.excerpt) { excerpt::from_markdown(&post.content) } else { None }
}

fn is_missing(field: &Option<String>) -> bool {
    field.as_deref().is_none_or(|text| text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::SlugAndExcerpt;
    use fleuron_plugin::{Guest, PostInput, testing::MemoryHost};

    fn post(title: &str, content: &str) -> PostInput {
        PostInput { title: title.to_owned(), content: content.to_owned(), ..PostInput::default() }
    }

    #[test]
    fn a_new_post_gets_both() {
        let host = MemoryHost::install();
        let input = PostInput {
            status: Some("draft".to_owned()),
            ..post("Hello, World!", "First *words*.\n\nMore.")
        };
        let expected = PostInput {
            slug: Some("hello-world".to_owned()),
            excerpt: Some("First words.".to_owned()),
            ..input.clone()
        };
        assert_eq!(SlugAndExcerpt::on_post_creating(input), Some(expected));
        assert!(host.log_lines().is_empty());
    }

    #[test]
    fn what_the_author_wrote_stays() {
        let input = PostInput {
            slug: Some("mine".to_owned()),
            excerpt: Some("My own words".to_owned()),
            ..post("Hello", "Text.")
        };
        assert_eq!(SlugAndExcerpt::on_post_creating(input.clone()), None);
        assert_eq!(SlugAndExcerpt::on_post_updating(input), None);
    }

    #[test]
    fn blank_fields_count_as_missing() {
        let input =
            PostInput { slug: Some(" ".to_owned()), excerpt: Some(String::new()), ..post("Hello", "Text.") };
        let filtered = SlugAndExcerpt::on_post_creating(input).unwrap_or_default();
        assert_eq!(filtered.slug.as_deref(), Some("hello"));
        assert_eq!(filtered.excerpt.as_deref(), Some("Text."));
    }

    #[test]
    fn an_excerpt_shows_no_script_and_ends_at_the_mark() {
        for (content, excerpt) in [
            ("Hello **world** <script>alert(1)</script>", "Hello world"),
            ("One.\n\nTwo.\n\n<!-- more -->\n\nThree.", "One. Two."),
            ("One <!--more--> two.", "One"),
            ("<!-- more -->\n\nOne.\n\nTwo.", "One."),
        ] {
            let filtered = SlugAndExcerpt::on_post_creating(post("Title", content)).unwrap_or_default();
            assert_eq!(filtered.excerpt.as_deref(), Some(excerpt), "{content}");
        }
    }

    #[test]
    fn an_update_never_invents_a_slug() {
        let filtered = SlugAndExcerpt::on_post_updating(post("New title", "Text.")).unwrap_or_default();
        assert_eq!(filtered.slug, None);
        assert_eq!(filtered.excerpt.as_deref(), Some("Text."));
        assert_eq!(filtered.title, "New title");
    }

    #[test]
    fn a_post_that_offers_nothing_is_left_to_the_site() {
        assert_eq!(SlugAndExcerpt::on_post_creating(post("!!!", "![a picture](x.png)")), None);
    }
}
