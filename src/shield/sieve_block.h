/* sieve_block.h - what the parts of the sieve hand to each other. Private to the sieve_* files.
 *
 * A text is sieved in blocks of SIEVE_WORDS words of 64 bytes. For each block a row of words holds
 * a bit a byte: word SIEVE_FIRST is the block's first; the word before it is that of the block
 * before, and SIEVE_AHEAD words lie behind. */
#pragma once

#include "shield/filter.h"
#include "shield/key.h"
#include "shield/nets4.h"
#include "shield/script.h"
#include "shield/sieve.h"
#include "stix/observable_address.h"

#define SIEVE_WORDS 128
#define SIEVE_FIRST 8
/* Words that are looked at beyond the block: the longest hash and what follows it, and as many as
 * are combined at a time. */
#define SIEVE_AHEAD 8
#define SIEVE_ROW   (SIEVE_FIRST + SIEVE_WORDS + SIEVE_AHEAD + 8)

/* Masks. */
typedef enum {
    /* of the bytes as they are */
    SIEVE_HOST, /* letters, digits, '.', '-', '_' */
    SIEVE_LETTER,
    SIEVE_DOT,
    SIEVE_HEX,
    SIEVE_COLON,
    SIEVE_UNDERSCORE,
    SIEVE_PERCENT,
    SIEVE_BACKSLASH, /* '\\', and the '#' of "#012" */
    SIEVE_SLASH,
    SIEVE_AT,
    SIEVE_OPEN,  /* ( [ { <, with which defanged separators begin */
    SIEVE_CLOSE, /* ) ] } >, with which they end */
    SIEVE_NEXT,  /* what may stand next in them: . : @ / a d A D */
    SIEVE_AFTER, /* what may stand behind a backslash and change what follows, at least */
    SIEVE_HIGH,  /* not ASCII */
    SIEVE_CLASSES,
    /* of what they make */
    SIEVE_ESCAPE = SIEVE_CLASSES, /* the '%' of "%2F" */
    SIEVE_RUN,                    /* SIEVE_HOST without the digits of such escapes */
    SIEVE_WORD,                   /* letters of it */
    SIEVE_ALNUM,                  /* letters and digits of it */
    SIEVE_DIGITS,                 /* hexadecimal digits of it */
    SIEVE_PAIR,                   /* colons that are followed by another as in an IPv6 address */
    SIEVE_MASKS,
} SieveMask;

/* Places of one kind in a block. */
typedef enum {
    SIEVE_NAMES,   /* ends of runs with letters and dots */
    SIEVE_NUMBERS, /* ends of runs of digits and dots that have dots like an IPv4 address */
    /* the same where marks make it less plain what the name or the address is: */
    SIEVE_MARKED_NAMES,
    SIEVE_MARKED_NUMBERS,
    SIEVE_ESCAPES, /* where escapes begin */
    /* Hosts of URLs and e-mail addresses that are not looked at as names: */
    SIEVE_HOSTS,     /* the first byte, where it is no letter */
    SIEVE_HOST_ENDS, /* behind the last, where it is one */
    SIEVE_HASHES,    /* first of 32 hexadecimal digits, that may be of the set */
    SIEVE_JA4S,      /* the first underscore of what may be a JA4 */
    SIEVE_COLONS,    /* ends of runs of digits and colons */
    SIEVE_SPLITS,    /* names that end before "..": the first of the dots */
    SIEVE_OTHERS,    /* ends of runs with dots and other scripts */
    SIEVE_LISTS,
} SieveList;

/* Chains of carries. */
typedef enum {
    SIEVE_CARRY_DOT,
    SIEVE_CARRY_WORD,
    SIEVE_CARRY_MARK,
    SIEVE_CARRY_OFF,
    SIEVE_CARRY_QUAD,
    SIEVE_CARRY_HOST,
    SIEVE_CARRY_CHAIN,
    SIEVE_CARRY_HIGH,
    SIEVE_CARRY_HIGH_DOT,
    SIEVE_CARRIES,
} SieveCarry;

/* Most places of one kind in a block, and some that are written without being asked for. */
#define SIEVE_LIST_MAX (SIEVE_WORDS * 64 + 64)

/* Words that are classified and listed together, in steps of as many as are combined at a time:
 * whether any of so many has a place is less of a surprise than whether one has. */
#define GROUP 8
/* Words of masks that are combined at a time, unless who includes this says otherwise. */
#ifndef LANES
#define LANES 8
#endif
typedef guint64 Words __attribute__((vector_size(8 * LANES)));
/* The same where it lies among other words: only to be read and written through. */
typedef guint64 WordsInMemory __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

/* Escapes in escapes that are looked through, as SPOT_DEPTH. */
#define SIEVE_DEPTH 2

