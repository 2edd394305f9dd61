//! What relations lead to, as links.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use super::fields;
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, Entry, definition::Target, entries::Related},
    error::Result,
    site::{Site, author_path, encode},
    themes::context::ContentLink,
};

impl Site {
    /// What the relations of an entry lead to, by the names of their fields. What is looked for in the same place is
    /// looked for at once; what readers may not see is left out.
    pub(super) async fn content_relations(
        &self,
        content_type: &Arc<ContentType>,
        entry: &Entry,
    ) -> Result<HashMap<String, Vec<ContentLink>>> {
        let relations = fields::relations(&content_type.definition, &entry.fields);
        let mut links: HashMap<String, Vec<ContentLink>> = HashMap::new();
        let mut done = HashSet::new();
        for (_, target, _) in &relations {
            if !done.insert(target.name()) {
                continue;
            }
            let alike: Vec<_> = relations.iter().filter(|(_, other, _)| other == target).collect();
            let mut ids: Vec<Uuid> = alike.iter().flat_map(|(.., ids)| ids).copied().collect();
            ids.sort_unstable();
            ids.dedup();
            let found = self.links_to(target, &ids).await?;
            for (field, _, ids) in alike {
                let shown = ids.iter().filter_map(|id| found.get(id).cloned()).collect();
                links.insert(field.name.to_string(), shown);
            }
        }
        Ok(links)
    }

    async fn links_to(&self, target: &Target, ids: &[Uuid]) -> Result<HashMap<Uuid, ContentLink>> {
        let mut links = HashMap::with_capacity(ids.len());
        if ids.is_empty() {
            return Ok(links);
        }
        for (id, related) in self.entries.related(&Actor::Anonymous, target, ids).await? {
            links.insert(id, self.link_to(related).await?);
        }
        Ok(links)
    }

    async fn link_to(&self, related: Related) -> Result<ContentLink> {
        let (title, path) = match related {
            Related::Entry(related) => {
                let definition = &related.content_type.definition;
                let has_page = self.content_pages(&related.content_type).entries;
                let path = related.entry.path(definition).filter(|_| has_page);
                (fields::title(definition, &related.entry), path)
            }
            Related::Post(post) => {
                let path = post.path();
                (post.title, Some(path))
            }
            Related::User(user) => {
                // Readers who only have an account have no page.
                let account = self.users.find_by_username(&user.username).await?;
                let has_page = account.is_some_and(|account| account.role.grants(Permission::WritePosts));
                (user.display_name, has_page.then(|| author_path(&user.username)))
            }
        };
        Ok(ContentLink { title, url: path.map(|path| encode(&path).into_owned()) })
    }
}
