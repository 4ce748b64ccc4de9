/* shield_http.h - exports of the shield (shield/export.h) for the machines that use them.
 *
 * GET /shield/export/FORMAT, for consumers (store/consumers.h) that may fetch the format, with the
 * options of shield/export_option.h as parameters. What was made is served until the indicators
 * change, with an ETag that changes only then; who asks for it while it is made waits for that
 * alone, without a thread of the server (server/once.h). */
#pragma once

#include "node/node.h"
#include "server/api.h"

ShieldHttp *shield_http_new(void);
void shield_http_free(ShieldHttp *shield);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ShieldHttp, shield_http_free)

/* Whose indicators are exported; it must outlive @shield. Any thread. */
void shield_http_set_node(ShieldHttp *shield, Node *node);

Reply *shield_http_export(ApiCall *call, GError **error);
