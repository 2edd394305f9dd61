//! Implements every hook and makes every host call; see everything.rs for what is expected of it.

const std = @import("std");
const fleuron = @import("fleuron.zig");

const data = fleuron.data;
const host = fleuron.host;

const Report = struct {
    text: []const u8 = "",

    fn line(report: *Report, name: []const u8, value: []const u8) void {
        report.text = fleuron.concat(&.{ report.text, name, "=", value, "\n" }) catch @panic("out of memory");
    }

    fn truth(report: *Report, name: []const u8, value: bool) void {
        report.line(name, if (value) "true" else "false");
    }

    fn result(report: *Report, name: []const u8, answer: anytype) void {
        switch (answer) {
            .ok => |value| report.line(name, number(value)),
            .err => |fault| report.line(name, print("error {d}", .{@backingInt(fault.code)})),
        }
    }
};

fn print(comptime format: []const u8, arguments: anytype) []const u8 {
    return std.fmt.allocPrint(fleuron.allocator, format, arguments) catch @panic("out of memory");
}

fn number(value: anytype) []const u8 {
    return print("{d}", .{value});
}

fn option(value: ?[]const u8) []const u8 {
    return value orelse "none";
}

fn valueText(value: data.Value) []const u8 {
    return switch (value) {
        .null => "null",
        .boolean => |truth| if (truth) "true" else "false",
        .integer => |integer| number(integer),
        .real => |real| if (real == 0.5) "half" else "real",
        .text => |text| text,
        .blob => |bytes| print("{x}", .{bytes}),
    };
}

fn rowText(row: ?data.Row) []const u8 {
    var text: []const u8 = "";
    for (row orelse return "none", 0..) |field, i| {
        text = print("{s}{s}{s}:{s}", .{ text, if (i > 0) " " else "", field.column, valueText(field.value) });
    }
    return text;
}

fn hostCalls(report: *Report) void {
    host.log(.warn, "noted");
    report.line("config", option(host.getConfig("colour")));
    report.line("unknown", option(host.getConfig("unknown")));
    report.truth("set-data", host.setData("key", "value"));
    report.line("get-data", option(host.getData("key")));
    report.line("get-post", option(host.getPost("nothing")));

    report.truth("vfs-write", host.vfsWrite("a/b.txt", "text"));
    report.line("vfs-read", option(host.vfsRead("a/b.txt")));
    report.truth("vfs-exists", host.vfsExists("a/b.txt"));
    report.line("vfs-list", option(host.vfsList("a")));
    report.truth("vfs-stat", std.mem.startsWith(u8, option(host.vfsStat("a/b.txt")), "{"));
    report.truth("vfs-delete", host.vfsDelete("a/b.txt"));
    report.line("vfs-gone", option(host.vfsRead("a/b.txt")));

    report.line("http-get", option(host.httpGet("http://example.com/")));
    report.line("http-post", option(host.httpPost("http://example.com/", "body")));

    report.line("db-begin", host.dbBegin());
    report.line("db-execute", host.dbExecute("INSERT INTO notes(body, stars) VALUES (?, ?)", "[\"x\", 7]"));
    report.line("db-query", host.dbQuery("SELECT stars FROM notes", null));
    report.line("db-rollback", host.dbRollback());
    _ = host.dbBegin();
    report.line("db-commit", host.dbCommit());

    report.truth("emit-event", std.mem.indexOf(u8, host.emitEvent("moved", "{}"), "\"ok\":true") != null);
    report.line("new-id", number(data.newId().len));
    const call = fleuron.context.current();
    report.line("hook", call.hook);
    report.line("attempt", number(call.attempt));
    report.line("kind", option(call.kind));
    report.line("event", option(call.event_id));
    report.truth("acting-user", option(call.acting_user).len == 36);
}

fn dataCalls(report: *Report) void {
    report.result("insert", data.insert("notes", &.{
        .{ .column = "body", .value = .{ .text = "first" } },
        .{ .column = "stars", .value = .{ .integer = 2 } },
        .{ .column = "ratio", .value = .{ .real = 0.5 } },
        .{ .column = "data", .value = .{ .blob = &.{ 0, 255 } } },
        .{ .column = "extra", .value = .null },
    }));
    report.result("insert-again", data.insert("notes", &.{
        .{ .column = "id", .value = .{ .integer = 1 } },
        .{ .column = "body", .value = .{ .text = "again" } },
    }));
    report.result("insert-second", data.insert("notes", &.{
        .{ .column = "body", .value = .{ .text = "second" } },
        .{ .column = "stars", .value = .{ .integer = 5 } },
    }));

    const first = data.fetchOne("notes", .{ .conditions = &.{.{ .column = "id", .value = .{ .integer = 1 } }} });
    report.line("fetch-one", rowText(first.ok));
    const none = data.fetchOne("notes", .{ .conditions = &.{.{ .column = "id", .value = .{ .integer = 99 } }} });
    report.line("fetch-none", rowText(none.ok));
    const order = &[_]data.Order{.{ .column = "stars", .descending = true }};
    const all = data.fetchAll("notes", .{ .order = order, .limit = 2 });
    report.line("fetch-all", number(all.ok.len));
    report.line("most", valueText(all.ok[0][1].value));
    const next = data.fetchAll("notes", .{ .order = order, .limit = 1, .offset = 1 });
    report.line("next", valueText(next.ok[0][1].value));

    const changes = &[_]data.Field{.{ .column = "stars", .value = .{ .integer = 3 } }};
    const like = &[_]data.Condition{.{ .column = "body", .operator = .like, .value = .{ .text = "fir%" } }};
    report.result("update", data.update("notes", changes, like));
    const is_first = &[_]data.Condition{.{ .column = "body", .value = .{ .text = "first" } }};
    report.result("increment", data.increment("notes", "stars", 10, is_first));
    const many = &[_]data.Condition{.{ .column = "stars", .operator = .greater_or_equal, .value = .{ .integer = 13 } }};
    report.result("count", data.count("notes", many));
    report.line("sum", valueText(data.sum("notes", "stars", &.{}).ok));
    const counted = data.groupBy("notes", "stars", .count, &.{}).ok[1];
    report.line("group-by", print("{s}:{s}", .{ valueText(counted.key), valueText(counted.value) }));
    const summed = data.groupBy("notes", "body", .{ .sum = "stars" }, &.{}).ok[0];
    report.line("group-sum", print("{s}:{s}", .{ valueText(summed.key), valueText(summed.value) }));
    report.result("delete", data.delete("notes", &.{
        .{ .column = "body", .value = .{ .text = "second" } },
        .{ .column = "extra", .value = .null },
    }));
    report.result("missing", data.count("nowhere", &.{}));
}

