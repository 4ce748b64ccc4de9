/* row.h - the bits of version.flags. Their values are stored: never renumber. Private to the store.
 */
#pragma once

#define ROW_SPEC_21      0x01 /* STIX 2.1, else 2.0 */
#define ROW_REVOKED      0x02
#define ROW_VARIANT      0x04
#define ROW_CLAIM        0x08
#define ROW_DIGITS_SHIFT 8 /* digits after the point in the version's text, 8 bits */

/* Kept, but without effect: in no collection, never "the latest". */
#define ROW_WITHOUT_EFFECT (ROW_VARIANT | ROW_CLAIM)
