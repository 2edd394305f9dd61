//! Memory that lasts for one call. A call's first allocations come before its hook is entered, for its arguments, and its
//! answer is read after the hook has returned; so a call is cleared away when the next one begins.

const std = @import("std");

/// What is kept from call to call, in bytes.
const kept = 64 * 1024;

var arena: std.heap.ArenaAllocator = .init(std.heap.wasm_allocator);
var call_is_over = false;

pub const allocator = arena.allocator();

/// To be called before the hook and before whatever the site puts into memory for it.
pub fn begin() void {
    if (!call_is_over) return;
    call_is_over = false;
    _ = arena.reset(.{ .retain_with_limit = kept });
}

pub fn end() void {
    call_is_over = true;
}

/// What the site calls to put something into this plugin's memory.
pub fn reallocate(old: ?[*]u8, old_size: usize, alignment: usize, size: usize) callconv(.c) [*]u8 {
    begin();
    if (old) |bytes| if (size <= old_size) return bytes;
    const largest: std.mem.Alignment = .@"8";
    std.debug.assert(alignment <= largest.toByteUnits());
    const new = allocator.rawAlloc(@max(size, 1), largest, @returnAddress()) orelse @trap();
    if (old) |bytes| @memcpy(new[0..old_size], bytes[0..old_size]);
    return new;
}
