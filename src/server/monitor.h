/* monitor.h - for those who watch over the node: /health and /metrics. */
#pragma once

#include "server/api.h"

/* {"status":"ok","version":...}, for everybody. */
Reply *monitor_health(ApiCall *call, GError **error);

/* Counts in the text format of Prometheus, for clients on this machine and for roles that may
 * measure. Nothing in them tells what is in the node or who uses it. */
Reply *monitor_metrics(ApiCall *call, GError **error);
