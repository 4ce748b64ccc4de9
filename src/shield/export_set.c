#include "shield/export_set.h"

#include <string.h>

typedef struct {
    const Set *set;
    ExportSetAdmits admits;
    gpointer user;
    Export *export;
    GError **error;
    GString *lists;
} Feeding;

/* The names of the lists that the entry's value is on; NULL: it is on none. Names have commas. */
static const char *list_names(Feeding *feeding, SetEntry entry)
{
    guint16 marks[SET_MAX_LISTS];
    guint count = set_marks(feeding->set, entry, marks);
    g_string_truncate(feeding->lists, 0);
    for (guint i = 0; i < count; i++) {
        SetList list;
        set_read_list(feeding->set, marks[i], &list);
        g_string_append_printf(feeding->lists, "%s%s", i > 0 ? "; " : "", list.name);
    }
    return count > 0 ? feeding->lists->str : NULL;
}

static gboolean feed(gpointer user, SetEntry entry, const SetValue *value)
{
    Feeding *feeding = user;
    if (feeding->admits && !feeding->admits(feeding->user, value))
        return TRUE;
    const ExportValue claim = {
        .kind = value->kind,
        .text = value->value,
        .id = value->id,
        .source = value->source,
        .name = value->name,
        .confidence = value->confidence,
        .tlp = value->tlp,
        .pap = value->pap,
        .version = value->version,
        .valid_from = value->valid_from,
        .valid_until = value->valid_until,
        .port = value->port,
        .suppressed = list_names(feeding, entry),
    };
    return export_add(feeding->export, &claim, feeding->error);
}

gboolean export_set_add(Export *export, const Set *set, ExportSetAdmits admits, gpointer user,
                        GError **error)
{
    g_autoptr(GString) lists = g_string_new(NULL);
    Feeding feeding = {.set = set,
                       .admits = admits,
                       .user = user,
                       .export = export,
                       .error = error,
                       .lists = lists};
    return set_each(set, feed, &feeding);
}

typedef struct {
    const Set *set;
    ExportSetAdmits admits;
    gpointer user;
    gint64 now, until;
    Sha256 *sha256;
} Digesting;

static void add_text(Sha256 *sha256, const char *text)
{
    sha256_add(sha256, text ? text : "", text ? strlen(text) + 1 : 0);
    sha256_add(sha256, "", 1);
}

static gboolean digest(gpointer user, SetEntry entry, const SetValue *value)
{
    Digesting *digesting = user;
    if (digesting->admits && !digesting->admits(digesting->user, value))
        return TRUE;
    guint16 marks[SET_MAX_LISTS];
    gint64 now = digesting->now;
    guint count = set_marks(digesting->set, entry, marks);
    const gint64 numbers[] = {value->kind,
                              value->confidence,
                              value->tlp,
                              value->pap,
                              value->port,
                              value->version,
                              value->valid_from,
                              value->valid_until,
                              count,
                              set_value_is_valid(value, now)};

    sha256_add(digesting->sha256, numbers, sizeof numbers);
    sha256_add(digesting->sha256, marks, count * sizeof marks[0]);
    add_text(digesting->sha256, value->value);
    add_text(digesting->sha256, value->id);
    add_text(digesting->sha256, value->source);
    add_text(digesting->sha256, value->name);
    if (value->valid_from > now)
        digesting->until = MIN(digesting->until, value->valid_from);
    else if (value->valid_until > now)
        digesting->until = MIN(digesting->until, value->valid_until);
    return TRUE;
}

void export_set_digest(const Set *set, ExportSetAdmits admits, gpointer user, gint64 now,
                       guint8 ret_digest[SHA256_SIZE], gint64 *ret_until)
{
    Digesting digesting = {.set = set,
                           .admits = admits,
                           .user = user,
                           .now = now,
                           .until = G_MAXINT64,
                           .sha256 = sha256_begin()};
    for (guint i = 0; i < set_count_lists(set); i++) {
        SetList list;
        set_read_list(set, i, &list);
        add_text(digesting.sha256, list.name);
    }
    set_each(set, digest, &digesting);
    sha256_end(digesting.sha256, ret_digest);
    *ret_until = digesting.until;
}
