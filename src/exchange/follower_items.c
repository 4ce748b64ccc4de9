#include "exchange/follower_items.h"

#include <string.h>

#include "base/background.h"
#include "dossier/event.h"
#include "exchange/card.h"

#define ITEMS_PER_THREAD 256
#define THREADS_MAX      4

void follower_items_clear(FollowerOpening *opening)
{
    for (guint i = 0; opening->items && i < opening->opening->n_items; i++) {
        object_free(opening->items[i].object);
        g_free(opening->items[i].refusal);
    }
    g_free(opening->items);
    dispatch_header_free(opening->dispatch);
    *opening = (FollowerOpening){NULL};
}

/* Leniently: what the author could store is not lost here for want of a property. */
static void read_object(FollowerItem *item, ObjectSpec spec)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    const char *bytes = g_bytes_get_data(item->bytes, &length);
    item->object = object_read(bytes, length, spec, OBJECT_LENIENT, &error);
    if (item->object)
        item->tlp = marking_tlp_of_ids((const char *const *)item->object->markings);
    else
        item->refusal = g_strdup(error->message);
}

static void read_chunk(FollowerItem *item)
{
    g_autoptr(GError) error = NULL;
    gsize length;
    item->kind = FOLLOWER_CHUNK;
    if (!item->bytes)
        return;
    const void *bytes = g_bytes_get_data(item->bytes, &length);
    if (!chunk_parse(bytes, length, &item->chunk, &error))
        item->refusal = g_strdup(error->message);
}

static void read_item(const Opening *opening, guint place, FollowerItem *item)
{
    static const char stix[] = "application/stix+json";
    const OpeningItem *from = &opening->items[place];
    item->bytes = from->bytes;
    if (g_str_equal(from->type, EVENT_MEDIA_TYPE))
        item->kind = FOLLOWER_EVENT;
    if (g_str_equal(from->type, CARD_MEDIA_TYPE))
        item->kind = FOLLOWER_CARD;
    if (g_str_equal(from->type, CHUNK_MEDIA_TYPE))
        read_chunk(item);
    if (!g_str_has_prefix(from->type, stix))
        return;
    item->kind = FOLLOWER_OBJECT;
    if (item->bytes)
        read_object(item, strstr(from->type, "version=2.0") ? OBJECT_SPEC_20 : OBJECT_SPEC_21);
}

/* All items in the order of the answer, for threads to take one run after the other. */
typedef struct {
    FollowerOpening *openings;
    GArray *places; /* of Place */
    gint next;
} Work;

typedef struct {
    guint opening, item;
} Place;

static gpointer run_reading(gpointer user)
{
    Work *work = user;
    for (;;) {
        guint from = (guint)g_atomic_int_add(&work->next, 64);
        if (from >= work->places->len)
            return NULL;
        for (guint i = from; i < MIN(from + 64, work->places->len); i++) {
            const Place *place = &g_array_index(work->places, Place, i);
            FollowerOpening *opening = &work->openings[place->opening];
            opening_check_item(opening->opening, place->item);
            read_item(opening->opening, place->item, &opening->items[place->item]);
        }
    }
}

static gpointer run_thread(gpointer user)
{
    background_enter();
    return run_reading(user);
}

static void read_all(Work *work)
{
    guint wanted = work->places->len / ITEMS_PER_THREAD;
    guint count = MIN(MIN(wanted, g_get_num_processors()), THREADS_MAX);
    GThread *threads[THREADS_MAX];
    for (guint i = 1; i < count; i++)
        threads[i] = g_thread_new("items", run_thread, work);
    run_reading(work);
    for (guint i = 1; i < count; i++)
        g_thread_join(threads[i]);
}

void follower_items_read(FollowerOpening *openings, guint count)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    for (guint i = 0; i < count; i++) {
        FollowerOpening *opening = &openings[i];
        Opening *from = opening->opening;
        opening_check_form(from);
        if (!from->is_erased && g_str_equal(from->kind, DISPATCH_HEADER_DISPATCH))
            opening->dispatch = dispatch_header_read(from, NULL);
        opening->items = g_new0(FollowerItem, from->n_items + 1);
        for (guint j = 0; j < from->n_items; j++) {
            const Place place = {i, j};
            if (opening->dispatch)
                g_array_append_val(places, place);
            else
                opening->items[j].bytes = from->items[j].bytes;
        }
    }
    Work work = {.openings = openings, .places = places};
    read_all(&work);
}
