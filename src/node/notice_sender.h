/* notice_sender.h - sending notices that were approved, and reminding of those that were sent: to a
 * peer as events of the dossier, to who has no node by mail, whose bytes are kept with the event
 * that says so, in one transaction. */
#pragma once

#include <yyjson.h>

#include "node/docket_sender.h"

/* Sends the notice @dossier (or a beginning of its id). CONCERT_ERROR_CONFLICT when it is not
 * approved; CONCERT_ERROR_INPUT when [mail] does not say how. */
gboolean notice_sender_send(Notary *notary, const char *dossier, const char *signatory,
                            DocketSent *ret_sent, GError **error);

/* Reminds of it; @text (may be NULL) is a word to a peer. */
gboolean notice_sender_remind(Notary *notary, const char *dossier, const char *signatory,
                              const char *text, DocketSent *ret_sent, GError **error);

/* The operations of node/operation.h. */
gboolean notice_sender_operation_send(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                      GError **error);
gboolean notice_sender_operation_remind(Notary *notary, yyjson_val *params, yyjson_mut_doc *result,
                                        GError **error);
