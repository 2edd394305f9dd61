//! The rules of categories and tags.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use super::{
    Category, Tag, Terms,
    dto::{CreateTermRequest, UpdateTermRequest},
    repo,
};
use crate::{
    auth::{Actor, Permission},
    database::{Database, Transaction, one_at_a_time},
    error::{ApiError, ErrorCode, FieldError, Result},
    http::IfMatch,
    ids::{CategoryId, TagId},
    posts::Slug,
};

const NAME_LENGTH: usize = 120;
const DESCRIPTION_LENGTH: usize = 2000;
/// What changes to the tree of categories wait for each other by, so that no two make a ring of it.
const TREE: &str = "categories";
/// What changes of tags wait for each other by, so that none is lost.
const TAGS: &str = "tags";
/// Deeper trees help nobody.
const DEPTH: usize = 10;

/// Categories and tags. Cheap to clone.
#[derive(Clone)]
pub struct TermService {
    database: Database,
    snapshot: Arc<ArcSwapOption<(u64, Arc<Terms>)>>,
}

/// What categories and tags have in common when they are written.
#[derive(Clone)]
struct Fields {
    name: String,
    slug: Option<Slug>,
    description: String,
}

impl TermService {
    /// Puts the service together.
    pub fn new(database: Database) -> Self {
        Self { database, snapshot: Arc::default() }
    }

    /// All terms as they stand.
    pub async fn terms(&self) -> Result<Arc<Terms>> {
        let generation = self.database.changes().names();
        if let Some(snapshot) = self.snapshot.load().as_deref()
            && snapshot.0 == generation
        {
            return Ok(Arc::clone(&snapshot.1));
        }
        let terms = Arc::new(repo::all(self.database.reader()).await?);
        self.snapshot.store(Some(Arc::new((generation, Arc::clone(&terms)))));
        Ok(terms)
    }

