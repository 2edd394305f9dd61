//! Exports the hooks that `plugin.zig` has under the names of the contract. A hook may answer with or without an error
//! union; an error is written to the log and ends the call as a failure.

const std = @import("std");

const fleuron = @import("../fleuron.zig");
const plugin = @import("../plugin.zig");
const abi = @import("abi.zig");
const memory = @import("memory.zig");

const CommentInput = fleuron.CommentInput;
const ContentEvent = fleuron.ContentEvent;
const Event = fleuron.Event;
const PostInput = fleuron.PostInput;
const PostOutput = fleuron.PostOutput;

/// The name in `plugin.zig`, the name in the contract, and the function that joins them.
const hooks = .{
    .{ "onPostCreating", "raisfast:plugin-wit/plugin-hooks#on-post-creating", "postCreating" },
    .{ "onPostUpdating", "raisfast:plugin-wit/plugin-hooks#on-post-updating", "postUpdating" },
    .{ "onCommentCreating", "raisfast:plugin-wit/plugin-hooks#on-comment-creating", "commentCreating" },
    .{ "onContentCreating", "raisfast:plugin-wit/plugin-hooks#on-content-creating", "contentCreating" },
    .{ "onContentUpdating", "raisfast:plugin-wit/plugin-hooks#on-content-updating", "contentUpdating" },
    .{ "renderMarkdown", "raisfast:plugin-wit/plugin-hooks#render-markdown", "renderMarkdown" },
    .{ "filterHtml", "raisfast:plugin-wit/plugin-hooks#filter-html", "filterHtml" },
    .{ "onPostCreated", "raisfast:plugin-wit/plugin-hooks#on-post-created", "postCreated" },
    .{ "onPostUpdated", "raisfast:plugin-wit/plugin-hooks#on-post-updated", "postUpdated" },
    .{ "onPostDeleted", "raisfast:plugin-wit/plugin-hooks#on-post-deleted", "postDeleted" },
    .{ "onCommentCreated", "raisfast:plugin-wit/plugin-hooks#on-comment-created", "commentCreated" },
    .{ "onContentCreated", "raisfast:plugin-wit/plugin-hooks#on-content-created", "contentCreated" },
    .{ "onContentUpdated", "raisfast:plugin-wit/plugin-hooks#on-content-updated", "contentUpdated" },
    .{ "onContentDeleted", "raisfast:plugin-wit/plugin-hooks#on-content-deleted", "contentDeleted" },
    .{ "onLogin", "raisfast:plugin-wit/plugin-hooks#on-login", "login" },
    .{ "onCronTick", "raisfast:plugin-wit/plugin-hooks#on-cron-tick", "cronTick" },
    .{ "onEvent", "fleuron:host/events@0.1.0#on-event", "event" },
};

comptime {
    @export(&memory.reallocate, .{ .name = "cabi_realloc" });
    for (hooks) |hook| {
        if (@hasDecl(plugin, hook[0])) @export(&@field(joints, hook[2]), .{ .name = hook[1] });
    }
}

