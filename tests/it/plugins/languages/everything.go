// Implements every hook and makes every host call; see everything.rs for what is expected of it.
package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"everything/fleuron"
	"everything/fleuron/data"
)

func main() {}

func init() {
	fleuron.OnPostCreating(onPostCreating)
	fleuron.OnPostUpdating(onPostUpdating)
	fleuron.OnCommentCreating(onCommentCreating)
	fleuron.OnContentCreating(func(entry fleuron.ContentEvent) (fleuron.ContentEvent, bool) {
		given := "given"
		return fleuron.ContentEvent{ContentType: entry.ContentType, Data: `{"by":"hook"}`, ID: &given}, true
	})
	fleuron.OnContentUpdating(func(entry fleuron.ContentEvent) (fleuron.ContentEvent, bool) { return entry, false })
	fleuron.RenderMarkdown(func(text string) (string, bool) { return "<p>rendered</p>", text == "render me" })
	fleuron.FilterHTML(func(html string) (string, bool) { return html + "<p>filtered</p>", true })
	fleuron.OnPostCreated(func(post fleuron.PostOutput) { tellPost("on-post-created", post) })
	fleuron.OnPostUpdated(func(post fleuron.PostOutput) { tellPost("on-post-updated", post) })
	fleuron.OnPostDeleted(func(id string) { tell("on-post-deleted", id) })
	fleuron.OnCommentCreated(func(comment fleuron.CommentInput) {
		tell("on-comment-created", comment.Content, option(comment.Nickname), option(comment.Email), option(comment.ParentID))
	})
	fleuron.OnContentCreated(func(entry fleuron.ContentEvent) {
		tell("on-content-created", entry.ContentType+option(entry.ID)+entry.Data)
	})
	fleuron.OnContentUpdated(func(entry fleuron.ContentEvent) {
		tell("on-content-updated", entry.ContentType+option(entry.ID)+entry.Data)
	})
	fleuron.OnContentDeleted(func(contentType, id string) { tell("on-content-deleted", contentType+id) })
	fleuron.OnLogin(func(userID string) { tell("on-login", userID) })
	fleuron.OnCronTick(func(payload *string) { tell("on-cron-tick", option(payload)) })
	fleuron.OnEvent(func(event fleuron.Event) { tell("on-event", event.ID, event.Type, event.Data) })
}

type report struct{ strings.Builder }

func (r *report) line(name string, value any) { fmt.Fprintf(r, "%s=%v\n", name, value) }

func (r *report) lineIf(name string, value string, found bool) {
	if found {
		r.line(name, value)
	} else {
		r.line(name, "none")
	}
}

func (r *report) result(name string, value any, err error) {
	var fault *data.Error
	if errors.As(err, &fault) {
		r.line(name, fmt.Sprint("error ", fault.Code))
	} else {
		r.line(name, value)
	}
}

func option(value *string) string {
	if value == nil {
		return "none"
	}
	return *value
}

func valueText(value data.Value) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case float64:
		if value == 0.5 {
			return "half"
		}
		return "real"
	case []byte:
		return hex.EncodeToString(value)
	default:
		return fmt.Sprint(value)
	}
}

func rowText(row data.Row) string {
	if row == nil {
		return "none"
	}
	var fields []string
	for _, field := range row {
		fields = append(fields, field.Column+":"+valueText(field.Value))
	}
	return strings.Join(fields, " ")
}

func hostCalls(r *report) {
	fleuron.Log(fleuron.Warn, "noted")
	config, found := fleuron.GetConfig("colour")
	r.lineIf("config", config, found)
	config, found = fleuron.GetConfig("unknown")
	r.lineIf("unknown", config, found)
	r.line("set-data", fleuron.SetData("key", "value"))
	value, found := fleuron.GetData("key")
	r.lineIf("get-data", value, found)
	post, found := fleuron.GetPost("nothing")
	r.lineIf("get-post", post, found)

	r.line("vfs-write", fleuron.VFSWrite("a/b.txt", "text"))
	text, found := fleuron.VFSRead("a/b.txt")
	r.lineIf("vfs-read", text, found)
	r.line("vfs-exists", fleuron.VFSExists("a/b.txt"))
	list, found := fleuron.VFSList("a")
	r.lineIf("vfs-list", list, found)
	stat, found := fleuron.VFSStat("a/b.txt")
	r.line("vfs-stat", found && strings.HasPrefix(stat, "{"))
	r.line("vfs-delete", fleuron.VFSDelete("a/b.txt"))
	text, found = fleuron.VFSRead("a/b.txt")
	r.lineIf("vfs-gone", text, found)

	body, found := fleuron.HTTPGet("http://example.com/")
	r.lineIf("http-get", body, found)
	body, found = fleuron.HTTPPost("http://example.com/", "body")
	r.lineIf("http-post", body, found)

	r.line("db-begin", fleuron.DBBegin())
	r.line("db-execute", fleuron.DBExecute("INSERT INTO notes(body, stars) VALUES (?, ?)", `["x", 7]`))
	r.line("db-query", fleuron.DBQuery("SELECT stars FROM notes", ""))
	r.line("db-rollback", fleuron.DBRollback())
	fleuron.DBBegin()
	r.line("db-commit", fleuron.DBCommit())

	r.line("emit-event", strings.Contains(fleuron.EmitEvent("moved", "{}"), `"ok":true`))
	r.line("new-id", len(data.NewID()))
	call := fleuron.CurrentCall()
	r.line("hook", call.Hook)
	r.line("attempt", call.Attempt)
	r.line("kind", option(call.Kind))
	r.line("event", option(call.EventID))
	r.line("acting-user", len(option(call.ActingUser)) == 36)
}

