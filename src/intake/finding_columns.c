#include "intake/finding_columns.h"

#include <string.h>

#include "intake/rsit.h"

static const char *const role_names[] = {
    [FINDING_COLUMNS_VALUE] = "value",
    [FINDING_COLUMNS_ADDRESS] = "address",
    [FINDING_COLUMNS_PREFIX] = "prefix",
    [FINDING_COLUMNS_URL] = "url",
    [FINDING_COLUMNS_EMAIL] = "email",
    [FINDING_COLUMNS_DOMAIN] = "domain",
    [FINDING_COLUMNS_HASH] = "hash",
    [FINDING_COLUMNS_HOST] = "host",
    [FINDING_COLUMNS_PORT] = "port",
    [FINDING_COLUMNS_PROTOCOL] = "protocol",
    [FINDING_COLUMNS_ASN] = "asn",
    [FINDING_COLUMNS_TIME] = "time",
    [FINDING_COLUMNS_CLASS] = "class",
    [FINDING_COLUMNS_SEVERITY] = "severity",
    [FINDING_COLUMNS_DESCRIPTION] = "description",
    [FINDING_COLUMNS_REPORT_ID] = "report_id",
    [FINDING_COLUMNS_REPORT_TYPE] = "report_type",
    [FINDING_COLUMNS_REPORTER] = "reporter",
    [FINDING_COLUMNS_ROLE] = "role",
};

/* Names that columns have in tables in use, in lower case with letters and digits alone; of those
 * of one role the first counts most. The source of an attack comes before its target: it is the
 * source that its operator has to clean. */
