/* load.h - from STIX objects to a set: which of their values are to be found, and until when. */
#pragma once

#include "policy/marking.h"
#include "shield/set_builder.h"
#include "stix/object.h"

typedef struct {
    gint64 now;           /* microseconds */
    gboolean expired;     /* take what is revoked, no longer valid or not yet valid, too */
    gboolean observables; /* take the values of observables, too, not only those of indicators */
    MarkingPap pap;       /* of what the object came in; the stricter counts */
    gboolean future;      /* take what is not yet valid: the set tells when it will be */
    int min_confidence;   /* 0: any; else what has none is left out */
    MarkingTlp most_tlp;  /* NONE: any; else what bears none is left out, as nobody said how far it
                             may go */
    MarkingPap most_pap;  /* likewise */
} LoadOptions;

typedef enum {
    LOAD_TAKEN,
    LOAD_OTHER,      /* no indicator, or observables are not wanted */
    LOAD_OBSERVABLE, /* an observable that would have been taken with `observables` */
    LOAD_EMPTY,      /* its pattern names no value that can be found in text */
    LOAD_MISREAD,    /* its pattern cannot be read: Object.pattern_problem says why */
    LOAD_PATTERN,    /* likewise, but the evaluator can look for it */
    LOAD_OUT_OF_DATE,
    LOAD_UNWANTED, /* by its confidence or marking */
} LoadOutcome;

/* What came of many objects. */
typedef struct {
    guint64 taken;       /* indicators with values to look for */
    guint64 empty;       /* their pattern names nothing that can be found in a text */
    guint64 patterns;    /* likewise, but they can be looked for in observations */
    guint64 out_of_date; /* revoked, no longer or not yet valid, taken back */
    guint64 unwanted;    /* by their confidence or marking */
    guint64 observables; /* left out because only indicators count */
    guint64 misread;     /* their pattern cannot be read */
    guint64 broken;      /* entries that could not be read */
    guint64 lost;        /* inputs that end too early, or of which a file could not be read */
} LoadCounts;

void load_count(LoadCounts *counts, LoadOutcome outcome);

/* Adds an indicator of one canonical value, as load_object() would if @indicator were of an object
 * that has it in its pattern and bears these markings: @indicator has all but `withdrawn`, and
 * `name` even if it only says the value again. @port: 0, or what the pattern asks for beside the
 * value; it is `pattern` then. */
gboolean load_value(SetBuilder *builder, const SetIndicator *indicator, ObservableKind kind,
                    const char *canonical, guint16 port, const LoadOptions *options,
                    LoadOutcome *ret_outcome, GError **error);

/* The same, when the identifier is yet to be made of `id`: set_builder_add_made(). @space: NULL
 * when it is not. */
gboolean load_made_value(SetBuilder *builder, const SetIndicator *indicator, const guint8 *space,
                         ObservableKind kind, const char *canonical, guint16 port,
                         const LoadOptions *options, LoadOutcome *ret_outcome, GError **error);

/* Takes one object, as load_object() does. */
typedef gboolean (*LoadTake)(gpointer into, const Object *object, const char *source,
                             MarkingTlp tlp, const LoadOptions *options, LoadOutcome *ret_outcome,
                             GError **error);

/* What is to be known of @object beside its values: @root is its JSON, borrowed as the others. */
void load_describe(const Object *object, yyjson_val *root, const char *source, MarkingTlp tlp,
                   const LoadOptions *options, SetIndicator *ret_indicator);

/* Adds @object, which @source gave, to @builder; if it bears no marking, with the level @tlp of
 * what it came in (MARKING_TLP_NONE: none is known). An indicator that is revoked or out of date
 * hides its own older versions. */
gboolean load_object(SetBuilder *builder, const Object *object, const char *source, MarkingTlp tlp,
                     const LoadOptions *options, LoadOutcome *ret_outcome, GError **error);
