/* set_builder.h - compiles indicators into the bytes of a set (set_file.h), to be opened by set.h.
 *
 * The same indicators under the same secret give the same bytes, in whatever order they were added
 * and on any day. */
#pragma once

#include "shield/set.h"
#include "shield/warninglist.h"

typedef struct SetBuilder SetBuilder;

/* Bytes of the secret that makes the keys of a set's values unpredictable: see key.h. */
#define SET_BUILDER_SECRET 32

/* @secret: NULL for a random one, when nobody else will build the same set. */
SetBuilder *set_builder_new(const guint8 secret[SET_BUILDER_SECRET]);

void set_builder_free(SetBuilder *builder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SetBuilder, set_builder_free)

/* Begins an indicator; the values added next are its. Its pattern is kept for set_each_pattern(),
 * without asking whether it is one. CONCERT_ERROR_LIMIT when the set is full
 * (4 GiB of text of a kind, 2^31 values). */
gboolean set_builder_add_indicator(SetBuilder *builder, const SetIndicator *indicator,
                                   GError **error);

/* The same, of an identifier that is yet to be made: "indicator--" and the UUIDv5 of `id` in the
 * namespace @space. */
gboolean set_builder_add_made(SetBuilder *builder, const SetIndicator *indicator,
                              const guint8 space[16], GError **error);

/* Marks values that one of @lists names, which is used until the set is finished. */
void set_builder_use_lists(SetBuilder *builder, const Warninglist *lists);

/* Notes @text under @key in what set_info() tells. */
void set_builder_note(SetBuilder *builder, const char *key, const char *text);

/* Adds a canonical value to the indicator last begun. Values of OBSERVABLE_OTHER, and texts that
 * are no canonical values of their kind, are passed over: nothing would ever find them. A domain
 * that is a public suffix (suffix.h) is refused: counted, and named in set_info(). */
gboolean set_builder_add_value(SetBuilder *builder, ObservableKind kind, const char *canonical,
                               GError **error);

/* The set's bytes. Ends building: nothing more may be added. */
GBytes *set_builder_finish(SetBuilder *builder, GError **error);

/* The same, opened. */
Set *set_builder_open(SetBuilder *builder, GError **error);
