/* misp_event.h - the state of one MISP event on its way to STIX, and how its parts are handed on.
 *
 * Every part (an attribute, an object, a sighting) is a unit: its STIX objects are checked by
 * object_read() and handed on all together or not at all, so that a part that cannot be said in
 * STIX is told in another way instead of half. */
#pragma once

#include "intake/intake.h"
#include "intake/misp_path.h"
#include "intake/misp_tags.h"

typedef struct {
    const char *name; /* of the input, for messages */
    const char *path; /* JSON path of the item */
    const IntakeOptions *options;
    const IntakeSink *sink;

    char *uuid;         /* NULL for attributes and objects without an event */
    char *creator;      /* id of the organisation's identity; NULL: unknown */
    char *creator_name; /* NULL: unknown */
    gint64 created;     /* date of the event; 0: unknown */
    gint64 modified;    /* its timestamp */
    MispTags *tags;

    GPtrArray *refs;    /* char *: ids of what was handed on, in order */
    GHashTable *seen;   /* the same, to know them again */
    GHashTable *mains;  /* UUID of an attribute or object -> char *, id of what it became */
    GPtrArray *pending; /* of misp_object.c: references to what may come later */
    gboolean stopped;   /* the sink wants no more */
    GError *error;      /* why, to be handed on */
} MispEvent;

/* When something was made, changed and seen; 0: unknown. modified is never before created, last
 * never before first. */
typedef struct {
    gint64 created, modified, first, last;
} MispTimes;

/* What an attribute or object says beside its values. */
typedef struct {
    yyjson_val *entry; /* as MISP gave it */
    const char *path;  /* JSON path */
    char *uuid;
    gboolean made_uuid; /* MISP gave none */
    MispTimes times;
    MispTags *tags;
    GPtrArray *labels; /* char *: type, category, ... */
    char *comment;     /* NULL: none */
    char *category;    /* NULL: none */
    gboolean to_ids;
    gboolean deleted;
} MispSubject;

void misp_event_subject_clear(MispSubject *subject);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MispSubject, misp_event_subject_clear)

/* STIX objects that are handed on together. */
typedef struct {
    yyjson_mut_doc *doc;
    GPtrArray *objects; /* yyjson_mut_val * */
} MispUnit;

MispUnit *misp_event_unit_new(void);
void misp_event_unit_free(MispUnit *unit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MispUnit, misp_event_unit_free)

/* @event is zeroed apart from name, path, options and sink. */
void misp_event_init(MispEvent *event);
void misp_event_clear(MispEvent *event);

/* Tells the sink, with "<name>: <path>" for where. */
void misp_event_note(const MispEvent *event, IntakeNote note, const char *path, const char *format,
                     ...) G_GNUC_PRINTF(4, 5);

/* The tags of @entry, under those of the event. */
MispTags *misp_event_tags(const MispEvent *event, yyjson_val *entry, const char *path);

/* The times of @entry, from those of the event where it has none. */
MispTimes misp_event_times(const MispEvent *event, yyjson_val *entry);

/* A new STIX object in @unit with the properties that all domain objects share. @creator: NULL
 * leaves created_by_ref out. */
yyjson_mut_val *misp_event_object(MispUnit *unit, const char *type, const char *uuid,
                                  const char *creator, gint64 created, gint64 modified);

/* Adds a time property. */
void misp_event_put_time(MispUnit *unit, yyjson_mut_val *object, const char *key, gint64 us,
                         guint digits);

/* Adds "@source_ref @type @target_ref" to @unit. @uuid: NULL makes one. */
yyjson_mut_val *misp_event_relate(const MispEvent *event, MispUnit *unit, const char *uuid,
                                  const char *source_ref, const char *type, const char *target_ref,
                                  const MispTimes *times, const MispTags *tags);

/* Checks the objects of @unit and hands them on. FALSE and *ret_problem (caller frees) when one of
 * them is no valid STIX; nothing was handed on then. What the sink refuses is in the event. */
gboolean misp_event_emit(MispEvent *event, MispUnit *unit, const char *path, char **ret_problem);

/* misp_event_emit() for what has no second form: the problem is noted. */
void misp_event_emit_or_note(MispEvent *event, MispUnit *unit, const char *path);

/* The identity of the organisation @org, which is handed on when it is new. Its id, or NULL when
 * @org names nobody. Caller frees. */
char *misp_event_organisation(MispEvent *event, yyjson_val *org, const char *path);

/* Hands on what @tags refer to: TLP markings. */
void misp_event_emit_markings(MispEvent *event, const MispTags *tags, const char *path);

/* Copies every member of @entry that is neither in @known (NULL-terminated) nor a number of one
 * MISP database to x_misp_<key> of @object. */
void misp_event_keep(const MispEvent *event, MispUnit *unit, yyjson_mut_val *object,
                     yyjson_val *entry, const char *const *known);

/* A copy of @entry without the numbers of one MISP database, and without "data" unless
 * @with_data. */
yyjson_mut_val *misp_event_copy(MispUnit *unit, yyjson_val *entry, gboolean with_data);
