/* fuzz_contact_list.c - reads lists of contacts and routes. */
#include <stddef.h>
#include <stdint.h>

#include "intake/contact_list.h"
#include "store/contacts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is handed on is canonical. */
static void check_values(const char *const *values, ContactsKind kind)
{
    for (; *values; values++) {
        g_autofree char *again = contacts_canonical(*values, kind, NULL);
        g_assert_cmpstr(again, ==, *values);
    }
}

static gboolean take_contact(gpointer user, const ContactListRow *row, GError **error)
{
    g_assert(!row->email != !row->node);
    g_assert(g_utf8_validate(row->email ? row->email : row->node, -1, NULL));
    check_values(row->networks, CONTACTS_NETWORK);
    check_values(row->as, CONTACTS_AS);
    check_values(row->domains, CONTACTS_DOMAIN);
    return TRUE;
}

static gboolean take_route(gpointer user, const char *network, guint32 as, GError **error)
{
    const char *values[] = {network, NULL};
    check_values(values, CONTACTS_NETWORK);
    return TRUE;
}

static void take_refusal(gpointer user, guint64 line, const char *why)
{
    g_assert(why && *why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ContactListSink sink = {take_contact, take_route, take_refusal, NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(Stream) stream = stream_from_memory(data, size);
    gboolean good = contact_list_read(stream, &sink, &error);
    g_assert(good == (error == NULL));
    return 0;
}
