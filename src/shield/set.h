/* set.h - a compiled set of indicators, made to be asked "is this one of them?" very often.
 *
 * Built by set_builder.h, opened here from its file or from bytes in memory, then only read;
 * reading is safe from any thread. Values are looked up by their canonical text
 * (stix/observable.h). Filters answer the overwhelming "no" without touching the values, and what
 * is known of an indicator is not touched before one of its values was found.
 *
 * A set holds what is valid or will be, as of when it was built: whoever reads a hit asks whether
 * it still is (set_value_is_valid()). */
#pragma once

#include "base/error.h"
#include "policy/marking.h"
#include "shield/filter.h"
#include "stix/observable.h"
#include "stix/observable_address.h"

typedef struct Set Set;

/* An indicator as it is given. */
typedef struct {
    const char *id;     /* STIX identifier */
    const char *source; /* who gives it: a file, or the source the store knows it by */
    const char *name;   /* NULL: none */
    gint64 version;     /* `modified`; of one id only the latest version counts */
    int confidence;     /* 0 to 100; -1: none */
    MarkingTlp tlp;
    MarkingPap pap;
    gint64 valid_from;   /* microseconds; 0: always */
    gint64 valid_until;  /* 0: for good */
    gboolean withdrawn;  /* revoked or out of date: only hides older versions of the same id */
    const char *pattern; /* a STIX pattern that says more than "one of these values"; NULL: it does
                            not, values say it all */
    gboolean pattern_20; /* it is of STIX 2.0's grammar */
} SetIndicator;

/* Opens the file @path, or @bytes, of which it keeps a reference. What scanning touches is mapped,
 * what is known of an indicator is read when it is asked for. Checks in constant time that the
 * file is whole and that nothing in it leads outside of it; that no bit of it has changed is told
 * by set_check(). CONCERT_ERROR_INPUT names what is wrong, CONCERT_ERROR_NEWER that a newer Concert
 * made it. */
Set *set_open(const char *path, GError **error);
Set *set_open_bytes(GBytes *bytes, GError **error);

/* Reads all of it and compares the checksum. */
gboolean set_check(const Set *set, GError **error);

void set_free(Set *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Set, set_free)

/* Different (value, indicator) pairs that can be found; patterns that need the evaluator
 * (detector.h); indicators that have any of either. */
guint64 set_count_values(const Set *set);
guint64 set_count_patterns(const Set *set);
guint64 set_count_indicators(const Set *set);

/* Bytes of the set that scanning may touch as long as it finds nothing. */
gsize set_scanned_size(const Set *set);

/* Has the set any value of this kind? */
gboolean set_has(const Set *set, ObservableKind kind);

/* A value found: a number, good for set_read() and set_next(). */
typedef guint32 SetEntry;

#define SET_NONE G_MAXUINT32

/* Most entries one question can have: all parents of a name, all prefixes of an address. */
#define SET_MAX_FOUND 160

/* The first entry of exactly this value. */
SetEntry set_find(const Set *set, ObservableKind kind, const char *canonical, gsize length);

/* The first entries of the domains that @canonical is or lies under, the longest last. Returns how
 * many. */
guint set_find_domain(const Set *set, const char *canonical, gsize length,
                      SetEntry ret_found[SET_MAX_FOUND]);

/* The first entries of the address and of all prefixes that cover it; for a prefix, of all prefixes
 * that cover it or equal it. */
guint set_find_address(const Set *set, const ObservableAddress *address,
                       SetEntry ret_found[SET_MAX_FOUND]);

/* FALSE when surely no URL of the set has this canonical host. */
gboolean set_may_have_url_host(const Set *set, const char *host, gsize length);

/* Addresses, or names, that are asked for at once. */
#define SET_TOGETHER 64

/* A canonical name. */
#define SET_NAME_MAX 64
typedef struct {
    gsize length;
    char text[SET_NAME_MAX];
} SetName;

/* Of @count IPv4 addresses in host order, no more than SET_TOGETHER, bit n is 0 when surely no
 * address or network of the set is or has number n, and it is no URL's host: what the filters let
 * through is asked here before more is done about it. Together they wait for memory together. */
guint64 set_may_have_v4(const Set *set, const guint32 *addresses, guint count);

/* The same of names: bit n is 0 when surely neither number n nor a name above it is a domain of the
 * set, and it is no URL's host. */
