#include "node/settings.h"

#include <string.h>

#define KIB       G_GINT64_CONSTANT(1024)
#define MIB       (1024 * KIB)
#define GIB       (1024 * MIB)

#define YEARS_100 (G_GINT64_CONSTANT(36525) * 86400)

static const SettingsSection sections[] = {
    {"node", "Who runs this node."},
    {"server", "How `concert serve` listens, and what it puts up with."},
    {"taxii", "What TAXII 2.1 clients are told, and how much they get at once."},
    {"import", "What `concert import` does when its options do not say otherwise."},
    {"ledger", "The node's ledger: its keys, and who may read it."},
    {"card", "How the node describes itself to others: see `concert card`."},
    {"exchange", "How the node follows its peers."},
    {"fetch", "Bounds of every outgoing request, such as `concert import URL`."},
    {"follow", "How foreign sources are followed: see `concert follow`."},
    {"notify", "What notices say: see `concert notify`."},
    {"mail", "How notices reach those who have no node: see `concert notify`."},
    {"shield",
     "What is given to those who look for indicators and who block: see `concert shield`."},
    {"clock", "How people are reminded of what has to be done: see `concert clock`."},
    {NULL, NULL},
};

static const Setting settings[] = {
    [SETTING_NODE_NAME] =
        {"node", "name", SETTING_HOSTNAME, .min = 1, .max = 253, .fallback = "localhost",
         .help =
             "The name partners know this node by, such as cert.alder.example. It also goes "
             "into the certificate the node makes for itself. The node's keys and its ledger keep "
             "the one that `concert init` was given: to have another, make a new node."},
    [SETTING_NODE_ORGANISATION] = {"node", "organisation", SETTING_STRING, .max = 200,
                                   .help = "Who owns the node, in words."},
    [SETTING_NODE_SIGNATORY] =
        {"node", "signatory", SETTING_STRING, .max = 256,
         .help = "Who signs for what is done in requests and other procedures, by name or office, "
                 "unless --as says so. Empty: the organisation."},

    [SETTING_SERVER_LISTEN] =
        {"server", "listen", SETTING_ADDRESSES, .max = 16, .fallback = "127.0.0.1:8470",
         .help = "Addresses and ports to listen on. 0.0.0.0 and [::] stand for every address."},
    [SETTING_SERVER_TLS] =
        {"server", "tls", SETTING_ENUM, .fallback = "auto", .allowed = {"auto", "on", "off"},
         .help = "Whether to speak TLS. auto: plain HTTP on loopback addresses, TLS on all others. "
                 "off is refused for any address that is not loopback."},
    [SETTING_SERVER_TLS_CERTIFICATE] =
        {"server", "tls_certificate", SETTING_PATH, .fallback = "tls/cert.pem",
         .help = "Certificate chain in PEM. The default is made by the node itself when absent."},
    [SETTING_SERVER_TLS_KEY] = {"server", "tls_key", SETTING_PATH, .fallback = "tls/key.pem",
                                .help = "Private key of the certificate in PEM."},
    [SETTING_SERVER_THREADS] = {"server", "threads", SETTING_INT, .min = 1, .max = 64,
                                .fallback = "2", .help = "Threads that answer requests."},
    [SETTING_SERVER_MAX_CONNECTIONS] = {"server", "max_connections", SETTING_INT, .min = 8,
                                        .max = 100000, .fallback = "1000",
                                        .help =
                                            "Connections open at once; further ones are refused."},
    [SETTING_SERVER_MAX_CONNECTIONS_PER_ADDRESS] =
        {"server", "max_connections_per_address", SETTING_INT, .min = 1, .max = 100000,
         .fallback = "200", .help = "Connections open at once from one address."},
    [SETTING_SERVER_REQUEST_DEADLINE] =
        {"server", "request_deadline", SETTING_DURATION, .min = 1, .max = 3600, .fallback = "60s",
         .help = "Time a client may take to send a request, and again to take the answer, however "
                 "busily it dribbles. A body adds a second for every 8 kB."},
    [SETTING_SERVER_MAX_REQUEST_BYTES] = {"server", "max_request_bytes", SETTING_SIZE,
                                          .min = 64 * KIB, .max = GIB, .fallback = "32M",
                                          .help =
                                              "Largest body of a request. Told to TAXII clients as "
                                              "max_content_length."},
    [SETTING_SERVER_REQUESTS_PER_SECOND] =
        {"server", "requests_per_second", SETTING_INT, .min = 0, .max = 1000000, .fallback = "0",
         .help =
             "Requests a second from one address, in the long run; bursts of ten seconds' worth "
             "are let through. 0: no such bound."},
    [SETTING_SERVER_ACCOUNT_REQUESTS_PER_SECOND] =
        {"server", "account_requests_per_second", SETTING_INT, .min = 0, .max = 1000000,
         .fallback = "0",
         .help = "Requests a second of one account, in the long run and wherever they come from; "
                 "bursts of ten seconds' worth are let through. 0: no such bound."},
    [SETTING_SERVER_CACHE_BYTES] =
        {"server", "cache_bytes", SETTING_SIZE, .min = 0, .max = 64 * GIB, .fallback = "32M",
         .help = "Answers kept in memory to be sent again while nothing has changed."},
    [SETTING_SERVER_SHUTDOWN_GRACE] =
        {"server", "shutdown_grace", SETTING_DURATION, .min = 0, .max = 600, .fallback = "10s",
         .help = "Time that running requests get to finish when the node is stopped."},

    [SETTING_TAXII_TITLE] = {"taxii", "title", SETTING_STRING, .min = 1, .max = 200,
                             .fallback = "Concert node",
                             .help = "Title in the discovery resource."},
    [SETTING_TAXII_DESCRIPTION] = {"taxii", "description", SETTING_STRING, .max = 2000,
                                   .help = "Description in the discovery resource."},
    [SETTING_TAXII_CONTACT] = {"taxii", "contact", SETTING_STRING, .max = 500,
                               .help = "Contact in the discovery resource."},
    [SETTING_TAXII_PAGE_LIMIT] =
        {"taxii", "page_limit", SETTING_INT, .min = 1, .max = 100000, .fallback = "1000",
         .help = "Most objects on one page, whatever limit the client asks for."},
    [SETTING_TAXII_MAX_PAGE_BYTES] =
        {"taxii", "max_page_bytes", SETTING_SIZE, .min = 64 * KIB, .max = GIB, .fallback = "16M",
         .help = "A page of objects ends early past this size, though never with nothing on it."},
    [SETTING_TAXII_LEVEL] =
        {"taxii", "level", SETTING_ENUM, .fallback = "default",
         .allowed = {"lenient", "default", "strict"},
         .help = "How strictly objects that clients add are checked; see [import] level."},

    [SETTING_IMPORT_LEVEL] =
        {"import", "level", SETTING_ENUM, .fallback = "default",
         .allowed = {"lenient", "default", "strict"},
         .help = "How strictly objects are checked. lenient: only what storing needs; default: "
                 "every MUST of the specification; strict: every SHOULD too."},
    [SETTING_IMPORT_SOURCE] = {"import", "source", SETTING_STRING, .min = 1, .max = 200,
                               .fallback = "local",
                               .help = "Who gives what is imported, unless --source says so."},
    [SETTING_IMPORT_COLLECTION] = {"import", "collection", SETTING_STRING, .min = 1, .max = 100,
                                   .fallback = "main",
                                   .help = "Collection that imported objects join."},

    [SETTING_LEDGER_KEY_PASSPHRASE_FILE] =
        {"ledger", "key_passphrase_file", SETTING_PATH,
         .help = "A file of mode 0600 whose first line is the passphrase of the node's keys, for "
                 "keys that are sealed. Without it the environment's CONCERT_PASSPHRASE is taken, "
                 "or `concert key unlock` asks for it."},
    [SETTING_LEDGER_PUBLIC] =
        {"ledger", "public", SETTING_BOOL, .fallback = "no",
         .help = "Whether everybody may read the ledger as it is now: the newest checkpoint, and "
                 "the tiles, which tell nothing of what the entries say, but how many there are "
                 "and when. Otherwise that is for accounts with the role auditor, and everybody "
                 "sees the checkpoint of the last full hour, the keys, and the openings of "
                 "entries that are meant for all."},

    [SETTING_LEDGER_COSIGN_INTERVAL] =
        {"ledger", "cosign_interval", SETTING_DURATION, .min = 0, .max = 86400, .fallback = "1min",
         .help = "As a witness: the least time between two cosignatures of one log. A log that "
                 "asks sooner is told to come later. 0: no bound."},
    [SETTING_LEDGER_COSIGN_ASK_INTERVAL] =
        {"ledger", "cosign_ask_interval", SETTING_DURATION, .min = 1, .max = 86400,
         .fallback = "1min",
         .help = "How often, at most, each witness of this node's ledger is asked to cosign it; a "
                 "ledger that stays as it is is cosigned once an hour."},
    [SETTING_LEDGER_POLICY] =
        {"ledger", "policy", SETTING_PATH,
         .help = "A file that says which witnesses have to cosign the ledger, as c2sp.org/"
                 "tlog-policy has it. Of more cosignatures than can be served those of its "
                 "witnesses come first."},

    [SETTING_EXCHANGE_INTERVAL] =
        {"exchange", "interval", SETTING_DURATION, .min = 1, .max = 86400, .fallback = "1min",
         .help = "How often each peer is asked for what is new, when it does not say by itself "
                 "that there is something."},
    [SETTING_EXCHANGE_LONG_POLL] =
        {"exchange", "long_poll", SETTING_BOOL, .fallback = "no",
         .help = "Whether to ask peers so that they answer as soon as there is something new: for "
                 "a node that peers cannot reach, behind a firewall. It keeps a connection open "
                 "to each of them. A peer that does not wait with its answer is asked at the "
                 "interval."},
    [SETTING_EXCHANGE_ANSWER_BYTES] =
        {"exchange", "answer_bytes", SETTING_SIZE, .min = 64 * KIB, .max = 16 * MIB,
         .fallback = "8M",
         .help = "How much to ask for at once. What was begun and broken off is asked for again "
                 "from the last whole answer on, and half as much of it, down to one entry."},
    [SETTING_EXCHANGE_DAILY_BYTES] =
        {"exchange", "daily_bytes", SETTING_SIZE, .min = MIB, .max = 1024 * GIB, .fallback = "16G",
         .help = "How much is accepted of one peer in a day (UTC); the rest waits for the next."},
    [SETTING_EXCHANGE_UNMARKED] = {"exchange", "unmarked", SETTING_ENUM, .fallback = "amber",
                                   .allowed = {"clear", "green", "amber", "amber+strict", "red"},
                                   .help = "The TLP level of what bears none, received or sent."},
    [SETTING_EXCHANGE_MINIMISE] =
        {"exchange", "minimise", SETTING_STRING, .max = 16 * KIB,
         .help = "What is left out of own objects when they are sent, for all recipients alike: "
                 "rules with commas between, each a TYPE, a TYPE.PROPERTY or *.PROPERTY. Empty: "
                 "nothing is."},
    [SETTING_EXCHANGE_RETENTION] =
        {"exchange", "retention", SETTING_DURATION, .max = YEARS_100, .fallback = "0",
         .help = "How long copies of what peers sent are kept before they are erased; 0: for ever. "
                 "`concert dispatch hold` keeps one from it."},
    [SETTING_EXCHANGE_EXPIRED_RETENTION] =
        {"exchange", "expired_retention", SETTING_DURATION, .max = YEARS_100, .fallback = "7d",
         .help = "How long a copy is kept after its sender let it expire, before it is erased. It "
                 "is out of use at once."},
    [SETTING_EXCHANGE_WITNESS_PEERS] =
        {"exchange", "witness_peers", SETTING_BOOL, .fallback = "yes",
         .help = "Whether this node and its peers witness each other by themselves: it cosigns the "
                 "ledgers of those peers that want it, and asks them to cosign its own. What was "
                 "added by hand, or removed, stays as it is."},

    [SETTING_CARD_URL] =
        {"card", "url", SETTING_STRING, .max = 4000,
         .help = "Where others reach this node, https://HOST[:PORT], several with blanks between. "
                 "Empty: they cannot, and it asks them. With it the node publishes its card when "
                 "it is served."},
    [SETTING_CARD_AFFILIATION] =
        {"card", "affiliation", SETTING_STRING, .max = 200,
         .help = "What the organisation says it belongs to, a code or words. Empty: nothing."},
    [SETTING_CARD_ROLES] =
        {"card", "roles", SETTING_STRING, .max = 500,
         .help = "Roles, with blanks between: national-cert, contact-point-24-7, law-enforcement, "
                 "diplomatic, sector-team, operator, coordinator, observer, witness."},
    [SETTING_CARD_LANGUAGES] =
        {"card", "languages", SETTING_STRING, .max = 500,
         .help = "Languages in which one may write to the node, best first: en pt-BR."},
    [SETTING_CARD_CONTACTS] =
        {"card", "contacts", SETTING_PATH,
         .help = "A JSON file with the list of contacts: objects with \"name\" and perhaps "
                 "\"role\", \"email\", \"phone\", \"languages\" (a list) and \"hours\"."},
    [SETTING_CARD_CONSTITUENCY_IP] =
        {"card", "constituency_ip", SETTING_STRING, .max = 500000,
         .help = "Prefixes the node is responsible for, with blanks between: 192.0.2.0/24."},
    [SETTING_CARD_CONSTITUENCY_AS] = {"card", "constituency_as", SETTING_STRING, .max = 60000,
                                      .help = "Its autonomous systems: AS64500 AS64501."},
    [SETTING_CARD_CONSTITUENCY_DOMAINS] = {"card", "constituency_domains", SETTING_STRING,
                                           .max = 500000,
                                           .help = "Its domains, with all names below them."},
    [SETTING_CARD_LISTED] = {"card", "listed", SETTING_BOOL, .fallback = "no",
                             .help = "Whether peers may name this node in a directory."},
    [SETTING_CARD_DIRECTORY] =
        {"card", "directory", SETTING_BOOL, .fallback = "no",
         .help = "Whether to publish the cards of the active peers that want to be listed, as a "
                 "directory at /.well-known/concert-directory."},

    [SETTING_FETCH_ALLOW_PRIVATE] =
        {"fetch", "allow_private", SETTING_BOOL, .fallback = "no",
         .help = "Whether requests may go to loopback, private and other addresses that are not "
                 "reachable from everywhere."},
    [SETTING_FETCH_MAX_BYTES] = {"fetch", "max_bytes", SETTING_SIZE, .min = KIB, .max = 64 * GIB,
                                 .fallback = "256M", .help = "Largest answer."},
    [SETTING_FETCH_TIMEOUT] = {"fetch", "timeout", SETTING_DURATION, .min = 1, .max = 86400,
                               .fallback = "5min", .help = "Time a transfer may take in all."},
    [SETTING_FETCH_CA_FILE] =
        {"fetch", "ca_file", SETTING_PATH,
         .help = "Certificates, in PEM, of authorities to trust beside the system's."},

    [SETTING_SHIELD_SUPPRESS] =
        {"shield", "suppress", SETTING_PATH,
         .help = "MISP warninglists, a file or a directory of them: hits of what they name are "
                 "kept back, and counted."},
    [SETTING_SHIELD_UNMARKED] =
        {"shield", "unmarked", SETTING_ENUM, .fallback = "none",
         .allowed = {"none", "clear", "green"},
         .help =
             "The PAP level of indicators that bear none, where it is asked what may block, in a "
             "release or in an export with --from-store. With none they may not."},
    [SETTING_SHIELD_CHANGE_LIMIT] =
        {"shield", "change_limit", SETTING_STRING, .min = 1, .max = 64, .fallback = "10% or 1000",
         .help = "How much a release may change at once without a reason being given: a number of "
                 "values, a share of those in force, or whichever of both is more."},
    [SETTING_SHIELD_DRY_RUN_LOGS] =
        {"shield", "dry_run_logs", SETTING_PATH,
         .help = "Logs, a file or a directory, in which `concert shield propose` looks for what a "
                 "release would newly block."},
    [SETTING_SHIELD_RESOLVERS] =
        {"shield", "resolvers", SETTING_STRING, .min = 0, .max = 4096,
         .help = "Addresses and names of resolvers, beside those of /etc/resolv.conf, that nobody "
                 "blocks without a second approver."},
    [SETTING_SHIELD_OWN_APPROVAL] =
        {"shield", "own_approval", SETTING_BOOL, .fallback = "no",
         .help = "Whether who proposed a release may approve it, too: for a node where only one "
                 "person is. The ledger says each time that it was so."},
    [SETTING_SHIELD_STANDING_INTERVAL] =
        {"shield", "standing_interval", SETTING_DURATION, .min = 1, .max = 86400,
         .fallback = "1min",
         .help = "How often standing approvals are applied at most, when indicators came."},
    [SETTING_SHIELD_SIGHTINGS] =
        {"shield", "sightings", SETTING_ENUM, .fallback = "record",
         .allowed = {"off", "record", "return"},
         .help = "What --record of match and watch may do: nothing, count in the node's store, or "
                 "also send the counts to the peer that an indicator came from."},

    [SETTING_FOLLOW_EVERY] =
        {"follow", "every", SETTING_DURATION, .min = 1, .max = 366 * 86400, .fallback = "15min",
         .help = "How often a source is asked for what is new, unless --every says so when it is "
                 "added."},
    [SETTING_FOLLOW_PAGE_LIMIT] = {"follow", "page_limit", SETTING_INT, .min = 1, .max = 100000,
                                   .fallback = "1000",
                                   .help = "Objects to a page that TAXII servers are asked for."},
    [SETTING_FOLLOW_RUN_TIME] =
        {"follow", "run_time", SETTING_DURATION, .min = 1, .max = 86400, .fallback = "10min",
         .help = "Time after which a source lets the others go first; it is gone on with from "
                 "there."},
    [SETTING_FOLLOW_RUN_BYTES] =
        {"follow", "run_bytes", SETTING_SIZE, .min = 64 * KIB, .max = 1024 * GIB, .fallback = "2G",
         .help = "Bytes after which a source lets the others go first, likewise."},

    [SETTING_CLOCK_HOURS] =
        {"clock", "hours", SETTING_STRING, .min = 1, .max = 512, .fallback = "24/7",
         .help =
             "When somebody is at work here, such as \"Mon-Fri 08:00-17:00 UTC+2\". What has to "
             "be done within four hours is reminded of at any time, the rest at these."},
    [SETTING_CLOCK_COMMAND] =
        {"clock", "command", SETTING_PATH,
         .help = "A program that is run for each reminder, with what there is to know, but nothing "
                 "of the content, as JSON on its standard input."},
    [SETTING_CLOCK_SECOND_COMMAND] =
        {"clock", "second_command", SETTING_PATH,
         .help = "The same for the second contact, when one and a half times the time is over."},
    [SETTING_CLOCK_MAIL] =
        {"clock", "mail", SETTING_STRING, .min = 1, .max = 4096,
         .help = "Mail addresses that reminders go to, by the server of [mail]. They say which "
                 "dossier and which clock, and nothing of the content."},
    [SETTING_CLOCK_MAIL_SECOND] =
        {"clock", "mail_second", SETTING_STRING, .min = 1, .max = 4096,
         .help = "Those of the second contact, when one and a half times the time is over."},

    [SETTING_NOTIFY_LANGUAGE] =
        {"notify", "language", SETTING_STRING, .min = 2, .max = 35, .fallback = "en",
         .help = "The language of notices to those of whom none is known, as RFC 5646 has it. The "
                 "program comes with ar, en, es, fr, ru, vi and zh."},
    [SETTING_NOTIFY_TEMPLATES] =
        {"notify", "templates", SETTING_PATH,
         .help = "A directory with own templates, such as en.txt, which take the place of those "
                 "that come with the program: see docs/notices.md."},
    [SETTING_NOTIFY_FOUR_EYES] =
        {"notify", "four_eyes", SETTING_BOOL, .fallback = "no",
         .help = "Whether somebody else than who drafted a notice has to approve it."},
    [SETTING_NOTIFY_URGENCY] =
        {"notify", "urgency", SETTING_ENUM, .fallback = "medium",
         .allowed = {"critical", "high", "medium", "low"},
         .help = "How soon a notice has to be acknowledged, unless --urgency says so."},

    [SETTING_MAIL_SERVER] =
        {"mail", "server", SETTING_STRING, .max = 300,
         .help = "The server that takes mail: smtp://HOST:PORT with STARTTLS, which is demanded "
                 "unless the host is localhost, or smtps://HOST:PORT. Not set: no mail is sent."},
    [SETTING_MAIL_USER] = {"mail", "user", SETTING_STRING, .min = 1, .max = 200,
                           .help = "The user's name there. Not set: no log-in."},
    [SETTING_MAIL_PASSWORD_FILE] =
        {"mail", "password_file", SETTING_PATH,
         .help = "A file whose first line is the user's password; only its owner may read it."},
    [SETTING_MAIL_CA_FILE] = {"mail", "ca_file", SETTING_PATH,
                              .help = "Authorities whose certificates the server may have, in "
                                      "PEM. Not set: those that the system trusts."},
    [SETTING_MAIL_FROM] = {"mail", "from", SETTING_STRING, .max = 254,
                           .help = "The address that notices come from."},
    [SETTING_MAIL_REPLY_TO] = {"mail", "reply_to", SETTING_STRING, .max = 254,
                               .help = "The address that answers go to. Not set: that of from."},
    [SETTING_MAIL_PLUS_ADDRESS] =
        {"mail", "plus_address", SETTING_BOOL, .fallback = "yes",
         .help = "Whether answers go to an address of their own for each notice, as in "
                 "notices+REFERENCE@cert.alder.example. Else the subject alone has the reference."},
    [SETTING_MAIL_PER_HOUR] = {"mail", "per_hour", SETTING_INT, .min = 1, .max = 1000000,
                               .fallback = "2000", .help = "Most mails that are sent in an hour."},
    [SETTING_MAIL_PER_CONTACT_HOUR] = {"mail", "per_contact_hour", SETTING_INT, .min = 1,
                                       .max = 100000, .fallback = "20",
                                       .help = "Most mails to one address in an hour."},
    [SETTING_MAIL_GNUPG] = {"mail", "gnupg", SETTING_PATH, .fallback = "gnupg",
                            .help = "Directory of the OpenPGP keys (GNUPGHOME)."},
    [SETTING_MAIL_SIGN_KEY] =
        {"mail", "sign_key", SETTING_STRING, .min = 8, .max = 128,
         .help = "The OpenPGP key that signs mail: its fingerprint. Not set: mail is not signed."},
    [SETTING_MAIL_SMIME_CERTIFICATE] =
        {"mail", "smime_certificate", SETTING_PATH,
         .help = "The node's own certificate for S/MIME, in PEM, and behind it those that lead to "
                 "an authority. It signs what is encrypted to a certificate, and, without "
                 "sign_key, all other mail."},
    [SETTING_MAIL_SMIME_KEY] =
        {"mail", "smime_key", SETTING_PATH,
         .help = "Its private key, in PEM; only its owner may read the file. It decrypts answers, "
                 "too."},
};

