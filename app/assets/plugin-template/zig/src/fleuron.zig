//! The contract with the site: the types, the calls a plugin may make, and helpers. It is also where compilation begins,
//! so it brings in the hooks of `plugin.zig`.
//!
//! Strings are UTF-8. Nothing has to be freed: what the site hands over, what the calls here answer and what comes from
//! `allocator` lives until the hook has returned and the site has read its answer. What is to live longer comes from
//! `std.heap.wasm_allocator`; the site may start a fresh instance at any time, so what must not be lost goes into
//! `host.setData`, a file or a table.

const std = @import("std");
const builtin = @import("builtin");

const memory = @import("fleuron/memory.zig");

/// The plain host calls.
pub const host = @import("fleuron/host.zig");
/// A filter's answer other than a changed payload.
pub const verdict = @import("fleuron/verdict.zig");
/// Why the plugin is being called.
pub const context = @import("fleuron/context.zig");
/// Typed calls on the plugin's own tables.
pub const data = @import("fleuron/data.zig");

/// Memory that lives until the hook is over.
pub const allocator = memory.allocator;

/// A post or page that is about to be stored.
pub const PostInput = struct {
    title: []const u8,
    content: []const u8,
    slug: ?[]const u8,
    excerpt: ?[]const u8,
    category_id: ?[]const u8,
    tag_ids: ?[]const []const u8,
    status: ?[]const u8,
    cover_image: ?[]const u8,
};

/// A post or page that is stored.
pub const PostOutput = struct {
    id: []const u8,
    title: []const u8,
    slug: []const u8,
    content: []const u8,
    excerpt: ?[]const u8,
    status: []const u8,
    created_by: []const u8,
    updated_by: ?[]const u8,
    category_id: ?[]const u8,
    view_count: i64,
    created_at: []const u8,
    updated_at: []const u8,
    published_at: ?[]const u8,
};

/// A comment.
pub const CommentInput = struct {
    content: []const u8,
    nickname: ?[]const u8,
    email: ?[]const u8,
    parent_id: ?[]const u8,
};

/// An entry of a custom content type; `data` is a JSON object.
pub const ContentEvent = struct {
    content_type: []const u8,
    data: []const u8,
    id: ?[]const u8,
};

/// Another plugin's event. `event_type` is `plugin.<id>.<type>`, `data` is JSON.
pub const Event = struct {
    id: []const u8,
    event_type: []const u8,
    data: []const u8,
};

/// All of the strings, one after the other.
pub fn concat(strings: []const []const u8) ![]const u8 {
    return std.mem.concat(allocator, u8, strings);
}

/// With `&`, `<`, `>` and `"` written so that HTML shows them.
pub fn escapeHtml(text: []const u8) ![]const u8 {
    var length: usize = 0;
    for (text) |*byte| length += entity(byte).len;
    const escaped = try allocator.alloc(u8, length);
    var at: usize = 0;
    for (text) |*byte| {
        const written = entity(byte);
        @memcpy(escaped[at..][0..written.len], written);
        at += written.len;
    }
    return escaped;
}

fn entity(byte: *const u8) []const u8 {
    return switch (byte.*) {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        else => byte[0..1],
    };
}

/// Writes what a panic says to the plugin's log before it ends the call.
pub const panic = std.debug.FullPanic(struct {
    fn call(message: []const u8, _: ?usize) noreturn {
        host.log(.err, message);
        @trap();
    }
}.call);

comptime {
    // Tests run on the author's machine, where there is no site to be called by.
    if (builtin.cpu.arch.isWasm()) _ = @import("fleuron/hooks.zig");
}
