//! The only queries on categories and tags.

use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait};

use super::{Category, Tag, Terms};
use crate::{
    entities::{categories, tags},
    ids::{CategoryId, TagId},
};

impl From<categories::Model> for Category {
    fn from(row: categories::Model) -> Self {
        Self {
            id: CategoryId(row.id),
            parent_id: row.parent_id.map(CategoryId),
            name: row.name,
            slug: row.slug,
            description: row.description,
            version: row.version,
        }
    }
}

impl From<tags::Model> for Tag {
    fn from(row: tags::Model) -> Self {
        Self {
            id: TagId(row.id),
            name: row.name,
            slug: row.slug,
            description: row.description,
            version: row.version,
        }
    }
}

fn category_row(term: &Category) -> categories::ActiveModel {
    categories::ActiveModel::from(categories::Model {
        id: term.id.0,
        parent_id: term.parent_id.map(|id| id.0),
        name: term.name.clone(),
        slug: term.slug.clone(),
        description: term.description.clone(),
        version: term.version,
    })
}

fn tag_row(term: &Tag) -> tags::ActiveModel {
    tags::ActiveModel::from(tags::Model {
        id: term.id.0,
        name: term.name.clone(),
        slug: term.slug.clone(),
        description: term.description.clone(),
        version: term.version,
    })
}

pub(super) async fn all(database: &impl ConnectionTrait) -> Result<Terms, DbErr> {
    let categories = categories::Entity::find().all(database).await?;
    let tags = tags::Entity::find().all(database).await?;
    Ok(Terms::new(
        categories.into_iter().map(Category::from).collect(),
        tags.into_iter().map(Tag::from).collect(),
    ))
}

pub(super) async fn insert_category(database: &impl ConnectionTrait, term: &Category) -> Result<(), DbErr> {
    categories::Entity::insert(category_row(term)).exec_without_returning(database).await.map(|_| ())
}

pub(super) async fn insert_tag(database: &impl ConnectionTrait, term: &Tag) -> Result<(), DbErr> {
    tags::Entity::insert(tag_row(term)).exec_without_returning(database).await.map(|_| ())
}

pub(super) async fn update_category(database: &impl ConnectionTrait, term: &Category) -> Result<(), DbErr> {
    category_row(term).reset_all().update(database).await.map(|_| ())
}

pub(super) async fn update_tag(database: &impl ConnectionTrait, term: &Tag) -> Result<(), DbErr> {
    tag_row(term).reset_all().update(database).await.map(|_| ())
}

pub(super) async fn delete_category(database: &impl ConnectionTrait, id: CategoryId) -> Result<bool, DbErr> {
    Ok(categories::Entity::delete_by_id(id.0).exec(database).await?.rows_affected == 1)
}

pub(super) async fn delete_tag(database: &impl ConnectionTrait, id: TagId) -> Result<bool, DbErr> {
    Ok(tags::Entity::delete_by_id(id.0).exec(database).await?.rows_affected == 1)
}
