/* request.h - the procedure "request": one node asks another for something and gets an answer. */
#pragma once

#include "dossier/procedure.h"

extern const Procedure request_procedure;
