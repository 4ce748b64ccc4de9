#include "store/contacts.h"

#include <string.h>

#include "stix/observable_address.h"
#include "stix/observable_domain.h"
#include "store/reader.h"
#include "store/tx.h"

void contacts_free(Contact *contact)
{
    if (!contact)
        return;
    g_free(contact->key);
    g_free(contact->email);
    g_free(contact->node);
    g_free(contact->name);
    g_free(contact->language);
    g_free(contact->openpgp);
    g_free(contact->source);
    g_free(contact);
}

void contacts_stop_free(ContactsStop *stop)
{
    if (!stop)
        return;
    g_free(stop->value);
    g_free(stop->reason);
    g_free(stop->by);
    g_free(stop);
}

const char *contacts_kind_name(ContactsKind kind)
{
    static const char *const names[] = {NULL, "network", "as", "domain", "address"};
    return (guint)kind < G_N_ELEMENTS(names) ? names[kind] : NULL;
}

const char *contacts_stop_name(ContactsStopKind kind)
{
    return kind == CONTACTS_OPT_OUT ? "opt-out" : "hold";
}

/* --- values ------------------------------------------------------------------------------------
 */

static char *read_network(const char *text)
{
    ObservableAddress address;
    char buffer[OBSERVABLE_ADDRESS_MAX];
    if (!observable_address_parse(text, strlen(text), &address))
        return NULL;
    observable_address_format(&address, buffer);
    return g_strdup(buffer);
}

/* @bare: a number without "AS" will do. */
static char *read_as(const char *text, gboolean bare)
{
    guint64 number;
    gboolean marked = g_ascii_strncasecmp(text, "AS", 2) == 0;
    if (!marked && !bare)
        return NULL;
    if (marked)
        text += 2 + strspn(text + 2, " ");
    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL))
        return NULL;
    return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

static char *read_domain(const char *text)
{
    char buffer[OBSERVABLE_DOMAIN_MAX + 1];
    while (*text == '*' || *text == '.')
        text++;
    return observable_domain_canonical(text, strlen(text), 1, buffer) > 0 ? g_strdup(buffer) : NULL;
}

static char *read_mail(const char *text)
{
    return observable_normalise(OBSERVABLE_EMAIL, text, strlen(text), NULL);
}

static char *read_as_kind(const char *text, ContactsKind kind)
{
    switch (kind) {
    case CONTACTS_NETWORK:
        return read_network(text);
    case CONTACTS_AS:
        return read_as(text, TRUE);
    case CONTACTS_DOMAIN:
        return read_domain(text);
    case CONTACTS_ADDRESS:
        return strchr(text, '@') ? read_mail(text) : read_domain(text);
    }
    return NULL;
}

char *contacts_canonical(const char *text, ContactsKind kind, ContactsKind *ret_kind)
{
    static const ContactsKind guesses[] = {CONTACTS_NETWORK, CONTACTS_AS, CONTACTS_ADDRESS,
                                           CONTACTS_DOMAIN};
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    if (kind != 0) {
        char *value = read_as_kind(stripped, kind);
        if (value && ret_kind)
            *ret_kind = kind;
        return value;
    }
    for (guint i = 0; i < G_N_ELEMENTS(guesses); i++) {
        gboolean fits = guesses[i] == CONTACTS_AS        ? read_as(stripped, FALSE) != NULL
                        : guesses[i] == CONTACTS_ADDRESS ? strchr(stripped, '@') != NULL
                                                         : TRUE;
        char *value = fits ? read_as_kind(stripped, guesses[i]) : NULL;
        if (!value)
            continue;
        if (ret_kind)
            *ret_kind = guesses[i];
        return value;
    }
    return NULL;
}

/* --- changing ----------------------------------------------------------------------------------
 */

static gboolean check_line(const char *what, const char *text, GError **error)
{
    gboolean good = !text || (*text && strlen(text) <= CONTACTS_TEXT_MAX);
    for (const char *at = text; good && at && *at; at++)
        good = (guchar)*at >= 0x20 && *at != 0x7f;
    return good || error_set(error, CONCERT_ERROR_INPUT,
                             "the %s of a contact is one line of 1 to %d "
                             "bytes",
                             what, CONTACTS_TEXT_MAX);
}

static gboolean check_openpgp(const char *text, GError **error)
{
    gsize digits = text ? strspn(text, "0123456789ABCDEF") : 0;
    return !text || ((digits == 40 || digits == 64) && !text[digits]) ||
           error_set(error, CONCERT_ERROR_INPUT,
                     "\"%.80s\" is no fingerprint of an OpenPGP key: 40 hex digits", text);
}

