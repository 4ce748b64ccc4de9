/* ledger_trust.h - the options that say whom the user of a `verify` command trusts. */
#pragma once

#include "cli/command.h"
#include "node/trust.h"

#define LEDGER_TRUST_OPTIONS                                                                       \
    {"key", 'k', COMMAND_TEXTS, "VKEY",                                                            \
     .help = "trust this verifier key, of the log or of a witness"},                               \
    {                                                                                              \
        "policy", 'p', COMMAND_TEXT, "FILE", .help = "trust what this tlog-policy says"            \
    }

/* Reads them; nobody is trusted if the user names none. */
Trust *ledger_trust_read(const CommandCall *call, GError **error);

/* Reads a file of the user's whole; that it is not there is a mistake. NULL with @error set, also
 * if it has more than @max bytes. */
GByteArray *ledger_trust_read_file(const char *path, gsize max, GError **error);

/* Prints what the signatures of a checkpoint are worth, one a line. */
void ledger_trust_print(const Trust *trust, const Note *note);

/* "name+0123abcd" */
char *ledger_trust_key_name(const TrustSignature *signature);
