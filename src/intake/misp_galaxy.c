#include "intake/misp_galaxy.h"

#include <string.h>

#include "intake/misp_value.h"

/* What the name of a galaxy ends in, and the STIX type of its clusters. The first that fits. */
static const struct {
    const char *ending;
    const char *type;
} galaxy_types[] = {
    {"attack-pattern", "attack-pattern"},
    {"course-of-action", "course-of-action"},
    {"intrusion-set", "intrusion-set"},
    {"threat-actor", "threat-actor"},
    {"microsoft-activity-group", "threat-actor"},
    {"campaign", "campaign"},
    {"vulnerability", "vulnerability"},
    {"malware", "malware"},
    {"malpedia", "malware"},
    {"ransomware", "malware"},
    {"backdoor", "malware"},
    {"banker", "malware"},
    {"botnet", "malware"},
    {"cryptominers", "malware"},
    {"rat", "malware"},
    {"stealer", "malware"},
    {"exploit-kit", "tool"},
    {"tds", "tool"},
    {"tool", "tool"},
    {"country", "location"},
    {"region", "location"},
    {"location", "location"},
    {"sector", "identity"},
};

/* Which of the cluster's "meta" are properties of which type; NULL: every type. */
static const struct {
    const char *meta;
    const char *type;
    const char *property;
    gboolean list;
} meta_rows[] = {
    {"synonyms", "attack-pattern", "aliases", TRUE},
    {"synonyms", "campaign", "aliases", TRUE},
    {"synonyms", "intrusion-set", "aliases", TRUE},
    {"synonyms", "malware", "aliases", TRUE},
    {"synonyms", "threat-actor", "aliases", TRUE},
    {"synonyms", "tool", "aliases", TRUE},
    {"labels", "malware", "malware_types", TRUE},
    {"malware_types", "malware", "malware_types", TRUE},
    {"labels", "threat-actor", "threat_actor_types", TRUE},
    {"threat_actor_types", "threat-actor", "threat_actor_types", TRUE},
    {"tool_types", "tool", "tool_types", TRUE},
    {"tool_version", "tool", "tool_version", FALSE},
    {"roles", "threat-actor", "roles", TRUE},
    {"goals", "intrusion-set", "goals", TRUE},
    {"objective", "campaign", "objective", FALSE},
    {"resource_level", "intrusion-set", "resource_level", FALSE},
    {"resource_level", "threat-actor", "resource_level", FALSE},
    {"primary_motivation", "intrusion-set", "primary_motivation", FALSE},
    {"primary_motivation", "threat-actor", "primary_motivation", FALSE},
    {"ISO", "location", "country", FALSE},
    {"country", "location", "country", FALSE},
    {"region", "location", "region", FALSE},
};

static const char *stix_type(const char *galaxy_type)
{
    for (guint i = 0; i < G_N_ELEMENTS(galaxy_types); i++)
        if (g_str_has_suffix(galaxy_type, galaxy_types[i].ending))
            return galaxy_types[i].type;
    return NULL;
}

/* "Code Signing - T1116" is called "Code Signing", when T1116 is told as its external id. */
static char *cluster_name(const char *value, const char *external_id)
{
    const char *cut = g_strrstr(value, " - ");
    if (cut != NULL && cut > value && external_id != NULL && strcmp(cut + 3, external_id) == 0)
        return g_strndup(value, (gsize)(cut - value));
    return g_strdup(value);
}

static const char *first_text(yyjson_val *value)
{
    return yyjson_get_str(yyjson_is_arr(value) ? yyjson_arr_get_first(value) : value);
}

static void add_reference(MispUnit *unit, yyjson_mut_val *references, const char *source,
                          const char *key, const char *text)
{
    yyjson_mut_val *reference = yyjson_mut_arr_add_obj(unit->doc, references);
    yyjson_mut_obj_add_str(unit->doc, reference, "source_name", source);
    yyjson_mut_obj_add_strcpy(unit->doc, reference, key, text);
}

