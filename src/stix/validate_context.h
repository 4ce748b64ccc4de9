/* validate_context.h - the object under validation, and how breaches of it are reported.
 *
 * MUST breaches are reported as they are found. SHOULD breaches of one kind are reported once an
 * object, at their first place and with their number: an object with forty custom properties has
 * one thing to be said about them, and saying it forty times would cost more than all checks. */
#pragma once

#include "stix/validate.h"
#include "stix/validate_schema.h"

#define VALIDATE_CONTEXT_MAX_BREACHES 100
#define VALIDATE_CONTEXT_MAX_WISHES   24

struct ValidateContext {
    yyjson_val *root;      /* of the document: where paths begin */
    yyjson_val *object;    /* the STIX object that is checked now */
    yyjson_val *container; /* whose keys references mean, or NULL when they are identifiers */
    ObjectSpec spec;
    gboolean wishes_wanted; /* else SHOULDs are not looked at */
    gboolean extended;      /* the object's extensions explain properties that no table has */
    ValidateReport report;
    void *user;
    guint breaches;
    guint wish_count;
    struct {
        const char *message; /* static: its address tells the kind */
        yyjson_val *first;
        guint count;
    } wishes[VALIDATE_CONTEXT_MAX_WISHES];
};

/* Reports that a MUST is broken at @at, a value or key of the document. */
void validate_context_must(ValidateContext *context, yyjson_val *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Reports that a MUST is broken because @object lacks @name. */
void validate_context_missing(ValidateContext *context, yyjson_val *object, const char *name);

/* Notes that a SHOULD is broken at @at. @message must be static text. */
void validate_context_should(ValidateContext *context, yyjson_val *at, const char *message);

/* Reports what was noted. */
void validate_context_finish(ValidateContext *context);
