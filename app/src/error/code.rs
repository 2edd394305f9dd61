//! The table of error codes. Clients may rely on them; none is ever renamed.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// A stable code with its status and title.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorCode { $($(#[$meta])* $name,)+ }

        impl ErrorCode {
            /// Every code, in the table's order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$name),+];

            /// The code as it stands in a problem document.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// A short title for people.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request can't be read: broken JSON, a bad query string, a bad path.
    MalformedRequest = "malformed_request", BAD_REQUEST, "Malformed request";
    /// The page cursor was not made by this server.
    InvalidCursor = "invalid_cursor", BAD_REQUEST, "Invalid cursor";
    /// No credentials, or they are not valid.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Not signed in";
    /// Wrong name or password.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Wrong e-mail address or password";
    /// The token was signed by someone else, has run out or was ended.
    InvalidToken = "invalid_token", UNAUTHORIZED, "Invalid token";
    /// Signed in, but not allowed to do this.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed";
    /// There is no such thing.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// The path is known, the method is not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    /// Somebody else changed it at the same moment.
    EditConflict = "edit_conflict", CONFLICT, "Changed by somebody else";
    /// Another thing has this slug.
    SlugTaken = "slug_taken", CONFLICT, "Slug is taken";
    /// Another user has this e-mail address.
    EmailTaken = "email_taken", CONFLICT, "E-mail address is taken";
    /// Another user has this name.
    UsernameTaken = "username_taken", CONFLICT, "User name is taken";
    /// Another content type has this name.
    ContentTypeTaken = "content_type_taken", CONFLICT, "Name of the content type is taken";
    /// Entries refer to it, in a way that keeps it.
    StillReferenced = "still_referenced", CONFLICT, "Something refers to it";
    /// A version of a plugin stands for other bytes than these, for ever.
    VersionReused = "version_reused", CONFLICT, "Version is taken";
    /// Another plugin, which is no package, has this id.
    PluginIdTaken = "plugin_id_taken", CONFLICT, "Plugin id is taken";
    /// The plugin waits for an administrator to agree to what it may do.
    ConsentRequired = "consent_required", CONFLICT, "Consent is required";
    /// What was agreed to is not what waits for consent.
    ConsentMismatch = "consent_mismatch", CONFLICT, "Consent is for something else";
    /// This can't be done with this plugin as it stands.
    NotPossible = "not_possible", CONFLICT, "Not possible now";
    /// The site is set up already.
    AlreadySetUp = "already_set_up", CONFLICT, "Already set up";
    /// The change was made for another version than the one that stands.
    VersionMismatch = "version_mismatch", PRECONDITION_FAILED, "Changed since it was read";
    /// The body is over the limit.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "Too large";
    /// The body is not JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type";
    /// Fields break rules.
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY, "Validation failed";
    /// A plugin whose answer is needed refused or failed.
    RefusedByPlugin = "refused_by_plugin", UNPROCESSABLE_ENTITY, "Refused by a plugin";
    /// Comments on this post are closed.
    CommentsClosed = "comments_closed", UNPROCESSABLE_ENTITY, "Comments are closed";
    /// Too many requests of this kind.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    /// A fault of the server.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    /// The database is away, or a plugin whose answer is needed is resting after failures.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Unavailable";
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorCode::ALL.len());
    }
}
