//! How values lie in memory when they pass between the plugin and the site: the canonical ABI of the component model, for
//! the types of the contract. A struct stands for a record, a union for a variant, a slice for a list or a string.

const std = @import("std");

const memory = @import("memory.zig");

pub fn alignOf(comptime T: type) usize {
    return switch (@typeInfo(T)) {
        .bool, .@"enum" => 1,
        .int, .float => @sizeOf(T),
        .pointer => 4,
        .optional => |optional| alignOf(optional.child),
        .@"struct", .@"union" => blk: {
            var largest: usize = 1;
            for (std.meta.fieldNames(T)) |name| largest = @max(largest, alignOf(@FieldType(T, name)));
            break :blk largest;
        },
        .void => 1,
        else => @compileError("not a type of the contract: " ++ @typeName(T)),
    };
}

pub fn sizeOf(comptime T: type) usize {
    return switch (@typeInfo(T)) {
        .bool, .@"enum" => 1,
        .int, .float => @sizeOf(T),
        .pointer => 8,
        .void => 0,
        .optional => |optional| alignUp(payloadAt(T) + sizeOf(optional.child), alignOf(T)),
        .@"union" => blk: {
            var largest: usize = 0;
            for (std.meta.fieldNames(T)) |name| largest = @max(largest, sizeOf(@FieldType(T, name)));
            break :blk alignUp(payloadAt(T) + largest, alignOf(T));
        },
        .@"struct" => blk: {
            var size: usize = 0;
            for (std.meta.fieldNames(T)) |name| size = fieldEnd(T, name, size);
            break :blk alignUp(size, alignOf(T));
        },
        else => @compileError("not a type of the contract: " ++ @typeName(T)),
    };
}

fn alignUp(address: usize, alignment: usize) usize {
    return (address + alignment - 1) / alignment * alignment;
}

/// Where the payload of an optional or a union lies, behind the byte that tells which case it is.
fn payloadAt(comptime T: type) usize {
    return alignUp(1, alignOf(T));
}

fn fieldEnd(comptime T: type, comptime name: []const u8, begin: usize) usize {
    const Field = @FieldType(T, name);
    return alignUp(begin, alignOf(Field)) + sizeOf(Field);
}

fn fieldAt(comptime T: type, comptime wanted: []const u8) usize {
    @setEvalBranchQuota(10_000);
    var end: usize = 0;
    for (std.meta.fieldNames(T)) |name| {
        end = fieldEnd(T, name, end);
        if (std.mem.eql(u8, name, wanted)) return end - sizeOf(@FieldType(T, name));
    }
    unreachable;
}

/// The value that lies at an address. Strings stay where they are.
pub fn load(comptime T: type, at: [*]const u8) T {
    switch (@typeInfo(T)) {
        .void => return {},
        .bool => return at[0] != 0,
        .@"enum" => return @fromBackingInt(@intCast(at[0])),
        .int, .float => return std.mem.bytesToValue(T, at[0..@sizeOf(T)]),
        .pointer => return loadSlice(std.meta.Child(T), word(at), word(at + 4)),
        .optional => |optional| {
            if (at[0] == 0) return null;
            return load(optional.child, at + comptime payloadAt(T));
        },
        .@"struct" => {
            var value: T = undefined;
            inline for (comptime std.meta.fieldNames(T)) |name| {
                @field(value, name) = load(@FieldType(T, name), at + comptime fieldAt(T, name));
            }
            return value;
        },
        .@"union" => {
            inline for (comptime std.meta.fieldNames(T), 0..) |name, case| {
                if (at[0] == case) {
                    return @unionInit(T, name, load(@FieldType(T, name), at + comptime payloadAt(T)));
                }
            }
            @trap();
        },
        else => comptime unreachable,
    }
}

pub fn loadSlice(comptime Item: type, address: usize, length: usize) []const Item {
    if (length == 0) return &.{};
    const bytes: [*]const u8 = @ptrFromInt(address);
    if (Item == u8) return bytes[0..length];
    const items = memory.allocator.alloc(Item, length) catch @trap();
    for (items, 0..) |*item, i| item.* = load(Item, bytes + i * comptime sizeOf(Item));
    return items;
}

/// Puts a value at an address. Strings stay where they are.
pub fn store(comptime T: type, value: T, at: [*]u8) void {
    switch (@typeInfo(T)) {
        .void => {},
        .bool => at[0] = @intFromBool(value),
        .@"enum" => at[0] = @backingInt(value),
        .int, .float => @memcpy(at[0..@sizeOf(T)], std.mem.asBytes(&value)),
        .pointer => {
            const list = storedSlice(std.meta.Child(T), value);
            setWord(at, list.address);
            setWord(at + 4, list.length);
        },
        .optional => |optional| {
            at[0] = @intFromBool(value != null);
            if (value) |payload| store(optional.child, payload, at + comptime payloadAt(T));
        },
        .@"struct" => inline for (comptime std.meta.fieldNames(T)) |name| {
            store(@FieldType(T, name), @field(value, name), at + comptime fieldAt(T, name));
        },
        .@"union" => {
            at[0] = @backingInt(value);
            switch (value) {
                inline else => |payload| store(@TypeOf(payload), payload, at + comptime payloadAt(T)),
            }
        },
        else => comptime unreachable,
    }
}

/// A list or string as two words, wherever it stands.
pub const List = struct { address: usize, length: usize };

/// The items of a list, written out one after the other.
pub fn storedSlice(comptime Item: type, items: []const Item) List {
    if (items.len == 0) return .{ .address = 0, .length = 0 };
    if (Item == u8) return .{ .address = @intFromPtr(items.ptr), .length = items.len };
    const size = comptime sizeOf(Item);
    const bytes = memory.allocator.alignedAlloc(u8, .@"8", items.len * size) catch @trap();
    for (items, 0..) |item, i| store(Item, item, bytes.ptr + i * size);
    return .{ .address = @intFromPtr(bytes.ptr), .length = items.len };
}

/// A value out of arguments that are passed one by one. All of the contract's are 32 bits wide.
pub fn loadFlat(comptime T: type, arguments: []const u32) T {
    var rest = arguments;
    return takeFlat(T, &rest);
}

fn takeFlat(comptime T: type, arguments: *[]const u32) T {
    switch (@typeInfo(T)) {
        .pointer => return loadSlice(std.meta.Child(T), takeWord(arguments), takeWord(arguments)),
        .optional => |optional| {
            const is_some = takeWord(arguments) != 0;
            const payload = takeFlat(optional.child, arguments);
            return if (is_some) payload else null;
        },
        .@"struct" => {
            var value: T = undefined;
            inline for (comptime std.meta.fieldNames(T)) |name| {
                @field(value, name) = takeFlat(@FieldType(T, name), arguments);
            }
            return value;
        },
        else => @compileError("not passed as arguments: " ++ @typeName(T)),
    }
}

fn takeWord(arguments: *[]const u32) u32 {
    defer arguments.* = arguments.*[1..];
    return arguments.*[0];
}

fn word(at: [*]const u8) u32 {
    return load(u32, at);
}

fn setWord(at: [*]u8, value: usize) void {
    store(u32, @intCast(value), at);
}

/// Room for a value that the site writes.
pub fn Area(comptime T: type) type {
    return struct {
        bytes: [@max(sizeOf(T), 1)]u8 align(8) = undefined,

        pub fn value(area: *const @This()) T {
            return load(T, &area.bytes);
        }
    };
}
