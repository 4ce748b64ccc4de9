/* bytes.h - numbers as they stand in packets. Whoever calls has made sure that the bytes are there.
 */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint16 bytes_be16(const guint8 *at)
{
    return (guint16)(at[0] << 8 | at[1]);
}

static inline guint32 bytes_be32(const guint8 *at)
{
    guint32 value;
    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static inline guint16 bytes_le16(const guint8 *at)
{
    return (guint16)(at[1] << 8 | at[0]);
}

static inline guint32 bytes_le32(const guint8 *at)
{
    guint32 value;
    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_LE(value);
}
