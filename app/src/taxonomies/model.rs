//! Terms, and all of them at once as a snapshot: there are few, and every page needs some.

use std::collections::{HashMap, HashSet};

use crate::ids::{CategoryId, TagId};

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Identity.
    pub id: CategoryId,
    /// The category that this one is part of.
    pub parent_id: Option<CategoryId>,
    /// What readers see.
    pub name: String,
    /// Unique among categories.
    pub slug: String,
    /// A sentence for the category's page.
    pub description: String,
    /// Grows with every change.
    pub version: i64,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Identity.
    pub id: TagId,
    /// What readers see.
    pub name: String,
    /// Unique among tags.
    pub slug: String,
    /// A sentence for the tag's page.
    pub description: String,
    /// Grows with every change.
    pub version: i64,
}

/// Every category and tag of the site, as they stood at one moment.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    categories: HashMap<CategoryId, Category>,
    categories_by_slug: HashMap<String, CategoryId>,
    tags: HashMap<TagId, Tag>,
    tags_by_slug: HashMap<String, TagId>,
}

impl Terms {
    /// Indexes them.
    pub fn new(categories: Vec<Category>, tags: Vec<Tag>) -> Self {
        Self {
            categories_by_slug: categories.iter().map(|term| (term.slug.clone(), term.id)).collect(),
            categories: categories.into_iter().map(|term| (term.id, term)).collect(),
            tags_by_slug: tags.iter().map(|term| (term.slug.clone(), term.id)).collect(),
            tags: tags.into_iter().map(|term| (term.id, term)).collect(),
        }
    }

    /// The category with this id.
    pub fn category(&self, id: CategoryId) -> Option<&Category> {
        self.categories.get(&id)
    }

    /// The category with this slug.
    pub fn category_by_slug(&self, slug: &str) -> Option<&Category> {
        self.categories_by_slug.get(slug).and_then(|id| self.categories.get(id))
    }

    /// The tag with this id.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// The tag with this slug.
    pub fn tag_by_slug(&self, slug: &str) -> Option<&Tag> {
        self.tags_by_slug.get(slug).and_then(|id| self.tags.get(id))
    }

    /// The category with this name, whatever the case.
    pub fn category_by_name(&self, name: &str) -> Option<&Category> {
        let name = name.to_lowercase();
        self.categories.values().find(|category| category.name.to_lowercase() == name)
    }

    /// The tag with this name, whatever the case.
    pub fn tag_by_name(&self, name: &str) -> Option<&Tag> {
        let name = name.to_lowercase();
        self.tags.values().find(|tag| tag.name.to_lowercase() == name)
    }

    /// All categories, by name.
    pub fn categories(&self) -> Vec<&Category> {
        let mut all: Vec<_> = self.categories.values().collect();
        all.sort_by_cached_key(|term| (term.name.to_lowercase(), term.id));
        all
    }

    /// All tags, by name.
    pub fn tags(&self) -> Vec<&Tag> {
        let mut all: Vec<_> = self.tags.values().collect();
        all.sort_by_cached_key(|term| (term.name.to_lowercase(), term.id));
        all
    }

    /// The categories right beneath this one, by name.
    pub fn children(&self, id: CategoryId) -> Vec<&Category> {
        self.categories().into_iter().filter(|category| category.parent_id == Some(id)).collect()
    }

    /// The categories above this one, the nearest last.
    pub fn ancestors(&self, id: CategoryId) -> Vec<&Category> {
        let mut chain = Vec::new();
        let mut seen = HashSet::from([id]);
        let mut next = self.category(id).and_then(|category| category.parent_id);
        while let Some(parent) = next.and_then(|id| self.category(id)) {
            if !seen.insert(parent.id) {
                break;
            }
            chain.push(parent);
            next = parent.parent_id;
        }
        chain.reverse();
        chain
    }

    /// The category and all beneath it.
    pub fn with_descendants(&self, id: CategoryId) -> Vec<CategoryId> {
        let mut found = vec![id];
        let mut index = 0;
        while let Some(parent) = found.get(index).copied() {
            let children = self.categories.values().filter(|category| category.parent_id == Some(parent));
            let fresh: Vec<_> =
                children.map(|category| category.id).filter(|id| !found.contains(id)).collect();
            found.extend(fresh);
            index += 1;
        }
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Category, Terms};
    use crate::ids::CategoryId;

    fn category(name: &str, parent_id: Option<CategoryId>) -> Category {
        Category {
            id: CategoryId::generate(),
            parent_id,
            name: name.into(),
            slug: name.to_lowercase(),
            description: String::new(),
            version: 1,
        }
    }

    #[test]
    fn trees_are_walked_even_when_they_bite_their_tail() {
        let mut root = category("Root", None);
        let child = category("Child", Some(root.id));
        let leaf = category("Leaf", Some(child.id));
        root.parent_id = Some(leaf.id);
        let (root_id, leaf_id) = (root.id, leaf.id);
        let terms = Terms::new(vec![root, child, leaf], Vec::new());
        assert_eq!(terms.with_descendants(root_id).len(), 3);
        assert_eq!(terms.ancestors(leaf_id).len(), 2);
        assert_eq!(terms.children(root_id)[0].name, "Child");
    }
}
