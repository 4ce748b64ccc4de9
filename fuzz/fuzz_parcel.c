/* fuzz_parcel.c - files that are, or should be, parts of a parcel; what is sealed in one; and what
 * somebody sealed who meant harm. */
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "exchange/parcel_part.h"
#include "exchange/parcel_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const guint8 *data;
    gsize length, at;
} Memory;

static gboolean source(void *buffer, gsize size, gsize *ret_read, gpointer user, GError **error)
{
    Memory *memory = user;
    gsize n = MIN(size, memory->length - memory->at);
    if (n > 0)
        memcpy(buffer, memory->data + memory->at, n);
    memory->at += n;
    *ret_read = n;
    return TRUE;
}

static gboolean sink(const void *bytes, gsize length, gpointer user, GError **error)
{
    g_byte_array_append(user, bytes, (guint)length);
    return TRUE;
}

static void read_records(const guint8 *secret, const guint8 *data, gsize size)
{
    Memory memory = {data, size, 0};
    g_autoptr(ParcelOpen) open = parcel_open_new(secret, source, &memory);
    gboolean is_expected = TRUE, is_done = FALSE;
    while (!is_done) {
        g_autoptr(ParcelRecord) record = NULL;
        MerkleProof proof;
        is_done = !parcel_record_read(open, is_expected, &record, NULL) || !record;
        if (!record)
            continue;
        is_expected = !record->manifest->is_last;
        if (record->bridge)
            parcel_record_cross(record->bridge, record->manifest->from, record->manifest->size,
                                &proof, NULL);
    }
}

static void read_part(const guint8 *data, gsize size)
{
    ParcelPart part, again;
    gsize head;
    if (!parcel_part_parse(data, size, &part, &head, NULL))
        return;
    g_autofree char *text = parcel_part_format(&part);
    if (!parcel_part_parse(text, strlen(text), &again, &head, NULL) || again.part != part.part ||
        again.length != part.length)
        g_error("the head of a part that was read cannot be written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint8 secret[PARCEL_KEY_SIZE], public_key[PARCEL_KEY_SIZE];
    MerkleProof proof;
    memset(secret, 0x21, sizeof secret);
    crypto_scalarmult_base(public_key, secret);
    read_part(data, size);
    g_autoptr(GBytes) file = parcel_part_dearmor((const char *)data, size, NULL);
    if (file) {
        gsize length;
        const guint8 *bytes = g_bytes_get_data(file, &length);
        if (length > 0)
            read_part(bytes, length);
    }
    g_autoptr(GBytes) bridge = g_bytes_new_static(data, size);
    parcel_record_cross(bridge, size % 7, size % 7 + 1, &proof, NULL);
    read_records(secret, data, size);
    /* Sealing costs far more than reading: only what may be a record. */
    if (size < 4 || data[0] != 0 || ((gsize)data[1] << 16 | data[2] << 8 | data[3]) > size)
        return 0;
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    g_autoptr(ParcelSeal) seal = parcel_seal_new(public_key, sink, sealed, NULL);
    if (!parcel_seal_add(seal, data, size, NULL) || !parcel_seal_end(seal, NULL))
        g_error("bytes that cannot be sealed");
    read_records(secret, sealed->data, sealed->len);
    return 0;
}
