// Implements every hook and makes every host call; see everything.rs for what is expected of it.

#include <string.h>

#include "fleuron.h"

static fleuron_string_t report;

static void line(const char *name, fleuron_string_t value)
{
    report = fleuron_concat(report, fleuron_text(name), fleuron_text("="), value, fleuron_text("\n"));
}

static void line_if(const char *name, bool found, fleuron_string_t value)
{
    line(name, found ? value : fleuron_text("none"));
}

static void truth(const char *name, bool value)
{
    line(name, fleuron_text(value ? "true" : "false"));
}

static fleuron_string_t number(int64_t value)
{
    return fleuron_format("%lld", (long long) value);
}

static fleuron_string_t option(fleuron_option_string_t value)
{
    return value.is_some ? value.val : fleuron_text("none");
}

static fleuron_string_t value_text(data_value_t value)
{
    switch (value.tag) {
    case DATA_VALUE_NULL: return fleuron_text("null");
    case DATA_VALUE_BOOLEAN: return fleuron_text(value.val.boolean ? "true" : "false");
    case DATA_VALUE_INTEGER: return number(value.val.integer);
    case DATA_VALUE_REAL: return fleuron_text(value.val.real == 0.5 ? "half" : "real");
    case DATA_VALUE_TEXT: return value.val.text;
    default: {
        fleuron_string_t hex = fleuron_text("");
        for (size_t i = 0; i < value.val.blob.len; i++)
            hex = fleuron_concat(hex, fleuron_format("%02x", value.val.blob.ptr[i]));
        return hex;
    }
    }
}

static fleuron_string_t row_text(data_row_t row)
{
    fleuron_string_t text = fleuron_text("");
    for (size_t i = 0; i < row.len; i++)
        text = fleuron_concat(
            text, fleuron_text(i > 0 ? " " : ""), row.ptr[i].column, fleuron_text(":"), value_text(row.ptr[i].value));
    return text;
}

static data_value_t text_value(const char *text)
{
    return (data_value_t) { DATA_VALUE_TEXT, { .text = fleuron_text(text) } };
}

static data_value_t integer(int64_t value)
{
    return (data_value_t) { DATA_VALUE_INTEGER, { .integer = value } };
}

static data_condition_t where(const char *column, data_operator_t operator, data_value_t value)
{
    return (data_condition_t) { fleuron_text(column), operator, value };
}

static void result(const char *name, bool good, int64_t value, data_error_t error)
{
    line(name, good ? number(value) : fleuron_format("error %d", error.code));
}

static void host_calls(void)
{
    fleuron_string_t key = fleuron_text("colour"), answer;
    fleuron_log("warn", fleuron_text("noted"));
    bool found = host_get_config(&key, &answer);
    line_if("config", found, answer);
    key = fleuron_text("unknown");
    found = host_get_config(&key, &answer);
    line_if("unknown", found, answer);
    key = fleuron_text("key");
    fleuron_string_t value = fleuron_text("value");
    truth("set-data", host_set_data(&key, &value));
    found = host_get_data(&key, &answer);
    line_if("get-data", found, answer);
    key = fleuron_text("nothing");
    found = host_get_post(&key, &answer);
    line_if("get-post", found, answer);

    fleuron_string_t path = fleuron_text("a/b.txt"), content = fleuron_text("text"), folder = fleuron_text("a");
    truth("vfs-write", host_vfs_write(&path, &content));
    found = host_vfs_read(&path, &answer);
    line_if("vfs-read", found, answer);
    truth("vfs-exists", host_vfs_exists(&path));
    found = host_vfs_list(&folder, &answer);
    line_if("vfs-list", found, answer);
    truth("vfs-stat", host_vfs_stat(&path, &answer) && answer.ptr[0] == '{');
    truth("vfs-delete", host_vfs_delete(&path));
    found = host_vfs_read(&path, &answer);
    line_if("vfs-gone", found, answer);

    fleuron_string_t url = fleuron_text("http://example.com/"), body = fleuron_text("body");
    found = host_http_get(&url, &answer);
    line_if("http-get", found, answer);
    found = host_http_post(&url, &body, &answer);
    line_if("http-post", found, answer);

    fleuron_string_t insert = fleuron_text("INSERT INTO notes(body, stars) VALUES (?, ?)");
    fleuron_string_t select = fleuron_text("SELECT stars FROM notes"), params = fleuron_text("[\"x\", 7]");
    host_db_begin(&answer);
    line("db-begin", answer);
    host_db_execute(&insert, &params, &answer);
    line("db-execute", answer);
    host_db_query(&select, NULL, &answer);
    line("db-query", answer);
    host_db_rollback(&answer);
    line("db-rollback", answer);
    host_db_begin(&answer);
    host_db_commit(&answer);
    line("db-commit", answer);

    fleuron_string_t type = fleuron_text("moved"), data = fleuron_text("{}");
    host_emit_event(&type, &data, &answer);
    truth("emit-event", strstr(fleuron_c_string(answer), "\"ok\":true") != NULL);
    data_new_id(&answer);
    line("new-id", number((int64_t) answer.len));
    context_call_context_t call;
    context_current(&call);
    line("hook", call.hook);
    line("attempt", number(call.attempt));
    line("kind", option(call.kind));
    line("event", option(call.event_id));
    truth("acting-user", call.acting_user.is_some && call.acting_user.val.len == 36);
}

