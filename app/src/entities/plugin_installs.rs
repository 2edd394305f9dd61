use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "plugin_installs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub plugin_id: String,
    pub active: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub granted: Option<String>,
    pub pending: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub pending_granted: Option<String>,
    pub previous: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub previous_granted: Option<String>,
    pub removing: Option<String>,
    pub revision: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
