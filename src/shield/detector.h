/* detector.h - the STIX patterns of indicators, looked for in observations: what a set (set.h),
 * which knows values only, cannot tell. [a] FOLLOWEDBY [b] WITHIN 60 SECONDS is found when it
 * happens, not when one of its values is seen. stix/evaluate.h says what counts as found. */
#pragma once

#include "shield/load.h"
#include "shield/observation.h"
#include "stix/evaluate.h"

/* An indicator whose pattern is looked for. */
typedef struct {
    const char *id, *source;
    const char *name;    /* NULL: none */
    const char *pattern; /* as it was written */
    int confidence;      /* -1: none */
    MarkingTlp tlp;
    gint64 valid_until; /* 0: for good */
} DetectorIndicator;

typedef struct Detector Detector;

Detector *detector_new(const EvaluateOptions *options);
void detector_free(Detector *detector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Detector, detector_free)

/* Adds the pattern of @object if it is an indicator with a STIX pattern; of one id the latest
 * version counts. @source, @tlp, @options: as of load_object(). Fails with CONCERT_ERROR_INPUT or
 * CONCERT_ERROR_LIMIT when the pattern cannot be read or evaluated; nothing is added then, and the
 * detector can be used further. */
gboolean detector_add_object(Detector *detector, const Object *object, const char *source,
                             MarkingTlp tlp, const LoadOptions *options, LoadOutcome *ret_outcome,
                             GError **error);

/* Adds the pattern of @indicator, which a set has (set_each_pattern()). Fails likewise. */
gboolean detector_add(Detector *detector, const SetIndicator *indicator, GError **error);

/* Ends adding; only then observations may be fed. */
void detector_finish(Detector *detector);

/* Indicators whose patterns are looked for. */
guint detector_size(const Detector *detector);

/* @hit->tag is for the detector's own use. */
typedef void (*DetectorFound)(gpointer user, const DetectorIndicator *indicator,
                              const EvaluateHit *hit);

/* Shows an observed-data object. */
void detector_feed_observed(Detector *detector, const Observed *observed, DetectorFound found,
                            gpointer user);

/* Shows what a record of a log or a packet says happened (see observed_fields.h for what objects
 * that makes); @id stands for it in hits. Its time must be known: FALSE, and nothing is done, if it
 * is not. */
gboolean detector_feed_observation(Detector *detector, const Observation *observation,
                                   const char *id, DetectorFound found, gpointer user);

const EvaluateCounts *detector_counts(const Detector *detector);
