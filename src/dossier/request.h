/* request.h - the procedure "request": one node asks another for something, and gets an answer.
 *
 * Advice, information, a takedown or help are answered. Preserving data, and disclosing what was
 * preserved, are coercive: a CERT cannot compel, so such a request names the competent authority
 * that it is addressed to, and none is answered by the way: data is preserved until a date, and
 * released by a person once a formal request was received. What a request rests on is a legal
 * profile (profile.h), or nothing but good will: then it is voluntary. */
#pragma once

#include "dossier/procedure.h"

extern const Procedure request_procedure;

/* The words of "kind" and of "ground"; they end with a NULL word. */
extern const ProcedureWord request_kinds[], request_grounds[];
