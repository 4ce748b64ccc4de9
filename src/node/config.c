#include "node/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/nearest.h"

#define FILE_MAX     (1024 * 1024)
#define PROBLEMS_MAX 100

/* One setting's value, checked. */
typedef struct {
    char *text;        /* as written, without quotes; NULL: not set */
    char *path;        /* SETTING_PATH, absolute */
    gint64 number;     /* of the numeric types; SETTING_ENUM: the index */
    GArray *addresses; /* ConfigAddress */
    guint line;        /* 0: the default */
} Value;

struct Config {
    char *directory;
    Value values[SETTING_COUNT];
};

static void value_clear(Value *value)
{
    g_clear_pointer(&value->text, g_free);
    g_clear_pointer(&value->path, g_free);
    g_clear_pointer(&value->addresses, g_array_unref);
    value->number = 0;
    value->line = 0;
}

/* --- Values: each reader returns FALSE when the text is not what the setting allows. --- */

/* Digits, then one of @units (name, factor pairs ended by a NULL name); "" is a unit too. */
typedef struct {
    const char *name;
    gint64 factor;
} Unit;

static const Unit no_units[] = {{"", 1}, {NULL, 0}};
static const Unit size_units[] = {
    {"", 1},          {"K", 1 << 10}, {"KiB", 1 << 10}, {"k", 1 << 10}, {"M", 1 << 20},
    {"MiB", 1 << 20}, {"G", 1 << 30}, {"GiB", 1 << 30}, {NULL, 0},
};
static const Unit time_units[] = {
    {"", 1}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0},
};

static gboolean read_number(const Setting *setting, const Unit *units, const char *text,
                            gint64 *ret_number)
{
    if (!g_ascii_isdigit(text[0]))
        return FALSE;
    char *end;
    errno = 0;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    if (errno != 0)
        return FALSE;
    while (*end == ' ')
        end++;
    for (const Unit *unit = units; unit->name; unit++) {
        if (!g_str_equal(end, unit->name))
            continue;
        if (number > (guint64)(G_MAXINT64 / unit->factor))
            return FALSE;
        gint64 result = (gint64)number * unit->factor;
        if (result < setting->min || result > setting->max)
            return FALSE;
        *ret_number = result;
        return TRUE;
    }
    return FALSE;
}

gboolean config_read_duration(const char *text, guint max, guint *ret_seconds)
{
    const Setting range = {.min = 1, .max = max};
    gint64 number;
    if (!read_number(&range, time_units, text, &number))
        return FALSE;
    *ret_seconds = (guint)number;
    return TRUE;
}

gboolean config_read_size(const char *text, guint64 max, guint64 *ret_bytes)
{
    const Setting range = {.min = 1, .max = (gint64)MIN(max, G_MAXINT64)};
    gint64 number;
    if (!read_number(&range, size_units, text, &number))
        return FALSE;
    *ret_bytes = (guint64)number;
    return TRUE;
}

static gboolean read_bool(const char *text, gint64 *ret_number)
{
    static const char *const words[][2] = {
        {"no", "yes"}, {"off", "on"}, {"false", "true"}, {"0", "1"}};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        for (guint truth = 0; truth < 2; truth++)
            if (g_str_equal(text, words[i][truth])) {
                *ret_number = truth;
                return TRUE;
            }
    return FALSE;
}

static gboolean read_enum(const Setting *setting, const char *text, gint64 *ret_number)
{
    for (guint i = 0; setting->allowed[i]; i++)
        if (g_str_equal(text, setting->allowed[i])) {
            *ret_number = i;
            return TRUE;
        }
    return FALSE;
}

static gboolean is_hostname(const char *text)
{
    gsize label = 0;
    for (const char *c = text; *c; c++) {
        if (*c == '.') {
            if (label == 0 || c[-1] == '-')
                return FALSE;
            label = 0;
        } else if (!g_ascii_isalnum(*c) && (*c != '-' || label == 0)) {
            return FALSE;
        } else if (++label > 63) {
            return FALSE;
        }
    }
    return label > 0 && !g_str_has_suffix(text, "-");
}

