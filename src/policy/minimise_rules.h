/* minimise_rules.h - the rules of minimisation, and what they take from one object (minimise.h). */
#pragma once

#include <yyjson.h>

#include "base/error.h"

typedef struct MinimiseRules MinimiseRules;

/* As minimise_new() has it. */
MinimiseRules *minimise_rules_parse(const char *text, GError **error);
void minimise_rules_free(MinimiseRules *rules);

const char *minimise_rules_text(const MinimiseRules *rules);

/* Whether no object of the type may go out. */
gboolean minimise_rules_bans(const MinimiseRules *rules, const char *type, gsize length);

/* Whether minimise_rules_strip() might take something from @object. */
gboolean minimise_rules_concern(const MinimiseRules *rules, yyjson_val *object);

/* Takes from @object what the rules leave out: its own properties, those of the observables inside
 * an observed-data object, translations of them in a language-content object. TRUE if there was
 * any. */
gboolean minimise_rules_strip(const MinimiseRules *rules, yyjson_mut_val *object);