static void add_references(MispUnit *unit, yyjson_mut_val *object, yyjson_val *meta)
{
    yyjson_mut_val *references = yyjson_mut_arr(unit->doc);
    const char *id = first_text(yyjson_obj_get(meta, "external_id"));
    const char *alias = first_text(yyjson_obj_get(meta, "aliases"));
    if (id == NULL && alias != NULL && g_str_has_prefix(alias, "CVE-"))
        id = alias;
    if (id != NULL && *id != '\0')
        add_reference(unit, references,
                      g_str_has_prefix(id, "CVE-")     ? "cve"
                      : g_str_has_prefix(id, "CAPEC-") ? "capec"
                                                       : "mitre-attack",
                      "external_id", id);
    size_t at, size;
    yyjson_val *url;
    yyjson_arr_foreach (yyjson_obj_get(meta, "refs"), at, size, url)
        if (yyjson_get_len(url) > 0)
            add_reference(unit, references, "url", "url", yyjson_get_str(url));
    if (yyjson_mut_arr_size(references) > 0)
        yyjson_mut_obj_add_val(unit->doc, object, "external_references", references);
}

/* "mitre-attack:defense-evasion", "mitre-attack:enterprise:defense-evasion" */
static gboolean add_phases(MispUnit *unit, yyjson_mut_val *object, yyjson_val *chain)
{
    yyjson_mut_val *phases = yyjson_mut_arr(unit->doc);
    size_t at, size;
    yyjson_val *entry;
    yyjson_arr_foreach (chain, at, size, entry) {
        const char *text = yyjson_get_str(entry);
        const char *cut = text != NULL ? strrchr(text, ':') : NULL;
        if (cut == NULL || cut == text || cut[1] == '\0')
            return FALSE;
        yyjson_mut_val *phase = yyjson_mut_arr_add_obj(unit->doc, phases);
        yyjson_mut_obj_add_strncpy(unit->doc, phase, "kill_chain_name", text, strcspn(text, ":"));
        yyjson_mut_obj_add_strcpy(unit->doc, phase, "phase_name", cut + 1);
    }
    if (yyjson_mut_arr_size(phases) > 0)
        yyjson_mut_obj_add_val(unit->doc, object, "kill_chain_phases", phases);
    return TRUE;
}

/* Puts one member of the cluster's meta where the type has a place for it. */
static gboolean put_meta(MispUnit *unit, yyjson_mut_val *object, const char *type, const char *key,
                         yyjson_val *value)
{
    gboolean phases = strcmp(type, "attack-pattern") == 0 || strcmp(type, "malware") == 0 ||
                      strcmp(type, "tool") == 0;
    if (strcmp(key, "kill_chain") == 0 && phases)
        return add_phases(unit, object, value);
    for (guint i = 0; i < G_N_ELEMENTS(meta_rows); i++) {
        if (strcmp(meta_rows[i].meta, key) != 0 || strcmp(meta_rows[i].type, type) != 0 ||
            yyjson_mut_obj_get(object, meta_rows[i].property) != NULL)
            continue;
        if (!meta_rows[i].list) {
            const char *text = first_text(value);
            return text != NULL && *text != '\0' &&
                   yyjson_mut_obj_add_strcpy(unit->doc, object, meta_rows[i].property, text);
        }
        size_t at, size;
        yyjson_val *entry;
        yyjson_arr_foreach (value, at, size, entry)
            if (yyjson_get_len(entry) == 0)
                return FALSE;
        return yyjson_arr_size(value) > 0 &&
               yyjson_mut_obj_add_val(unit->doc, object, meta_rows[i].property,
                                      yyjson_val_mut_copy(unit->doc, value));
    }
    return FALSE;
}

/* What the type demands and the cluster does not say. */
static void complete_cluster(MispUnit *unit, yyjson_mut_val *object, const char *type,
                             const char *galaxy_type, const char *name)
{
    if (strcmp(type, "malware") == 0)
        yyjson_mut_obj_add_bool(unit->doc, object, "is_family", TRUE);
    if (strcmp(type, "identity") == 0)
        yyjson_mut_obj_add_str(unit->doc, object, "identity_class", "class");
    if (strcmp(type, "location") != 0 || yyjson_mut_obj_get(object, "country") != NULL ||
        yyjson_mut_obj_get(object, "region") != NULL)
        return;
    /* "154 - Northern Europe" is the region "northern-europe" */
    const char *cut = strstr(name, " - ");
    g_autofree char *region = g_ascii_strdown(cut != NULL ? cut + 3 : name, -1);
    g_strdelimit(region, " ", '-');
    if (!g_str_has_suffix(galaxy_type, "country"))
        yyjson_mut_obj_add_strcpy(unit->doc, object, "region", region);
}

