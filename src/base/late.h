/* late.h - libraries that are loaded when they are first used.
 *
 * libcurl, libarchive, libxml2, libpcap and GPGME bring thirty further libraries with them:
 * Kerberos, LDAP, SSH, ICU, C++. Most commands use none of them, and what is not mapped takes no
 * time, no memory, and is not there to be attacked. A library is loaded under the soname that
 * belonged to the headers when Concert was built, and stays; its functions are called through a
 * struct of pointers that have the types of the headers, `late_curl()->easy_init()`. What is loaded
 * so is not seen by who packages Concert, so a note in the program says it, as the UAPI group's
 * "ELF dlopen metadata" has it.
 *
 *     #define PCAP_FUNCTIONS(F) F(pcap_, create) F(pcap_, close)
 *     LATE_DECLARE(static, late_pcap, LatePcap, PCAP_FUNCTIONS)
 *     LATE_DEFINE(late_pcap, LatePcap, PCAP_FUNCTIONS, LATE_SONAME_PCAP, "libpcap0.8", "pcap",
 *                 "packets of network interfaces", "recommended")
 *
 * make the type LatePcap with the members create and close; late_pcap_load(), which loads unless it
 * is loaded, from any thread; and late_pcap(), for who knows that it is. */
#pragma once

#include <glib.h>

#include "base/error.h"

typedef struct {
    const char *soname;
    const char *package;      /* of Debian, for who has to install it */
    const char *const *names; /* of the functions */
    gpointer *functions;      /* as many: where they are */
    guint n_functions;
    gint loaded; /* atomic */
} Late;

/* CONCERT_ERROR_IO when the library is not there or lacks a function. What failed is tried again
 * when it is called again. */
gboolean late_load(Late *late, GError **error);

/* @scope: extern, in a header; static, for a library that only one file uses. */
#define LATE_DECLARE(scope, name, Type, FUNCTIONS)                                                 \
    typedef struct {                                                                               \
        FUNCTIONS(LATE_MEMBER_)                                                                    \
    } Type;                                                                                        \
    scope gboolean name##_load(GError **error);                                                    \
    scope const Type *name(void);

/* @priority: "required", "recommended" or "suggested", to who wants @feature. */
#define LATE_DEFINE(name, Type, FUNCTIONS, soname, package, feature, description, priority)        \
    LATE_NOTE_(name##_note, "[{\"feature\":\"" feature "\",\"description\":\"" description         \
                            "\",\"priority\":\"" priority "\",\"soname\":[\"" soname "\"]}]");     \
    static const char *const name##_names[] = {FUNCTIONS(LATE_NAME_)};                             \
    static Type name##_functions;                                                                  \
    _Static_assert(sizeof(Type) == G_N_ELEMENTS(name##_names) * sizeof(gpointer), "pointers");     \
    static Late name##_late = {                                                                    \
        soname, package, name##_names, (gpointer *)&name##_functions, G_N_ELEMENTS(name##_names),  \
        FALSE};                                                                                    \
    gboolean name##_load(GError **error)                                                           \
    {                                                                                              \
        return late_load(&name##_late, error);                                                     \
    }                                                                                              \
    const Type *name(void)                                                                         \
    {                                                                                              \
        g_assert(g_atomic_int_get(&name##_late.loaded));                                           \
        return &name##_functions;                                                                  \
    }

#define LATE_MEMBER_(prefix, function) typeof(&prefix##function) function;
#define LATE_NAME_(prefix, function)   #prefix #function,

#define LATE_NOTE_(variable, json)                                                                 \
    static const struct {                                                                          \
        guint32 name_size, json_size, type;                                                        \
        char name[4];                                                                              \
        _Alignas(4) char text[sizeof(json)];                                                       \
    } variable __attribute__((used, section(".note.dlopen"), aligned(4))) = {                      \
        4, sizeof(json), 0x407c0c0a, "FDO", json}
