/* exchange_event.h - POST /exchange/v1/events: events of dossiers from a peer whose peering is
 * suspended (docs/protocol.md, "While a peering is suspended"). */
#pragma once

#include "server/api.h"

Reply *exchange_event(ApiCall *call, GError **error);
