/* taxii_page.h - pages of a collection: objects, manifest, versions (TAXII 2.1 sections 5.3, 5.4,
 * 5.6, 5.8). */
#pragma once

#include "server/api.h"

Reply *taxii_page_objects(ApiCall *call, GError **error);
Reply *taxii_page_manifest(ApiCall *call, GError **error);
Reply *taxii_page_object(ApiCall *call, GError **error);
Reply *taxii_page_versions(ApiCall *call, GError **error);
