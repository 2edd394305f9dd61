//! A filter's answer other than a changed payload. Neither counts as a failure of the plugin. Both are heard in the
//! filters that end in `Creating` and `Updating`; elsewhere they are ignored, with a line in the plugin's log.

/// Refuses what is about to happen. The client gets status 422 with these words. `code` is for programs: 1 to 64
/// lower-case letters, digits, `-` and `_`. `message` is for people: at most 500 characters. The last call counts.
pub fn refuse(code: []const u8, message: []const u8) void {
    imports.refuse(code.ptr, code.len, message.ptr, message.len);
}

/// Lets it happen, but not in public: a comment waits for a moderator, a post stays a draft.
pub fn hold() void {
    imports.hold();
}

const imports = struct {
    extern "fleuron:host/verdict@0.1.0" fn refuse([*]const u8, usize, [*]const u8, usize) void;
    extern "fleuron:host/verdict@0.1.0" fn hold() void;
};
