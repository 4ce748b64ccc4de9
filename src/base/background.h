/* background.h - threads that yield to the one that everybody waits for.
 *
 * Where there are few processors, the writer competes with the threads that prepare work for it;
 * when they get equal shares, all of them wait for the disk together. */
#pragma once

/* The calling thread steps back for its whole life (five degrees of nice; no privilege needed).
 * Cheap when called again. A kernel that refuses changes nothing but the speed. */
void background_enter(void);
