/* set_file.h - the layout of a compiled set, private to set_builder.c and set*.c.
 *
 * A header, then parts that begin at multiples of SET_FILE_ALIGN, in the order of SetFilePartName,
 * zeros between them. Numbers are little-endian, so that the file is used as it lies in memory;
 * machines of the other kind refuse it. What scanning touches comes first; what a hit leads to
 * begins at SET_PART_FIRST_LINKS, and what is known of each indicator, which is the larger part, at
 * SET_PART_INDICATORS: the side.
 *
 * Values are numbered: table after table (SetFileTable), in a table by position. Values of one
 * width are an array in ascending order of their bytes, with an index by their first bits; texts
 * lie in ascending order of their keys, each with its NUL, with a directory of buckets. A value's
 * number leads to its links, one for each indicator that names it. */
#pragma once

#include "base/sha256.h"
#include "shield/key.h"
#include "stix/observable_address.h"

#define SET_FILE_MAGIC      "\x89SHIELD\n"
#define SET_FILE_VERSION    4u
#define SET_FILE_BYTE_ORDER 0x01020304u
#define SET_FILE_ALIGN      64
#define SET_FILE_SIDE_ALIGN 4096

/* Values of which a bucket of texts, and a slot of the index, has about this many. */
#define SET_FILE_BUCKET 8

/* Keys for each word of a filter: 16 bits a key. */
#define SET_FILE_FILTER_KEYS 4

/* Zeros before a table's first text, so that keys may be made from the text in its place. */
#define SET_FILE_TEXT_PAD KEY_WINDOW

typedef enum {
    SET_TABLE_IPV4,
    SET_TABLE_IPV6,
    SET_TABLE_NET4, /* prefix length, then the address */
    SET_TABLE_NET6,
    SET_TABLE_MD5,
    SET_TABLE_SHA1,
    SET_TABLE_SHA256,
    SET_TABLE_SHA512,
    SET_TABLE_JA3,
    SET_TABLE_DOMAIN, /* the first of the texts */
    SET_TABLE_URL,
    SET_TABLE_EMAIL,
    SET_TABLE_JA4,
    SET_TABLES,
    SET_TABLE_NONE = SET_TABLES,
} SetFileTable;

#define SET_FILE_TEXT_TABLES (SET_TABLES - SET_TABLE_DOMAIN)

typedef enum {
    SET_PART_VALUES, /* SET_TABLES parts: the tables */
    /* SET_TABLES parts: guint32 positions, 2^n + 1 of them for an index by n bits; or SetFileBucket
     */
    SET_PART_INDEXES = SET_PART_VALUES + SET_TABLES,
    /* guint64 each: the words of filters and maps */
    SET_PART_NAME2 = SET_PART_INDEXES + SET_TABLES,
    SET_PART_NAME3,
    SET_PART_LABELS,
    SET_PART_V4,
    SET_PART_V4_NETS,
    SET_PART_V4_NEAR,
    SET_PART_V6,
    SET_PART_DIGEST,
    SET_PART_JA4,
    SET_PART_URL_HOSTS,   /* by set_file_text_key() of URLs' whole hosts */
    SET_PART_V6_LENGTHS,  /* see Filters; ends with 0 */
    SET_PART_FIRST_LINKS, /* guint32 for each value and the end */
    SET_PART_LINKS,       /* guint32: the number of an indicator, and SET_FILE_LINK_MORE */
    SET_PART_MARKS,       /* SetFileMark, ascending */
    SET_PART_LISTS,       /* SetFileList */
    SET_PART_SHARED,      /* texts that many share, with their NULs; the first one is empty */
    SET_PART_INFO,        /* a JSON object: what else is to be known of the set */
    SET_PART_INDICATORS,  /* SetFileIndicator, in ascending order of their ids */
    SET_PART_POOL,        /* texts with their NULs; the first one is empty */
    SET_PART_PATTERNS,    /* SetFilePattern, in ascending order of indicators and of texts */
    SET_PARTS,
} SetFilePartName;

typedef struct {
    guint64 offset, length;
} SetFilePart;

/* There are URLs whose host is a name of one label. */
#define SET_FILE_ONE_LABEL_URLS 1u

