/* policy_file.h - the file of [ledger] policy: which witnesses have to cosign the node's ledger
 * (ledger/quorum.h). */
#pragma once

#include "ledger/quorum.h"
#include "node/config.h"

/* *ret_policy is NULL when the setting is not set. A file that is not there or no policy is
 * CONCERT_ERROR_INPUT. */
gboolean policy_file_load(const Config *config, Quorum **ret_policy, GError **error);