    /// Creates a category. Fails with `slug_taken`.
    pub async fn create_category(&self, actor: &Actor, request: CreateTermRequest) -> Result<Category> {
        actor.require(Permission::ManageTaxonomies)?;
        let fields = fields(&request.name, request.slug.as_deref(), &request.description)?;
        let created = self
            .database
            .write((fields, request.parent_id), |transaction, (fields, parent)| {
                Box::pin(async move {
                    one_at_a_time(transaction, TREE).await?;
                    let terms = repo::all(transaction).await?;
                    let siblings = terms.categories().into_iter().filter(|other| other.parent_id == *parent);
                    if siblings
                        .into_iter()
                        .any(|other| other.name.to_lowercase() == fields.name.to_lowercase())
                    {
                        return Err(namesake("category", &fields.name));
                    }
                    insert_category(transaction, &terms, fields, *parent).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(created)
    }

    /// Creates a tag. Fails with `slug_taken`.
    pub async fn create_tag(&self, actor: &Actor, request: CreateTermRequest) -> Result<Tag> {
        actor.require(Permission::CreateTags)?;
        if request.parent_id.is_some() {
            return Err(ApiError::validation(vec![FieldError::new("parent_id", "Tags have no parents.")]));
        }
        let fields = fields(&request.name, request.slug.as_deref(), &request.description)?;
        let created = self
            .database
            .write(fields, |transaction, fields| {
                Box::pin(async move {
                    one_at_a_time(transaction, TAGS).await?;
                    let terms = repo::all(transaction).await?;
                    if terms.tag_by_name(&fields.name).is_some() {
                        return Err(namesake("tag", &fields.name));
                    }
                    let slug = free_slug(fields, "tag", |slug| terms.tag_by_slug(slug).is_some())?;
                    insert_tag(transaction, fields, slug).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(created)
    }

    /// The tag of this name, created if there is none: for importers.
    pub async fn ensure_tag(&self, name: &str) -> Result<Tag> {
        let fields = fields(name, None, "")?;
        if let Some(tag) = self.terms().await?.tag_by_name(&fields.name) {
            return Ok(tag.clone());
        }
        let tag = self
            .database
            .write(fields, |transaction, fields| {
                Box::pin(async move {
                    one_at_a_time(transaction, TAGS).await?;
                    let terms = repo::all(transaction).await?;
                    if let Some(tag) = terms.tag_by_name(&fields.name) {
                        return Ok(tag.clone());
                    }
                    let slug = free_slug(fields, "tag", |slug| terms.tag_by_slug(slug).is_some())?;
                    insert_tag(transaction, fields, slug).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(tag)
    }

    /// The category of this name, created at the top if there is none: for importers.
    pub async fn ensure_category(&self, name: &str) -> Result<Category> {
        let fields = fields(name, None, "")?;
        if let Some(category) = self.terms().await?.category_by_name(&fields.name) {
            return Ok(category.clone());
        }
        let category = self
            .database
            .write(fields, |transaction, fields| {
                Box::pin(async move {
                    one_at_a_time(transaction, TREE).await?;
                    let terms = repo::all(transaction).await?;
                    if let Some(category) = terms.category_by_name(&fields.name) {
                        return Ok(category.clone());
                    }
                    insert_category(transaction, &terms, fields, None).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(category)
    }

    /// Changes a category. Its old address is not kept: archives are found by their links.
    pub async fn update_category(
        &self,
        actor: &Actor,
        id: CategoryId,
        seen: IfMatch,
        request: UpdateTermRequest,
    ) -> Result<Category> {
        actor.require(Permission::ManageTaxonomies)?;
        let changed = self
            .database
            .write(request, move |transaction, request| {
                Box::pin(async move {
                    one_at_a_time(transaction, TREE).await?;
                    let terms = repo::all(transaction).await?;
                    let mut category =
                        terms.category(id).cloned().ok_or_else(|| ApiError::not_found("category"))?;
                    seen.check(category.version)?;
                    let fields = merged(request, &category.name, &category.slug, &category.description)?;
                    let other = |slug: &str| terms.category_by_slug(slug).is_some_and(|other| other.id != id);
                    category.slug = free_slug(&fields, "category", other)?;
                    category.name = fields.name;
                    category.description = fields.description;
                    category.parent_id = request.parent_id.unwrap_or(category.parent_id);
                    category.version += 1;
                    check_parent(&terms, &category)?;
                    repo::update_category(transaction, &category).await?;
                    Ok(category)
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(changed)
    }

    /// Changes a tag.
    pub async fn update_tag(
        &self,
        actor: &Actor,
        id: TagId,
        seen: IfMatch,
        request: UpdateTermRequest,
    ) -> Result<Tag> {
        actor.require(Permission::ManageTaxonomies)?;
        if request.parent_id.is_some() {
            return Err(ApiError::validation(vec![FieldError::new("parent_id", "Tags have no parents.")]));
        }
        let changed = self
            .database
            .write(request, move |transaction, request| {
                Box::pin(async move {
                    one_at_a_time(transaction, TAGS).await?;
                    let terms = repo::all(transaction).await?;
                    let mut tag = terms.tag(id).cloned().ok_or_else(|| ApiError::not_found("tag"))?;
                    seen.check(tag.version)?;
                    let fields = merged(request, &tag.name, &tag.slug, &tag.description)?;
                    let other = |slug: &str| terms.tag_by_slug(slug).is_some_and(|other| other.id != id);
                    tag.slug = free_slug(&fields, "tag", other)?;
                    tag.name = fields.name;
                    tag.description = fields.description;
                    tag.version += 1;
                    repo::update_tag(transaction, &tag).await?;
                    Ok(tag)
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(changed)
    }

    /// Removes a category. Its posts stay without one, the categories beneath it move to the top.
    pub async fn delete_category(&self, actor: &Actor, id: CategoryId) -> Result<()> {
        actor.require(Permission::ManageTaxonomies)?;
        let deleted = self
            .database
            .write((), move |transaction, ()| {
                Box::pin(async move { Ok(repo::delete_category(transaction, id).await?) })
            })
            .await?;
        self.deleted(deleted, "category")
    }

    /// Removes a tag, also from its posts.
    pub async fn delete_tag(&self, actor: &Actor, id: TagId) -> Result<()> {
        actor.require(Permission::ManageTaxonomies)?;
        let deleted = self
            .database
            .write((), move |transaction, ()| {
                Box::pin(async move { Ok(repo::delete_tag(transaction, id).await?) })
            })
            .await?;
        self.deleted(deleted, "tag")
    }

    fn deleted(&self, deleted: bool, what: &str) -> Result<()> {
        self.database.changes().touch_names();
        self.database.changes().touch_content();
        if deleted { Ok(()) } else { Err(ApiError::not_found(what)) }
    }
}

async fn insert_category(
    transaction: &Transaction,
    terms: &Terms,
    fields: &Fields,
    parent_id: Option<CategoryId>,
) -> Result<Category> {
    let category = Category {
        id: CategoryId::generate(),
        parent_id,
        name: fields.name.clone(),
        slug: free_slug(fields, "category", |slug| terms.category_by_slug(slug).is_some())?,
        description: fields.description.clone(),
        version: 1,
    };
    check_parent(terms, &category)?;
    repo::insert_category(transaction, &category).await?;
    Ok(category)
}

async fn insert_tag(transaction: &Transaction, fields: &Fields, slug: String) -> Result<Tag> {
    let tag = Tag {
        id: TagId::generate(),
        name: fields.name.clone(),
        slug,
        description: fields.description.clone(),
        version: 1,
    };
    repo::insert_tag(transaction, &tag).await?;
    Ok(tag)
}

fn fields(name: &str, slug: Option<&str>, description: &str) -> Result<Fields> {
    let mut faults = Vec::new();
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_LENGTH || name.chars().any(char::is_control) {
        faults.push(FieldError::new("name", format!("Must be one line of 1 to {NAME_LENGTH} characters.")));
    }
    let description = description.trim();
    if description.chars().count() > DESCRIPTION_LENGTH || description.contains('\0') {
        let message = format!("Must have at most {DESCRIPTION_LENGTH} characters and no NUL.");
        faults.push(FieldError::new("description", message));
    }
    let slug = slug.and_then(|slug| {
        Slug::parse(slug).map_err(|message| faults.push(FieldError::new("slug", message))).ok()
    });
    if faults.is_empty() {
        Ok(Fields { name: name.to_owned(), slug, description: description.to_owned() })
    } else {
        Err(ApiError::validation(faults))
    }
}

fn merged(request: &UpdateTermRequest, name: &str, slug: &str, description: &str) -> Result<Fields> {
    fields(
        request.name.as_deref().unwrap_or(name),
        Some(request.slug.as_deref().unwrap_or(slug)),
        request.description.as_deref().unwrap_or(description),
    )
}

fn free_slug(fields: &Fields, kind: &str, taken: impl Fn(&str) -> bool) -> Result<String> {
    let Some(slug) = &fields.slug else {
        // `C`, `C++` and `C#` all make the same slug, and nobody chose it: the next one gets a number.
        let derived = Slug::derive(&fields.name, kind);
        let numbered = (2..).map(|number| derived.numbered(number));
        let free = std::iter::once(derived.clone()).chain(numbered).find(|slug| !taken(slug.as_str()));
        return Ok(free.unwrap_or(derived).to_string());
    };
    if taken(slug.as_str()) {
        return Err(ApiError::new(
            ErrorCode::SlugTaken,
            format!("There is a {kind} with the slug `{slug}` already."),
        ));
    }
    Ok(slug.to_string())
}

fn namesake(kind: &str, name: &str) -> ApiError {
    ApiError::new(ErrorCode::SlugTaken, format!("There is a {kind} named `{name}` already."))
}

fn check_parent(terms: &Terms, category: &Category) -> Result<()> {
    let Some(parent) = category.parent_id else { return Ok(()) };
    let fault = if terms.category(parent).is_none() {
        "There is no such category.".to_owned()
    } else if parent == category.id || terms.with_descendants(category.id).contains(&parent) {
        "A category cannot be part of itself or of one beneath it.".to_owned()
    } else if terms.ancestors(parent).len() + 2 > DEPTH {
        format!("Categories can be nested at most {DEPTH} deep.")
    } else {
        return Ok(());
    };
    Err(ApiError::validation(vec![FieldError::new("parent_id", fault)]))
}
