/* minimise.h - leaving personal data out of STIX objects before they are committed to anyone.
 *
 * Rules name what is left out. What loses something, or refers to what did, becomes another object
 * with another id, the same for all recipients and at every repetition; the rest stays byte for
 * byte. docs/policy.md ("Minimisation") says how the ids are made, and why. */
#pragma once

#include "base/error.h"

#define MINIMISE_RULES_MAX   256
#define MINIMISE_OBJECTS_MAX 65536 /* of one set */

/* The UUID namespace of the ids made here: UUIDv5 of "minimise.concert.example" among DNS names. */
#define MINIMISE_NAMESPACE "6564b726-fb5e-5f7b-b3fe-40d645ebafdf"

typedef struct Minimise Minimise;

/* Reads rules, separated by commas and white space:
 *
 *   email-addr              no object of the type, and no reference to any
 *   email-message.body      the property of that type
 *   *.x_owner_phone         the property of every type
 *
 * CONCERT_ERROR_INPUT names the rule that is none, that is about a property which makes an object
 * what it is (type, id, created, ...) or says how it may be shared (the markings), or about the
 * types that markings and extensions are defined by; CONCERT_ERROR_LIMIT if there are too many. The
 * empty text leaves nothing out. */
Minimise *minimise_new(const char *rules, GError **error);

void minimise_free(Minimise *minimise);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Minimise, minimise_free)

/* The rules, sorted, each once, joined by ", ": the same for the same rules, however they were
 * written. Owned by @minimise. */
const char *minimise_text(const Minimise *minimise);

typedef enum {
    MINIMISE_SAME,     /* as it was, byte for byte */
    MINIMISE_REPLACED, /* another object took its place */
    MINIMISE_MERGED,   /* an observable, which without what was left out is one that goes out
                          already: @new_id is that one's */
    MINIMISE_LEFT_OUT,
} MinimiseFate;

typedef struct {
    MinimiseFate fate;
    GBytes *bytes; /* what goes out; NULL if merged or left out */
    char *id;      /* of what was given */
    char *new_id;  /* of what goes out in its place; NULL if left out */
    char *reason;  /* why it was left out, in words; else NULL */
} MinimiseObject;

/* Applies the rules to a set of objects, those of one dispatch: references inside the set follow.
 * An object that would be none any more without what is to be left out (a required property) is
 * left out as a whole, and so is what cannot be without it. Returns a MinimiseObject for each of
 * the
 * @n_objects, in their order; whatever goes out and is not the same passes object_read() at least
 * as the original did.
 *
 * Fails with CONCERT_ERROR_INPUT if an object has no type or id or is no JSON, naming its place,
 * and with CONCERT_ERROR_LIMIT if there are too many or one is too large. Free with
 * g_ptr_array_unref(). */
GPtrArray *minimise_apply(const Minimise *minimise, GBytes *const *objects, guint n_objects,
                          GError **error);
