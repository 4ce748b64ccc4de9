/* reading_options.h - the options that say how what comes from outside is to be read. */
#pragma once

#include "cli/command.h"

/* clang-format off */
#define READING_OPTIONS                                                                            \
    {"format", 'f', COMMAND_CHOICE, "FORMAT", .choices = "stix|misp|misp-feed|list|csv",           \
     .help = "what it is, instead of looking"},                                                    \
    {"columns", 0, COMMAND_TEXT, "MAPPING",                                                        \
     .help = "columns of CSV: value=2,type=1,comment=5 (default: from its header)"},               \
    {"kind", 'k', COMMAND_CHOICE, "KIND",                                                          \
     .choices = "ipv4|ipv6|cidr|domain|url|md5|sha1|sha256|sha512|email|ja3|ja4",                  \
     .help = "what the values of a list are, where their looks do not tell"},                      \
    {"confidence", 0, COMMAND_INT, "N", .min = 0, .max = 100,                                      \
     .help = "confidence of the indicators made"},                                                 \
    {"tlp", 't', COMMAND_CHOICE, "TLP", .choices = "clear|green|amber|amber+strict|red",           \
     .help = "marking of the indicators made"}
/* clang-format on */
