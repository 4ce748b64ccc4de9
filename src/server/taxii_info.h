/* taxii_info.h - what TAXII says about the server, its API roots, collections and requests (TAXII
 * 2.1 sections 4, 5.1, 5.2). Everybody is told only of what they may read or write. */
#pragma once

#include "server/api.h"

Reply *taxii_info_discovery(ApiCall *call, GError **error);
Reply *taxii_info_root(ApiCall *call, GError **error);
Reply *taxii_info_status(ApiCall *call, GError **error);
Reply *taxii_info_collections(ApiCall *call, GError **error);
Reply *taxii_info_collection(ApiCall *call, GError **error);
