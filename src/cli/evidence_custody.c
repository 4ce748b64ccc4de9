#include "cli/evidence_custody.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dossier/evidence.h"
#include "dossier/evidence_chain.h"
#include "ledger/origin.h"
#include "store/attachments.h"
#include "store/ledger_read.h"

#define READ_AT_ONCE (1024 * 1024)

/* A step being filled. */
typedef struct {
    const CommandCall *call;
    Node *node;
    DossierAct *act;
    Docket *docket;
    EvidenceChain *chain;
    char *self; /* this node's name */
} Filling;

static void filling_clear(Filling *filling)
{
    g_clear_pointer(&filling->chain, evidence_chain_free);
    g_clear_pointer(&filling->docket, docket_free);
    g_clear_pointer(&filling->self, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Filling, filling_clear)

Docket *evidence_custody_load(const CommandCall *call, Node *node, GError **error)
{
    g_autofree char *id = dossier_command_id(call, &evidence_procedure);
    g_autoptr(Docket) docket = docket_load(node_store(node), id, error);
    if (docket && !docket->result->opening) {
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                    "the event that opens %s is not here yet", id);
        return NULL;
    }
    return g_steal_pointer(&docket);
}

static gboolean begin(Filling *filling, GError **error)
{
    g_auto(LedgerReadState) state = {0};
    if (!ledger_read_state(node_store(filling->node), &state, error))
        return FALSE;
    filling->self = origin_node(state.origin);
    filling->docket = evidence_custody_load(filling->call, filling->node, error);
    if (!filling->docket)
        return FALSE;
    filling->chain = evidence_chain_new(filling->docket->result);
    return TRUE;
}

static const char *get_text(const Filling *filling, const char *name)
{
    return yyjson_mut_get_str(yyjson_mut_obj_get(filling->act->payload, name));
}

static void put_text(const Filling *filling, const char *name, const char *text)
{
    yyjson_mut_doc *doc = filling->act->params;
    yyjson_mut_obj_put(filling->act->payload, yyjson_mut_strcpy(doc, name),
                       yyjson_mut_strcpy(doc, text));
}

/* --- which copy, which offer -------------------------------------------------------------------
 */

typedef gboolean (*IsMeant)(const Filling *filling, const EvidenceCopy *copy);

static gboolean is_here(const Filling *filling, const EvidenceCopy *copy)
{
    return copy->status != EVIDENCE_CHAIN_DISPOSED && strcmp(copy->custodian, filling->self) == 0;
}

static gboolean is_for_us(const Filling *filling, const EvidenceCopy *copy)
{
    return g_strcmp0(copy->to, filling->self) == 0;
}

static gboolean is_offered_here(const Filling *filling, const EvidenceCopy *copy)
{
    return copy->offer && is_here(filling, copy);
}

static gboolean is_here_or_for_us(const Filling *filling, const EvidenceCopy *copy)
{
    return copy->offer ? is_for_us(filling, copy) : is_here(filling, copy);
}

/* The only copy that can be meant; NULL if there are several or none. */
static const EvidenceCopy *only(const Filling *filling, IsMeant is_meant)
{
    const EvidenceCopy *found = NULL;
    for (guint i = 0; i < filling->chain->copies->len; i++) {
        const EvidenceCopy *copy = filling->chain->copies->pdata[i];
        if (!is_meant(filling, copy))
            continue;
        if (found)
            return NULL;
        found = copy;
    }
    return found;
}

static gboolean fill_copy(const Filling *filling, const char *member, IsMeant is_meant,
                          GError **error)
{
    const EvidenceCopy *copy = get_text(filling, member) ? NULL : only(filling, is_meant);
    if (copy)
        put_text(filling, member, copy->name);
    if (get_text(filling, member))
        return TRUE;
    command_usage(filling->call, error, "say which copy: --%s NAME (`concert evidence copies`)",
                  member);
    return FALSE;
}

static gboolean fill_offer(const Filling *filling, IsMeant is_meant, GError **error)
{
    char hex[2 * SHA256_SIZE + 1];
    const EvidenceCopy *copy = get_text(filling, "offer") ? NULL : only(filling, is_meant);
    if (copy && copy->offer)
        put_text(filling, "offer", event_hash_format(&copy->offer->hash, hex));
    if (get_text(filling, "offer"))
        return TRUE;
    command_usage(filling->call, error,
                  "say which offer: --offer EVENT (`concert evidence "
                  "copies`)");
    return FALSE;
}

/* --- hashes ------------------------------------------------------------------------------------
 */

gboolean evidence_custody_hash(const char *path, EventHash *ret_hash, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(READ_AT_ONCE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Sha256 *hash = sha256_begin();
    ssize_t got = fd < 0 ? -1 : 0;
    while (fd >= 0 && ((got = read(fd, buffer, READ_AT_ONCE)) > 0 || (got < 0 && errno == EINTR)))
        sha256_add(hash, buffer, got > 0 ? (gsize)got : 0);
    int code = errno;
    sha256_end(hash, ret_hash->bytes);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: %s", path, g_strerror(code));
    return got == 0;
}

/* The copy of a sealed file that is here, hashed anew. */
static gboolean hash_item(Store *store, const EvidenceItem *item, EventHash *ret_hash,
                          GError **error)
{
    g_autoptr(GPtrArray) copies = attachments_find(store, item->sha256.bytes, error);
    if (!copies)
        return FALSE;
    const Attachment *best = copies->len > 0 ? (const Attachment *)copies->pdata[0] : NULL;
    if (best && best->here == chunk_count(best->size))
        return attachments_digest(store, best, ret_hash->bytes, error);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_NOT_FOUND,
                item->is_kept ? "\"%s\" is not here, or not all of it yet: wait, or say --verified "
                                "FILE for each of the files"
                              : "\"%s\" was sealed by its hash alone: say --verified FILE for each "
                                "of the files",
                item->name);
    return FALSE;
}

