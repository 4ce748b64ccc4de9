/* Keeps the floor's library buildable until its first file lands. */
extern int identity_floor_is_empty;
int identity_floor_is_empty;
