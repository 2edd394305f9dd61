//! Posts and pages, categories, tags, comments, media and the redirects of old permalinks.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            [categories(), tags(), posts(), post_tags(), post_authors(), comments(), redirects(), media()]
        {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in
            ["media", "redirects", "comments", "post_authors", "post_tags", "posts", "tags", "categories"]
        {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn categories() -> TableCreateStatement {
    Table::create()
        .table("categories")
        .col(uuid("id").primary_key())
        .col(uuid_null("parent_id"))
        .col(string("name"))
        .col(string("slug").unique_key())
        .col(text("description").default(""))
        .col(big_integer("version").default(1))
        .foreign_key(&mut reference("categories", "parent_id", "categories", ForeignKeyAction::SetNull))
        .to_owned()
}

fn tags() -> TableCreateStatement {
    Table::create()
        .table("tags")
        .col(uuid("id").primary_key())
        .col(string("name"))
        .col(string("slug").unique_key())
        .col(text("description").default(""))
        .col(big_integer("version").default(1))
        .to_owned()
}

fn posts() -> TableCreateStatement {
    Table::create()
        .table("posts")
        .col(uuid("id").primary_key())
        .col(string("kind"))
        .col(string("status"))
        .col(text("title"))
        .col(string("slug").unique_key())
        .col(text_null("excerpt"))
        .col(text("content"))
        .col(text_null("cover_image"))
        .col(uuid_null("category_id"))
        .col(text_null("permalink").unique_key())
        .col(boolean("comments_open").default(true))
        .col(uuid_null("created_by"))
        .col(uuid_null("updated_by"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer_null("published_at"))
        .col(big_integer("view_count").default(0))
        .col(big_integer("version").default(1))
        .foreign_key(&mut reference("posts", "category_id", "categories", ForeignKeyAction::SetNull))
        .foreign_key(&mut reference("posts", "created_by", "users", ForeignKeyAction::SetNull))
        .foreign_key(&mut reference("posts", "updated_by", "users", ForeignKeyAction::SetNull))
        .to_owned()
}

fn post_tags() -> TableCreateStatement {
    Table::create()
        .table("post_tags")
        .col(uuid("post_id"))
        .col(uuid("tag_id"))
        .col(integer("position").default(0))
        .primary_key(Index::create().col("post_id").col("tag_id"))
        .foreign_key(&mut reference("post_tags", "post_id", "posts", ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("post_tags", "tag_id", "tags", ForeignKeyAction::Cascade))
        .to_owned()
}

fn post_authors() -> TableCreateStatement {
    Table::create()
        .table("post_authors")
        .col(uuid("post_id"))
        .col(uuid("user_id"))
        .col(integer("position").default(0))
        .primary_key(Index::create().col("post_id").col("user_id"))
        .foreign_key(&mut reference("post_authors", "post_id", "posts", ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("post_authors", "user_id", "users", ForeignKeyAction::Cascade))
        .to_owned()
}

fn comments() -> TableCreateStatement {
    Table::create()
        .table("comments")
        .col(uuid("id").primary_key())
        .col(uuid("post_id"))
        .col(uuid_null("parent_id"))
        .col(uuid_null("user_id"))
        .col(string("nickname"))
        .col(string_null("email"))
        .col(text("content"))
        .col(string("status"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .col(big_integer("version").default(1))
        .foreign_key(&mut reference("comments", "post_id", "posts", ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("comments", "parent_id", "comments", ForeignKeyAction::Cascade))
        .foreign_key(&mut reference("comments", "user_id", "users", ForeignKeyAction::SetNull))
        .to_owned()
}

fn redirects() -> TableCreateStatement {
    Table::create()
        .table("redirects")
        .col(string("path").primary_key())
        .col(uuid("post_id"))
        .col(big_integer("created_at"))
        .foreign_key(&mut reference("redirects", "post_id", "posts", ForeignKeyAction::Cascade))
        .to_owned()
}

fn media() -> TableCreateStatement {
    Table::create()
        .table("media")
        .col(uuid("id").primary_key())
        .col(string("path").unique_key())
        .col(string("filename"))
        .col(string("content_type"))
        .col(big_integer("size"))
        .col(string("sha256"))
        .col(uuid_null("created_by"))
        .col(big_integer("created_at"))
        .foreign_key(&mut reference("media", "created_by", "users", ForeignKeyAction::SetNull))
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("posts_by_publication", "posts", &["kind", "status", "published_at", "id"]),
        index("posts_by_category", "posts", &["category_id", "status", "published_at", "id"]),
        index("posts_by_creation", "posts", &["kind", "created_at", "id"]),
        index("post_tags_by_tag", "post_tags", &["tag_id", "post_id"]),
        index("post_authors_by_user", "post_authors", &["user_id", "post_id"]),
        index("comments_by_post", "comments", &["post_id", "status", "created_at", "id"]),
        index("comments_by_status", "comments", &["status", "created_at", "id"]),
        index("comments_by_parent", "comments", &["parent_id"]),
        index("redirects_by_post", "redirects", &["post_id"]),
        index("media_by_hash", "media", &["sha256"]),
    ]
}

fn reference(
    from: &'static str,
    column: &'static str,
    to: &'static str,
    gone: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(from, column).to(to, "id").on_delete(gone).to_owned()
}

fn index(name: &'static str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name(name).table(table);
    for column in columns {
        statement.col(*column);
    }
    statement.to_owned()
}
