package fleuron

// The plugin's hooks; nil where it has none.
var hooks struct {
	postCreating    func(PostInput) (PostInput, bool)
	postUpdating    func(PostInput) (PostInput, bool)
	commentCreating func(CommentInput) (CommentInput, bool)
	contentCreating func(ContentEvent) (ContentEvent, bool)
	contentUpdating func(ContentEvent) (ContentEvent, bool)
	renderMarkdown  func(string) (string, bool)
	filterHTML      func(string) (string, bool)

	postCreated    func(PostOutput)
	postUpdated    func(PostOutput)
	postDeleted    func(string)
	commentCreated func(CommentInput)
	contentCreated func(ContentEvent)
	contentUpdated func(ContentEvent)
	contentDeleted func(string, string)
	login          func(string)
	cronTick       func(*string)
	event          func(Event)
}

// Filters answer what is to become of their input, and true; with false, it stays as it is.

// OnPostCreating registers what is called before a post or page is stored.
func OnPostCreating(hook func(PostInput) (PostInput, bool)) { hooks.postCreating = hook }

// OnPostUpdating registers what is called before an edit is stored, with the whole post as it would be.
func OnPostUpdating(hook func(PostInput) (PostInput, bool)) { hooks.postUpdating = hook }

// OnCommentCreating registers what is called before a comment is stored.
func OnCommentCreating(hook func(CommentInput) (CommentInput, bool)) { hooks.commentCreating = hook }

// OnContentCreating registers what is called before an entry of a custom type is stored.
func OnContentCreating(hook func(ContentEvent) (ContentEvent, bool)) { hooks.contentCreating = hook }

// OnContentUpdating registers what is called before an edit of such an entry is stored.
func OnContentUpdating(hook func(ContentEvent) (ContentEvent, bool)) { hooks.contentUpdating = hook }

// RenderMarkdown registers what makes HTML of Markdown.
func RenderMarkdown(hook func(markdown string) (string, bool)) { hooks.renderMarkdown = hook }

// FilterHTML registers what is called after rendering and before sanitising.
func FilterHTML(hook func(html string) (string, bool)) { hooks.filterHTML = hook }

// Actions are told what happened. They are delivered at least once: make them bear a repetition.

// OnPostCreated registers what is called after a post or page was created.
func OnPostCreated(hook func(PostOutput)) { hooks.postCreated = hook }

// OnPostUpdated registers what is called after it was changed, published or moved to the trash.
func OnPostUpdated(hook func(PostOutput)) { hooks.postUpdated = hook }

// OnPostDeleted registers what is called after it was removed for good.
func OnPostDeleted(hook func(id string)) { hooks.postDeleted = hook }

// OnCommentCreated registers what is called after a comment was stored.
func OnCommentCreated(hook func(CommentInput)) { hooks.commentCreated = hook }

// OnContentCreated registers what is called after an entry of a custom type was created.
func OnContentCreated(hook func(ContentEvent)) { hooks.contentCreated = hook }

// OnContentUpdated registers what is called after an entry was changed.
func OnContentUpdated(hook func(ContentEvent)) { hooks.contentUpdated = hook }

// OnContentDeleted registers what is called after an entry was deleted.
func OnContentDeleted(hook func(contentType, id string)) { hooks.contentDeleted = hook }

// OnLogin registers what is called after someone logged in.
func OnLogin(hook func(userID string)) { hooks.login = hook }

// OnCronTick registers what is called when a job of the plugin's own comes due.
func OnCronTick(hook func(payload *string)) { hooks.cronTick = hook }

// OnEvent registers what is called with the events of other plugins that the manifest subscribes to.
func OnEvent(hook func(Event)) { hooks.event = hook }