guint64 set_may_have_names(const Set *set, const SetName *names, guint count);

/* Are there URLs whose host is a name of one label, "localhost"? A record that says such a host and
 * its path apart has nothing that looks like a value. */
gboolean set_has_one_label_urls(const Set *set);

/* The length of the longest URL of the set; 0 when there is none. */
gsize set_longest_url(const Set *set);

/* The next entry of the same value, from another indicator; SET_NONE when there is none. */
SetEntry set_next(const Set *set, SetEntry entry);

/* Lists of a value that are told with it. */
#define SET_VALUE_LISTS 32

/* What is known of an entry; `source` and `lists` are owned by the set, and `name`, too, or with
 * it by the value. */
typedef struct {
    SetEntry entry;
    ObservableKind kind;
    char value[OBSERVABLE_MAX_LENGTH + 1];
    char id[OBSERVABLE_MAX_LENGTH / 8];
    const char *source;
    const char *name; /* NULL: none */
    guint16 port;     /* that it asks for beside the value; 0: any */
    int confidence;   /* -1: none */
    MarkingTlp tlp;
    MarkingPap pap;
    gint64 version;     /* `modified` */
    gint64 valid_from;  /* microseconds; 0: always */
    gint64 valid_until; /* 0: for good */
    /* The names of the warninglists that name it, the first of them; then NULL. */
    const char *lists[SET_VALUE_LISTS + 1];
    char *kept; /* what `name` is a part of; NULL: it is the set's */
} SetValue;

/* Reads all of it; set_value_clear() frees what the value owns. FALSE when the set's file cannot be
 * read any more, which set_failed() tells; *ret_value is not set then. */
gboolean set_read(const Set *set, SetEntry entry, SetValue *ret_value);
void set_value_clear(SetValue *value);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SetValue, set_value_clear)

/* TRUE, and @error, when something of the set's file could not be read since it was opened: whoever
 * stopped at a set_read() asks this. */
gboolean set_failed(const Set *set, GError **error);

/* Compares the values of two entries: by kind, of one kind by value. The order is the same on every
 * node, that of the entries' numbers is not. */
int set_compare(const Set *set, SetEntry a, SetEntry b);

/* Is the indicator of @value valid at @now? */
static inline gboolean set_value_is_valid(const SetValue *value, gint64 now)
{
    return value->valid_from <= now && (value->valid_until == 0 || now < value->valid_until);
}

/* The port that the indicator means @value at; 0: any. Of what is no address or name a port says
 * nothing. */
static inline guint16 set_value_port(const SetValue *value)
{
    return value->kind <= OBSERVABLE_CIDR || value->kind == OBSERVABLE_DOMAIN ? value->port : 0;
}

/* The filters to ask before anything else; owned by the set. */
const Filters *set_filters(const Set *set);

/* Calls @each with every entry of the set, by kinds, of one kind by value and of one value by
 * indicator: an order that depends on nothing but what is in it. FALSE when @each said so. */
typedef gboolean (*SetEach)(gpointer user, SetEntry entry, const SetValue *value);
gboolean set_each(const Set *set, SetEach each, gpointer user);

/* Calls @each with every indicator whose pattern needs the evaluator, in the order of their ids;
 * what is shown lives until @each returns. From a file that was made by hand a pattern may be any
 * UTF-8, and what is none is passed over. FALSE when @each said so. */
typedef gboolean (*SetEachPattern)(gpointer user, const SetIndicator *indicator);
gboolean set_each_pattern(const Set *set, SetEachPattern each, gpointer user);

/* A list of well-known values (a warninglist) that the set was compiled with. */
typedef struct {
    const char *name;
    const char *version;
    guint64 values; /* of the set that it names */
} SetList;

/* Most lists a set can have. */
#define SET_MAX_LISTS 1024

/* What else is to be known of a set: a JSON object whose members are texts, but "refused", an array
 * of the first domains that were refused, and "refused_count". Owned by the set; from a file that
 * was made by hand it may be anything. */
const char *set_info(const Set *set, gsize *ret_length);

guint set_count_lists(const Set *set);
void set_read_list(const Set *set, guint list, SetList *ret_list);

/* The numbers of the lists that name the value of @entry, ascending; returns how many. A hit of a
 * value that is on a list is no news to most. */
guint set_marks(const Set *set, SetEntry entry, guint16 ret_lists[SET_MAX_LISTS]);