static const struct {
    const char *name;
    FindingColumnRole role;
} known_names[] = {
    {"address", FINDING_COLUMNS_ADDRESS},
    {"ip", FINDING_COLUMNS_ADDRESS},
    {"ipaddress", FINDING_COLUMNS_ADDRESS},
    {"ipaddr", FINDING_COLUMNS_ADDRESS},
    {"ipv4", FINDING_COLUMNS_ADDRESS},
    {"ipv6", FINDING_COLUMNS_ADDRESS},
    {"sourceip", FINDING_COLUMNS_ADDRESS},
    {"srcip", FINDING_COLUMNS_ADDRESS},
    {"sourceaddress", FINDING_COLUMNS_ADDRESS},
    {"srcaddr", FINDING_COLUMNS_ADDRESS},
    {"attackerip", FINDING_COLUMNS_ADDRESS},
    {"clientip", FINDING_COLUMNS_ADDRESS},
    {"remoteip", FINDING_COLUMNS_ADDRESS},
    {"remoteaddr", FINDING_COLUMNS_ADDRESS},
    {"destinationip", FINDING_COLUMNS_ADDRESS},
    {"dstip", FINDING_COLUMNS_ADDRESS},
    {"prefix", FINDING_COLUMNS_PREFIX},
    {"network", FINDING_COLUMNS_PREFIX},
    {"sourcenetwork", FINDING_COLUMNS_PREFIX},
    {"cidr", FINDING_COLUMNS_PREFIX},
    {"netblock", FINDING_COLUMNS_PREFIX},
    {"subnet", FINDING_COLUMNS_PREFIX},
    {"url", FINDING_COLUMNS_URL},
    {"sourceurl", FINDING_COLUMNS_URL},
    {"uri", FINDING_COLUMNS_URL},
    {"email", FINDING_COLUMNS_EMAIL},
    {"emailaddress", FINDING_COLUMNS_EMAIL},
    {"account", FINDING_COLUMNS_EMAIL},
    {"sourceaccount", FINDING_COLUMNS_EMAIL},
    {"domain", FINDING_COLUMNS_DOMAIN},
    {"domainname", FINDING_COLUMNS_DOMAIN},
    {"fqdn", FINDING_COLUMNS_DOMAIN},
    {"sourcefqdn", FINDING_COLUMNS_DOMAIN},
    {"hostname", FINDING_COLUMNS_HOST},
    {"sourcereversedns", FINDING_COLUMNS_HOST},
    {"host", FINDING_COLUMNS_VALUE},
    {"hash", FINDING_COLUMNS_HASH},
    {"sha256", FINDING_COLUMNS_HASH},
    {"malwarehashsha256", FINDING_COLUMNS_HASH},
    {"sha1", FINDING_COLUMNS_HASH},
    {"md5", FINDING_COLUMNS_HASH},
    {"value", FINDING_COLUMNS_VALUE},
    {"ioc", FINDING_COLUMNS_VALUE},
    {"indicator", FINDING_COLUMNS_VALUE},
    {"observable", FINDING_COLUMNS_VALUE},
    {"port", FINDING_COLUMNS_PORT},
    {"sourceport", FINDING_COLUMNS_PORT},
    {"srcport", FINDING_COLUMNS_PORT},
    {"protocol", FINDING_COLUMNS_PROTOCOL},
    {"protocoltransport", FINDING_COLUMNS_PROTOCOL},
    {"proto", FINDING_COLUMNS_PROTOCOL},
    {"asn", FINDING_COLUMNS_ASN},
    {"sourceasn", FINDING_COLUMNS_ASN},
    {"srcasn", FINDING_COLUMNS_ASN},
    {"as", FINDING_COLUMNS_ASN},
    {"time", FINDING_COLUMNS_TIME},
    {"timestamp", FINDING_COLUMNS_TIME},
    {"timesource", FINDING_COLUMNS_TIME},
    {"date", FINDING_COLUMNS_TIME},
    {"datetime", FINDING_COLUMNS_TIME},
    {"lastseen", FINDING_COLUMNS_TIME},
    {"lastseenutc", FINDING_COLUMNS_TIME},
    {"firstseen", FINDING_COLUMNS_TIME},
    {"firstseenutc", FINDING_COLUMNS_TIME},
    {"dateadded", FINDING_COLUMNS_TIME},
    {"class", FINDING_COLUMNS_CLASS},
    {"classification", FINDING_COLUMNS_CLASS},
    {"classificationtype", FINDING_COLUMNS_CLASS},
    {"category", FINDING_COLUMNS_CLASS},
    {"type", FINDING_COLUMNS_CLASS},
    {"severity", FINDING_COLUMNS_SEVERITY},
    {"description", FINDING_COLUMNS_DESCRIPTION},
    {"eventdescriptiontext", FINDING_COLUMNS_DESCRIPTION},
    {"comment", FINDING_COLUMNS_DESCRIPTION},
    {"reason", FINDING_COLUMNS_DESCRIPTION},
    {"detail", FINDING_COLUMNS_DESCRIPTION},
    {"malware", FINDING_COLUMNS_DESCRIPTION},
    {"malwarename", FINDING_COLUMNS_DESCRIPTION},
    {"infection", FINDING_COLUMNS_DESCRIPTION},
    {"threat", FINDING_COLUMNS_DESCRIPTION},
    {"tag", FINDING_COLUMNS_DESCRIPTION},
    {"tags", FINDING_COLUMNS_DESCRIPTION},
    {"reportid", FINDING_COLUMNS_REPORT_ID},
    {"id", FINDING_COLUMNS_REPORT_ID},
    {"eventid", FINDING_COLUMNS_REPORT_ID},
    {"reporttype", FINDING_COLUMNS_REPORT_TYPE},
    {"classificationidentifier", FINDING_COLUMNS_REPORT_TYPE},
    {"reporter", FINDING_COLUMNS_REPORTER},
    {"feedname", FINDING_COLUMNS_REPORTER},
    {"feedprovider", FINDING_COLUMNS_REPORTER},
    {"role", FINDING_COLUMNS_ROLE},
};

const char *finding_columns_role_name(FindingColumnRole role)
{
    return role_names[role];
}

static int compare(gconstpointer a, gconstpointer b)
{
    const FindingColumn *one = a, *two = b;
    if (one->role != two->role)
        return one->role < two->role ? -1 : 1;
    if (one->rank != two->rank)
        return one->rank < two->rank ? -1 : 1;
    return one->column < two->column ? -1 : one->column > two->column;
}

static GArray *columns_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(FindingColumn));
}