G_STATIC_ASSERT(G_N_ELEMENTS(settings) == SETTING_COUNT);

const Setting *settings_get(SettingId id)
{
    g_assert(id < SETTING_COUNT);
    return &settings[id];
}

const SettingsSection *settings_sections(void)
{
    return sections;
}

SettingId settings_find(const char *section, const char *name)
{
    for (SettingId id = 0; id < SETTING_COUNT; id++)
        if (g_str_equal(settings[id].section, section) && g_str_equal(settings[id].name, name))
            return id;
    return SETTING_COUNT;
}

/* A size as a person would write it: the largest unit that divides it. */
static char *size_text(gint64 bytes)
{
    if (bytes >= GIB && bytes % GIB == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "G", bytes / GIB);
    if (bytes >= MIB && bytes % MIB == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "M", bytes / MIB);
    if (bytes >= KIB && bytes % KIB == 0)
        return g_strdup_printf("%" G_GINT64_FORMAT "K", bytes / KIB);
    return g_strdup_printf("%" G_GINT64_FORMAT, bytes);
}

char *settings_allowed(const Setting *setting)
{
    switch (setting->type) {
    case SETTING_STRING:
        return g_strdup_printf("%stext of at most %" G_GINT64_FORMAT " bytes",
                               setting->min > 0 ? "a " : "", setting->max);
    case SETTING_HOSTNAME:
        return g_strdup("a name of letters, digits, \"-\" and \".\", such as cert.alder.example");
    case SETTING_PATH:
        return g_strdup("the path of a file");
    case SETTING_INT:
        return g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                               setting->min, setting->max);
    case SETTING_SIZE: {
        g_autofree char *min = size_text(setting->min), *max = size_text(setting->max);
        return g_strdup_printf("a size from %s to %s, in bytes or with K, M or G", min, max);
    }
    case SETTING_DURATION:
        return g_strdup_printf("a time from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                               " seconds, with s, min, h or d",
                               setting->min, setting->max);
    case SETTING_BOOL:
        return g_strdup("yes or no");
    case SETTING_ADDRESSES:
        return g_strdup_printf("1 to %" G_GINT64_FORMAT " addresses with port, separated by "
                               "commas, such as 192.0.2.1:443, [2001:db8::1]:443",
                               setting->max);
    case SETTING_ENUM: {
        GString *text = g_string_new("one of ");
        for (guint i = 0; setting->allowed[i]; i++)
            g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", setting->allowed[i]);
        return g_string_free(text, FALSE);
    }
    }
    g_assert_not_reached();
}

