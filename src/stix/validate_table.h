/* validate_table.h - short names in which the tables of validate_*.c are written.
 *
 * One line a property, as in the specification's own tables:
 *   STRING("name", REQUIRED), LIST_OPEN("malware_types", MALWARE_TYPE), ... */
#pragma once

#include "stix/validate_schema.h"

#define REQUIRED PROPERTY_REQUIRED
#define OPTIONAL 0

#define STRING(name, flags)                                                                        \
    {                                                                                              \
        name, KIND_STRING, flags, TEXT_ANY, NULL                                                   \
    }
#define TEXT(name, flags, text)                                                                    \
    {                                                                                              \
        name, KIND_STRING, flags, TEXT_##text, NULL                                                \
    }
#define STRINGS(name, flags)                                                                       \
    {                                                                                              \
        name, KIND_STRING, (flags) | PROPERTY_LIST, TEXT_ANY, NULL                                 \
    }
#define TEXTS(name, flags, text)                                                                   \
    {                                                                                              \
        name, KIND_STRING, (flags) | PROPERTY_LIST, TEXT_##text, NULL                              \
    }
#define BOOLEAN(name, flags)                                                                       \
    {                                                                                              \
        name, KIND_BOOLEAN, flags, 0, NULL                                                         \
    }
#define INTEGER(name, flags, range)                                                                \
    {                                                                                              \
        name, KIND_INTEGER, flags, RANGE_##range, NULL                                             \
    }
#define FLOAT(name, flags, range)                                                                  \
    {                                                                                              \
        name, KIND_FLOAT, flags, RANGE_##range, NULL                                               \
    }
#define TIMESTAMP(name, flags)                                                                     \
    {                                                                                              \
        name, KIND_TIMESTAMP, flags, PRECISION_ANY, NULL                                           \
    }
#define VERSION_TIME(name, flags)                                                                  \
    {                                                                                              \
        name, KIND_TIMESTAMP, flags, PRECISION_MILLISECONDS, NULL                                  \
    }
#define SECONDS(name, flags)                                                                       \
    {                                                                                              \
        name, KIND_TIMESTAMP, flags, PRECISION_SECONDS, NULL                                       \
    }
#define HEX(name, flags)                                                                           \
    {                                                                                              \
        name, KIND_HEX, flags, 0, NULL                                                             \
    }
#define BINARY(name, flags)                                                                        \
    {                                                                                              \
        name, KIND_BINARY, flags, 0, NULL                                                          \
    }
#define DICTIONARY(name, flags, what)                                                              \
    {                                                                                              \
        name, KIND_DICTIONARY, flags, DICTIONARY_##what, NULL                                      \
    }
#define HASHES(name, flags)                                                                        \
    {                                                                                              \
        name, KIND_HASHES, flags, FALSE, NULL                                                      \
    }
#define REFERENCE(name, flags, to)                                                                 \
    {                                                                                              \
        name, KIND_IDENTIFIER, flags, REF_##to, NULL                                               \
    }
#define REFERENCES(name, flags, to)                                                                \
    {                                                                                              \
        name, KIND_IDENTIFIER, (flags) | PROPERTY_LIST, REF_##to, NULL                             \
    }
#define OPEN(name, flags, from)                                                                    \
    {                                                                                              \
        name, KIND_OPEN, flags, VOCABULARY_##from, NULL                                            \
    }
#define OPENS(name, flags, from)                                                                   \
    {                                                                                              \
        name, KIND_OPEN, (flags) | PROPERTY_LIST, VOCABULARY_##from, NULL                          \
    }
#define ENUM(name, flags, from)                                                                    \
    {                                                                                              \
        name, KIND_ENUM, flags, VOCABULARY_##from, NULL                                            \
    }
#define ENUMS(name, flags, from)                                                                   \
    {                                                                                              \
        name, KIND_ENUM, (flags) | PROPERTY_LIST, VOCABULARY_##from, NULL                          \
    }
#define PART(name, flags, part)                                                                    \
    {                                                                                              \
        name, KIND_PART, flags, 0, &part                                                           \
    }
#define PARTS(name, flags, part)                                                                   \
    {                                                                                              \
        name, KIND_PART, (flags) | PROPERTY_LIST, 0, &part                                         \
    }
#define EXTENSIONS(name)                                                                           \
    {                                                                                              \
        name, KIND_EXTENSIONS, OPTIONAL, 0, NULL                                                   \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, KIND_STRING, 0, 0, NULL                                                              \
    }

/* The body of a table of properties or rules that belongs to one schema. */
#define PROPERTIES(...)                                                                            \
    (const ValidateProperty[])                                                                     \
    {                                                                                              \
        __VA_ARGS__, END                                                                           \
    }
#define RULES(...)                                                                                 \
    (const ValidateRule[])                                                                         \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            RULE_END, NULL, NULL                                                                   \
        }                                                                                          \
    }

#define ONE_OF(names)                                                                              \
    {                                                                                              \
        RULE_ONE_OF, names, NULL                                                                   \
    }
#define EXACTLY_ONE(names)                                                                         \
    {                                                                                              \
        RULE_EXACTLY_ONE, names, NULL                                                              \
    }
#define ANY_OWN                                                                                    \
    {                                                                                              \
        RULE_ANY_OWN, NULL, NULL                                                                   \
    }
#define NEEDS(names)                                                                               \
    {                                                                                              \
        RULE_NEEDS, names, NULL                                                                    \
    }
#define NOT_BEFORE(late, early)                                                                    \
    {                                                                                              \
        RULE_NOT_BEFORE, late " " early, NULL                                                      \
    }
#define AFTER(late, early)                                                                         \
    {                                                                                              \
        RULE_AFTER, late " " early, NULL                                                           \
    }
#define WISHED(names)                                                                              \
    {                                                                                              \
        RULE_WISHED, names, NULL                                                                   \
    }
#define CHECK(function)                                                                            \
    {                                                                                              \
        RULE_FUNCTION, NULL, function                                                              \
    }
