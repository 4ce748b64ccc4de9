/* Keeps the floor's library buildable until its first file lands. */
extern int policy_floor_is_empty;
int policy_floor_is_empty;
