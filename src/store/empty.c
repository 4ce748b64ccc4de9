/* Keeps the floor's library buildable until its first file lands. */
extern int store_floor_is_empty;
int store_floor_is_empty;