/* The STIX object of one cluster. */
static yyjson_mut_val *build_cluster(const MispEvent *event, MispUnit *unit, yyjson_val *galaxy,
                                     yyjson_val *cluster, const char *type, const char *uuid)
{
    yyjson_mut_doc *doc = unit->doc;
    const char *galaxy_type = yyjson_get_str(yyjson_obj_get(galaxy, "type"));
    const char *value = yyjson_get_str(yyjson_obj_get(cluster, "value"));
    yyjson_val *meta = yyjson_obj_get(cluster, "meta");
    /* a cluster has no time but a version, which for those made by hand is a time */
    gint64 version;
    if (!misp_value_time(yyjson_obj_get(cluster, "version"), &version))
        version = 0;
    yyjson_mut_val *object = misp_event_object(unit, type, uuid, NULL, 0, version);
    g_autofree char *name = cluster_name(value, first_text(yyjson_obj_get(meta, "external_id")));
    yyjson_mut_obj_add_strcpy(doc, object, "name", name);
    const char *description = yyjson_get_str(yyjson_obj_get(cluster, "description"));
    if (description != NULL && *description != '\0')
        yyjson_mut_obj_add_strcpy(doc, object, "description", description);
    add_references(unit, object, meta);

    yyjson_mut_val *rest = yyjson_mut_obj(doc);
    size_t at, size;
    yyjson_val *key, *entry;
    yyjson_obj_foreach (meta, at, size, key, entry) {
        const char *text = yyjson_get_str(key);
        if (strcmp(text, "refs") != 0 && strcmp(text, "external_id") != 0 &&
            !put_meta(unit, object, type, text, entry))
            yyjson_mut_obj_add(rest, yyjson_val_mut_copy(doc, key),
                               yyjson_val_mut_copy(doc, entry));
    }
    complete_cluster(unit, object, type, galaxy_type, name);
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
    const char *galaxy_name = yyjson_get_str(yyjson_obj_get(galaxy, "name"));
    if (galaxy_name != NULL)
        g_ptr_array_add(labels, g_strdup_printf("misp:galaxy-name=\"%s\"", galaxy_name));
    g_ptr_array_add(labels, g_strdup_printf("misp:galaxy-type=\"%s\"", galaxy_type));
    /* those that come with MISP are published; those made by hand are as secret as the event */
    g_autoptr(MispTags) tags = misp_tags_new();
    if (!misp_value_true(yyjson_obj_get(cluster, "default")))
        misp_tags_inherit(tags, event->tags);
    tags->confidence = -1;
    misp_tags_write(tags, labels, doc, object);
    if (yyjson_mut_obj_size(rest) > 0)
        yyjson_mut_obj_add_val(doc, object, "x_misp_meta", rest);
    static const char *const known[] = {"uuid",     "type",
                                        "value",    "description",
                                        "meta",     "version",
                                        "default",  "relationship_type",
                                        "tag_name", "collection_uuid",
                                        "local",    "distribution",
                                        NULL};
    misp_event_keep(event, unit, object, cluster, known);
    return object;
}

/* A cluster of a galaxy STIX has no type for. */
static void keep_cluster(const MispEvent *event, MispUnit *unit, yyjson_val *galaxy,
                         yyjson_val *cluster, const char *uuid)
{
    yyjson_mut_val *kept = misp_event_object(unit, "x-misp-galaxy-cluster", uuid, NULL, 0, 0);
    if (!misp_value_true(yyjson_obj_get(cluster, "default")))
        misp_tags_mark(event->tags, unit->doc, kept);
    static const char *const told[] = {"uuid", "relationship_type", "local", NULL};
    static const char *const told_of_galaxy[] = {
        "GalaxyCluster", "uuid", "type", "description", "version", "local", "distribution", NULL};
    misp_event_keep(event, unit, kept, cluster, told);
    yyjson_mut_val *outer = yyjson_mut_obj(unit->doc);
    misp_event_keep(event, unit, outer, galaxy, told_of_galaxy);
    yyjson_mut_obj_add_val(unit->doc, kept, "x_misp_galaxy", outer);
}

