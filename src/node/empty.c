/* Keeps the floor's library buildable until its first file lands. */
extern int node_floor_is_empty;
int node_floor_is_empty;
