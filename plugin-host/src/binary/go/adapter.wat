;; What Go's runtime asks of WASI preview 1, on WASI 0.2.
;;
;; The usual adapter allocates memory of its own, by growing the module's. Go takes whatever lies behind its heap for its
;; own when it grows next, and the two would write over one another. So this one has none: what it needs to pass on is in
;; the 8 KiB between Go's zero page and its data, which Go keeps for command lines in browsers and leaves alone here.
;; There are no arguments, no environment and no files.
;;
;; While the host puts something into the plugin's memory it cannot be called, but Go's allocator asks for the time now and
;; then. So the plugin says when that is, in the byte at 4160, and is told the time of the call before.
(module
  (import "env" "memory" (memory 0))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop_pollable (param i32)))
  (import "wasi:io/error@0.2.0" "[resource-drop]error" (func $drop_error (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop_stream (param i32)))
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $stderr (result i32)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))

  ;; Where what WASI 0.2 answers is put.
  (global $room i32 (i32.const 4096))

  ;; No arguments and no variables, two numbers that are zero.
  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32)
    (call $none (local.get 0) (local.get 1)))
  (func (export "environ_sizes_get") (param i32 i32) (result i32)
    (call $none (local.get 0) (local.get 1)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (global $last_wall (mut i64) (i64.const 0))
  (global $last_monotonic (mut i64) (i64.const 0))
  (func $may_call (result i32) (i32.eqz (i32.load8_u (i32.const 4160))))

  ;; Clock 0 is the wall's, any other the monotonic one.
  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (if (local.get $clock)
      (then
        (if (call $may_call) (then (global.set $last_monotonic (call $monotonic))))
        (i64.store (local.get $time) (global.get $last_monotonic)))
      (else
        (if (call $may_call) (then (call $read_wall)))
        (i64.store (local.get $time) (global.get $last_wall))))
    (i32.const 0))
  (func $read_wall
    (call $wall (global.get $room))
    (global.set $last_wall
      (i64.add
        (i64.mul (i64.load (global.get $room)) (i64.const 1000000000))
        (i64.load32_u offset=8 (global.get $room)))))
  (func (export "clock_res_get") (param $clock i32) (param $resolution i32) (result i32)
    (i64.store (local.get $resolution) (i64.const 1))
    (i32.const 0))

  (func (export "random_get") (param $at i32) (param $left i32) (result i32)
    (local $number i64)
    (loop $eight
      (if (i32.ge_u (local.get $left) (i32.const 8))
        (then
          (i64.store (local.get $at) (call $random))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (local.set $left (i32.sub (local.get $left) (i32.const 8)))
          (br $eight))))
    (local.set $number (call $random))
    (loop $one
      (if (local.get $left)
        (then
          (i32.store8 (local.get $at) (i32.wrap_i64 (local.get $number)))
          (local.set $number (i64.shr_u (local.get $number) (i64.const 8)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $one))))
    (i32.const 0))

  ;; Writes everything, 4096 bytes at a time, which is as much as is taken at once. False where it fails.
  (func $write_all (param $stream i32) (param $at i32) (param $left i32) (result i32)
    (local $size i32)
    (loop $piece
      (if (i32.eqz (local.get $left)) (then (return (i32.const 1))))
      (local.set $size
        (select (i32.const 4096) (local.get $left) (i32.gt_u (local.get $left) (i32.const 4096))))
      (call $write (local.get $stream) (local.get $at) (local.get $size) (global.get $room))
      (if (i32.load8_u (global.get $room))
        (then
          ;; A failed operation comes with an error; a closed stream does not.
          (if (i32.eqz (i32.load8_u offset=4 (global.get $room)))
            (then (call $drop_error (i32.load offset=8 (global.get $room)))))
          (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (local.get $size)))
      (local.set $left (i32.sub (local.get $left) (local.get $size)))
      (br $piece))
    (unreachable))

  ;; Standard output and error are all that can be written to.
  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)
    (local $stream i32) (local $size i32) (local $total i32) (local $failed i32)
    (if (i32.eq (local.get $fd) (i32.const 1))
      (then (local.set $stream (call $stdout)))
      (else
        (if (i32.eq (local.get $fd) (i32.const 2))
          (then (local.set $stream (call $stderr)))
          (else (return (i32.const 8))))))
    (block $done
      (loop $piece
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $size (i32.load offset=4 (local.get $pieces)))
        (if (i32.eqz
              (call $write_all (local.get $stream) (i32.load (local.get $pieces)) (local.get $size)))
          (then
            (local.set $failed (i32.const 1))
            (br $done)))
        (local.set $total (i32.add (local.get $total) (local.get $size)))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $piece)))
    (call $drop_stream (local.get $stream))
    (if (local.get $failed) (then (return (i32.const 29))))
    (i32.store (local.get $written) (local.get $total))
    (i32.const 0))

  ;; Waits for the first subscription if that is a clock with a relative time, as Go's are; there is nothing else to wait
  ;; for.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (local $pollable i32)
    (if (i32.or
          (i32.or (i32.eqz (local.get $count)) (i32.load8_u offset=8 (local.get $in)))
          (i32.and (i32.load16_u offset=40 (local.get $in)) (i32.const 1)))
      (then (return (i32.const 52))))
    (if (i64.ne (i64.load offset=24 (local.get $in)) (i64.const 0))
      (then
        (local.set $pollable (call $subscribe (i64.load offset=24 (local.get $in))))
        (call $block (local.get $pollable))
        (call $drop_pollable (local.get $pollable))))
    (i64.store (local.get $out) (i64.load (local.get $in)))
    (i64.store offset=8 (local.get $out) (i64.const 0))
    (i32.store (local.get $events) (i32.const 1))
    (i32.const 0))

  ;; A plugin that wants to end has failed.
  (func (export "proc_exit") (param i32) (unreachable))
  (func (export "proc_raise") (param i32) (result i32) (i32.const 52))
  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; There is no such file: "bad descriptor", which also ends the runtime's search for folders it may use.
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8)))
