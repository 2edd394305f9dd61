use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "content_old_slugs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub type_number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub slug: String,
    pub entry_id: Uuid,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
