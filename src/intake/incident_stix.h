/* incident_stix.h - incidents as STIX 2.1: what writer and reader have in common. */
#pragma once

#include "intake/incident.h"

/* The incident core extension of OASIS (cti-stix-common-objects, incident-core, version 2.0). */
#define INCIDENT_STIX_EXTENSION "extension-definition--ef765651-680c-498d-9894-99799f2fa126"

/* What labels say of a finding: "rsit:fraud.phishing", "role:target". */
#define INCIDENT_STIX_CLASS "rsit:"
#define INCIDENT_STIX_ROLE  "role:"
