#include "intake/late_xml.h"

LATE_DEFINE(late_xml, LateXml, LATE_XML_FUNCTIONS, LATE_SONAME_XML, "libxml2", "iodef",
            "incidents as IODEF documents", "recommended")
