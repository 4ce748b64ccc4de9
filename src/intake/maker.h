/* maker.h - hands made indicators to the sink: what lists and tables have in common. */
#pragma once

#include "intake/indicator.h"
#include "intake/intake.h"
#include "intake/value.h"

typedef struct {
    const char *name;             /* of the input; borrowed */
    const IntakeOptions *options; /* borrowed */
    const IntakeSink *sink;       /* borrowed */
    char *source;
    GString *json, *where;
    gsize where_name; /* length of "name:" in where */
    guint markings;   /* bit set: the TLP definitions handed on already */
    gboolean stopped; /* the sink refused */
} Maker;

/* Fails when the options' TLP is no level of TLP 2.0. */
gboolean maker_init(Maker *maker, const char *name, const IntakeOptions *options,
                    const IntakeSink *sink, GError **error);

void maker_clear(Maker *maker);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Maker, maker_clear)

/* "name:line"; valid until the next call. */
const char *maker_where(Maker *maker, guint64 line);

/* An indicator of @value as the options want it; it borrows from both. */
Indicator maker_indicator(const Maker *maker, const Value *value);

/* Hands @indicator on, marked with the level @tlp (NULL: that of the options), after that marking's
 * definition. FALSE with @error when the sink refuses. */
gboolean maker_give(Maker *maker, Indicator *indicator, const char *tlp, guint64 line,
                    GError **error);

/* Who gives an input of that name when nobody says: its last part without what tells of format or
 * compression ("feeds/ipsum.txt.gz": "ipsum"). Caller frees. */
char *maker_source(const char *name);
