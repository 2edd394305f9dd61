//! Typed calls on the plugin's own tables. They need the permission `database = ["own"]`, all but `newId`, and take part
//! in the open transaction, if there is one.

const abi = @import("abi.zig");

pub const Value = union(enum) {
    null,
    boolean: bool,
    integer: i64,
    real: f64,
    text: []const u8,
    blob: []const u8,
};

pub const Field = struct {
    column: []const u8,
    value: Value,
};

pub const Row = []const Field;

pub const Operator = enum {
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    /// `%` stands for any characters, `_` for one.
    like,
};

/// A column compared with a value; equality with null asks whether the column is null.
pub const Condition = struct {
    column: []const u8,
    operator: Operator = .equal,
    value: Value,
};

pub const Order = struct {
    column: []const u8,
    descending: bool = false,
};

/// Rows that meet all conditions.
pub const Selection = struct {
    conditions: []const Condition = &.{},
    order: []const Order = &.{},
    limit: ?u32 = null,
    offset: ?u32 = null,
};

pub const Aggregate = union(enum) {
    count,
    sum: []const u8,
    average: []const u8,
    minimum: []const u8,
    maximum: []const u8,
};

pub const Group = struct {
    key: Value,
    value: Value,
};

pub const ErrorCode = enum {
    /// The permission is missing.
    not_granted,
    /// The statement is not a good one: no such table or column, a bad name.
    invalid,
    /// A constraint of the table forbids it.
    constraint,
    /// A limit was reached: time, size of the answer, quota.
    over_limit,
    /// The database could not do it.
    failed,
};

pub const Error = struct {
    code: ErrorCode,
    message: []const u8,
};

pub fn Result(comptime T: type) type {
    return union(enum) {
        ok: T,
        err: Error,
    };
}

/// Stores a row and answers its rowid.
pub fn insert(table: []const u8, row: Row) Result(i64) {
    var area: abi.Area(Result(i64)) = .{};
    const fields = abi.storedSlice(Field, row);
    imports.insert(table.ptr, table.len, fields.address, fields.length, &area.bytes);
    return area.value();
}

/// The first row of the selection.
pub fn fetchOne(table: []const u8, selection: Selection) Result(?Row) {
    return select(?Row, imports.@"fetch-one", table, selection);
}

/// All rows of the selection.
pub fn fetchAll(table: []const u8, selection: Selection) Result([]const Row) {
    return select([]const Row, imports.@"fetch-all", table, selection);
}

/// Changes the rows that meet the conditions, of which there must be at least one; answers how many there were.
pub fn update(table: []const u8, changes: Row, conditions: []const Condition) Result(u64) {
    var area: abi.Area(Result(u64)) = .{};
    const fields = abi.storedSlice(Field, changes);
    const where = abi.storedSlice(Condition, conditions);
    imports.update(table.ptr, table.len, fields.address, fields.length, where.address, where.length, &area.bytes);
    return area.value();
}

/// Removes the rows that meet the conditions, of which there must be at least one; answers how many there were.
pub fn delete(table: []const u8, conditions: []const Condition) Result(u64) {
    return on(u64, imports.delete, table, conditions);
}

/// How many rows meet the conditions.
pub fn count(table: []const u8, conditions: []const Condition) Result(u64) {
    return on(u64, imports.count, table, conditions);
}

/// Adds to a column of the rows that meet the conditions, of which there must be at least one; answers how many.
pub fn increment(table: []const u8, column: []const u8, by: i64, conditions: []const Condition) Result(u64) {
    var area: abi.Area(Result(u64)) = .{};
    const where = abi.storedSlice(Condition, conditions);
    imports.increment(
        table.ptr,
        table.len,
        column.ptr,
        column.len,
        by,
        where.address,
        where.length,
        &area.bytes,
    );
    return area.value();
}

/// The sum of a column over the rows that meet the conditions; integer 0 where there are none.
pub fn sum(table: []const u8, column: []const u8, conditions: []const Condition) Result(Value) {
    var area: abi.Area(Result(Value)) = .{};
    const where = abi.storedSlice(Condition, conditions);
    imports.sum(table.ptr, table.len, column.ptr, column.len, where.address, where.length, &area.bytes);
    return area.value();
}

/// One value for each group of rows with the same value in a column, in the order of that column.
pub fn groupBy(
    table: []const u8,
    column: []const u8,
    aggregate: Aggregate,
    conditions: []const Condition,
) Result([]const Group) {
    var area: abi.Area(Result([]const Group)) = .{};
    const where = abi.storedSlice(Condition, conditions);
    const aggregated = switch (aggregate) {
        .count => "",
        .sum, .average, .minimum, .maximum => |name| name,
    };
    imports.@"group-by"(
        table.ptr,
        table.len,
        column.ptr,
        column.len,
        @backingInt(aggregate),
        aggregated.ptr,
        aggregated.len,
        where.address,
        where.length,
        &area.bytes,
    );
    return area.value();
}

/// A new UUIDv7. Needs no permission.
pub fn newId() []const u8 {
    var area: abi.Area([]const u8) = .{};
    imports.@"new-id"(&area.bytes);
    return area.value();
}

fn select(comptime T: type, comptime call: anytype, table: []const u8, selection: Selection) Result(T) {
    var area: abi.Area(Result(T)) = .{};
    const where = abi.storedSlice(Condition, selection.conditions);
    const order = abi.storedSlice(Order, selection.order);
    call(
        table.ptr,
        table.len,
        where.address,
        where.length,
        order.address,
        order.length,
        selection.limit != null,
        selection.limit orelse 0,
        selection.offset != null,
        selection.offset orelse 0,
        &area.bytes,
    );
    return area.value();
}

fn on(comptime T: type, comptime call: anytype, table: []const u8, conditions: []const Condition) Result(T) {
    var area: abi.Area(Result(T)) = .{};
    const where = abi.storedSlice(Condition, conditions);
    call(table.ptr, table.len, where.address, where.length, &area.bytes);
    return area.value();
}

/// A list is an address and a length.
const imports = struct {
    const Text = [*]const u8;
    const Answer = [*]u8;

    extern "fleuron:host/data@0.1.0" fn insert(Text, usize, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn @"fetch-one"(
        Text,
        usize,
        usize,
        usize,
        usize,
        usize,
        bool,
        u32,
        bool,
        u32,
        Answer,
    ) void;
    extern "fleuron:host/data@0.1.0" fn @"fetch-all"(
        Text,
        usize,
        usize,
        usize,
        usize,
        usize,
        bool,
        u32,
        bool,
        u32,
        Answer,
    ) void;
    extern "fleuron:host/data@0.1.0" fn update(Text, usize, usize, usize, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn delete(Text, usize, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn count(Text, usize, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn increment(Text, usize, Text, usize, i64, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn sum(Text, usize, Text, usize, usize, usize, Answer) void;
    extern "fleuron:host/data@0.1.0" fn @"group-by"(
        Text,
        usize,
        Text,
        usize,
        u32,
        Text,
        usize,
        usize,
        usize,
        Answer,
    ) void;
    extern "fleuron:host/data@0.1.0" fn @"new-id"(Answer) void;
};