pub fn onPostCreating(input: fleuron.PostInput) ?fleuron.PostInput {
    if (!std.mem.eql(u8, input.title, "Everything")) return null;
    var report: Report = .{};
    hostCalls(&report);
    dataCalls(&report);
    report.line("title", input.title);
    report.line("slug", option(input.slug));
    report.line("excerpt", option(input.excerpt));
    report.line("tags", if (input.tag_ids) |tags| number(tags.len) else "none");
    report.line("status", option(input.status));
    var post = input;
    post.content = report.text;
    return post;
}

pub fn onPostUpdating(input: fleuron.PostInput) !?fleuron.PostInput {
    if (std.mem.eql(u8, input.title, "Refused")) fleuron.verdict.refuse("not-now", "Not now.");
    var post = input;
    post.excerpt = "by a hook";
    return post;
}

pub fn onCommentCreating(input: fleuron.CommentInput) !?fleuron.CommentInput {
    fleuron.verdict.hold();
    var comment = input;
    comment.content = try fleuron.concat(&.{ "Heard: ", input.content });
    return comment;
}

pub fn onContentCreating(entry: fleuron.ContentEvent) ?fleuron.ContentEvent {
    return .{ .content_type = entry.content_type, .data = "{\"by\":\"hook\"}", .id = "given" };
}

pub fn onContentUpdating(_: fleuron.ContentEvent) ?fleuron.ContentEvent {
    return null;
}

pub fn renderMarkdown(text: []const u8) ?[]const u8 {
    return if (std.mem.eql(u8, text, "render me")) "<p>rendered</p>" else null;
}

pub fn filterHtml(html: []const u8) !?[]const u8 {
    return try fleuron.concat(&.{ html, "<p>filtered</p>" });
}

fn tell(hook: []const u8, words: []const u8) void {
    host.log(.info, print("{s} {s}", .{ hook, words }));
}

fn tellPost(hook: []const u8, post: fleuron.PostOutput) void {
    const first = .{ post.id, post.title, post.slug, post.content, option(post.excerpt), post.status };
    const people = .{ post.created_by, option(post.updated_by), option(post.category_id), post.view_count };
    const times = .{ post.created_at, post.updated_at, option(post.published_at) };
    tell(hook, print("{s} {s} {s} {s} {s} {s} {s} {s} {s} {d} {s} {s} {s}", first ++ people ++ times));
}

pub fn onPostCreated(post: fleuron.PostOutput) void {
    tellPost("on-post-created", post);
}

pub fn onPostUpdated(post: fleuron.PostOutput) void {
    tellPost("on-post-updated", post);
}

pub fn onPostDeleted(id: []const u8) void {
    tell("on-post-deleted", id);
}

pub fn onCommentCreated(comment: fleuron.CommentInput) void {
    const of = .{ comment.content, option(comment.nickname), option(comment.email), option(comment.parent_id) };
    tell("on-comment-created", print("{s} {s} {s} {s}", of));
}

pub fn onContentCreated(entry: fleuron.ContentEvent) void {
    tell("on-content-created", print("{s}{s}{s}", .{ entry.content_type, option(entry.id), entry.data }));
}

pub fn onContentUpdated(entry: fleuron.ContentEvent) void {
    tell("on-content-updated", print("{s}{s}{s}", .{ entry.content_type, option(entry.id), entry.data }));
}

pub fn onContentDeleted(content_type: []const u8, id: []const u8) void {
    tell("on-content-deleted", print("{s}{s}", .{ content_type, id }));
}

pub fn onLogin(user_id: []const u8) void {
    tell("on-login", user_id);
}

pub fn onCronTick(payload: ?[]const u8) void {
    tell("on-cron-tick", option(payload));
}

pub fn onEvent(event: fleuron.Event) void {
    tell("on-event", print("{s} {s} {s}", .{ event.id, event.event_type, event.data }));
}