static void data_calls(void)
{
    fleuron_string_t table = fleuron_text("notes"), nowhere = fleuron_text("nowhere");
    fleuron_string_t stars = fleuron_text("stars"), body = fleuron_text("body");
    uint8_t bytes[] = { 0, 255 };
    data_field_t first[] = {
        { body, text_value("first") },
        { stars, integer(2) },
        { fleuron_text("ratio"), { DATA_VALUE_REAL, { .real = 0.5 } } },
        { fleuron_text("data"), { DATA_VALUE_BLOB, { .blob = { bytes, 2 } } } },
        { fleuron_text("extra"), { DATA_VALUE_NULL, { 0 } } },
    };
    data_row_t row = { first, 5 };
    int64_t rowid = 0;
    uint64_t count = 0;
    data_error_t error = { 0 };
    bool good = data_insert(&table, &row, &rowid, &error);
    result("insert", good, rowid, error);
    data_field_t again[] = { { fleuron_text("id"), integer(1) }, { body, text_value("again") } };
    row = (data_row_t) { again, 2 };
    good = data_insert(&table, &row, &rowid, &error);
    result("insert-again", good, rowid, error);
    data_field_t second[] = { { body, text_value("second") }, { stars, integer(5) } };
    row = (data_row_t) { second, 2 };
    good = data_insert(&table, &row, &rowid, &error);
    result("insert-second", good, rowid, error);

    data_condition_t conditions[] = { where("id", DATA_OPERATOR_EQUAL, integer(1)) };
    data_selection_t selection = { .conditions = { conditions, 1 } };
    data_option_row_t one;
    good = data_fetch_one(&table, &selection, &one, &error);
    line("fetch-one", good && one.is_some ? row_text(one.val) : fleuron_text("none"));
    conditions[0] = where("id", DATA_OPERATOR_EQUAL, integer(99));
    good = data_fetch_one(&table, &selection, &one, &error);
    line("fetch-none", good && one.is_some ? row_text(one.val) : fleuron_text("none"));
    data_order_t order[] = { { stars, true } };
    selection = (data_selection_t) { .order = { order, 1 }, .limit = { true, 2 } };
    data_list_row_t rows;
    good = data_fetch_all(&table, &selection, &rows, &error);
    line("fetch-all", number(good ? (int64_t) rows.len : -1));
    line("most", value_text(rows.ptr[0].ptr[1].value));
    selection.limit.val = 1;
    selection.offset = (fleuron_option_u32_t) { true, 1 };
    good = data_fetch_all(&table, &selection, &rows, &error);
    line("next", good ? value_text(rows.ptr[0].ptr[1].value) : fleuron_text("none"));

    data_list_condition_t list = { conditions, 1 };
    conditions[0] = where("body", DATA_OPERATOR_LIKE, text_value("fir%"));
    data_field_t change[] = { { stars, integer(3) } };
    row = (data_row_t) { change, 1 };
    good = data_update(&table, &row, &list, &count, &error);
    result("update", good, (int64_t) count, error);
    conditions[0] = where("body", DATA_OPERATOR_EQUAL, text_value("first"));
    good = data_increment(&table, &stars, 10, &list, &count, &error);
    result("increment", good, (int64_t) count, error);
    conditions[0] = where("stars", DATA_OPERATOR_GREATER_OR_EQUAL, integer(13));
    good = data_count(&table, &list, &count, &error);
    result("count", good, (int64_t) count, error);
    data_list_condition_t all = { NULL, 0 };
    data_value_t sum;
    good = data_sum(&table, &stars, &all, &sum, &error);
    line("sum", good ? value_text(sum) : fleuron_text("none"));
    data_list_group_t groups;
    data_aggregate_t aggregate = { DATA_AGGREGATE_COUNT, { { 0 } } };
    good = data_group_by(&table, &stars, &aggregate, &all, &groups, &error);
    line("group-by", fleuron_concat(value_text(groups.ptr[1].key), fleuron_text(":"), value_text(groups.ptr[1].value)));
    aggregate = (data_aggregate_t) { DATA_AGGREGATE_SUM, { .sum = stars } };
    good = data_group_by(&table, &body, &aggregate, &all, &groups, &error);
    line("group-sum", fleuron_concat(value_text(groups.ptr[0].key), fleuron_text(":"), value_text(groups.ptr[0].value)));
    data_condition_t both[] = {
        where("body", DATA_OPERATOR_EQUAL, text_value("second")),
        where("extra", DATA_OPERATOR_EQUAL, (data_value_t) { DATA_VALUE_NULL, { 0 } }),
    };
    list = (data_list_condition_t) { both, 2 };
    good = data_delete(&table, &list, &count, &error);
    result("delete", good, (int64_t) count, error);
    good = data_count(&nowhere, &all, &count, &error);
    result("missing", good, (int64_t) count, error);
}

