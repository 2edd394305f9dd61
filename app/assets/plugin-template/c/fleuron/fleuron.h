// What a plugin in C includes: the contract with the site (bindings.h), the hooks it may implement, and helpers.
//
// A string is a pointer and a length in bytes; it is UTF-8 and has no zero at its end. An optional value has `is_some`
// and `val`.
//
// Nothing has to be freed. Whatever the site hands over, what the functions here answer and what `fleuron_allocate`
// gives lives until the hook has returned and the site has read its answer. To keep something longer, copy it into
// memory from `malloc`; the site may start a fresh instance at any time, so what must not be lost goes into
// `host_set_data`, a file or a table.

#ifndef FLEURON_H
#define FLEURON_H

#include "bindings.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef exports_hook_event_t fleuron_event_t;

// Hooks: implement the ones you want, and list the same ones in manifest.toml.
//
// A filter changes what it is given and answers true, or leaves it alone and answers false.

bool on_post_creating(fleuron_post_input_t *post);
bool on_post_updating(fleuron_post_input_t *post);
bool on_comment_creating(fleuron_comment_input_t *comment);
bool on_content_creating(fleuron_content_event_t *entry);
bool on_content_updating(fleuron_content_event_t *entry);
// The Markdown is to become HTML.
bool render_markdown(fleuron_string_t *text);
bool filter_html(fleuron_string_t *html);

// An action is told what happened.

void on_post_created(fleuron_post_output_t *post);
void on_post_updated(fleuron_post_output_t *post);
void on_post_deleted(fleuron_string_t id);
void on_comment_created(fleuron_comment_input_t *comment);
void on_content_created(fleuron_content_event_t *entry);
void on_content_updated(fleuron_content_event_t *entry);
void on_content_deleted(fleuron_string_t content_type, fleuron_string_t id);
void on_login(fleuron_string_t user_id);
// The payload is null where there is none.
void on_cron_tick(const fleuron_string_t *payload);
void on_event(fleuron_event_t *event);

// Memory that lives until the hook is over, aligned for anything. It is never null: where there is no more memory, the
// call ends as a failure, and the site carries on.
void *fleuron_allocate(size_t size);

// A string out of a C string, which is not copied.
fleuron_string_t fleuron_text(const char *text);

// A C string out of a string, copied; it ends at the first zero byte.
char *fleuron_c_string(fleuron_string_t string);

// An optional string that is there.
fleuron_option_string_t fleuron_some(fleuron_string_t string);

// Whether two strings have the same bytes.
bool fleuron_equal(fleuron_string_t one, fleuron_string_t other);

// All of the strings, one after the other: fleuron_concat(a, b, c).
#define fleuron_concat(...) \
    fleuron_concat_all( \
        (const fleuron_string_t[]) { __VA_ARGS__ }, \
        sizeof((const fleuron_string_t[]) { __VA_ARGS__ }) / sizeof(fleuron_string_t))
fleuron_string_t fleuron_concat_all(const fleuron_string_t *strings, size_t count);

// What printf would print. A plugin that calls this is some 25 KB larger. `%.*s` prints a string, together with
// FLEURON_ARG(string).
fleuron_string_t fleuron_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define FLEURON_ARG(string) (int) (string).len, (const char *) (string).ptr

// With `&`, `<`, `>` and `"` written so that HTML shows them.
fleuron_string_t fleuron_escape_html(fleuron_string_t text);

// Writes a line to the plugin's log; the level is "debug", "info", "warn" or "error".
void fleuron_log(const char *level, fleuron_string_t message);

// The value of a setting as text; the second where it has none.
fleuron_string_t fleuron_config(const char *key, const char *otherwise);

#ifdef __cplusplus
}
#endif
#endif
