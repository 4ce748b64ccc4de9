/* protect.h - names and networks that must not be blocked, or not lightly: the never-block list,
 * and what this node and its peers live on.
 *
 * A value touches what is protected when blocking it blocks any of that: it is the same, lies in it
 * or under it, or has it in or under itself. Of URLs and e-mail addresses the host counts. */
#pragma once

#include "stix/observable.h"
#include "stix/observable_address.h"

typedef struct Protect Protect;

Protect *protect_new(void);

void protect_free(Protect *protect);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Protect, protect_free)

/* Adds a canonical address, prefix or domain; @label says why, and is copied. What is added twice
 * keeps its first label. Other kinds are passed over. */
void protect_add(Protect *protect, ObservableKind kind, const char *canonical, const char *label);

/* Adds what @text is by its looks: an address, a prefix, a name, or the host of a URL. FALSE when
 * it is none of these. */
gboolean protect_add_text(Protect *protect, const char *text, const char *label);

/* Adds a route: what lies in the canonical @prefix belongs to who @label says, or, with NULL, to
 * somebody whose networks are not protected. Of routes the longest prefix that holds a value
 * counts, and nothing else that holds it; of one prefix the first route that was added. Those with
 * a label come first: one without is passed over unless it lies in one of them. */
void protect_add_route(Protect *protect, const char *prefix, const char *label);

/* The label of something protected that the canonical value touches; NULL when it touches nothing.
 * The protect's. */
const char *protect_find(const Protect *protect, ObservableKind kind, const char *canonical);
