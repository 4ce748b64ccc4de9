/* well_known.h - how the node describes itself to everybody, at the places where one looks: its
 * card, security.txt (RFC 9116), and a directory of peers that want to be listed. */
#pragma once

#include "server/api.h"

/* The newest card as it was published. */
Reply *well_known_card(ApiCall *call, GError **error);

/* Out of the newest card; it is not signed. There is none when the card has no contact that can be
 * reached. */
Reply *well_known_security(ApiCall *call, GError **error);

/* When [card] directory says so. */
Reply *well_known_directory(ApiCall *call, GError **error);
