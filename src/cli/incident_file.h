/* incident_file.h - files with incidents as commands read and write them: `concert incident` and
 * the commands of cases share it. */
#pragma once

#include "cli/command.h"
#include "intake/incident_write.h"

/* The options that incident_file_read() looks at. */
#define INCIDENT_FILE_READ_OPTIONS                                                                 \
    {"format",                                                                                     \
     'f',                                                                                          \
     COMMAND_CHOICE,                                                                               \
     "FORMAT",                                                                                     \
     .choices = "shadowserver|xarf|xarf-mail|iodef|iodef-json|stix|csv|text",                      \
     .help = "what the file is, instead of looking"},                                              \
        {"report-type", 0, COMMAND_TEXT, "TYPE",                                                   \
         .help = "which report of Shadowserver's it is (default: by the file's name)"},            \
        {"class", 0, COMMAND_TEXT, "CLASS",                                                        \
         .help = "class (RSIT) of findings of which the file says none: fraud.phishing"},          \
    {                                                                                              \
        "columns", 0, COMMAND_TEXT, "MAPPING",                                                     \
            .help = "columns of a table: address=2,time=1 (default: from its header)"              \
    }

/* Those of incident_file_write(). */
#define INCIDENT_FILE_WRITE_OPTIONS                                                                \
    {                                                                                              \
        "to",                                                                                      \
        0,                                                                                         \
        COMMAND_CHOICE,                                                                            \
        "FORMAT",                                                                                  \
        .choices = INCIDENT_WRITE_FORMATS,                                                         \
        .help = "what to write"},                                                                  \
        {"output", 'o', COMMAND_TEXT, "FILE",                                                      \
         .help = "write to this new file instead of standard output"},                             \
        {"organisation", 0, COMMAND_TEXT, "NAME",                                                  \
         .help = "who writes, where the incident does not say who made it"},                       \
        {"email", 0, COMMAND_TEXT, "ADDRESS", .help = "e-mail address of who writes"},             \
    {                                                                                              \
        "tlp", 0, COMMAND_CHOICE, "LEVEL", .choices = "clear|green|amber|amber+strict|red",        \
                                           .help = "marking of incidents that bear none"           \
    }

/* Reads the incidents (Incident *) of the file @path ("-": standard input). What was refused is
 * printed to standard error, the first few with their reasons. @summary may be NULL. */
GPtrArray *incident_file_read(const CommandCall *call, const char *path, FindingSummary *summary,
                              GError **error);

/* Writes @incidents as --to says, to --output or standard output. @organisation and @email (may be
 * NULL) stand for options that are not given. */
gboolean incident_file_write(const CommandCall *call, const GPtrArray *incidents,
                             const char *organisation, const char *email, GError **error);