/// More than 16 arguments come as the address of all of them; fewer come one by one.
const joints = struct {
    fn postCreating(at: [*]const u8) callconv(.c) [*]const u8 {
        return filter(PostInput, plugin.onPostCreating, abi.load(PostInput, at));
    }

    fn postUpdating(at: [*]const u8) callconv(.c) [*]const u8 {
        return filter(PostInput, plugin.onPostUpdating, abi.load(PostInput, at));
    }

    fn commentCreating(
        a: u32,
        b: u32,
        c: u32,
        d: u32,
        e: u32,
        f: u32,
        g: u32,
        h: u32,
        i: u32,
        j: u32,
        k: u32,
    ) callconv(.c) [*]const u8 {
        const arguments = [_]u32{ a, b, c, d, e, f, g, h, i, j, k };
        return filter(CommentInput, plugin.onCommentCreating, abi.loadFlat(CommentInput, &arguments));
    }

    fn contentCreating(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32) callconv(.c) [*]const u8 {
        const arguments = [_]u32{ a, b, c, d, e, f, g };
        return filter(ContentEvent, plugin.onContentCreating, abi.loadFlat(ContentEvent, &arguments));
    }

    fn contentUpdating(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32) callconv(.c) [*]const u8 {
        const arguments = [_]u32{ a, b, c, d, e, f, g };
        return filter(ContentEvent, plugin.onContentUpdating, abi.loadFlat(ContentEvent, &arguments));
    }

    fn renderMarkdown(a: u32, b: u32) callconv(.c) [*]const u8 {
        return filter([]const u8, plugin.renderMarkdown, abi.loadSlice(u8, a, b));
    }

    fn filterHtml(a: u32, b: u32) callconv(.c) [*]const u8 {
        return filter([]const u8, plugin.filterHtml, abi.loadSlice(u8, a, b));
    }

    fn postCreated(at: [*]const u8) callconv(.c) void {
        action(plugin.onPostCreated, .{abi.load(PostOutput, at)});
    }

    fn postUpdated(at: [*]const u8) callconv(.c) void {
        action(plugin.onPostUpdated, .{abi.load(PostOutput, at)});
    }

    fn postDeleted(a: u32, b: u32) callconv(.c) void {
        action(plugin.onPostDeleted, .{abi.loadSlice(u8, a, b)});
    }

    fn commentCreated(
        a: u32,
        b: u32,
        c: u32,
        d: u32,
        e: u32,
        f: u32,
        g: u32,
        h: u32,
        i: u32,
        j: u32,
        k: u32,
    ) callconv(.c) void {
        const arguments = [_]u32{ a, b, c, d, e, f, g, h, i, j, k };
        action(plugin.onCommentCreated, .{abi.loadFlat(CommentInput, &arguments)});
    }

    fn contentCreated(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32) callconv(.c) void {
        const arguments = [_]u32{ a, b, c, d, e, f, g };
        action(plugin.onContentCreated, .{abi.loadFlat(ContentEvent, &arguments)});
    }

    fn contentUpdated(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32) callconv(.c) void {
        const arguments = [_]u32{ a, b, c, d, e, f, g };
        action(plugin.onContentUpdated, .{abi.loadFlat(ContentEvent, &arguments)});
    }

    fn contentDeleted(a: u32, b: u32, c: u32, d: u32) callconv(.c) void {
        action(plugin.onContentDeleted, .{ abi.loadSlice(u8, a, b), abi.loadSlice(u8, c, d) });
    }

    fn login(a: u32, b: u32) callconv(.c) void {
        action(plugin.onLogin, .{abi.loadSlice(u8, a, b)});
    }

    fn cronTick(a: u32, b: u32, c: u32) callconv(.c) void {
        const arguments = [_]u32{ a, b, c };
        action(plugin.onCronTick, .{abi.loadFlat(?[]const u8, &arguments)});
    }

    fn event(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32) callconv(.c) void {
        const arguments = [_]u32{ a, b, c, d, e, f };
        action(plugin.onEvent, .{abi.loadFlat(Event, &arguments)});
    }
};

fn filter(comptime T: type, comptime hook: anytype, input: T) [*]const u8 {
    // The site reads the answer before it calls this instance again.
    const area = struct {
        var answer: abi.Area(?T) = .{};
    };
    memory.begin();
    const answer: ?T = orFail(hook(input));
    abi.store(?T, answer, &area.answer.bytes);
    memory.end();
    return &area.answer.bytes;
}

fn action(comptime hook: anytype, arguments: anytype) void {
    memory.begin();
    orFail(@call(.auto, hook, arguments));
    memory.end();
}

fn Payload(comptime T: type) type {
    return switch (@typeInfo(T)) {
        .error_union => |result| result.payload,
        else => T,
    };
}

fn orFail(result: anytype) Payload(@TypeOf(result)) {
    if (@typeInfo(@TypeOf(result)) != .error_union) return result;
    return result catch |fault| {
        fleuron.host.log(.err, @errorName(fault));
        @trap();
    };
}
