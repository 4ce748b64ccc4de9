/* value.h - one value as lists and tables write it: an observable, perhaps with a port, a wild card
 * or quotes around it. */
#pragma once

#include <glib.h>

#include "stix/observable.h"

typedef struct {
    ObservableKind kind;
    char *canonical;
    guint port; /* 0: none was given */
} Value;

void value_clear(Value *value);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Value, value_clear)

/* Reads @text: what observable_classify() knows, defanged forms included; "192.0.2.1:8080",
 * "[2001:db8::1]:8080" and "name.example:8080"; "*.name.example" and ".name.example" (a domain
 * counts with the names below it anyway); all that in quotes. @kind is what it has to be where its
 * looks do not tell, OBSERVABLE_NONE when unknown. FALSE and *ret_value untouched when it is
 * nothing of that kind. */
gboolean value_read(const char *text, gsize length, ObservableKind kind, Value *ret_value);
