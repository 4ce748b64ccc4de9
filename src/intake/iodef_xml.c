#include <string.h>

#include "intake/iodef.h"
#include "intake/iodef_read.h"
#include "intake/late_xml.h"

#define XML_OPTIONS (XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_NOCDATA)
#define PROLOG_MAX  (64 * 1024) /* where the root element has to begin */

typedef struct {
    Stream *stream;
    xmlTextReader *reader;
    FindingMaker *maker;
    IodefRead read;
    guint64 incidents;
    GHashTable *numbers; /* name of an incident's child -> how many there were */
    guint64 taken;       /* bytes given to the parser since the present element began */
    gboolean too_large;
    GError *failure; /* the stream's */
    char *wrong;     /* what the parser says, the first time */
    int wrong_line;
} Xml;

static int feed(void *user, char *buffer, int size)
{
    Xml *xml = user;
    gsize got = 0;
    if (xml->taken > IODEF_MAX_ELEMENT) {
        xml->too_large = TRUE;
        return -1;
    }
    if (!stream_read(xml->stream, buffer, (gsize)size, &got, &xml->failure))
        return -1;
    xml->taken += got;
    return (int)got;
}

static void note_wrong(void *user, xmlError *wrong)
{
    Xml *xml = user;
    if (xml->wrong || wrong->level < XML_ERR_ERROR || !wrong->message)
        return;
    xml->wrong = g_strchomp(g_utf8_make_valid(wrong->message, -1));
    xml->wrong_line = wrong->line;
}

static void xml_clear(Xml *xml)
{
    g_clear_pointer(&xml->reader, late_xml()->FreeTextReader);
    g_clear_pointer(&xml->numbers, g_hash_table_unref);
    g_clear_error(&xml->failure);
    g_clear_pointer(&xml->wrong, g_free);
    iodef_read_clear(&xml->read);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Xml, xml_clear)

static gboolean is_element(xmlTextReader *reader, int depth, const char *name)
{
    return late_xml()->TextReaderNodeType(reader) == XML_READER_TYPE_ELEMENT &&
           late_xml()->TextReaderDepth(reader) == depth &&
           (!name || strcmp((const char *)late_xml()->TextReaderConstLocalName(reader), name) == 0);
}

/* A DOCTYPE could define entities: none is parsed. It may only stand before the root element. */
static gboolean check_prolog(Stream *stream, GError **error)
{
    const char *text;
    gsize length;
    if (!stream_peek(stream, PROLOG_MAX, &text, &length, error))
        return FALSE;
    const char *root = memmem(text, length, "IODEF-Document", strlen("IODEF-Document"));
    const char *type = memmem(text, length, "<!DOCTYPE", strlen("<!DOCTYPE"));
    if (type && (!root || type < root)) {
        g_set_error_literal(error, CONCERT_ERROR, CONCERT_ERROR_INPUT,
                            "XML with a DOCTYPE is not read");
        return FALSE;
    }
    return TRUE;
}

static guint count(Xml *xml, const char *name)
{
    gpointer key = (gpointer)g_intern_string(name);
    guint number = GPOINTER_TO_UINT(g_hash_table_lookup(xml->numbers, key)) + 1;
    g_hash_table_replace(xml->numbers, key, GUINT_TO_POINTER(number));
    return number;
}

/* Names that are counted, so that places can be told; others would fill the table. */
static guint number_of(Xml *xml, const xmlNode *node)
{
    return iodef_node_is(node, "EventData") || iodef_node_is(node, "Indicator")
               ? count(xml, (const char *)node->name)
               : 1;
}

static void begin_incident(Xml *xml)
{
    g_hash_table_remove_all(xml->numbers);
    iodef_read_begin(&xml->read, xml->maker, late_xml()->TextReaderCurrentNode(xml->reader),
                     ++xml->incidents, FALSE);
}

/* Reads the element the reader is at, and goes behind it. Returns as xmlTextReaderRead(), or -2
 * with
 * @error when the sink says no. */
static int read_element(Xml *xml, GError **error)
{
    const xmlNode *node = late_xml()->TextReaderExpand(xml->reader);
    if (!node)
        return -1;
    if (!iodef_read_child(&xml->read, node, number_of(xml, node), error))
        return -2;
    return late_xml()->TextReaderNext(xml->reader);
}

static int step(Xml *xml, GError **error)
{
    xmlTextReader *reader = xml->reader;
    int type = late_xml()->TextReaderNodeType(reader);
    if (type == XML_READER_TYPE_DOCUMENT_TYPE || type == XML_READER_TYPE_ENTITY_REFERENCE) {
        note_wrong(xml,
                   &(xmlError){.level = XML_ERR_FATAL,
                               .message = (char *)"XML with a DOCTYPE or entities is not read"});
        return -1;
    }
    if (type == XML_READER_TYPE_ELEMENT)
        xml->taken = 0;
    if (is_element(reader, 0, NULL) && !is_element(reader, 0, "IODEF-Document")) {
        note_wrong(xml, &(xmlError){.level = XML_ERR_FATAL,
                                    .message = (char *)"the root element is not IODEF-Document"});
        return -1;
    }
    if (is_element(reader, 1, "Incident"))
        begin_incident(xml);
    else if (is_element(reader, 1, NULL))
        return late_xml()->TextReaderNext(reader);
    else if (xml->incidents > 0 && is_element(reader, 2, NULL) &&
             !is_element(reader, 2, "IndicatorData"))
        return read_element(xml, error);
    else if (xml->incidents > 0 && is_element(reader, 3, NULL))
        return read_element(xml, error);
    return late_xml()->TextReaderRead(reader);
}

/* What stopped the parser: the stream, or the document, whose findings so far stay. */
static gboolean explain(Xml *xml, GError **error)
{
    if (xml->failure) {
        g_propagate_error(error, g_steal_pointer(&xml->failure));
        return FALSE;
    }
    int line = xml->wrong_line > 0 ? xml->wrong_line
                                   : late_xml()->TextReaderGetParserLineNumber(xml->reader);
    g_autofree char *where = g_strdup_printf("line %d", line);
    finding_maker_refuse(xml->maker, where, "%s; what is close before it or follows is not read",
                         xml->too_large ? "an element is too large"
                         : xml->wrong   ? xml->wrong
                                        : "this is no XML");
    return TRUE;
}

gboolean iodef_read_xml(Stream *stream, FindingMaker *maker, GError **error)
{
    g_auto(Xml) xml = {.stream = stream, .maker = maker};
    if (!check_prolog(stream, error) || !late_xml_load(error))
        return FALSE;
    late_xml()->InitParser();
    xml.numbers = g_hash_table_new(g_direct_hash, g_direct_equal);
    xml.reader = late_xml()->ReaderForIO(feed, NULL, &xml, NULL, NULL, XML_OPTIONS);
    g_assert(xml.reader);
    late_xml()->TextReaderSetStructuredErrorHandler(xml.reader, note_wrong, &xml);
    int result = late_xml()->TextReaderRead(xml.reader);
    while (result == 1)
        result = step(&xml, error);
    finding_maker_what(maker, "IODEF, %" G_GUINT64_FORMAT " incident%s", xml.incidents,
                       xml.incidents == 1 ? "" : "s");
    if (result == -2)
        return FALSE;
    return result == 0 || explain(&xml, error);
}
