#include "shield/packets/draft.h"

#include <string.h>

void draft_begin(Draft *draft)
{
    draft->observation.count = 0;
    draft->observation.left_out = 0;
    draft->used = 0;
}

void draft_add(Draft *draft, ObservableKind kind, const void *text, gsize length, const char *field,
               const char *path)
{
    if (length > 0)
        observation_add(&draft->observation, kind, text, length, field, path);
}

void draft_add_copy(Draft *draft, ObservableKind kind, const char *text, gsize length,
                    const char *field, const char *path)
{
    if (length > sizeof(draft->texts) - draft->used) {
        draft->observation.left_out++;
        return;
    }
    char *copy = draft->texts + draft->used;
    if (length > 0)
        memcpy(copy, text, length);
    draft->used += length;
    draft_add(draft, kind, copy, length, field, path);
}

void draft_add_address(Draft *draft, const guint8 *bytes, gboolean v6, const char *field,
                       const char *path)
{
    ObservableAddress address = {.prefix = v6 ? 128 : 32, .v6 = v6};
    char text[OBSERVABLE_ADDRESS_MAX];

    memcpy(address.bytes, bytes, v6 ? 16 : 4);
    gsize length = observable_address_format(&address, text);
    draft_add_copy(draft, v6 ? OBSERVABLE_IPV6 : OBSERVABLE_IPV4, text, length, field, path);
}

gboolean draft_has_name(const Draft *draft, const char *text, gsize length)
{
    for (guint i = 0; i < draft->observation.count; i++) {
        const ObservationValue *value = &draft->observation.values[i];
        if (value->kind == OBSERVABLE_DOMAIN && value->length == length &&
            g_ascii_strncasecmp(value->text, text, length) == 0)
            return TRUE;
    }
    return FALSE;
}
