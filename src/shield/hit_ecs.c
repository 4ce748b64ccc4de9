/* Hits as documents of the Elastic Common Schema 8:
 * https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html */
#include <string.h>
#include <yyjson.h>

#include "base/timestamp.h"
#include "shield/hit.h"

/* A document being made. Texts are copied into it. */
typedef struct {
    yyjson_mut_doc *doc;
    yyjson_mut_val *root;
} Ecs;

static yyjson_mut_val *section(Ecs *ecs, yyjson_mut_val *parent, const char *key)
{
    return yyjson_mut_obj_add_obj(ecs->doc, parent, key);
}

static void add_text(Ecs *ecs, yyjson_mut_val *object, const char *key, const char *text)
{
    if (text)
        yyjson_mut_obj_add_strcpy(ecs->doc, object, key, text);
}

static void add_time(Ecs *ecs, yyjson_mut_val *object, const char *key, gint64 time)
{
    char text[TIMESTAMP_MAX];
    if (time != 0)
        add_text(ecs, object, key, timestamp_format(text, time, 3));
}

static void add_hash(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    yyjson_mut_val *hash = section(ecs, section(ecs, object, "file"), "hash");
    add_text(ecs, hash, observable_kind_name(value->kind), value->value);
}

static void add_ja3(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    yyjson_mut_val *client = section(ecs, section(ecs, object, "tls"), "client");
    add_text(ecs, client, observable_kind_name(value->kind), value->value);
}

static void add_url(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    add_text(ecs, section(ecs, object, "url"), "full", value->value);
}

static void add_domain(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    add_text(ecs, section(ecs, object, "url"), "domain", value->value);
}

static void add_ip(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    add_text(ecs, object, "ip", value->value);
}

static void add_email(Ecs *ecs, yyjson_mut_val *object, const SetValue *value)
{
    add_text(ecs, section(ecs, object, "email"), "address", value->value);
}

/* The type in the words of the schema, which are those of STIX, and where the value goes. */
static const struct {
    const char *type;
    void (*add)(Ecs *ecs, yyjson_mut_val *object, const SetValue *value); /* NULL: nowhere */
} kinds[] = {
    [OBSERVABLE_IPV4] = {"ipv4-addr", add_ip},
    [OBSERVABLE_IPV6] = {"ipv6-addr", add_ip},
    [OBSERVABLE_CIDR] = {"ipv4-addr", NULL},
    [OBSERVABLE_DOMAIN] = {"domain-name", add_domain},
    [OBSERVABLE_URL] = {"url", add_url},
    [OBSERVABLE_MD5] = {"file", add_hash},
    [OBSERVABLE_SHA1] = {"file", add_hash},
    [OBSERVABLE_SHA256] = {"file", add_hash},
    [OBSERVABLE_SHA512] = {"file", add_hash},
    [OBSERVABLE_EMAIL] = {"email-addr", add_email},
    [OBSERVABLE_JA3] = {"network-traffic", add_ja3},
    [OBSERVABLE_JA4] = {"network-traffic", NULL},
};

static const char *type_name(const SetValue *value)
{
    if (value->kind == OBSERVABLE_CIDR && strchr(value->value, ':'))
        return "ipv6-addr";
    return value->kind < G_N_ELEMENTS(kinds) ? kinds[value->kind].type : NULL;
}

static const char *confidence_name(int confidence)
{
    return confidence < 0    ? "Not Specified"
           : confidence == 0 ? "None"
           : confidence < 30 ? "Low"
           : confidence < 70 ? "Medium"
                             : "High";
}

