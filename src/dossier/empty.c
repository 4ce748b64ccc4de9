/* Keeps the floor buildable until its first file lands. */
#include <glib.h>
