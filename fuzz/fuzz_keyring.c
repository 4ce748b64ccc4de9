/* fuzz_keyring.c - what lies in a node's directory of keys: sealed texts, key files, public.json.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "identity/keyfile.h"
#include "identity/keyring_bundle.h"
#include "identity/keyring_public.h"
#include "identity/password.h"
#include "identity/seal.h"

#define PASSPHRASE "a passphrase"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_sealed(const char *text, gsize length, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SealText) sealed = seal_parse(text, length, what, &error);
    if (!sealed) {
        if (!error)
            g_error("a sealed text was refused without a reason");
        return;
    }
    g_autofree char *again = seal_format(sealed);
    if (strlen(again) != length || memcmp(again, text, length) != 0)
        g_error("a sealed text has two spellings");
    if (!seal_is_sealed(text, length))
        g_error("a sealed text does not look like one");
    if (!password_is_bounded(sealed->memory_kib, sealed->passes, NULL))
        g_error("a sealed text may ask for too much");
    /* Opened only where that is cheap, with the passphrase of the seeds. */
    if (sealed->memory_kib > 64 || sealed->passes > 2)
        return;
    g_autoptr(Seal) seal = NULL;
    g_autoptr(KeyringBundle) bundle G_GNUC_UNUSED =
        keyring_bundle_open(text, length, PASSPHRASE, &seal, NULL);
    g_autoptr(KeyFile) file = keyfile_parse(text, length, NULL);
    g_autoptr(Seal) own = seal_new_for(sealed, PASSPHRASE, NULL);
    if (file && own && keyfile_open(file, own, NULL) != (file->signer != NULL))
        g_error("a key was unsealed in part");
}

static void read_key(const char *text, gsize length)
{
    g_autoptr(KeyFile) file = keyfile_parse(text, length, NULL);
    if (!file)
        return;
    if (!file->verifier || !file->signer == !file->sealed)
        g_error("a key file is neither sealed nor in the clear");
    if (!file->signer)
        return;
    g_auto(SealSecret) written = keyfile_format(file->signer, NULL, NULL);
    g_autoptr(KeyFile) again = keyfile_parse(written, strlen(written), NULL);
    if (!again || !keyring_public_is_same(file->verifier, again->verifier))
        g_error("a key of our own was refused, or another one read");
}

static void read_public(const char *text, gsize length)
{
    g_autoptr(KeyringPublic) keys = keyring_public_parse(text, length, NULL);
    if (!keys)
        return;
    g_autofree char *written = keyring_public_format(keys);
    g_autoptr(KeyringPublic) again = keyring_public_parse(written, strlen(written), NULL);
    g_autofree char *rewritten = again ? keyring_public_format(again) : NULL;
    if (g_strcmp0(written, rewritten) != 0)
        g_error("public keys of our own were refused or changed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    read_sealed(text, size, "key");
    read_sealed(text, size, "keyring");
    read_key(text, size);
    read_public(text, size);
    return 0;
}
