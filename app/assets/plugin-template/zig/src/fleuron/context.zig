//! Why the plugin is being called.

const abi = @import("abi.zig");

pub const CallContext = struct {
    /// The hook, such as `on-post-created`.
    hook: []const u8,
    /// The event that is delivered; the same at every attempt. Null in filters.
    event_id: ?[]const u8,
    /// Which attempt at the delivery this is, from 1; 0 where nothing is delivered.
    attempt: u32,
    /// The post, comment, entry or user that the call is about; null before it exists.
    entity_id: ?[]const u8,
    /// The entity's version.
    entity_version: ?i64,
    /// What the entity belongs to: a comment's post.
    parent_id: ?[]const u8,
    /// What the entity is: `post`, `page`, `comment`, `user`, or the name of a content type.
    kind: ?[]const u8,
    /// The user on whose behalf it happens; null for visitors and the site itself.
    acting_user: ?[]const u8,
};

pub fn current() CallContext {
    var area: abi.Area(CallContext) = .{};
    imports.current(&area.bytes);
    return area.value();
}

const imports = struct {
    extern "fleuron:host/context@0.1.0" fn current([*]u8) void;
};
