/* finding_stix.h - STIX 2.1 bundles as findings: observed-data with their observables, indicators,
 * and observables that nothing refers to; incidents with the incident core extension tell what they
 * are about. */
#pragma once

#include "intake/finding_maker.h"

gboolean finding_stix_read(Stream *stream, FindingMaker *maker, GError **error);
