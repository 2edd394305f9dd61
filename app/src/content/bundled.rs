//! The example types that come with the server, switched off. A file of the same name in the site's own folder replaces
//! one.

/// The bundled files: their names without `.toml`, and their text.
pub fn files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("event", include_str!("../../../extensions/content-types/event.toml")),
        ("recipe", include_str!("../../../extensions/content-types/recipe.toml")),
    ]
}

#[cfg(test)]
mod tests {
    use crate::content::definition::source;

    #[test]
    fn bundled_types_are_right_and_off() {
        for (stem, text) in super::files() {
            let file = source::from_toml(stem, text).unwrap();
            assert!(!file.enabled, "{stem}");
            assert_eq!(file.definition.name.as_str(), stem);
            let permalink = file.definition.permalink.unwrap();
            assert_eq!((permalink.prefix, permalink.by_slug), (format!("/{stem}s"), true));
            assert_eq!(file.definition.title_field.unwrap().as_str(), "title");
        }
    }
}