func dataCalls(r *report) {
	id, err := data.Insert("notes", data.Row{
		{Column: "body", Value: "first"},
		{Column: "stars", Value: 2},
		{Column: "ratio", Value: 0.5},
		{Column: "data", Value: []byte{0, 255}},
		{Column: "extra", Value: nil},
	})
	r.result("insert", id, err)
	id, err = data.Insert("notes", data.Row{{Column: "id", Value: 1}, {Column: "body", Value: "again"}})
	r.result("insert-again", id, err)
	id, err = data.Insert("notes", data.Row{{Column: "body", Value: "second"}, {Column: "stars", Value: int64(5)}})
	r.result("insert-second", id, err)

	is := func(column string, value data.Value) data.Condition {
		return data.Condition{Column: column, Value: value}
	}
	row, err := data.FetchOne("notes", data.Selection{Conditions: []data.Condition{is("id", 1)}})
	r.result("fetch-one", rowText(row), err)
	row, err = data.FetchOne("notes", data.Selection{Conditions: []data.Condition{is("id", 99)}})
	r.result("fetch-none", rowText(row), err)
	order := []data.Order{{Column: "stars", Descending: true}}
	rows, err := data.FetchAll("notes", data.Selection{Order: order, Limit: 2})
	r.result("fetch-all", len(rows), err)
	r.line("most", rows[0].Get("body"))
	rows, err = data.FetchAll("notes", data.Selection{Order: order, Limit: 1, Offset: 1})
	r.result("next", rows[0].Get("body"), err)

	like := data.Condition{Column: "body", Operator: data.Like, Value: "fir%"}
	count, err := data.Update("notes", data.Row{{Column: "stars", Value: 3}}, like)
	r.result("update", count, err)
	count, err = data.Increment("notes", "stars", 10, is("body", "first"))
	r.result("increment", count, err)
	count, err = data.Count("notes", data.Condition{Column: "stars", Operator: data.GreaterOrEqual, Value: 13})
	r.result("count", count, err)
	sum, err := data.Sum("notes", "stars")
	r.result("sum", valueText(sum), err)
	groups, err := data.GroupBy("notes", "stars", data.CountOfRows())
	r.result("group-by", valueText(groups[1].Key)+":"+valueText(groups[1].Value), err)
	groups, err = data.GroupBy("notes", "body", data.SumOf("stars"))
	r.result("group-sum", valueText(groups[0].Key)+":"+valueText(groups[0].Value), err)
	count, err = data.Delete("notes", is("body", "second"), is("extra", nil))
	r.result("delete", count, err)
	count, err = data.Count("nowhere")
	r.result("missing", count, err)
}

func onPostCreating(post fleuron.PostInput) (fleuron.PostInput, bool) {
	if post.Title != "Everything" {
		return post, false
	}
	var r report
	hostCalls(&r)
	dataCalls(&r)
	r.line("title", post.Title)
	r.line("slug", option(post.Slug))
	r.line("excerpt", option(post.Excerpt))
	tags := "none"
	if post.TagIDs != nil {
		tags = strconv.Itoa(len(post.TagIDs))
	}
	r.line("tags", tags)
	r.line("status", option(post.Status))
	post.Content = r.String()
	return post, true
}

func onPostUpdating(post fleuron.PostInput) (fleuron.PostInput, bool) {
	if post.Title == "Refused" {
		fleuron.Refuse("not-now", "Not now.")
	}
	excerpt := "by a hook"
	post.Excerpt = &excerpt
	return post, true
}

func onCommentCreating(comment fleuron.CommentInput) (fleuron.CommentInput, bool) {
	fleuron.Hold()
	comment.Content = "Heard: " + comment.Content
	return comment, true
}

func tell(hook string, words ...any) {
	fleuron.Log(fleuron.Info, hook+" "+strings.TrimSuffix(fmt.Sprintln(words...), "\n"))
}

func tellPost(hook string, post fleuron.PostOutput) {
	tell(
		hook, post.ID, post.Title, post.Slug, post.Content, option(post.Excerpt), post.Status, post.CreatedBy,
		option(post.UpdatedBy), option(post.CategoryID), post.ViewCount, post.CreatedAt, post.UpdatedAt,
		option(post.PublishedAt),
	)
}
