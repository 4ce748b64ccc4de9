/* notice_compose.h - notices as they are drafted: findings of one recipient, the text around them
 * in the recipient's language, and the payload of the event "drafted" (dossier/notice.h). */
#pragma once

#include <yyjson.h>

#include "node/notice_split.h"
#include "node/notice_template.h"

#define NOTICE_COMPOSE_SHOWN 40 /* findings that stand in the text; all are in the data */

/* What all notices of one run have in common; everything is borrowed. */
typedef struct {
    const char *organisation, *signatory;
    const char *templates; /* directory; NULL: none */
    const char *language;  /* in all; NULL: in each recipient's */
    const char *otherwise; /* where that is not known, or has no template */
    const char *urgency;
    const char *wanted_by; /* time as it is written; NULL */
    const char *batch;     /* NULL */
    gboolean four_eyes;
} NoticeStyle;

/* The payloads (char *, JSON) of as many notices as it takes to tell a group: more than one when it
 * is too much for one. */
GPtrArray *notice_compose(const Routing *routing, const NoticeGroup *group,
                          const NoticeStyle *style, GError **error);

/* What a finding is known by among the notices to one recipient, whatever its time and the words
 * about it; caller frees. The second is of a finding as a notice has it. */
char *notice_compose_key(const Finding *finding);
char *notice_compose_key_again(yyjson_val *finding);

/* A notice that was drafted, as it is read again; borrowed from the payload. */
typedef struct {
    const char *subject, *text, *language, *reference, *contact, *contact_name;
    yyjson_val *findings;
} NoticeView;

/* The reminder of a notice that was sent at @sent (microseconds). Caller frees both. */
gboolean notice_compose_reminder(const NoticeView *notice, const NoticeStyle *style, gint64 sent,
                                 char **ret_subject, char **ret_text, GError **error);

/* The findings as a table, RFC 4180, with a header; cells that a spreadsheet would take for a
 * formula begin with "'". Caller frees. */
char *notice_compose_csv(yyjson_val *findings);