/* Appends @text as comment lines of at most 96 columns. */
static void append_comment(GString *file, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    gsize column = 0;
    for (guint i = 0; words[i]; i++) {
        gsize length = strlen(words[i]);
        if (column == 0 || column + 1 + length > 96) {
            g_string_append_printf(file, "%s#", column > 0 ? "\n" : "");
            column = 1;
        }
        g_string_append_printf(file, " %s", words[i]);
        column += 1 + length;
    }
    g_string_append_c(file, '\n');
}

char *settings_file(const char *const *values)
{
    GString *file =
        g_string_new("# Settings of this node; see concert.conf(5), `concert config show` and\n"
                     "# `concert config check`. A line that begins with \"#\" has no effect: those "
                     "below show the\n"
                     "# defaults.\n");
    for (const SettingsSection *section = sections; section->name; section++) {
        g_string_append_printf(file, "\n[%s]\n", section->name);
        for (SettingId id = 0; id < SETTING_COUNT; id++) {
            const Setting *setting = &settings[id];
            if (!g_str_equal(setting->section, section->name))
                continue;
            g_autofree char *allowed = settings_allowed(setting);
            g_autofree char *help = g_strdup_printf("%s Takes %s.", setting->help, allowed);
            g_string_append_c(file, '\n');
            append_comment(file, help);
            const char *value = values ? values[id] : NULL;
            if (value)
                g_string_append_printf(file, "%s = %s\n", setting->name, value);
            else
                g_string_append_printf(file, "#%s = %s\n", setting->name,
                                       setting->fallback ? setting->fallback : "");
        }
    }
    return g_string_free(file, FALSE);
}
