/* validate_rules.h - the rules of single types that no table can say. */
#pragma once

#include "stix/validate_schema.h"

void validate_rules_external_reference(ValidateContext *context, yyjson_val *object);
void validate_rules_granular_marking(ValidateContext *context, yyjson_val *object);
void validate_rules_marking_definition(ValidateContext *context, yyjson_val *object);
void validate_rules_extension_definition(ValidateContext *context, yyjson_val *object);
void validate_rules_malware(ValidateContext *context, yyjson_val *object);
void validate_rules_email_message(ValidateContext *context, yyjson_val *object);
void validate_rules_file20(ValidateContext *context, yyjson_val *object);
void validate_rules_network_traffic(ValidateContext *context, yyjson_val *object);
