#include "intake/iodef_value.h"

#include <string.h>

#include "intake/iodef_words.h"

void iodef_value_field(FindingMaker *maker, const char *name, const char *text)
{
    if (text)
        finding_maker_field(maker, name, text, strlen(text));
}

gboolean iodef_value_kind(const char *category, ObservableKind *ret_kind)
{
    static const struct {
        const char *word;
        ObservableKind kind;
    } kinds[] = {
        {"ipv4-addr", OBSERVABLE_IPV4},
        {"ipv6-addr", OBSERVABLE_IPV6},
        {"ipv4-net", OBSERVABLE_CIDR},
        {"ipv6-net", OBSERVABLE_CIDR},
        {"site-uri", OBSERVABLE_URL},
        {"url", OBSERVABLE_URL},
        {"e-mail", OBSERVABLE_EMAIL},
        {"email", OBSERVABLE_EMAIL},
        {"domain-name", OBSERVABLE_DOMAIN},
        {"fqdn", OBSERVABLE_DOMAIN},
        {"domain-to-ipv4", OBSERVABLE_NONE},
        {"domain-to-ipv6", OBSERVABLE_NONE},
        {"domain-to-ipv4-timestamp", OBSERVABLE_NONE},
        {"domain-to-ipv6-timestamp", OBSERVABLE_NONE},
        {"ipv4-port", OBSERVABLE_IPV4},
        {"ipv6-port", OBSERVABLE_IPV6},
        {"file-hash", OBSERVABLE_NONE},
        {"email-x-mailer", OBSERVABLE_OTHER},
    };
    *ret_kind = OBSERVABLE_NONE;
    if (!category)
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].word, category) == 0) {
            *ret_kind = kinds[i].kind;
            return kinds[i].kind != OBSERVABLE_OTHER;
        }
    return FALSE;
}

void iodef_value_address(FindingMaker *maker, const xmlNode *node, const char *text)
{
    g_autofree char *category = iodef_node_text(node, "category");
    ObservableKind kind;
    if (g_strcmp0(category, "asn") == 0) {
        finding_maker_asn(maker, text, strlen(text));
        return;
    }
    if (!iodef_value_kind(category, &kind)) {
        iodef_value_field(maker, category, text);
        return;
    }
    g_autofree char *whole = g_strdup(text);
    gsize kept = 0;
    for (const char *at = text; *at; at++)
        if (!g_ascii_isspace(*at))
            whole[kept++] = *at;
    whole[kept] = '\0';
    /* A literal address is written as any. */
    if (kind == OBSERVABLE_URL && !strstr(whole, "://"))
        kind = OBSERVABLE_NONE;
    finding_maker_value(maker, "Address", whole, kept, kind);
}

gboolean iodef_value_is_taken(const FindingMaker *maker, const xmlNode *node)
{
    const Finding *finding = &maker->finding;
    g_autofree char *category = iodef_node_text(node, "category");
    ObservableKind kind;
    if (!iodef_node_is(node, "Address"))
        return finding->domain != NULL;
    if (g_strcmp0(category, "asn") == 0 || !iodef_value_kind(category, &kind))
        return FALSE;
    if (kind == OBSERVABLE_URL)
        return finding->url != NULL;
    if (kind == OBSERVABLE_EMAIL)
        return finding->email != NULL;
    return finding->address != NULL || finding->prefix != NULL;
}

void iodef_value_name(FindingMaker *maker, const xmlNode *node)
{
    g_autofree char *name =
        iodef_node_is(node, "DomainData") ? iodef_node_text(node, "Name") : iodef_node_value(node);
    if (name)
        finding_maker_value(maker, "Name", name, strlen(name), OBSERVABLE_DOMAIN);
}

static void take_service(FindingMaker *maker, const xmlNode *service)
{
    g_autofree char *number = iodef_node_text(service, "ip-protocol");
    g_autofree char *old = number ? NULL : iodef_node_text(service, "ip_protocol"); /* RFC 5070 */
    g_autofree char *port = iodef_node_text(service, "Port");
    g_autofree char *name =
        iodef_node_text(iodef_node_child(service, "ServiceName"), "IANAService");
    const char *protocol = iodef_words_protocol(number ? number : old);
    if (protocol)
        finding_maker_protocol(maker, protocol, strlen(protocol));
    if (port)
        finding_maker_port(maker, port, strlen(port));
    iodef_value_field(maker, "service", name);
}

void iodef_value_system(FindingMaker *maker, const xmlNode *system)
{
    g_autofree char *spoofed = iodef_node_text(system, "spoofed");
    g_autofree char *description = iodef_node_text(system, "Description");
    iodef_value_field(maker, "spoofed", spoofed);
    iodef_value_field(maker, "system", description);
    take_service(maker, iodef_node_child(system, "Service"));
    const xmlNode *roles[] = {iodef_node_child(system, "NodeRole"),
                              iodef_node_child(iodef_node_child(system, "Node"), "NodeRole")};
    for (guint i = 0; i < G_N_ELEMENTS(roles); i++) {
        g_autofree char *category = iodef_node_text(roles[i], "category");
        const char *class = iodef_words_class_of_role(category);
        iodef_value_field(maker, "node-role", category);
        if (class)
            maker->finding.classification = class;
    }
}

void iodef_value_digest(FindingMaker *maker, const char *text)
{
    static const gsize sizes[] = {16, 20, 32, 64};
    gsize length = strlen(text);
    g_autofree char *folded = g_strdup(text);
    gsize kept = 0;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isspace(text[i]))
            folded[kept++] = text[i];
    folded[kept] = '\0';
    if (finding_maker_value(maker, "hash", folded, kept, OBSERVABLE_NONE))
        return;
    gsize size = 0;
    g_autofree guchar *bytes = g_base64_decode(folded, &size);
    g_autoptr(GString) hex = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (size == sizes[i])
            for (gsize k = 0; k < size; k++)
                g_string_append_printf(hex, "%02x", bytes[k]);
    if (hex->len == 0)
        g_string_append_len(hex, (const char *)bytes, (gssize)size);
    if (g_str_has_prefix(hex->str, "0x"))
        g_string_erase(hex, 0, 2);
    finding_maker_value(maker, "hash", hex->str, hex->len, OBSERVABLE_NONE);
}
