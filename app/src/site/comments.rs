//! The comment form: what is right is stored, what is wrong comes back with the reader's words in it.

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{StatusCode, header},
    web,
};
use serde::Deserialize;

use super::{
    Links, Site,
    answer::{HTML, answer, no_such_page},
    decode, encode,
};
use crate::{
    auth::Actor,
    comments::{CommentStatus, NewComment},
    error::{ApiError, ErrorCode, Result},
    http::ClientAddress,
    ids::CommentId,
    posts::{Post, PostKind},
    themes::context::{CommentForm, CommentValues, FormError},
};

/// The form as browsers send it. What is left out is empty.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Submission {
    nickname: String,
    email: String,
    content: String,
    parent_id: String,
    /// People do not see this field; robots fill it in.
    website: String,
}

/// `POST /comments/{post}`
pub(super) async fn submit(
    request: HttpRequest,
    address: ClientAddress,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> HttpResponse {
    answer(&request, Box::pin(store(&request, address, form))).await
}

async fn store(
    request: &HttpRequest,
    address: ClientAddress,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> Result<HttpResponse> {
    let site = Site::of(request)?;
    refuse_other_sites(request, &site.links)?;
    let id = request.path().split('/').nth(2).and_then(decode).and_then(|id| id.parse().ok());
    let post = site.posts.find(&Actor::Anonymous, id.ok_or_else(no_such_page)?).await?;
    let post = post.filter(|post| post.kind == PostKind::Post).ok_or_else(no_such_page)?;
    let submission = form.map_err(|error| unreadable(&error))?.into_inner();
    if !submission.website.is_empty() {
        return Ok(thanks(&post, "comment=pending#respond"));
    }
    let parent_id: Option<CommentId> = match submission.parent_id.trim() {
        "" => None,
        id => match id.parse() {
            Ok(id) => Some(id),
            Err(_) => {
                return Err(ApiError::new(
                    ErrorCode::MalformedRequest,
                    "There is no such comment to answer.",
                ));
            }
        },
    };
    let new = NewComment {
        content: submission.content.clone(),
        nickname: Some(submission.nickname.clone()),
        email: Some(submission.email.clone()),
        parent_id,
    };
    match Box::pin(site.comments.create(&Actor::Anonymous, post.id, new, address.0)).await {
        Ok(comment) if comment.status == CommentStatus::Approved => {
            Ok(thanks(&post, &format!("comment=approved#comment-{}", comment.id)))
        }
        Ok(_) => Ok(thanks(&post, "comment=pending#respond")),
        Err(error) if error.code().status().is_client_error() && error.code() != ErrorCode::NotFound => {
            again(&site, &post, submission, parent_id, &error).await
        }
        Err(error) => Err(error),
    }
}

/// Back to the post, by GET, so that loading the page again sends nothing twice.
fn thanks(post: &Post, query: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, format!("{}?{query}", encode(&post.path()))))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// The post's page once more, with what was wrong and what the reader wrote.
async fn again(
    site: &Site,
    post: &Post,
    submission: Submission,
    parent_id: Option<CommentId>,
    error: &ApiError,
) -> Result<HttpResponse> {
    let fields = error.fields().iter();
    let mut errors: Vec<FormError> = fields
        .map(|fault| FormError { field: fault.field.clone(), message: fault.message.clone() })
        .collect();
    if errors.is_empty() {
        errors.push(FormError { field: String::new(), message: error.detail().to_owned() });
    }
    let Submission { nickname, email, content, .. } = submission;
    let values = CommentValues { nickname, email, content };
    let form =
        CommentForm { values, errors: errors.into_iter().map(labelled).collect(), ..CommentForm::default() };
    let body = site.entry_page(post, form, parent_id).await?;
    let mut response = HttpResponse::build(error.code().status());
    response.content_type(HTML).insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(seconds) = error.error_response().headers().get(header::RETRY_AFTER) {
        response.insert_header((header::RETRY_AFTER, seconds.clone()));
    }
    Ok(response.body(body))
}

/// The API's messages leave out what they are about; a list of them on a page needs it.
fn labelled(error: FormError) -> FormError {
    let label = match error.field.as_str() {
        "nickname" => "Name",
        "email" => "Email",
        "content" => "Comment",
        _ => return error,
    };
    let mut characters = error.message.chars();
    let message = match characters.next() {
        Some(first) => format!("{label}: {}{}", first.to_lowercase(), characters.as_str()),
        None => label.to_owned(),
    };
    FormError { message, ..error }
}

/// A form on another site must not post in a reader's name. Browsers say where a post comes from; what says nothing is
/// no browser.
fn refuse_other_sites(request: &HttpRequest, links: &Links) -> Result<()> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let own = match (header("origin"), header("referer")) {
        // Sent for privacy's sake, also within the site.
        (Some("null"), _) => header("sec-fetch-site") == Some("same-origin"),
        (Some(origin), _) => links.is_own_origin(origin),
        (None, Some(referer)) => links.is_own_origin(referer),
        (None, None) => true,
    };
    if own {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::Forbidden, "Comments can be sent from this site alone."))
    }
}

fn unreadable(error: &actix_web::Error) -> ApiError {
    match error.as_error::<ApiError>() {
        Some(error) => ApiError::new(error.code(), error.detail()),
        None => {
            let too_large = error.as_response_error().status_code() == StatusCode::PAYLOAD_TOO_LARGE;
            let code = if too_large { ErrorCode::TooLarge } else { ErrorCode::MalformedRequest };
            ApiError::new(code, "The form cannot be read.").caused_by(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{FormError, Links, labelled, refuse_other_sites};

    #[test]
    fn posts_from_other_sites_are_refused() {
        let links = Links::new("https://example.com".parse().unwrap());
        let allowed = |headers: &[(&'static str, &'static str)]| {
            let request =
                headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
            refuse_other_sites(&request.to_http_request(), &links).is_ok()
        };
        assert!(allowed(&[]));
        assert!(allowed(&[("origin", "https://example.com")]));
        assert!(allowed(&[("referer", "https://example.com/post")]));
        assert!(allowed(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!allowed(&[("origin", "null"), ("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[("origin", "null")]));
        assert!(!allowed(&[("origin", "https://evil.example"), ("referer", "https://example.com/")]));
        assert!(!allowed(&[("referer", "https://example.com.evil.example/")]));
    }

    #[test]
    fn messages_say_what_they_are_about() {
        let error = FormError { field: "email".into(), message: "Must be one.".into() };
        assert_eq!(labelled(error).message, "Email: must be one.");
    }
}