static gboolean check_contact(const Contact *contact, GError **error)
{
    const struct {
        const char *what, *text;
    } lines[] = {{"mail address", contact->email},
                 {"node", contact->node},
                 {"name", contact->name},
                 {"language", contact->language},
                 {"source", contact->source}};
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        if (!check_line(lines[i].what, lines[i].text, error))
            return FALSE;
    if (!contact->email == !contact->node)
        return error_set(error, CONCERT_ERROR_INPUT,
                         "a contact has either a mail address or a node");
    return check_openpgp(contact->openpgp, error);
}

/* Whether there is room for one more row of @table. */
static gboolean check_room(StoreTx *tx, const char *sql, gint64 max, const char *what,
                           GError **error)
{
    gint64 last;
    if (!sqlite_get_int(tx->db, sql, 0, &last, error))
        return FALSE;
    return last < max || error_set(error, CONCERT_ERROR_LIMIT,
                                   "there are %" G_GINT64_FORMAT " %s already", max, what);
}

gboolean contacts_put(StoreTx *tx, const Contact *contact, gint64 *ret_number, GError **error)
{
    if (!check_contact(contact, error) ||
        !check_room(tx, "SELECT max(number) FROM contact", CONTACTS_MAX, "contacts", error))
        return FALSE;
    const char *given = contact->email ? contact->email : contact->node;
    g_autofree char *key = contacts_canonical(given, CONTACTS_ADDRESS, NULL);
    if (!key)
        return error_set(error, CONCERT_ERROR_INPUT, "\"%s\" is no %s", given,
                         contact->email ? "mail address" : "name of a node");
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO contact (key, email, node, name, language, openpgp, source)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
                       " ON CONFLICT (key) DO UPDATE SET name = coalesce(?4, name),"
                       " language = coalesce(?5, language), openpgp = coalesce(?6, openpgp)"
                       " RETURNING number",
                       error);
    gboolean row;
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, key);
    sqlite_bind_text(statement, 2, contact->email);
    sqlite_bind_text(statement, 3, contact->node ? key : NULL);
    sqlite_bind_text(statement, 4, contact->name);
    sqlite_bind_text(statement, 5, contact->language);
    sqlite_bind_text(statement, 6, contact->openpgp);
    sqlite_bind_text(statement, 7, contact->source);
    if (!sqlite_step(tx->db, statement, &row, error))
        return FALSE;
    *ret_number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return TRUE;
}

gboolean contacts_put_smime(StoreTx *tx, gint64 contact, GBytes *certificate, gint64 until_us,
                            GError **error)
{
    gsize length;
    const void *bytes = g_bytes_get_data(certificate, &length);
    if (length == 0 || length > CONTACTS_SMIME_MAX)
        return error_set(error, CONCERT_ERROR_LIMIT, "a certificate has at most %d bytes",
                         CONTACTS_SMIME_MAX);
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR REPLACE INTO contact_smime (contact, certificate, until)"
                       " VALUES (?1, ?2, ?3)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, contact);
    sqlite3_bind_blob(statement, 2, bytes, (int)length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, until_us);
    return sqlite_run(tx->db, statement, error);
}

