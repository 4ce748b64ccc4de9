#include "shield/set_side.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Records that are kept, each where its number says. */
#define SLOTS 256

/* Texts up to this length are kept with them. */
#define KEPT_MAX 1024

/* Bytes of a text that are read at first: more than most have. */
#define TEXT_FIRST 256

/* A longer text is not from the builder: no object is that large. */
#define TEXT_MAX (16u << 20)

/* Bytes that are read at once when all of the file is. */
#define READ_AT_ONCE (1u << 20)

typedef struct {
    gboolean known;
    guint32 number;
    SetSideRecord record;
} Slot;

struct SetSide {
    int fd;
    SetFilePart indicators, pool;
    GMutex mutex; /* of what follows */
    GError *failed;
    Slot slots[SLOTS];
};

SetSide *set_side_new(int fd, const SetFileHeader *header)
{
    SetSide *side = g_new0(SetSide, 1);
    side->fd = fd;
    side->indicators = header->parts[SET_PART_INDICATORS];
    side->pool = header->parts[SET_PART_POOL];
    g_mutex_init(&side->mutex);
    return side;
}

void set_side_clear(SetSideRecord *record)
{
    g_clear_pointer(&record->id, g_free);
    g_clear_pointer(&record->name, g_free);
}

void set_side_free(SetSide *side)
{
    if (!side)
        return;
    for (guint i = 0; i < SLOTS; i++)
        set_side_clear(&side->slots[i].record);
    g_clear_error(&side->failed);
    g_mutex_clear(&side->mutex);
    close(side->fd);
    g_free(side);
}

/* Reads all of [offset, offset + length). */
static gboolean read_at(int fd, guint64 offset, void *into, gsize length, GError **error)
{
    guint8 *at = into;

    while (length > 0) {
        gssize got = pread(fd, at, length, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_from_errno(error, errno, "cannot read the compiled set");
        if (got == 0)
            return error_set(error, CONCERT_ERROR_IO,
                             "the compiled set became shorter while it was used");
        at += got;
        offset += (guint64)got;
        length -= (gsize)got;
    }
    return TRUE;
}

/* The text at @offset of the pool; NULL for the empty one, and for what is none. */
static gboolean read_text(const SetSide *side, guint32 offset, char **ret_text, GError **error)
{
    char first[TEXT_FIRST];
    g_autofree char *more = NULL;
    char *text = first, *end = NULL;
    gsize size = sizeof(first), left = offset < side->pool.length ? side->pool.length - offset : 0;

    *ret_text = NULL;
    if (offset == 0 || left == 0)
        return TRUE;
    for (;; size *= 8) {
        size = MIN(size, left);
        if (size > sizeof(first))
            text = more = g_realloc(more, size);
        if (!read_at(side->fd, side->pool.offset + offset, text, size, error))
            return FALSE;
        end = memchr(text, '\0', size);
        if (end || size == left || size >= TEXT_MAX)
            break;
    }
    if (end && g_utf8_validate(text, end - text, NULL))
        *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean read_record(const SetSide *side, guint32 number, SetSideRecord *ret_record,
                            GError **error)
{
    g_auto(SetSideRecord) record = {0};

    if (!read_at(side->fd, side->indicators.offset + number * (guint64)sizeof(record.file),
                 &record.file, sizeof(record.file), error) ||
        !read_text(side, record.file.id, &record.id, error) ||
        !read_text(side, record.file.name, &record.name, error))
        return FALSE;
    *ret_record = record;
    record = (SetSideRecord){0};
    return TRUE;
}

static SetSideRecord copy(const SetSideRecord *record)
{
    return (SetSideRecord){record->file, g_strdup(record->id), g_strdup(record->name)};
}

static gboolean is_short(const char *text)
{
    return !text || strlen(text) <= KEPT_MAX;
}

static void keep(SetSide *side, guint32 number, const SetSideRecord *record)
{
    Slot *slot = &side->slots[number % SLOTS];
    set_side_clear(&slot->record);
    slot->known = is_short(record->id) && is_short(record->name);
    slot->number = number;
    if (slot->known)
        slot->record = copy(record);
}

gboolean set_side_read(SetSide *side, guint32 number, SetSideRecord *ret_record)
{
    g_autoptr(GError) error = NULL;
    const Slot *slot = &side->slots[number % SLOTS];

    g_mutex_lock(&side->mutex);
    gboolean known = slot->known && slot->number == number;
    if (known)
        *ret_record = copy(&slot->record);
    g_mutex_unlock(&side->mutex);
    if (known)
        return TRUE;
    gboolean good = read_record(side, number, ret_record, &error);
    g_mutex_lock(&side->mutex);
    if (good)
        keep(side, number, ret_record);
    else if (!side->failed)
        side->failed = g_steal_pointer(&error);
    g_mutex_unlock(&side->mutex);
    return good;
}

gboolean set_side_failed(SetSide *side, GError **error)
{
    g_mutex_lock(&side->mutex);
    gboolean failed = side->failed != NULL;
    if (failed && error)
        *error = g_error_copy(side->failed);
    g_mutex_unlock(&side->mutex);
    return failed;
}

gboolean set_side_digest(const SetSide *side, guint64 offset, guint64 end,
                         guint8 ret_digest[SHA256_SIZE], GError **error)
{
    g_autofree guint8 *buffer = g_malloc(READ_AT_ONCE);
    guint8 digest[SHA256_SIZE];
    Sha256 *sha256 = sha256_begin();
    gboolean good = TRUE;

    while (good && offset < end) {
        gsize length = (gsize)MIN(end - offset, READ_AT_ONCE);
        good = read_at(side->fd, offset, buffer, length, error);
        if (good)
            sha256_add(sha256, buffer, length);
        offset += length;
    }
    sha256_end(sha256, digest);
    if (good)
        memcpy(ret_digest, digest, sizeof(digest));
    return good;
}