/* "192.0.2.1:443" or "[2001:db8::1]:443". */
static gboolean read_address(const char *text, ConfigAddress *ret_address)
{
    gboolean ipv6 = text[0] == '[';
    const char *host = ipv6 ? text + 1 : text;
    const char *end = strchr(host, ipv6 ? ']' : ':');
    if (!end || (gsize)(end - host) >= sizeof ret_address->host)
        return FALSE;
    ConfigAddress address = {.ipv6 = ipv6};
    memcpy(address.host, host, end - host);
    const char *port = ipv6 ? end + 1 : end;
    if (*port++ != ':')
        return FALSE;

    static const Setting port_range = {.min = 0, .max = 65535};
    gint64 number;
    if (!read_number(&port_range, no_units, port, &number))
        return FALSE;
    address.port = number;

    if (ipv6) {
        struct in6_addr in6;
        if (inet_pton(AF_INET6, address.host, &in6) != 1)
            return FALSE;
        address.loopback = IN6_IS_ADDR_LOOPBACK(&in6);
    } else {
        struct in_addr in;
        if (inet_pton(AF_INET, address.host, &in) != 1)
            return FALSE;
        address.loopback = ntohl(in.s_addr) >> 24 == 127;
    }
    *ret_address = address;
    return TRUE;
}

static GArray *read_addresses(const Setting *setting, const char *text)
{
    g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(ConfigAddress));
    g_auto(GStrv) parts = g_strsplit(text, ",", setting->max + 1);
    for (guint i = 0; parts[i]; i++) {
        ConfigAddress address;
        if (!read_address(g_strstrip(parts[i]), &address))
            return NULL;
        g_array_append_val(addresses, address);
    }
    if (addresses->len == 0 || addresses->len > setting->max)
        return NULL;
    return g_steal_pointer(&addresses);
}

static gboolean value_read(Value *value, const Setting *setting, const char *directory,
                           const char *text)
{
    gsize length = strlen(text);
    switch (setting->type) {
    case SETTING_STRING:
        if ((gint64)length < setting->min || (gint64)length > setting->max)
            return FALSE;
        break;
    case SETTING_HOSTNAME:
        if ((gint64)length > setting->max || !is_hostname(text))
            return FALSE;
        break;
    case SETTING_PATH:
        if (length == 0 || length > 4000)
            return FALSE;
        value->path = g_canonicalize_filename(text, directory);
        break;
    case SETTING_INT:
        if (!read_number(setting, no_units, text, &value->number))
            return FALSE;
        break;
    case SETTING_SIZE:
        if (!read_number(setting, size_units, text, &value->number))
            return FALSE;
        break;
    case SETTING_DURATION:
        if (!read_number(setting, time_units, text, &value->number))
            return FALSE;
        break;
    case SETTING_BOOL:
        if (!read_bool(text, &value->number))
            return FALSE;
        break;
    case SETTING_ENUM:
        if (!read_enum(setting, text, &value->number))
            return FALSE;
        break;
    case SETTING_ADDRESSES:
        if (!(value->addresses = read_addresses(setting, text)))
            return FALSE;
        break;
    }
    value->text = g_strdup(text);
    return TRUE;
}

/* --- Lines --- */

typedef struct {
    Config *config;
    const char *filename;
    GPtrArray *problems;
    guint line;
    const SettingsSection *section; /* NULL before the first, and in an unknown one */
    gboolean in_unknown;
    GHashTable *seen; /* section name -> line */
} Reader;

