//! The plain host calls. What a call may not do it does not do: it answers null, false or `{"error":"..."}`, and the
//! reason is in the plugin's log.

const abi = @import("abi.zig");

pub const Level = enum { debug, info, warn, err };

/// Writes a line to the plugin's log.
pub fn log(level: Level, message: []const u8) void {
    const name = if (level == .err) "error" else @tagName(level);
    imports.log(name.ptr, name.len, message.ptr, message.len);
}

/// A setting as text; null for a key that is not declared or has no value.
pub fn getConfig(key: []const u8) ?[]const u8 {
    return optional(imports.@"get-config", key);
}

/// The body of an answer with status 2xx. Needs the permission `http`, naming the host.
pub fn httpGet(url: []const u8) ?[]const u8 {
    return optional(imports.@"http-get", url);
}

/// The body of an answer with status 2xx. Needs the permission `http`, naming the host.
pub fn httpPost(url: []const u8, body: []const u8) ?[]const u8 {
    var area: abi.Area(?[]const u8) = .{};
    imports.@"http-post"(url.ptr, url.len, body.ptr, body.len, &area.bytes);
    return area.value();
}

/// A value of the plugin's own.
pub fn getData(key: []const u8) ?[]const u8 {
    return optional(imports.@"get-data", key);
}

/// Keeps a value of the plugin's own; a key has 1 to 512 bytes.
pub fn setData(key: []const u8, value: []const u8) bool {
    return imports.@"set-data"(key.ptr, key.len, value.ptr, value.len);
}

/// The JSON of a published post.
pub fn getPost(slug: []const u8) ?[]const u8 {
    return optional(imports.@"get-post", slug);
}

/// A JSON array of row objects. `params` is a JSON array. Needs the permission `database`.
pub fn dbQuery(sql: []const u8, params: ?[]const u8) []const u8 {
    return statement(imports.@"db-query", sql, params);
}

/// `{"rows_affected":n}`. `params` is a JSON array. Needs the permission `database`.
pub fn dbExecute(sql: []const u8, params: ?[]const u8) []const u8 {
    return statement(imports.@"db-execute", sql, params);
}

/// `{"ok":true}`.
pub fn dbBegin() []const u8 {
    return answer(imports.@"db-begin");
}

/// `{"ok":true}`.
pub fn dbCommit() []const u8 {
    return answer(imports.@"db-commit");
}

/// `{"ok":true}`.
pub fn dbRollback() []const u8 {
    return answer(imports.@"db-rollback");
}

/// A file of the plugin's own.
pub fn vfsRead(path: []const u8) ?[]const u8 {
    return optional(imports.@"vfs-read", path);
}

/// Writes a file of the plugin's own; folders come into being.
pub fn vfsWrite(path: []const u8, content: []const u8) bool {
    return imports.@"vfs-write"(path.ptr, path.len, content.ptr, content.len);
}

pub fn vfsDelete(path: []const u8) bool {
    return imports.@"vfs-delete"(path.ptr, path.len);
}

pub fn vfsExists(path: []const u8) bool {
    return imports.@"vfs-exists"(path.ptr, path.len);
}

/// A JSON array of names, those of folders with a `/` at the end.
pub fn vfsList(path: []const u8) ?[]const u8 {
    return optional(imports.@"vfs-list", path);
}

/// `{"size":n,"is_dir":false,"modified":n}`.
pub fn vfsStat(path: []const u8) ?[]const u8 {
    return optional(imports.@"vfs-stat", path);
}

/// `{"ok":true,"id":"..."}`. `data` is JSON. Needs the permission `events = ["emit"]`.
pub fn emitEvent(event_type: []const u8, data: []const u8) []const u8 {
    var area: abi.Area([]const u8) = .{};
    imports.@"emit-event"(event_type.ptr, event_type.len, data.ptr, data.len, &area.bytes);
    return area.value();
}

fn optional(comptime call: anytype, argument: []const u8) ?[]const u8 {
    var area: abi.Area(?[]const u8) = .{};
    call(argument.ptr, argument.len, &area.bytes);
    return area.value();
}

fn statement(comptime call: anytype, sql: []const u8, params: ?[]const u8) []const u8 {
    var area: abi.Area([]const u8) = .{};
    const given = params orelse "";
    call(sql.ptr, sql.len, params != null, given.ptr, given.len, &area.bytes);
    return area.value();
}

fn answer(comptime call: anytype) []const u8 {
    var area: abi.Area([]const u8) = .{};
    call(&area.bytes);
    return area.value();
}

const imports = struct {
    const Text = [*]const u8;
    const Answer = [*]u8;

    extern "raisfast:plugin-wit/host-api" fn log(Text, usize, Text, usize) void;
    extern "raisfast:plugin-wit/host-api" fn @"get-config"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"http-get"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"http-post"(Text, usize, Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"get-data"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"set-data"(Text, usize, Text, usize) bool;
    extern "raisfast:plugin-wit/host-api" fn @"get-post"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"db-query"(Text, usize, bool, Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"db-execute"(Text, usize, bool, Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"db-begin"(Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"db-commit"(Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"db-rollback"(Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-read"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-write"(Text, usize, Text, usize) bool;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-delete"(Text, usize) bool;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-exists"(Text, usize) bool;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-list"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"vfs-stat"(Text, usize, Answer) void;
    extern "raisfast:plugin-wit/host-api" fn @"emit-event"(Text, usize, Text, usize, Answer) void;
};
