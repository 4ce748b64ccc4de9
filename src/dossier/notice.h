/* notice.h - the procedure "notice": somebody who answers for an address, a name or a URL is told
 * what was found there, and what they made of it is kept.
 *
 * A notice is drafted and approved by persons at one node, and private until it is sent. It goes
 * either to a node ("to"), which then answers for itself, or by mail to somebody who has none
 * ("contact"): then the answers that come by mail are recorded by the node that sent it.
 *
 * Findings are a list of objects, as notice_check_findings() reads them. */
#pragma once

#include "dossier/procedure.h"

extern const Procedure notice_procedure;

#define NOTICE_FINDINGS_MAX  1000 /* of one notice; what is more is another notice */
#define NOTICE_REMINDERS_MAX 8

/* The states that a notice is in before anybody is told of it. */
gboolean notice_is_private(const char *state);

/* Whether @value is a list of 1 to NOTICE_FINDINGS_MAX findings: objects whose members are lines of
 * text or whole numbers, "value" among them. */
gboolean notice_check_findings(yyjson_val *value, GError **error);
