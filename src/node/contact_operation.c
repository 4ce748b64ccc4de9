#include "node/contact_operation.h"

#include <string.h>

#include "base/timestamp.h"
#include "identity/certificate.h"
#include "node/operation_params.h"
#include "store/contacts.h"

#define ROWS_MAX   20000 /* in one call */
#define SCOPES_MAX 20000 /* of one contact, in one call */

static gboolean refuse(GError **error, const char *operation, const char *why, const char *value)
{
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, "%s: \"%.200s\" %s", operation, value,
                why);
    return FALSE;
}

static gboolean put_scopes(StoreTx *tx, yyjson_val *row, gint64 contact, const char *source,
                           GError **error)
{
    static const char operation[] = "contact.put";
    static const struct {
        const char *name;
        ContactsKind kind;
    } lists[] = {{"ip", CONTACTS_NETWORK}, {"as", CONTACTS_AS}, {"domains", CONTACTS_DOMAIN}};
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        yyjson_val *list, *one;
        size_t at, count;
        if (!operation_params_list(row, operation, lists[i].name, SCOPES_MAX, &list, error))
            return FALSE;
        yyjson_arr_foreach (list, at, count, one) {
            const char *text = yyjson_get_str(one) ? yyjson_get_str(one) : "";
            g_autofree char *value = contacts_canonical(text, lists[i].kind, NULL);
            if (!value)
                return refuse(error, operation, "is nothing that anybody could answer for", text);
            if (!contacts_put_scope(tx, contact, lists[i].kind, value, source, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* One that nobody may be written to by, or that is somebody else's, is refused. */
static gboolean put_smime(StoreTx *tx, gint64 contact, const char *email, const char *smime,
                          gboolean by_force, GError **error)
{
    gsize length;
    g_autofree guchar *der = g_base64_decode(smime, &length);
    g_autoptr(Certificate) certificate = certificate_read(der, length, error);
    if (!certificate ||
        !certificate_check(certificate, CERTIFICATE_ENCRYPTS, timestamp_now(), error))
        return FALSE;
    if (!by_force && !(email && certificate_is_for(certificate, email))) {
        g_autofree char *addresses = g_strjoinv(", ", certificate->addresses);
        g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_DENIED,
                    "the certificate of %s is for %.200s, and not for %s", certificate->name,
                    *addresses ? addresses : "no mail address", email ? email : "a node");
        return FALSE;
    }
    g_autoptr(GBytes) bytes = certificate_bytes(certificate);
    return contacts_put_smime(tx, contact, bytes, certificate->until_us, error);
}

static gboolean put_contact(StoreTx *tx, yyjson_val *row, const char *source, GError **error)
{
    static const char operation[] = "contact.put";
    Contact contact = {.source = (char *)source};
    const struct {
        const char *name;
        char **text;
    } texts[] = {{"email", &contact.email},
                 {"node", &contact.node},
                 {"name", &contact.name},
                 {"language", &contact.language},
                 {"openpgp", &contact.openpgp}};
    gint64 number;
    gboolean by_force = yyjson_is_true(yyjson_obj_get(row, "force"));
    const char *smime;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        if (!operation_params_text(row, operation, texts[i].name, FALSE,
                                   (const char **)texts[i].text, error))
            return FALSE;
    return operation_params_text(row, operation, "smime", FALSE, &smime, error) &&
           contacts_put(tx, &contact, &number, error) &&
           (!smime || put_smime(tx, number, contact.email, smime, by_force, error)) &&
           put_scopes(tx, row, number, source, error);
}

static gboolean put_route(StoreTx *tx, yyjson_val *row, const char *source, GError **error)
{
    const char *prefix = yyjson_get_str(yyjson_arr_get(row, 0));
    guint64 asn = yyjson_get_uint(yyjson_arr_get(row, 1));
    g_autofree char *value = prefix ? contacts_canonical(prefix, CONTACTS_NETWORK, NULL) : NULL;
    if (!value || asn == 0 || asn > G_MAXUINT32)
        return refuse(error, "contact.put", "is no network of an AS", prefix ? prefix : "");
    return contacts_put_route(tx, value, (guint32)asn, source, error);
}

gboolean contact_operation_put(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "contact.put";
    const char *source;
    yyjson_val *contacts, *routes, *row;
    size_t at, count;
    if (!operation_params_text(params, operation, "source", FALSE, &source, error) ||
        !operation_params_list(params, operation, "contacts", ROWS_MAX, &contacts, error) ||
        !operation_params_list(params, operation, "routes", ROWS_MAX, &routes, error))
        return FALSE;
    yyjson_arr_foreach (contacts, at, count, row) {
        if (!put_contact(tx, row, source, error))
            return FALSE;
    }
    yyjson_arr_foreach (routes, at, count, row) {
        if (!put_route(tx, row, source, error))
            return FALSE;
    }
    return TRUE;
}

gboolean contact_operation_remove(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "contact.remove";
    const char *key, *source;
    if (!operation_params_text(params, operation, "key", FALSE, &key, error) ||
        !operation_params_text(params, operation, "source", FALSE, &source, error))
        return FALSE;
    if (!key == !source)
        return refuse(error, operation, "names neither a contact nor a list", key ? key : "");
    g_autofree char *known = key ? contacts_canonical(key, CONTACTS_ADDRESS, NULL) : NULL;
    return contacts_remove(tx, known ? known : key, source, error);
}

/* Which stop it is, and of what. Caller frees *ret_value. */
static gboolean read_stop(yyjson_val *params, const char *operation, ContactsStopKind *ret_stop,
                          ContactsKind *ret_kind, char **ret_value, GError **error)
{
    const char *stop, *text;
    if (!operation_params_text(params, operation, "stop", TRUE, &stop, error) ||
        !operation_params_text(params, operation, "value", TRUE, &text, error))
        return FALSE;
    if (strcmp(stop, "opt-out") != 0 && strcmp(stop, "hold") != 0)
        return refuse(error, operation, "is neither opt-out nor hold", stop);
    *ret_stop = strcmp(stop, "hold") == 0 ? CONTACTS_HOLD : CONTACTS_OPT_OUT;
    *ret_value = contacts_canonical(text, 0, ret_kind);
    return *ret_value ||
           refuse(error, operation, "is no address, network, AS, domain or mail address", text);
}

gboolean contact_operation_stop(StoreTx *tx, yyjson_val *params, GError **error)
{
    static const char operation[] = "contact.stop";
    g_autofree char *value = NULL;
    ContactsStop stop = {.made = timestamp_now()};
    if (!read_stop(params, operation, &stop.stop, &stop.kind, &value, error) ||
        !operation_params_text(params, operation, "reason", FALSE, (const char **)&stop.reason,
                               error) ||
        !operation_params_text(params, operation, "by", TRUE, (const char **)&stop.by, error) ||
        !operation_params_int(params, operation, "until", &stop.until, error))
        return FALSE;
    stop.value = value;
    return contacts_put_stop(tx, &stop, error);
}

gboolean contact_operation_release(StoreTx *tx, yyjson_val *params, GError **error)
{
    g_autofree char *value = NULL;
    ContactsStopKind stop;
    ContactsKind kind;
    return read_stop(params, "contact.release", &stop, &kind, &value, error) &&
           contacts_remove_stop(tx, stop, value, error);
}