/* Words of a mask that have any ones, until these are listed; one more may be written. */
typedef struct {
    guint64 words[SIEVE_WORDS + 1];
    guint32 bases[SIEVE_WORDS + 1]; /* numbers of their first bytes */
} SieveWaiting;

typedef struct {
    guint64 masks[SIEVE_MASKS][SIEVE_ROW];
    guint8 windows[16 * SIEVE_ROW]; /* SIEVE_RUN and SIEVE_DOT, their bytes in turn */
    guint known; /* words of it that have been classified with the block before */
    guint8 carries[SIEVE_CARRIES];
    gboolean high; /* is anything of the block, or the word before, not ASCII? */
    guint counts[SIEVE_LISTS];
    guint32 lists[SIEVE_LISTS][SIEVE_LIST_MAX]; /* from the block's start */
    guint name_hits, number_hits;               /* what the filters let through: */
    gint32 names[SIEVE_LIST_MAX];               /* last bytes of names */
    struct {
        gint32 end; /* behind the last digit */
        guint32 length, address;
    } numbers[SIEVE_LIST_MAX];
    SieveWaiting waiting[2];
} SieveBlock;

/* Of a piece of the text beside the text: where it begins, and what it was unfolded from. */
typedef struct {
    gsize start;
    gsize origin; /* an offset in the text, within the field */
} SievePiece;

/* A text and the text beside it, which is the next level's. */
typedef struct {
    SieveBlock *block;
    const guint8 *text;
    gsize length;
    gsize until[2]; /* what lies before was unfolded */
    GByteArray *side;
    GArray *pieces; /* SievePiece */
    GArray *found;  /* gsize: places of the side text */
    /* Addresses and names that the filters let through, while they wait to be asked for together;
     * and the places of their last bytes. */
    guint32 addresses[SET_TOGETHER];
    SetName names[SET_TOGETHER];
    gsize last_digits[SET_TOGETHER], last_letters[SET_TOGETHER];
    guint address_count, name_count;
} SieveLevel;

/* Classifies the words of the block at @text, of which @length bytes are there, lists places, and
 * asks the filters for names and numbers. */
typedef void (*SieveLook)(const Sieve *sieve, SieveBlock *block, const guint8 *text, gsize length);

/* What differs from one kind of machine to the other. */
typedef struct {
    SieveLook look;
    SieveCount count;
} SieveVariant;

extern const SieveVariant sieve_plain, sieve_avx2, sieve_avx512;

struct Sieve {
    const Set *set;
    const Filters *filters;
    guint64 seed_name2, seed_name3, seed_v4, seed_v6;
    gboolean names, addresses; /* has the set any? */
    SieveSimd simd;
    const SieveVariant *variant;
    Script *script;
    SieveLevel levels[SIEVE_DEPTH + 1];
};

/* sieve_rare.c: what is looked at byte by byte. Each says whether a place at @at, an offset in the
 * level's text, is one the spotter must look at. */
gboolean sieve_rare_address(const Sieve *sieve, const ObservableAddress *address);
gboolean sieve_rare_host(const Sieve *sieve, const SieveLevel *level, gsize at);
gboolean sieve_rare_host_end(const Sieve *sieve, const SieveLevel *level, gsize at);
gboolean sieve_rare_hash(const Sieve *sieve, const SieveLevel *level, gsize at);
gboolean sieve_rare_ja4(const Sieve *sieve, const SieveLevel *level, gsize at);
gboolean sieve_rare_colons(const Sieve *sieve, const SieveLevel *level, gsize at);
gboolean sieve_rare_split(const Sieve *sieve, const SieveLevel *level, gsize at);

/* May the name of @length bytes before @end, KEY_WINDOW readable bytes, be a host of the set or lie
 * under one? */
gboolean sieve_rare_name(const Sieve *sieve, const char *end, gsize length);

/* The key of the hash of so many hexadecimal digits, the pairs of which stand @step bytes from each
 * other; FALSE when no hash has so many. */
gboolean sieve_rare_digest(const Sieve *sieve, const guint8 *text, gsize step, gsize digits,
                           guint64 *ret_key);

/* May the address, 16 bytes in network order, be of the set, or lie in a network of it? */
gboolean sieve_rare_v6(const Sieve *sieve, const guint8 address[16]);

/* sieve_script.c: the same of the run with other scripts and dots that ends at @at. */
gboolean sieve_script_name(const Sieve *sieve, const SieveLevel *level, gsize at);

/* sieve_side.c: if the escape at @at can matter, unfolds the field around it. */
void sieve_side_add(SieveLevel *level, gsize at);

/* Is a backslash escape at @at one whose letters the spotter leaves out of the word behind it even
 * where it unfolds no more, and may that word be of the set? */
gboolean sieve_side_is_skipped(const Sieve *sieve, const SieveLevel *level, gsize at);
