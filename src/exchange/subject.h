/* subject.h - a dispatch as the policy asks about it (policy/decide.h): what its author's header
 * says of audience and marking. */
#pragma once

#include "policy/decide.h"
#include "store/records.h"

/* A subject, and what it borrows from. */
typedef struct {
    DecideSubject subject;
    char **audience, **named;
} Subject;

/* A record without its header, or with one that cannot be read, makes an audience that is nobody.
 * Grants are not known here. */
void subject_of_record(const Record *record, MarkingTlp unmarked, Subject *ret_subject);
void subject_clear(Subject *subject);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Subject, subject_clear)