/* A name that somebody gave is theirs, and never the title. */
static void add_indicator(Ecs *ecs, const ScanHit *hit)
{
    const SetValue *value = &hit->value;
    yyjson_mut_val *indicator = section(ecs, section(ecs, ecs->root, "threat"), "indicator");

    add_text(ecs, indicator, "type", type_name(value));
    add_text(ecs, indicator, "name", value->value);
    add_text(ecs, indicator, "id", value->id);
    add_text(ecs, indicator, "provider", value->source);
    add_text(ecs, indicator, "confidence", confidence_name(value->confidence));
    if (value->name) {
        g_autofree char *said = g_strdup_printf("asserted by %s: %s", value->source, value->name);
        add_text(ecs, indicator, "description", said);
    }
    if (value->tlp != MARKING_TLP_NONE) {
        g_autofree char *tlp = g_ascii_strup(marking_tlp_name(value->tlp), -1);
        add_text(ecs, section(ecs, indicator, "marking"), "tlp", tlp);
    }
    if (value->kind < G_N_ELEMENTS(kinds) && kinds[value->kind].add)
        kinds[value->kind].add(ecs, indicator, value);
}

static void add_end(Ecs *ecs, const char *key, const ObservationEnd *end)
{
    char address[OBSERVABLE_ADDRESS_MAX];

    if (!end->known && end->port == 0)
        return;
    yyjson_mut_val *object = section(ecs, ecs->root, key);
    if (end->known) {
        observable_address_format(&end->address, address);
        add_text(ecs, object, "address", address);
        add_text(ecs, object, "ip", address);
    }
    if (end->port != 0)
        yyjson_mut_obj_add_uint(ecs->doc, object, "port", end->port);
}

static void add_place(Ecs *ecs, const char *file, const ScanHit *hit)
{
    g_autofree char *path = g_utf8_make_valid(file, -1);
    g_autofree char *seen = g_utf8_make_valid(hit->seen, (gssize)hit->seen_length);
    yyjson_mut_val *log = section(ecs, ecs->root, "log");
    yyjson_mut_val *log_file = section(ecs, log, "file");
    yyjson_mut_val *concert = section(ecs, ecs->root, "concert");

    add_text(ecs, log_file, "path", path);
    yyjson_mut_obj_add_uint(ecs->doc, log_file, "line", hit->line);
    if (hit->column > 0)
        yyjson_mut_obj_add_uint(ecs->doc, concert, "column", hit->column);
    add_text(ecs, concert, "seen", seen);
    add_text(ecs, concert, "field", hit->field);
}

void hit_append_ecs(GString *into, const char *file, const ScanHit *hit, gint64 now)
{
    const Observation *observation = hit->observation;
    Ecs ecs = {.doc = yyjson_mut_doc_new(NULL)};
    size_t length;

    ecs.root = yyjson_mut_obj(ecs.doc);
    yyjson_mut_doc_set_root(ecs.doc, ecs.root);
    add_time(&ecs, ecs.root, "@timestamp",
             observation && observation->time != 0 ? observation->time : now);
    add_text(&ecs, section(&ecs, ecs.root, "ecs"), "version", "8.11.0");
    yyjson_mut_val *event = section(&ecs, ecs.root, "event");
    add_text(&ecs, event, "kind", "enrichment");
    yyjson_mut_val *category = yyjson_mut_obj_add_arr(ecs.doc, event, "category");
    yyjson_mut_arr_add_str(ecs.doc, category, "threat");
    yyjson_mut_val *type = yyjson_mut_obj_add_arr(ecs.doc, event, "type");
    yyjson_mut_arr_add_str(ecs.doc, type, "indicator");
    add_text(&ecs, event, "module", "concert");
    add_time(&ecs, event, "created", now);
    add_indicator(&ecs, hit);
    add_place(&ecs, file, hit);
    if (observation) {
        add_text(&ecs, event, "dataset", observation->format);
        add_end(&ecs, "source", &observation->source);
        add_end(&ecs, "destination", &observation->destination);
        if (observation->protocol)
            add_text(&ecs, section(&ecs, ecs.root, "network"), "transport", observation->protocol);
    }
    char *json = yyjson_mut_write(ecs.doc, 0, &length);
    if (json)
        g_string_append_len(into, json, (gssize)length);
    g_string_append_c(into, '\n');
    free(json);
    yyjson_mut_doc_free(ecs.doc);
}