GArray *finding_columns_from_header(const GArray *fields)
{
    GArray *columns = columns_new();
    for (guint i = 0; i < fields->len; i++) {
        char plain[64];
        gsize length = 0;
        for (const char *name = g_array_index(fields, RecordField, i).text;
             *name && length + 1 < sizeof plain; name++)
            if (g_ascii_isalnum(*name))
                plain[length++] = g_ascii_tolower(*name);
        plain[length] = '\0';
        for (guint k = 0; k < G_N_ELEMENTS(known_names); k++)
            if (strcmp(known_names[k].name, plain) == 0) {
                FindingColumn column = {known_names[k].role, i, k};
                g_array_append_val(columns, column);
            }
    }
    g_array_sort(columns, compare);
    return columns;
}

static FindingColumnRole role_of(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(role_names); i++)
        if (role_names[i] && strcmp(role_names[i], name) == 0)
            return (FindingColumnRole)i;
    return FINDING_COLUMNS_NONE;
}

static gboolean column_of(const char *text, const GArray *fields, guint *ret_column)
{
    guint64 number;
    if (g_ascii_string_to_unsigned(text, 10, 1, MAX(fields->len, 1), &number, NULL)) {
        *ret_column = (guint)number - 1;
        return TRUE;
    }
    for (guint i = 0; i < fields->len; i++) {
        g_autofree char *name = g_strdup(g_array_index(fields, RecordField, i).text);
        if (g_ascii_strcasecmp(g_strstrip(name), text) == 0) {
            *ret_column = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void wrong_role(const char *name, GError **error)
{
    g_autoptr(GString) roles = g_string_new(NULL);
    for (guint i = FINDING_COLUMNS_VALUE; i < G_N_ELEMENTS(role_names); i++)
        g_string_append_printf(roles, "%s%s", roles->len > 0 ? ", " : "", role_names[i]);
    g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                "columns: \"%s\" is no role and column; roles are %s", name, roles->str);
}

GArray *finding_columns_from_text(const char *text, const GArray *fields, gboolean lenient,
                                  GError **error)
{
    g_autoptr(GArray) columns = columns_new();
    g_auto(GStrv) parts = g_strsplit(text, ",", RECORD_MAX_FIELDS);
    for (guint i = 0; parts[i]; i++) {
        char *equals = strchr(parts[i], '=');
        if (equals)
            *equals = '\0';
        FindingColumn column = {.role = role_of(g_strstrip(parts[i])), .rank = i};
        if (!equals || column.role == FINDING_COLUMNS_NONE) {
            wrong_role(parts[i], error);
            return NULL;
        }
        if (column_of(g_strstrip(equals + 1), fields, &column.column)) {
            g_array_append_val(columns, column);
        } else if (!lenient) {
            g_set_error(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                        "columns: there is no column \"%s\" (there are %u)", equals + 1,
                        fields->len);
            return NULL;
        }
    }
    if (!lenient && !finding_columns_have_value(columns)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "columns: none holds addresses, names, URLs, e-mail addresses or "
                            "hashes");
        return NULL;
    }
    g_array_sort(columns, compare);
    return g_steal_pointer(&columns);
}

static gboolean is_value(FindingColumnRole role)
{
    return role >= FINDING_COLUMNS_VALUE && role <= FINDING_COLUMNS_HOST;
}

gboolean finding_columns_have_value(const GArray *columns)
{
    for (guint i = 0; i < columns->len; i++)
        if (is_value(g_array_index(columns, FindingColumn, i).role))
            return TRUE;
    return FALSE;
}

/* --- Use ------------------------------------------------------------------------------------- */

/* Empty fields, and those that say they are. */
static gboolean says_nothing(const char *text, gsize length)
{
    static const char *const nothing[] = {"", "-", "none", "null", "n/a", "unknown"};
    for (guint i = 0; i < G_N_ELEMENTS(nothing); i++)
        if (strlen(nothing[i]) == length && g_ascii_strncasecmp(nothing[i], text, length) == 0)
            return TRUE;
    return FALSE;
}

/* A value of a column that is there to say what the finding is about. Of several columns of a role
 * only the first that says something is looked at. */
static gboolean use_value(FindingColumnRole role, const char *name, const char *text, gsize length,
                          FindingMaker *maker)
{
    static const ObservableKind kinds[] = {
        [FINDING_COLUMNS_VALUE] = OBSERVABLE_NONE,  [FINDING_COLUMNS_ADDRESS] = OBSERVABLE_IPV4,
        [FINDING_COLUMNS_PREFIX] = OBSERVABLE_CIDR, [FINDING_COLUMNS_URL] = OBSERVABLE_URL,
        [FINDING_COLUMNS_EMAIL] = OBSERVABLE_EMAIL, [FINDING_COLUMNS_DOMAIN] = OBSERVABLE_DOMAIN,
        [FINDING_COLUMNS_HASH] = OBSERVABLE_NONE,   [FINDING_COLUMNS_HOST] = OBSERVABLE_DOMAIN,
    };
    Finding *finding = &maker->finding;
    /* A path, an account without a domain, a name of one label: true, but nothing to be told of. */
    gboolean soft = role != FINDING_COLUMNS_ADDRESS && role != FINDING_COLUMNS_PREFIX &&
                    role != FINDING_COLUMNS_VALUE;
    if (role == FINDING_COLUMNS_ADDRESS && (finding->address || finding->prefix))
        return TRUE;
    if (role == FINDING_COLUMNS_HOST && finding_maker_has_value(maker))
        return TRUE;
    return finding_maker_value(maker, name, text, length, kinds[role]) || soft;
}

static void use_class(FindingMaker *maker, const char *text, gsize length)
{
    g_autofree char *word = g_strndup(text, MIN(length, 128));
    const RsitClass *class = rsit_find(word);
    if (class && !maker->finding.classification)
        maker->finding.classification = class->word;
}

static void use_role(FindingMaker *maker, const char *text, gsize length)
{
    if (length == 6 && memcmp(text, "target", 6) == 0)
        maker->finding.role = FINDING_TARGET;
    else if (length == 5 && memcmp(text, "other", 5) == 0)
        maker->finding.role = FINDING_OTHER;
}

static void use_text(FindingMaker *maker, const char **place, const char *text, gsize length)
{
    if (!*place)
        *place = finding_maker_text(maker, text, length);
}

static gboolean use_column(FindingColumnRole role, const char *text, gsize length,
                           FindingMaker *maker)
{
    Finding *finding = &maker->finding;
    switch (role) {
    case FINDING_COLUMNS_PORT:
        return finding_maker_port(maker, text, length) || TRUE;
    case FINDING_COLUMNS_PROTOCOL:
        finding_maker_protocol(maker, text, length);
        return TRUE;
    case FINDING_COLUMNS_ASN:
        return finding_maker_asn(maker, text, length) || TRUE;
    case FINDING_COLUMNS_TIME:
        return finding_maker_time(maker, text, length);
    case FINDING_COLUMNS_CLASS:
        use_class(maker, text, length);
        return TRUE;
    case FINDING_COLUMNS_SEVERITY:
        finding_maker_severity(maker, text, length);
        return TRUE;
    case FINDING_COLUMNS_DESCRIPTION:
        use_text(maker, &finding->description, text, length);
        return TRUE;
    case FINDING_COLUMNS_REPORT_ID:
        use_text(maker, &finding->report_id, text, length);
        return TRUE;
    case FINDING_COLUMNS_REPORT_TYPE:
        use_text(maker, &finding->report_type, text, length);
        return TRUE;
    case FINDING_COLUMNS_REPORTER:
        use_text(maker, &finding->reporter, text, length);
        return TRUE;
    case FINDING_COLUMNS_ROLE:
        use_role(maker, text, length);
        return TRUE;
    default:
        return use_value(role, role_names[role], text, length, maker);
    }
}

gboolean finding_columns_use(const GArray *columns, const GArray *fields, FindingMaker *maker)
{
    for (guint i = 0; i < columns->len; i++) {
        const FindingColumn *column = &g_array_index(columns, FindingColumn, i);
        if (column->column >= fields->len)
            continue;
        const RecordField *field = &g_array_index(fields, RecordField, column->column);
        const char *text = field->text;
        gsize length = field->length;
        while (length > 0 && g_ascii_isspace(text[0]))
            text++, length--;
        while (length > 0 && g_ascii_isspace(text[length - 1]))
            length--;
        if (!says_nothing(text, length) && !use_column(column->role, text, length, maker))
            return FALSE;
    }
    return TRUE;
}
