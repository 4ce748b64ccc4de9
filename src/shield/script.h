/* script.h - from names in scripts other than ASCII to the keys of their last labels.
 *
 * Texts in other scripts are full of what could be names: any words with a full stop between. To
 * turn each into A-labels takes microseconds; whether a set has any host that ends in the same two
 * characters can be told in nanoseconds, and what most become in tens of them. */
#pragma once

#include <glib.h>

/* The key, key_script_label(), of the A-label ("xn--...", in lower case); FALSE when it is none, or
 * one that no text can be turned into. */
gboolean script_a_label_key(const char *label, gsize length, guint *ret_key);

/* Remembers what characters become, and names. One thread's, and one set's. */
typedef struct Script Script;

Script *script_new(void);
void script_free(Script *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Script, script_free)

/* Whether the set may have the name, as it stands in a text, as was found out before: names come
 * again. FALSE when that is not remembered. */
gboolean script_recall(const Script *script, const char *name, gsize length,
                       gboolean *ret_may_have);
void script_note(Script *script, const char *name, gsize length, gboolean may_have);

/* The first byte of the last label of a name as it stands in a text, valid UTF-8; what its dots may
 * be is U+3002, U+FF0E and U+FF61, too. *ret_end: behind the label, without dots behind it. */
gsize script_last_label(const char *name, gsize length, gsize *ret_end);

/* The key of the label as it stands in a text, valid UTF-8. FALSE when that takes more than looking
 * at its last two characters: they may be composed with others, or become several, or ASCII. */
gboolean script_label_key(Script *script, const char *label, gsize length, guint *ret_key);

/* What of a name the sieve asks for: its last three labels, as A-labels. */
#define SCRIPT_LABELS     3
#define SCRIPT_LABELS_MAX (SCRIPT_LABELS * 64)

typedef enum {
    SCRIPT_WRITTEN,
    SCRIPT_NO_NAME, /* one of them is too long */
    SCRIPT_UNKNOWN, /* that takes more than looking at each character alone */
} ScriptLabels;

/* Writes the last labels of the name as it stands in a text, valid UTF-8 without dots behind it. */
ScriptLabels script_last_labels(Script *script, const char *name, gsize length,
                                char into[SCRIPT_LABELS_MAX], gsize *ret_length);