static void problem(Reader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void problem(Reader *reader, const char *format, ...)
{
    if (reader->problems->len >= PROBLEMS_MAX)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(reader->problems,
                    g_strdup_printf("%s:%u: %s", reader->filename, reader->line, what));
}

static char *did_you_mean(const Nearest *nearest)
{
    return nearest->word ? g_strdup_printf("; did you mean \"%s\"?", nearest->word) : g_strdup("");
}

static void read_section(Reader *reader, char *line)
{
    reader->section = NULL;
    reader->in_unknown = TRUE;

    gsize length = strlen(line);
    if (line[length - 1] != ']') {
        problem(reader, "%s: a section is written [name]", line);
        return;
    }
    line[length - 1] = '\0';
    const char *name = g_strstrip(line + 1);

    Nearest nearest = NEAREST_INIT(name);
    const SettingsSection *section = settings_sections();
    for (; section->name && !g_str_equal(section->name, name); section++)
        nearest_consider(&nearest, section->name);
    if (!section->name) {
        g_autofree char *hint = did_you_mean(&nearest);
        problem(reader, "[%s]: no such section%s", name, hint);
        return;
    }
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(reader->seen, section->name));
    if (before > 0)
        problem(reader, "[%s]: this section began at line %u already", name, before);
    else
        g_hash_table_insert(reader->seen, (char *)section->name, GUINT_TO_POINTER(reader->line));
    reader->section = section;
    reader->in_unknown = FALSE;
}

/* Takes the quotes off @value in place. */
static gboolean unquote(Reader *reader, const char *key, char **value)
{
    char *text = *value;
    gsize length = strlen(text);
    if (text[0] == '"') {
        if (length < 2 || text[length - 1] != '"' || memchr(text + 1, '"', length - 2)) {
            problem(reader, "%s = %s: the closing quote is missing or not at the end", key, text);
            return FALSE;
        }
        text[length - 1] = '\0';
        *value = text + 1;
        return TRUE;
    }
    for (const char *c = text; *c; c++)
        if ((*c == '#' || *c == ';') && c > text && (c[-1] == ' ' || c[-1] == '\t')) {
            problem(reader,
                    "%s = %s: a comment stands on a line of its own; a value with \"%c\" is "
                    "written in double quotes",
                    key, text, *c);
            return FALSE;
        }
    return TRUE;
}

static void unknown_setting(Reader *reader, const char *key)
{
    Nearest nearest = NEAREST_INIT(key);
    const char *elsewhere = NULL;
    for (SettingId id = 0; id < SETTING_COUNT; id++) {
        const Setting *setting = settings_get(id);
        if (g_str_equal(setting->section, reader->section->name))
            nearest_consider(&nearest, setting->name);
        else if (g_str_equal(setting->name, key))
            elsewhere = setting->section;
    }
    g_autofree char *hint = elsewhere && !nearest.word
                                ? g_strdup_printf("; there is one in [%s]", elsewhere)
                                : did_you_mean(&nearest);
    problem(reader, "[%s] %s: no such setting%s", reader->section->name, key, hint);
}

static void read_setting(Reader *reader, char *line)
{
    char *equals = strchr(line, '=');
    if (!equals) {
        problem(reader, "%s: a setting is written name = value", line);
        return;
    }
    *equals = '\0';
    const char *key = g_strstrip(line);
    char *text = g_strstrip(equals + 1);
    if (!reader->section) {
        if (!reader->in_unknown)
            problem(reader, "%s: a setting stands below its [section]", key);
        return;
    }

    SettingId id = settings_find(reader->section->name, key);
    if (id == SETTING_COUNT) {
        unknown_setting(reader, key);
        return;
    }
    if (!unquote(reader, key, &text))
        return;
    const Setting *setting = settings_get(id);
    Value *value = &reader->config->values[id];
    if (value->line > 0) {
        problem(reader, "[%s] %s: set at line %u already", setting->section, key, value->line);
        return;
    }

    Value read = {.line = reader->line};
    if (value_read(&read, setting, reader->config->directory, text)) {
        value_clear(value);
        *value = read;
        return;
    }
    value_clear(&read);
    value->line = reader->line; /* so that a second attempt is a duplicate all the same */
    g_autofree char *allowed = settings_allowed(setting);
    problem(reader, "[%s] %s = %s: must be %s", setting->section, key, text, allowed);
}