gboolean contacts_put_scope(StoreTx *tx, gint64 contact, ContactsKind kind, const char *value,
                            const char *source, GError **error)
{
    if (!check_room(tx, "SELECT max(rowid) FROM contact_scope", CONTACTS_SCOPES_MAX,
                    "networks, AS numbers and domains of contacts", error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT OR IGNORE INTO contact_scope (contact, kind, value, source)"
                       " VALUES (?1, ?2, ?3, ?4)",
                       error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int64(statement, 1, contact);
    sqlite3_bind_int(statement, 2, (int)kind);
    sqlite_bind_text(statement, 3, value);
    sqlite_bind_text(statement, 4, source);
    return sqlite_run(tx->db, statement, error);
}

gboolean contacts_put_route(StoreTx *tx, const char *prefix, guint32 asn, const char *source,
                            GError **error)
{
    if (!check_room(tx, "SELECT max(rowid) FROM contact_route", CONTACTS_ROUTES_MAX, "routes",
                    error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(tx->db,
                       "INSERT INTO contact_route (prefix, asn, source) VALUES (?1, ?2, ?3)"
                       " ON CONFLICT (prefix) DO UPDATE SET asn = ?2, source = ?3",
                       error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, prefix);
    sqlite3_bind_int64(statement, 2, asn);
    sqlite_bind_text(statement, 3, source);
    return sqlite_run(tx->db, statement, error);
}

/* Runs @sql with @text as its one parameter; *ret_changed is added to. */
static gboolean change(StoreTx *tx, const char *sql, const char *text, int *changed, GError **error)
{
    sqlite3_stmt *statement = sqlite_prepare(tx->db, sql, error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, text);
    if (!sqlite_run(tx->db, statement, error))
        return FALSE;
    *changed += sqlite3_changes(tx->db->handle);
    return TRUE;
}

gboolean contacts_remove(StoreTx *tx, const char *key, const char *source, GError **error)
{
    int changed = 0;
    gboolean good =
        key ? change(tx,
                     "DELETE FROM contact_scope WHERE contact ="
                     " (SELECT number FROM contact WHERE key = ?1)",
                     key, &changed, error) &&
                  change(tx, "DELETE FROM contact WHERE key = ?1", key, &changed, error)
            : change(tx, "DELETE FROM contact_scope WHERE source = ?1", source, &changed, error) &&
                  change(tx, "DELETE FROM contact_route WHERE source = ?1", source, &changed,
                         error) &&
                  change(tx,
                         "DELETE FROM contact WHERE source = ?1 AND NOT EXISTS"
                         " (SELECT 1 FROM contact_scope s WHERE s.contact = contact.number)",
                         source, &changed, error);
    return good && (changed > 0 || error_set(error, CONCERT_ERROR_NOT_FOUND, "no contact %s%s",
                                             key ? "" : "came from ", key ? key : source));
}

gboolean contacts_put_stop(StoreTx *tx, const ContactsStop *stop, GError **error)
{
    if (!check_line("reason", stop->reason, error) || !check_line("approver", stop->by, error) ||
        !check_room(tx, "SELECT count(*) FROM contact_stop", CONTACTS_STOPS_MAX,
                    "opt-outs and holds", error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(tx->db,
                                             "INSERT OR REPLACE INTO contact_stop"
                                             " (stop, kind, value, reason, by, made, until)"
                                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                                             error);
    if (!statement)
        return FALSE;
    sqlite3_bind_int(statement, 1, (int)stop->stop);
    sqlite3_bind_int(statement, 2, (int)stop->kind);
    sqlite_bind_text(statement, 3, stop->value);
    sqlite_bind_text(statement, 4, stop->reason);
    sqlite_bind_text(statement, 5, stop->by);
    sqlite3_bind_int64(statement, 6, stop->made);
    sqlite3_bind_int64(statement, 7, stop->until);
    return sqlite_run(tx->db, statement, error);
}

gboolean contacts_remove_stop(StoreTx *tx, ContactsStopKind stop, const char *value, GError **error)
{
    int changed = 0;
    const char *sql = stop == CONTACTS_OPT_OUT
                          ? "DELETE FROM contact_stop WHERE stop = 1 AND value = ?1"
                          : "DELETE FROM contact_stop WHERE stop = 2 AND value = ?1";
    return change(tx, sql, value, &changed, error) &&
           (changed > 0 || error_set(error, CONCERT_ERROR_NOT_FOUND, "there is no %s of %s",
                                     contacts_stop_name(stop), value));
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* Runs @sql and hands each row to @each. */
static gboolean read_rows(Store *store, const char *sql,
                          void (*each)(sqlite3_stmt *statement, gpointer user), gpointer user,
                          GError **error)
{
    g_auto(Reader) reader = {0};
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(reader.db, sql, error);
    for (gboolean row = TRUE; statement;) {
        if (!sqlite_step(reader.db, statement, &row, error))
            return FALSE;
        if (!row)
            return TRUE;
        each(statement, user);
    }
    return FALSE;
}

static Contact *make_contact(sqlite3_stmt *statement)
{
    Contact *contact = g_new0(Contact, 1);
    contact->number = sqlite3_column_int64(statement, 0);
    contact->key = sqlite_dup_text(statement, 1);
    contact->email = sqlite_dup_text(statement, 2);
    contact->node = sqlite_dup_text(statement, 3);
    contact->name = sqlite_dup_text(statement, 4);
    contact->language = sqlite_dup_text(statement, 5);
    contact->openpgp = sqlite_dup_text(statement, 6);
    contact->source = sqlite_dup_text(statement, 7);
    contact->scopes = (guint)sqlite3_column_int64(statement, 8);
    contact->smime_until = sqlite3_column_int64(statement, 9);
    return contact;
}

static void read_contact(sqlite3_stmt *statement, gpointer user)
{
    g_ptr_array_add(user, make_contact(statement));
}

#define CONTACT_COLUMNS                                                                            \
    "number, key, email, node, name, language, openpgp, source,"                                   \
    " (SELECT count(*) FROM contact_scope s WHERE s.contact = contact.number),"                    \
    " (SELECT until FROM contact_smime c WHERE c.contact = contact.number)"

gboolean contacts_get(Store *store, const char *key, Contact **ret_contact, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement =
        sqlite_prepare(reader.db, "SELECT " CONTACT_COLUMNS " FROM contact WHERE key = ?1", error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, key);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_contact = row ? make_contact(statement) : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

gboolean contacts_smime(Store *store, const char *key, GBytes **ret_certificate, GError **error)
{
    g_auto(Reader) reader = {0};
    gboolean row;
    if (!reader_begin(store, &reader, error))
        return FALSE;
    sqlite3_stmt *statement = sqlite_prepare(reader.db,
                                             "SELECT certificate FROM contact_smime WHERE contact ="
                                             " (SELECT number FROM contact WHERE key = ?1)",
                                             error);
    if (!statement)
        return FALSE;
    sqlite_bind_text(statement, 1, key);
    if (!sqlite_step(reader.db, statement, &row, error))
        return FALSE;
    *ret_certificate = row ? g_bytes_new(sqlite3_column_blob(statement, 0),
                                         (gsize)sqlite3_column_bytes(statement, 0))
                           : NULL;
    if (row)
        sqlite3_reset(statement);
    return TRUE;
}

GPtrArray *contacts_list(Store *store, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)contacts_free);
    if (!read_rows(store, "SELECT " CONTACT_COLUMNS " FROM contact ORDER BY key", read_contact,
                   list, error))
        return NULL;
    return g_steal_pointer(&list);
}

static void read_stop(sqlite3_stmt *statement, gpointer user)
{
    ContactsStop *stop = g_new0(ContactsStop, 1);
    stop->stop = (ContactsStopKind)sqlite3_column_int(statement, 0);
    stop->kind = (ContactsKind)sqlite3_column_int(statement, 1);
    stop->value = sqlite_dup_text(statement, 2);
    stop->reason = sqlite_dup_text(statement, 3);
    stop->by = sqlite_dup_text(statement, 4);
    stop->made = sqlite3_column_int64(statement, 5);
    stop->until = sqlite3_column_int64(statement, 6);
    g_ptr_array_add(user, stop);
}

GPtrArray *contacts_stops(Store *store, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)contacts_stop_free);
    if (!read_rows(store,
                   "SELECT stop, kind, value, reason, by, made, until FROM contact_stop"
                   " ORDER BY stop, kind, value",
                   read_stop, list, error))
        return NULL;
    return g_steal_pointer(&list);
}

typedef struct {
    void (*scope)(gpointer user, const ContactsScope *scope);
    void (*route)(gpointer user, const char *prefix, guint32 asn);
    gpointer user;
} Each;

static void hand_scope(sqlite3_stmt *statement, gpointer user)
{
    Each *each = user;
    const ContactsScope scope = {.contact = sqlite3_column_int64(statement, 0),
                                 .kind = (ContactsKind)sqlite3_column_int(statement, 1),
                                 .value = (const char *)sqlite3_column_text(statement, 2),
                                 .source = (const char *)sqlite3_column_text(statement, 3)};
    each->scope(each->user, &scope);
}

static void hand_route(sqlite3_stmt *statement, gpointer user)
{
    Each *each = user;
    each->route(each->user, (const char *)sqlite3_column_text(statement, 0),
                (guint32)sqlite3_column_int64(statement, 1));
}

gboolean contacts_each_scope(Store *store, void (*each)(gpointer user, const ContactsScope *scope),
                             gpointer user, GError **error)
{
    Each with = {.scope = each, .user = user};
    return read_rows(store, "SELECT contact, kind, value, source FROM contact_scope", hand_scope,
                     &with, error);
}

gboolean contacts_each_route(Store *store,
                             void (*each)(gpointer user, const char *prefix, guint32 asn),
                             gpointer user, GError **error)
{
    Each with = {.route = each, .user = user};
    return read_rows(store, "SELECT prefix, asn FROM contact_route", hand_route, &with, error);
}

static void read_summary(sqlite3_stmt *statement, gpointer user)
{
    ContactsSummary *summary = user;
    *summary = (ContactsSummary){
        .contacts = (guint64)sqlite3_column_int64(statement, 0),
        .scopes = (guint64)sqlite3_column_int64(statement, 1),
        .routes = (guint64)sqlite3_column_int64(statement, 2),
        .opt_outs = (guint64)sqlite3_column_int64(statement, 3),
        .holds = (guint64)sqlite3_column_int64(statement, 4),
    };
}

gboolean contacts_summary(Store *store, ContactsSummary *ret_summary, GError **error)
{
    return read_rows(store,
                     "SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM contact_scope),"
                     " (SELECT count(*) FROM contact_route),"
                     " (SELECT count(*) FROM contact_stop WHERE stop = 1),"
                     " (SELECT count(*) FROM contact_stop WHERE stop = 2)",
                     read_summary, ret_summary, error);
}
