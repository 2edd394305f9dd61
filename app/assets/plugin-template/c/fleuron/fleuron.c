// Memory that lasts for one call, and what fleuron.h promises on top of it.

#include "fleuron.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

// Memory is handed out from chunks, one after the other. A call's first allocations come before its hook is entered,
// for its arguments, and its answer is read after the hook has returned; so the call before is cleared away by the first
// allocation after its end.

#define LARGEST_ALIGNMENT alignof(max_align_t)
#define CHUNK_SIZE ((size_t) 32 * 1024)

typedef struct chunk {
    struct chunk *before;
    size_t size;
    size_t used;
    alignas(max_align_t) uint8_t bytes[];
} chunk_t;

static chunk_t *newest;
static bool call_is_over;

// Keeps the oldest chunk, so that small calls never go to `malloc` again.
static void clear(void)
{
    call_is_over = false;
    if (newest == NULL) return;
    while (newest->before != NULL) {
        chunk_t *gone = newest;
        newest = gone->before;
        free(gone);
    }
    newest->used = 0;
}

static size_t rounded_up(size_t size)
{
    return (size + LARGEST_ALIGNMENT - 1) & ~(LARGEST_ALIGNMENT - 1);
}

void *fleuron_allocate(size_t size)
{
    if (call_is_over) clear();
    if (size > SIZE_MAX / 2) abort();
    size = rounded_up(size);
    if (newest == NULL || newest->size - newest->used < size) {
        size_t chunk_size = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        chunk_t *chunk = malloc(sizeof(chunk_t) + chunk_size);
        if (chunk == NULL) abort();
        *chunk = (chunk_t) { .before = newest, .size = chunk_size };
        newest = chunk;
    }
    void *memory = newest->bytes + newest->used;
    newest->used += size;
    return memory;
}

// What the site calls to put something into this plugin's memory.
__attribute__((export_name("cabi_realloc")))
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size)
{
    (void) alignment;
    if (old != NULL && size <= old_size) return old;
    void *memory = fleuron_allocate(size);
    if (old != NULL && old_size > 0) memcpy(memory, old, old_size);
    return memory;
}

void fleuron_begin_call(void)
{
    if (call_is_over) clear();
}

void fleuron_end_call(void)
{
    call_is_over = true;
}

fleuron_string_t fleuron_text(const char *text)
{
    return (fleuron_string_t) { (uint8_t *) text, strlen(text) };
}

char *fleuron_c_string(fleuron_string_t string)
{
    char *copy = fleuron_allocate(string.len + 1);
    memcpy(copy, string.ptr, string.len);
    copy[string.len] = '\0';
    return copy;
}

fleuron_option_string_t fleuron_some(fleuron_string_t string)
{
    return (fleuron_option_string_t) { .is_some = true, .val = string };
}

bool fleuron_equal(fleuron_string_t one, fleuron_string_t other)
{
    return one.len == other.len && memcmp(one.ptr, other.ptr, one.len) == 0;
}

fleuron_string_t fleuron_concat_all(const fleuron_string_t *strings, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) length += strings[i].len;
    fleuron_string_t whole = { fleuron_allocate(length), 0 };
    for (size_t i = 0; i < count; i++) {
        memcpy(whole.ptr + whole.len, strings[i].ptr, strings[i].len);
        whole.len += strings[i].len;
    }
    return whole;
}

fleuron_string_t fleuron_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) abort();
    char *text = fleuron_allocate((size_t) length + 1);
    vsnprintf(text, (size_t) length + 1, format, again);
    va_end(again);
    return (fleuron_string_t) { (uint8_t *) text, (size_t) length };
}

static const char *entity_of(uint8_t byte)
{
    switch (byte) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    default: return NULL;
    }
}

fleuron_string_t fleuron_escape_html(fleuron_string_t text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.ptr[i]);
        length += entity == NULL ? 1 : strlen(entity);
    }
    fleuron_string_t escaped = { fleuron_allocate(length), 0 };
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.ptr[i]);
        if (entity == NULL) {
            escaped.ptr[escaped.len++] = text.ptr[i];
        } else {
            memcpy(escaped.ptr + escaped.len, entity, strlen(entity));
            escaped.len += strlen(entity);
        }
    }
    return escaped;
}

void fleuron_log(const char *level, fleuron_string_t message)
{
    fleuron_string_t name = fleuron_text(level);
    host_log(&name, &message);
}

fleuron_string_t fleuron_config(const char *key, const char *otherwise)
{
    fleuron_string_t name = fleuron_text(key), value;
    return host_get_config(&name, &value) ? value : fleuron_text(otherwise);
}
