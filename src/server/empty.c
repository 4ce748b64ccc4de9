/* Keeps the floor's library buildable until its first file lands. */
extern int server_floor_is_empty;
int server_floor_is_empty;
