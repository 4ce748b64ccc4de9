/* made_set.h - what tests of a set make it of. */
#pragma once

#include "shield/set_builder.h"

#define ID_A "indicator--0a000000-0000-4000-8000-00000000000a"
#define ID_B "indicator--0b000000-0000-4000-8000-00000000000b"
#define ID_C "x-alder--Not-A-Uuid"
/* Not the form ids are packed in: it must come back as it is. */
#define ID_D "indicator--0A000000-0000-4000-8000-00000000000A"

static void add(SetBuilder *builder, ObservableKind kind, const char *canonical)
{
    g_assert_true(set_builder_add_value(builder, kind, canonical, NULL));
}
