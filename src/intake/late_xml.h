/* late_xml.h - libxml2, loaded when the first IODEF document is read (base/late.h). */
#pragma once

#include <libxml/xmlreader.h>

#include "base/late.h"

#define LATE_XML_FUNCTIONS(F)                                                                      \
    F(xml, Free) /* a variable: (*late_xml()->Free)(text) */                                       \
    F(xml, FreeNode)                                                                               \
    F(xml, FreeTextReader)                                                                         \
    F(xml, GetLineNo)                                                                              \
    F(xml, GetNoNsProp)                                                                            \
    F(xml, InitParser)                                                                             \
    F(xml, NewChild)                                                                               \
    F(xml, NewNode)                                                                                \
    F(xml, NewProp)                                                                                \
    F(xml, NodeAddContent)                                                                         \
    F(xml, NodeGetContent)                                                                         \
    F(xml, ReaderForIO)                                                                            \
    F(xml, TextReaderConstLocalName)                                                               \
    F(xml, TextReaderCurrentNode)                                                                  \
    F(xml, TextReaderDepth)                                                                        \
    F(xml, TextReaderExpand)                                                                       \
    F(xml, TextReaderGetParserLineNumber)                                                          \
    F(xml, TextReaderNext)                                                                         \
    F(xml, TextReaderNodeType)                                                                     \
    F(xml, TextReaderRead)                                                                         \
    F(xml, TextReaderSetStructuredErrorHandler)

LATE_DECLARE(extern, late_xml, LateXml, LATE_XML_FUNCTIONS)
