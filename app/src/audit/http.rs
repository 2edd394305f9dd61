//! `/api/v1/admin/audit`: the audit trail, for administrators.

use actix_web::{HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{AuditEntryResponse, AuditService};
use crate::{
    auth::{Guard, permission::ReadAuditTrail},
    error::{Problem, Result},
    http::{Cursor, Page, Query},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_audit_entries);
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// Only what was done to this, such as a plugin's id.
    subject: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// What was done and by whom, newest first.
#[utoipa::path(tag = "audit", security(("bearer" = [])), params(AuditQuery), responses(
    (status = 200, description = "A page of entries", body = Page<AuditEntryResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/audit")]
async fn list_audit_entries(
    audit: web::Data<AuditService>,
    _actor: Guard<ReadAuditTrail>,
    query: Query<AuditQuery>,
) -> Result<HttpResponse> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let page = audit.list(query.subject.as_deref(), after, Cursor::limit(query.limit)?).await?;
    Ok(HttpResponse::Ok().json(page.map(AuditEntryResponse::from)))
}
