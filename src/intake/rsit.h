/* rsit.h - the classes of incidents of the Reference Security Incident Taxonomy (RSIT, version
 * 1003), as words: "class.type", such as "malicious-code.c2-server". */
#pragma once

#include <glib.h>

/* What an incident is that nobody has classified. */
#define RSIT_UNDETERMINED "other.undetermined"

typedef struct {
    const char *word;  /* "fraud.phishing" */
    const char *title; /* "Phishing" */
} RsitClass;

/* All classes, in the taxonomy's order; *ret_count is how many. */
const RsitClass *rsit_classes(guint *ret_count);

/* The class of that word, or NULL. Words of former versions and of other spellings in use
 * ("fraud/phishing", "RSIT:fraud=\"phishing\"", "phishing" alone
 * where only one class has that type) find the class they stand for. */
const RsitClass *rsit_find(const char *word);
