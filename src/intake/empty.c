/* Keeps the floor's library buildable until its first file lands. */
extern int intake_floor_is_empty;
int intake_floor_is_empty;