static void read_line(Reader *reader, char *line)
{
    for (const char *c = line; *c; c++)
        if ((g_ascii_iscntrl(*c) && *c != '\t')) {
            problem(reader, "a control character (0x%02x)", (guint)(guchar)*c);
            return;
        }
    g_strstrip(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return;
    if (line[0] == '[')
        read_section(reader, line);
    else
        read_setting(reader, line);
}

Config *config_new(const char *directory)
{
    Config *config = g_new0(Config, 1);
    config->directory = g_canonicalize_filename(directory, NULL);
    for (SettingId id = 0; id < SETTING_COUNT; id++) {
        const Setting *setting = settings_get(id);
        /* A default that its own row refuses is a mistake in the table. */
        if (setting->fallback &&
            !value_read(&config->values[id], setting, config->directory, setting->fallback))
            g_error("[%s] %s: bad default", setting->section, setting->name);
    }
    return config;
}

Config *config_parse(const char *directory, const char *filename, const char *text, gsize length,
                     GPtrArray *problems)
{
    Config *config = config_new(directory);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    Reader reader = {.config = config, .filename = filename, .problems = problems, .seen = seen};

    if (length > FILE_MAX) {
        g_ptr_array_add(problems, g_strdup_printf("%s: larger than 1 MiB", filename));
        return config;
    }
    const char *position = text, *end = text + length;
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        position += 3;
    while (position < end) {
        const char *newline = memchr(position, '\n', end - position);
        const char *stop = newline ? newline : end;
        gsize line_length = stop - position;
        if (line_length > 0 && position[line_length - 1] == '\r')
            line_length--;
        reader.line++;
        if (g_utf8_validate_len(position, line_length, NULL)) {
            g_autofree char *line = g_strndup(position, line_length);
            read_line(&reader, line);
        } else {
            problem(&reader, "not UTF-8 text");
        }
        position = stop + 1;
    }
    return config;
}

Config *config_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    g_autoptr(GError) failure = NULL;
    if (!g_file_get_contents(path, &text, &length, &failure)) {
        gboolean absent = g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        g_set_error_literal(error, CONCERT_ERROR,
                            absent ? CONCERT_ERROR_NOT_FOUND : CONCERT_ERROR_IO, failure->message);
        return NULL;
    }
    g_autofree char *directory = g_path_get_dirname(path);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(Config) config = config_parse(directory, path, text, length, problems);
    if (problems->len > 0) {
        g_ptr_array_add(problems, NULL);
        g_autofree char *all = g_strjoinv("\n", (char **)problems->pdata);
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT, all);
        return NULL;
    }
    return g_steal_pointer(&config);
}

Config *config_load_node(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "concert.conf", NULL);
    return config_load(path, error);
}

void config_free(Config *config)
{
    if (!config)
        return;
    for (SettingId id = 0; id < SETTING_COUNT; id++)
        value_clear(&config->values[id]);
    g_free(config->directory);
    g_free(config);
}

static const Value *value_of(const Config *config, SettingId id, SettingType type)
{
    g_assert(settings_get(id)->type == type);
    return &config->values[id];
}

const char *config_string(const Config *config, SettingId id)
{
    SettingType type = settings_get(id)->type;
    g_assert(type == SETTING_STRING || type == SETTING_HOSTNAME);
    return config->values[id].text;
}

const char *config_path(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_PATH)->path;
}

gint64 config_int(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_INT)->number;
}

guint64 config_size(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_SIZE)->number;
}

guint config_duration(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_DURATION)->number;
}

gboolean config_bool(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_BOOL)->number != 0;
}

guint config_enum(const Config *config, SettingId id)
{
    return value_of(config, id, SETTING_ENUM)->number;
}

const ConfigAddress *config_addresses(const Config *config, SettingId id, guint *ret_count)
{
    const Value *value = value_of(config, id, SETTING_ADDRESSES);
    *ret_count = value->addresses ? value->addresses->len : 0;
    return value->addresses ? (const ConfigAddress *)value->addresses->data : NULL;
}

const char *config_text(const Config *config, SettingId id)
{
    g_assert(id < SETTING_COUNT);
    return config->values[id].text;
}

guint config_line(const Config *config, SettingId id)
{
    g_assert(id < SETTING_COUNT);
    return config->values[id].line;
}
