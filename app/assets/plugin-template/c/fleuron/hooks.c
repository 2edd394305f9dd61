// Joins the plugin's hooks to the contract. A macro stands for each hook that the plugin implements; the build defines
// them, from what it finds in the compiled sources.

#include "fleuron.h"
#include "memory.h"

#define FILTER(hook, type) \
    bool exports_hook_##hook(type *input, type *answer) \
    { \
        fleuron_begin_call(); \
        *answer = *input; \
        bool changed = hook(answer); \
        fleuron_end_call(); \
        return changed; \
    }

#define ACTION(hook, arguments, call) \
    void exports_hook_##hook arguments \
    { \
        fleuron_begin_call(); \
        call; \
        fleuron_end_call(); \
    }

#ifdef FLEURON_on_post_creating
FILTER(on_post_creating, fleuron_post_input_t)
#endif

#ifdef FLEURON_on_post_updating
FILTER(on_post_updating, fleuron_post_input_t)
#endif

#ifdef FLEURON_on_comment_creating
FILTER(on_comment_creating, fleuron_comment_input_t)
#endif

#ifdef FLEURON_on_content_creating
FILTER(on_content_creating, fleuron_content_event_t)
#endif

#ifdef FLEURON_on_content_updating
FILTER(on_content_updating, fleuron_content_event_t)
#endif

#ifdef FLEURON_render_markdown
FILTER(render_markdown, fleuron_string_t)
#endif

#ifdef FLEURON_filter_html
FILTER(filter_html, fleuron_string_t)
#endif

#ifdef FLEURON_on_post_created
ACTION(on_post_created, (fleuron_post_output_t *post), on_post_created(post))
#endif

#ifdef FLEURON_on_post_updated
ACTION(on_post_updated, (fleuron_post_output_t *post), on_post_updated(post))
#endif

#ifdef FLEURON_on_post_deleted
ACTION(on_post_deleted, (fleuron_string_t *id), on_post_deleted(*id))
#endif

#ifdef FLEURON_on_comment_created
ACTION(on_comment_created, (fleuron_comment_input_t *comment), on_comment_created(comment))
#endif

#ifdef FLEURON_on_content_created
ACTION(on_content_created, (fleuron_content_event_t *entry), on_content_created(entry))
#endif

#ifdef FLEURON_on_content_updated
ACTION(on_content_updated, (fleuron_content_event_t *entry), on_content_updated(entry))
#endif

#ifdef FLEURON_on_content_deleted
ACTION(on_content_deleted, (fleuron_string_t *content_type, fleuron_string_t *id),
    on_content_deleted(*content_type, *id))
#endif

#ifdef FLEURON_on_login
ACTION(on_login, (fleuron_string_t *user_id), on_login(*user_id))
#endif

#ifdef FLEURON_on_cron_tick
ACTION(on_cron_tick, (fleuron_string_t *payload), on_cron_tick(payload))
#endif

#ifdef FLEURON_on_event
ACTION(on_event, (fleuron_event_t *event), on_event(event))
#endif
