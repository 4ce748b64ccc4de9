/* Keeps the floor's library buildable until its first file lands. */
extern int shield_floor_is_empty;
int shield_floor_is_empty;