typedef struct {
    char magic[8];
    guint32 byte_order;
    guint32 version;
    guint64 size; /* of the file */
    guint64 seed; /* see key.h */
    guint32 counts[SET_TABLES];
    guint32 longest_url;
    guint32 indicators;
    guint32 flags; /* SET_FILE_... */
    SetFilePart parts[SET_PARTS];
    guint8 body[SHA256_SIZE]; /* SHA-256 of what lies between the header and the side */
    guint8 side[SHA256_SIZE]; /* SHA-256 of the side */
    guint8 head[SHA256_SIZE]; /* SHA-256 of the header up to here */
} SetFileHeader;

/* The bucket of the keys from count * key / 2^64 on begins here. There is one more than there are
 * buckets, which says where the last one ends. */
typedef struct {
    guint32 offset; /* of its first text */
    guint32 first;  /* its position */
} SetFileBucket;

/* Another link of the same value follows. */
#define SET_FILE_LINK_MORE (1u << 31)

typedef struct {
    guint8 uuid[16]; /* of "indicator--<uuid>", when `id` is 0 */
    gint64 version, valid_from, valid_until;
    guint32 id, name; /* in the pool */
    guint32 source;   /* in the shared texts */
    gint8 confidence;
    guint8 tlp, pap, spare;
} SetFileIndicator;

/* It is of STIX 2.0's grammar. */
#define SET_FILE_PATTERN_20 (1u << 31)

/* A pattern that says more than "one of these values". */
typedef struct {
    guint32 indicator; /* number, and SET_FILE_PATTERN_20 */
    guint32 text;      /* in the pool */
} SetFilePattern;

typedef struct {
    guint32 value; /* number */
    guint32 list;
} SetFileMark;

typedef struct {
    guint32 name, version; /* in the shared texts */
    guint64 values;
} SetFileList;

G_STATIC_ASSERT(sizeof(SetFileIndicator) == 56);
G_STATIC_ASSERT(sizeof(SetFileHeader) % 8 == 0);

/* Bytes of a value of each table; 0 for texts. */
extern const guint8 set_file_widths[SET_TABLES];

/* The kind of a table's values; of the networks OBSERVABLE_CIDR. */
extern const guint8 set_file_kinds[SET_TABLES];

/* Reads @size bytes, a multiple of four, as hexadecimal digits in lower case. FALSE when there are
 * others. */
gboolean set_file_pack_hex(const char *text, guint8 *ret_bytes, guint size);

/* Reads the text of a UUID, 36 bytes; FALSE when it is none in lower case. */
gboolean set_file_pack_uuid(const char *text, guint8 ret_uuid[16]);

/* The bytes of a canonical value of a table of one width, which are written to @ret_bytes (at most
 * 64), or SET_TABLE_NONE; of texts only the table is told. */
SetFileTable set_file_pack(ObservableKind kind, const char *canonical, gsize length,
                           guint8 ret_bytes[64]);

/* The same for an address that was parsed already. */
SetFileTable set_file_pack_address(const ObservableAddress *address, guint8 ret_bytes[17]);

/* Writes the canonical text of a value of a table of one width, and its NUL. */
void set_file_unpack(SetFileTable table, const guint8 *bytes, char *text);

/* The first eight bytes as a number, in the order of the values. */
static inline guint64 set_file_first(const guint8 *bytes, guint width)
{
    guint64 first = 0;
    memcpy(&first, bytes, MIN(width, sizeof(first)));
    return GUINT64_FROM_BE(first);
}

/* The key of a text by which it lies in its table: of all of its bytes. */
guint64 set_file_text_key(guint64 seed, const char *text, gsize length);

/* Where a canonical URL has its host, brackets included. */
gboolean set_file_url_host(const char *url, gsize length, gsize *ret_host, gsize *ret_length);

/* The bytes of a name from which its last @labels labels begin. */
gsize set_file_last_labels(const char *name, gsize length, guint labels);

/* The bits of @word's bytes that are dots, the first byte's lowest. */
static inline guint32 set_file_dots(guint64 word)
{
    const guint64 low = G_GUINT64_CONSTANT(0x7f7f7f7f7f7f7f7f);
    guint64 other = word ^ G_GUINT64_CONSTANT(0x2e2e2e2e2e2e2e2e);
    guint64 dots = ~(((other & low) + low) | other | low);
    return (guint32)((dots >> 7) * G_GUINT64_CONSTANT(0x0102040810204080) >> 56);
}
