#include "node/successor_source.h"

#include "node/log_keys.h"
#include "node/log_source.h"

#define TIMEOUT_SECONDS 10 /* of a request; there are three */

/* What is read of one place. */
typedef struct {
    GByteArray *card, *opening, *keys;
} Files;

static void files_clear(Files *files)
{
    g_clear_pointer(&files->card, g_byte_array_unref);
    g_clear_pointer(&files->opening, g_byte_array_unref);
    g_clear_pointer(&files->keys, g_byte_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Files, files_clear)

static gboolean read_file(const LogSource *source, const char *path, gsize max, GByteArray **buffer,
                          GError **error)
{
    *buffer = g_byte_array_new();
    return log_source_read(source, path, max, *buffer, error);
}

/* Most often the ledger is the one that is known: then its card is all that is read. */
static gboolean check_card(const Files *files, const Peer *peer, GError **error)
{
    g_autoptr(Card) card = card_parse((const char *)files->card->data, files->card->len, error);
    if (!card || !g_str_equal(card->origin, peer->origin))
        return card != NULL;
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                "%s goes on with the ledger that is known here, %s", peer->node, peer->origin);
    return FALSE;
}

static Successor *read_place(const Config *config, const Peer *peer, const char *where,
                             GError **error)
{
    const FetchOptions options = {.allow_private = config_bool(config, SETTING_FETCH_ALLOW_PRIVATE),
                                  .timeout_seconds = TIMEOUT_SECONDS,
                                  .any_certificate = TRUE};
    g_auto(Files) files = {0};
    g_autoptr(LogSource) source = log_source_open(where, &options, error);
    if (!source || !read_file(source, ".well-known/concert", CARD_BYTES_MAX, &files.card, error) ||
        !check_card(&files, peer, error) ||
        !read_file(source, "ledger/openings/0", SUCCESSOR_OPENING_MAX, &files.opening, error) ||
        !read_file(source, "ledger/" LOG_KEYS_PATH, LOG_KEYS_BYTES_MAX, &files.keys, error))
        return NULL;
    g_autoptr(LogKeys) keys =
        log_keys_parse((const char *)files.keys->data, files.keys->len, error);
    if (!keys)
        return NULL;
    const SuccessorSpec spec = {.card = (const char *)files.card->data,
                                .card_length = files.card->len,
                                .opening = (const char *)files.opening->data,
                                .opening_length = files.opening->len,
                                .changes = (const char *const *)keys->changes};
    g_autoptr(Successor) successor = successor_read(&spec, error);
    return successor && successor_verify(successor, peer, error) ? g_steal_pointer(&successor)
                                                                 : NULL;
}

Successor *successor_source_read(const Config *config, const Peer *peer, const char *where,
                                 GError **error)
{
    if (where)
        return read_place(config, peer, where, error);
    g_autoptr(GError) failure = NULL;
    for (guint i = 0; peer->urls[i]; i++) {
        g_clear_error(&failure);
        Successor *successor = read_place(config, peer, peer->urls[i], &failure);
        if (successor)
            return successor;
    }
    if (failure)
        g_propagate_error(error, g_steal_pointer(&failure));
    else
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND, "%s has no endpoint: say where",
                    peer->node);
    return NULL;
}

void successor_source_explain(const Config *config, const Peer *peer, GError **error)
{
    if (!error || !*error)
        return;
    g_autoptr(Successor) successor = successor_source_read(config, peer, NULL, NULL);
    if (!successor)
        return;
    g_clear_error(error);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_CONFLICT,
                "%s goes on as %s, with a succession that its recovery key signed: "
                "`concert peer succeed %s` follows it",
                peer->node, successor->card->origin, peer->node);
}
