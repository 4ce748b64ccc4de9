/* Keeps the floor's library buildable until its first file lands. */
extern int stix_floor_is_empty;
int stix_floor_is_empty;
