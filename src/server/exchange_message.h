/* exchange_message.h - messages of people that peers deliver (docs/protocol.md, "Messages between
 * people"): POST /exchange/v1/message. Who it is from is told by the box alone; no signature is
 * looked at. */
#pragma once

#include "server/api.h"

Reply *exchange_message(ApiCall *call, GError **error);