/* "indicates", "uses" and the like are for what both ends are; the rest is "related-to". */
static const char *relation_to(const char *source_ref, const char *type)
{
    gboolean threat = strcmp(type, "attack-pattern") == 0 || strcmp(type, "campaign") == 0 ||
                      strcmp(type, "intrusion-set") == 0 || strcmp(type, "malware") == 0 ||
                      strcmp(type, "threat-actor") == 0 || strcmp(type, "tool") == 0;
    return g_str_has_prefix(source_ref, "indicator--") && threat ? "indicates" : "related-to";
}

static void relate_cluster(MispEvent *event, yyjson_val *cluster, const char *path,
                           const char *source_ref, const char *type, const char *id,
                           const MispTimes *times, const MispTags *tags)
{
    g_autoptr(MispUnit) unit = misp_event_unit_new();
    yyjson_mut_val *relationship = misp_event_relate(
        event, unit, NULL, source_ref, relation_to(source_ref, type), id, times, tags);
    if (event->creator_name != NULL) {
        g_autofree char *claim = g_strdup_printf("asserted by %s", event->creator_name);
        yyjson_mut_obj_add_strcpy(unit->doc, relationship, "description", claim);
    }
    const char *role = yyjson_get_str(yyjson_obj_get(cluster, "relationship_type"));
    if (role != NULL && *role != '\0')
        yyjson_mut_obj_add_strcpy(unit->doc, relationship, "x_misp_relationship_type", role);
    misp_event_emit_or_note(event, unit, path);
}

static void read_cluster(MispEvent *event, yyjson_val *galaxy, yyjson_val *cluster,
                         const char *path, const char *source_ref, const MispTimes *times,
                         const MispTags *tags)
{
    const char *galaxy_type = yyjson_get_str(yyjson_obj_get(galaxy, "type"));
    const char *value = yyjson_get_str(yyjson_obj_get(cluster, "value"));
    if (galaxy_type == NULL || value == NULL || *value == '\0') {
        misp_event_note(event, INTAKE_BROKEN, path, "galaxy cluster without type or value");
        return;
    }
    g_autofree char *uuid = misp_value_uuid(cluster, "uuid");
    if (uuid == NULL)
        uuid = misp_value_make_uuid(galaxy_type, value, NULL);
    const char *type = stix_type(galaxy_type);
    g_autofree char *id =
        g_strdup_printf("%s--%s", type != NULL ? type : "x-misp-galaxy-cluster", uuid);
    if (type != NULL && !g_hash_table_contains(event->seen, id)) {
        g_autoptr(MispUnit) unit = misp_event_unit_new();
        g_autofree char *problem = NULL;
        build_cluster(event, unit, galaxy, cluster, type, uuid);
        if (!misp_event_emit(event, unit, path, &problem))
            type = NULL;
    }
    if (type == NULL) {
        g_free(id);
        id = g_strconcat("x-misp-galaxy-cluster--", uuid, NULL);
    }
    if (type == NULL && !g_hash_table_contains(event->seen, id)) {
        g_autoptr(MispUnit) unit = misp_event_unit_new();
        keep_cluster(event, unit, galaxy, cluster, uuid);
        misp_event_emit_or_note(event, unit, path);
        misp_event_note(event, INTAKE_UNMAPPED, path,
                        "cluster of galaxy %s: kept as x-misp-galaxy-cluster", galaxy_type);
    }
    if (source_ref != NULL && g_hash_table_contains(event->seen, id))
        relate_cluster(event, cluster, path, source_ref, type != NULL ? type : "", id, times, tags);
}

void misp_galaxy_read(MispEvent *event, yyjson_val *entry, const char *path, const char *source_ref,
                      const MispTimes *times, const MispTags *tags)
{
    size_t at, size, cluster_at, clusters;
    yyjson_val *galaxy, *cluster;
    yyjson_arr_foreach (yyjson_obj_get(entry, "Galaxy"), at, size, galaxy) {
        yyjson_val *list = yyjson_obj_get(galaxy, "GalaxyCluster");
        yyjson_arr_foreach (list, cluster_at, clusters, cluster) {
            g_autofree char *where = g_strdup_printf("%s.Galaxy[%u].GalaxyCluster[%u]", path,
                                                     (guint)at, (guint)cluster_at);
            read_cluster(event, galaxy, cluster, where, source_ref, times, tags);
        }
    }
}
