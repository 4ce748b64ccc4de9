/* indicator.h - STIX 2.1 indicators made from values: the JSON text, its pattern and its id.
 *
 * Foreign formats name a value and little else. An indicator made from it is the same at every
 * import, byte for byte: its id follows from who gives it and what it names, its times from the
 * input or the options, never from the clock. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

/* Room for "indicator--" and a UUID with the terminating NUL. */
#define INDICATOR_ID_SIZE 48

/* What an indicator says. All texts are borrowed, UTF-8 (what is not is replaced by U+FFFD), and
 * escaped by the writer. NULL, 0 and -1 leave a property out where noted. Start from
 * INDICATOR_INIT. */
typedef struct {
    const char *source;  /* who gives it: goes into the id; NULL counts as "" */
    ObservableKind kind; /* with value: what it is about */
    const char *value;   /* canonical text */
    guint port;          /* destination port of an address or a name; 0: any */
    const char *id;      /* NULL: indicator_id() of the four above */
    const char *pattern; /* STIX pattern; NULL: indicator_port_pattern() of kind, value and port */
    const char *name;    /* NULL: the value (with ":port") */
    const char *description;            /* NULL: none */
    const char *created_by_ref;         /* NULL: none */
    const char *const *indicator_types; /* NULL-terminated; NULL or empty: none */
    const char *const *labels;          /* NULL-terminated; NULL or empty: none */
    gint64 created;                     /* microseconds since 1970 */
    gint64 modified;                    /* raised to created when it is earlier */
    gint64 valid_from;
    gint64 valid_until;              /* 0: none; left out unless it is later than valid_from */
    int confidence;                  /* 0 to 100; -1: none */
    const char *const *marking_refs; /* ids, NULL-terminated; NULL or empty: none */
    const char *reference; /* URL for external_references, with source as source_name; NULL: none */
    const char *members; /* further members as JSON text without braces ("\"x_a\":1"); NULL: none */
} Indicator;

#define INDICATOR_INIT                                                                             \
    {                                                                                              \
        .confidence = -1                                                                           \
    }

/* The pattern that finds @canonical, a value of @kind: "[ipv4-addr:value = '192.0.2.1']"; NULL for
 * OBSERVABLE_NONE and OBSERVABLE_OTHER, of which no path is known. Caller frees. */
char *indicator_pattern(ObservableKind kind, const char *canonical);

/* The same for a connection to @port (0: indicator_pattern()) of an IPV4, IPV6 or DOMAIN:
 * "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.1' AND
 * network-traffic:dst_port = 8080]". NULL for other kinds. */
char *indicator_port_pattern(ObservableKind kind, const char *canonical, guint port);

/* The namespace of the UUIDv5 of deterministic ids: 32aedeeb-234f-5c4b-b685-254ba74db765. */
extern const guint8 indicator_namespace[16];

/* What the UUIDv5 of indicator_id() is over. Writes into @buffer, without a NUL, and returns how
 * long it is, or 0 when there is not enough room. */
gsize indicator_id_name(char *buffer, gsize size, const char *source, ObservableKind kind,
                        const char *canonical, guint port);

/* The deterministic id: "indicator--" and a UUIDv5 over source, kind, value and port, as
 * docs/intake.md says. Writes into @buffer and returns it. */
const char *indicator_id(char buffer[INDICATOR_ID_SIZE], const char *source, ObservableKind kind,
                         const char *canonical, guint port);

/* What an indicator of a value with a port is called when nobody says: "192.0.2.1:8080",
 * "[2001:db8::1]:8080". Writes into @buffer, as far as there is room, and returns it. */
const char *indicator_port_name(char *buffer, gsize size, const Indicator *indicator);

/* Appends the JSON text of the indicator, one line without newline, to @json. FALSE, and @json
 * untouched, when it has no pattern. */
gboolean indicator_write(const Indicator *indicator, GString *json);

/* Appends @text (@length bytes) as a JSON string, quotes included; invalid UTF-8 is replaced. For
 * readers that write other objects. */
void indicator_append_string(GString *json, const char *text, gsize length);

/* The id of the marking definition of a TLP 2.0 level, "clear", "green", "amber", "amber+strict" or
 * "red" in any case, with or without "TLP:"; "white" is clear, as FIRST says. NULL: no such level.
 */
const char *indicator_tlp_marking(const char *tlp);

/* The text of that marking definition as OASIS publishes it (cti-stix-common-objects, tlp-2.0), so
 * that what refers to it finds it. Static; NULL: no such level. */
const char *indicator_tlp_object(const char *tlp);
