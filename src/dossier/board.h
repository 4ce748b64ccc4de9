/* board.h - the procedure "board": what nodes need and offer, told to those whom it is for, and
 * which of it fits together. Nobody is told more than what is posted to it, and nobody decides for
 * others: a coordinator that reads along sees the same as any other reader. */
#pragma once

#include "dossier/engine.h"

extern const Procedure board_procedure;

/* Whether @a and @b fit: the need of one node and the offer of another, with a topic in common,
 * both open, both exercises or both not, each posted to whoever posted the other. */
gboolean board_matches(const EngineResult *a, const EngineResult *b);
