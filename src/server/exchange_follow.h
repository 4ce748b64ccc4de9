/* exchange_follow.h - peers that follow this node's ledger (docs/protocol.md, "What is asked:
 * follow"): questions, those that wait for something new among them, and hints. */
#pragma once

#include "server/api.h"

/* Those who wait for something new. */
ExchangeFollow *exchange_follow_new(Api *api);

/* Whoever waits is told that there is nothing; to be called before the server stops. */
void exchange_follow_stop(ExchangeFollow *follow);
void exchange_follow_free(ExchangeFollow *follow);

Reply *exchange_follow_ask(ApiCall *call, GError **error);
Reply *exchange_follow_wake(ApiCall *call, GError **error);
