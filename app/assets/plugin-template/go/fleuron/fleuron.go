// Package fleuron is the contract with the site: the payloads, the hooks, and the calls that a plugin may make.
//
// Hooks are registered in an init function. A panic in a hook ends the call as a failure, and the site carries on; what it
// says is in the plugin's log. The site runs several instances and may start a fresh one at any time, so package variables
// are a cache at best: what must not be lost goes into SetData, a file or a table.
//
// Goroutines run only while a hook waits for them.
package fleuron

// PostInput is a post or page that is about to be stored. Nil means none.
type PostInput struct {
	Title      string
	Content    string
	Slug       *string
	Excerpt    *string
	CategoryID *string
	TagIDs     []string
	Status     *string
	CoverImage *string
}

// PostOutput is a post or page that is stored. Nil means none.
type PostOutput struct {
	ID          string
	Title       string
	Slug        string
	Content     string
	Excerpt     *string
	Status      string
	CreatedBy   string
	UpdatedBy   *string
	CategoryID  *string
	ViewCount   int64
	CreatedAt   string
	UpdatedAt   string
	PublishedAt *string
}

// CommentInput is a comment. Nil means none.
type CommentInput struct {
	Content  string
	Nickname *string
	Email    *string
	ParentID *string
}

// ContentEvent is an entry of a custom content type.
type ContentEvent struct {
	ContentType string
	// A JSON object.
	Data string
	// Nil where the entry does not exist yet.
	ID *string
}

// Event is what another plugin emitted.
type Event struct {
	// The same at every attempt to deliver it.
	ID string
	// plugin.<id>.<type>, where <id> is the plugin that emitted it.
	Type string
	// JSON.
	Data string
}

// CallContext says why the plugin is being called. Nil means none.
type CallContext struct {
	// The hook, such as "on-post-created".
	Hook string
	// The event that is delivered; the same at every attempt. Nil in filters.
	EventID *string
	// Which attempt at the delivery this is, from 1; 0 where nothing is delivered.
	Attempt uint32
	// The post, comment, entry or user that the call is about; nil before it exists.
	EntityID *string
	// The entity's version.
	EntityVersion *int64
	// What the entity belongs to: a comment's post.
	ParentID *string
	// What the entity is: "post", "page", "comment", "user", or the name of a content type.
	Kind *string
	// The user on whose behalf it happens; nil for visitors and the site itself.
	ActingUser *string
}
