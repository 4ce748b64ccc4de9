/* export_option.h - what exports can be asked for: one table, from which the command line
 * (`concert shield export`) and the parameters over HTTP (/shield/export/...) are read. */
#pragma once

#include "shield/export.h"

typedef struct {
    const char *name;     /* without dashes; of a parameter, too */
    char letter;          /* on the command line; 0: none */
    const char *argument; /* what its value is, in capitals; NULL: it has none */
    const char *choices;  /* "nxdomain|nodata"; NULL: any text */
    const char *help;
    gboolean many;  /* may be given more than once */
    gboolean local; /* not over HTTP */

    /* Whether a format has it; NULL: every one has. */
    gboolean (*fits)(const ExportFormat *format);

    /* Sets it; @value (NULL without argument) has to outlive @options. CONCERT_ERROR_INPUT, without
     * its name. */
    gboolean (*set)(ExportOptions *options, const char *value, GError **error);
} ExportOption;

/* All options, in the order they are shown; the last one has no name. */
const ExportOption *export_options(void);

/* Whether @format has @option. */
gboolean export_option_fits(const ExportOption *option, const ExportFormat *format);

/* Whether @format can do what @options ask. CONCERT_ERROR_INPUT. */
gboolean export_options_check(const ExportOptions *options, const ExportFormat *format,
                              GError **error);

/* A text that is another one when @options ask for something else, time apart; "" when they ask for
 * nothing. Caller frees. */
char *export_options_text(const ExportOptions *options);
