/* iodef_value.h - what single elements of IODEF say of a finding: addresses, names, systems with
 * their services, digests. Private to the reader (iodef_read.h). */
#pragma once

#include "intake/finding_maker.h"
#include "intake/iodef_node.h"

/* A field beside what findings have a place for; nothing if @text is NULL. */
void iodef_value_field(FindingMaker *maker, const char *name, const char *text);

/* What values of a category of addresses, or of a type of bulk lists, are; OBSERVABLE_NONE: it
 * shows in the value. FALSE if no finding can be about them. */
gboolean iodef_value_kind(const char *category, ObservableKind *ret_kind);

/* Takes the address @text of the element @node, in its category. A folded URL is put together
 * again. */
void iodef_value_address(FindingMaker *maker, const xmlNode *node, const char *text);

/* Takes the name of a DomainData, or of what holds a name alone. */
void iodef_value_name(FindingMaker *maker, const xmlNode *node);

/* Whether the address or name of @node would find its place in the finding taken. */
gboolean iodef_value_is_taken(const FindingMaker *maker, const xmlNode *node);

/* Takes what else a System says: its service, its roles, what it is. */
void iodef_value_system(FindingMaker *maker, const xmlNode *system);

/* Takes a digest: the base64 of its bytes, or, as examples have it, of hex digits, or hex digits.
 */
void iodef_value_digest(FindingMaker *maker, const char *text);
