/* validate_parts.h - structures that many object types contain (STIX 2.1 sections 2.5, 2.11 and
 * 7.2.3, and their like in STIX 2.0). */
#pragma once

#include "stix/validate_schema.h"

extern const ValidateSchema validate_parts_external_reference;
extern const ValidateSchema validate_parts_external_reference20;
extern const ValidateSchema validate_parts_granular_marking;
extern const ValidateSchema validate_parts_granular_marking20;
extern const ValidateSchema validate_parts_kill_chain_phase;
extern const ValidateSchema validate_parts_mime_part;
extern const ValidateSchema validate_parts_registry_value;
extern const ValidateSchema validate_parts_certificate_extensions;