static int compare_hashes(gconstpointer a, gconstpointer b)
{
    return event_hash_compare(a, b);
}

/* Of the files that --@option names, else of the attachments that were sealed. Elements: EventHash,
 * ascending, none twice. */
static GArray *hash_all(const Filling *filling, const char *option, GError **error)
{
    g_autoptr(GArray) hashes = g_array_new(FALSE, FALSE, sizeof(EventHash));
    g_autoptr(GArray) unique = g_array_new(FALSE, FALSE, sizeof(EventHash));
    const char *const *paths = command_texts(filling->call, option);
    g_autoptr(GArray) items = filling->chain->seal && !paths
                                  ? evidence_chain_items(filling->chain->seal)
                                  : g_array_new(FALSE, FALSE, sizeof(EvidenceItem));
    EventHash hash;
    for (guint i = 0; paths && paths[i]; i++) {
        if (!evidence_custody_hash(paths[i], &hash, error))
            return NULL;
        g_array_append_val(hashes, hash);
    }
    for (guint i = 0; i < items->len; i++) {
        if (!hash_item(node_store(filling->node), &g_array_index(items, EvidenceItem, i), &hash,
                       error))
            return NULL;
        g_array_append_val(hashes, hash);
    }
    g_array_sort(hashes, compare_hashes);
    for (guint i = 0; i < hashes->len; i++)
        if (i == 0 || event_hash_compare(&g_array_index(hashes, EventHash, i),
                                         &g_array_index(hashes, EventHash, i - 1)) != 0)
            g_array_append_val(unique, g_array_index(hashes, EventHash, i));
    return g_steal_pointer(&unique);
}

static gboolean fill_hashes(const Filling *filling, const char *member, GError **error)
{
    char hex[2 * SHA256_SIZE + 1];
    yyjson_mut_doc *doc = filling->act->params;
    g_autoptr(GArray) hashes = hash_all(filling, member, error);
    if (!hashes)
        return FALSE;
    yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, filling->act->payload, member);
    for (guint i = 0; i < hashes->len; i++)
        yyjson_mut_arr_add_strcpy(doc, list,
                                  event_hash_format(&g_array_index(hashes, EventHash, i), hex));
    return TRUE;
}

/* --- the steps ---------------------------------------------------------------------------------
 */

#define FILL(name, body)                                                                           \
    static gboolean name(const CommandCall *call, Node *node, DossierAct *act, GError **error)     \
    {                                                                                              \
        g_auto(Filling) filling = {.call = call, .node = node, .act = act};                        \
        return begin(&filling, error) && (body);                                                   \
    }

FILL(fill_held, fill_copy(&filling, "copy", is_here, error))
FILL(fill_copied,
     fill_copy(&filling, "of", is_here, error) && fill_hashes(&filling, "verified", error))
FILL(fill_checked,
     fill_copy(&filling, "copy", is_here, error) && fill_hashes(&filling, "verified", error))
FILL(fill_accepted,
     fill_offer(&filling, is_for_us, error) && fill_hashes(&filling, "verified", error))
FILL(fill_declined, fill_offer(&filling, is_for_us, error))
FILL(fill_recalled, fill_offer(&filling, is_offered_here, error))
FILL(fill_disputed,
     fill_copy(&filling, "copy", is_here_or_for_us, error) && fill_hashes(&filling, "found", error))

const Command *const *evidence_custody_commands(void)
{
    static const CommandOption verified = {
        .name = "verified",
        .type = COMMAND_TEXTS,
        .argument = "FILE",
        .help = "hash this file, instead of the attachments that are here"};
    static const CommandOption found = {
        .name = "found",
        .type = COMMAND_TEXTS,
        .argument = "FILE",
        .help = "hash this file, instead of the attachments that are here"};
    static const struct {
        const char *type;
        const CommandOption *option;
        gboolean (*fill)(const CommandCall *call, Node *node, DossierAct *act, GError **error);
    } steps[] = {
        {"stored", NULL, fill_held},          {"copied", &verified, fill_copied},
        {"examined", NULL, fill_held},        {"checked", &verified, fill_checked},
        {"offered", &verified, fill_checked}, {"accepted", &verified, fill_accepted},
        {"declined", NULL, fill_declined},    {"recalled", NULL, fill_recalled},
        {"disputed", &found, fill_disputed},  {"returned", &verified, fill_checked},
        {"disposed", NULL, fill_held},
    };
    static const Command *commands[G_N_ELEMENTS(steps) + 1];
    for (guint i = 0; !commands[0] && i < G_N_ELEMENTS(steps); i++)
        commands[G_N_ELEMENTS(steps) - 1 - i] = dossier_command_with(
            &evidence_procedure, steps[i].type, steps[i].option, steps[i].fill);
    return commands;
}