bool on_post_creating(fleuron_post_input_t *post)
{
    if (!fleuron_equal(post->title, fleuron_text("Everything"))) return false;
    report = fleuron_text("");
    host_calls();
    data_calls();
    line("title", post->title);
    line("slug", option(post->slug));
    line("excerpt", option(post->excerpt));
    line("tags", post->tag_ids.is_some ? number((int64_t) post->tag_ids.val.len) : fleuron_text("none"));
    line("status", option(post->status));
    post->content = report;
    return true;
}

bool on_post_updating(fleuron_post_input_t *post)
{
    if (fleuron_equal(post->title, fleuron_text("Refused"))) {
        fleuron_string_t code = fleuron_text("not-now"), message = fleuron_text("Not now.");
        verdict_refuse(&code, &message);
    }
    post->excerpt = fleuron_some(fleuron_text("by a hook"));
    return true;
}

bool on_comment_creating(fleuron_comment_input_t *comment)
{
    verdict_hold();
    comment->content = fleuron_concat(fleuron_text("Heard: "), comment->content);
    return true;
}

bool on_content_creating(fleuron_content_event_t *entry)
{
    entry->data = fleuron_text("{\"by\":\"hook\"}");
    entry->id = fleuron_some(fleuron_text("given"));
    return true;
}

bool on_content_updating(fleuron_content_event_t *entry)
{
    (void) entry;
    return false;
}

bool render_markdown(fleuron_string_t *text)
{
    if (!fleuron_equal(*text, fleuron_text("render me"))) return false;
    *text = fleuron_text("<p>rendered</p>");
    return true;
}

bool filter_html(fleuron_string_t *html)
{
    *html = fleuron_concat(*html, fleuron_text("<p>filtered</p>"));
    return true;
}

static void tell(const char *hook, fleuron_string_t words)
{
    fleuron_log("info", fleuron_concat(fleuron_text(hook), fleuron_text(" "), words));
}

static void tell_post(const char *hook, fleuron_post_output_t *post)
{
    fleuron_string_t space = fleuron_text(" ");
    tell(hook, fleuron_concat(post->id, space, post->title, space, post->slug, space, post->content, space,
                   option(post->excerpt), space, post->status, space, post->created_by, space,
                   option(post->updated_by), space, option(post->category_id), space, number(post->view_count), space,
                   post->created_at, space, post->updated_at, space, option(post->published_at)));
}

void on_post_created(fleuron_post_output_t *post) { tell_post("on-post-created", post); }
void on_post_updated(fleuron_post_output_t *post) { tell_post("on-post-updated", post); }
void on_post_deleted(fleuron_string_t id) { tell("on-post-deleted", id); }

void on_comment_created(fleuron_comment_input_t *comment)
{
    tell("on-comment-created", fleuron_concat(comment->content, fleuron_text(" "), option(comment->nickname),
                                   fleuron_text(" "), option(comment->email), fleuron_text(" "),
                                   option(comment->parent_id)));
}

void on_content_created(fleuron_content_event_t *entry) { tell("on-content-created", fleuron_concat(entry->content_type, option(entry->id), entry->data)); }
void on_content_updated(fleuron_content_event_t *entry) { tell("on-content-updated", fleuron_concat(entry->content_type, option(entry->id), entry->data)); }
void on_content_deleted(fleuron_string_t content_type, fleuron_string_t id)
{
    tell("on-content-deleted", fleuron_concat(content_type, id));
}
void on_login(fleuron_string_t user_id) { tell("on-login", user_id); }
void on_cron_tick(const fleuron_string_t *payload)
{
    tell("on-cron-tick", payload == NULL ? fleuron_text("none") : *payload);
}
void on_event(fleuron_event_t *event)
{
    tell("on-event", fleuron_concat(event->id, fleuron_text(" "), event->event_type, fleuron_text(" "), event->data));
}
