/* watched_file.h - a file that is watched, in a directory of its own, and what was told of it; for
 * the tests of tails. */
#pragma once

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "shield/watch/tail.h"
#include "sieve_texts.h"

typedef struct {
    char *directory, *path;
    char *other, *state; /* for the file under another name, and for what is kept of it */
    Set *set;
    TailMeans means;
    GString *hits; /* "LINE:COLUMN VALUE[ FIELD]", a line each */
    guint left;    /* hits until it stops; 0: never */
} Fixture;

static gboolean take(gpointer user, const ScanHit *hit)
{
    Fixture *fixture = user;
    g_string_append_printf(fixture->hits, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT " %.*s%s%s\n",
                           hit->line, hit->column, (int)hit->seen_length, hit->seen,
                           hit->field ? " " : "", hit->field ? hit->field : "");
    return fixture->left == 0 || --fixture->left > 0;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->directory = g_dir_make_tmp("concert-tail-XXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->directory, "a.log", NULL);
    fixture->other = g_build_filename(fixture->directory, "a.log.1", NULL);
    fixture->state = g_build_filename(fixture->directory, "state", NULL);
    fixture->set = sieve_texts_set();
    fixture->hits = g_string_new(NULL);
    fixture->means = (TailMeans){.feed = scan_feed_new(fixture->set),
                                 .sieve = sieve_new(fixture->set),
                                 .window = scan_window_new(),
                                 .log = TRUE,
                                 .found = take,
                                 .user = fixture};
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_autofree char *told = g_strconcat(fixture->state, TOLD_SUFFIX, NULL);
    g_unlink(told);
    g_unlink(fixture->path);
    g_unlink(fixture->other);
    g_assert_cmpint(g_rmdir(fixture->directory), ==, 0);
    scan_feed_free(fixture->means.feed);
    sieve_free(fixture->means.sieve);
    scan_window_free(fixture->means.window);
    set_free(fixture->set);
    g_string_free(fixture->hits, TRUE);
    g_free(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->other);
    g_free(fixture->state);
}

static void append_bytes(const char *path, const char *bytes, gsize length)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, bytes, length), ==, length);
    close(fd);
}

static Tail *open_tail(const char *path)
{
    g_autoptr(GError) error = NULL;
    Tail *tail = tail_open(path, &error);
    g_assert_no_error(error);
    return tail;
}

/* Compares what was told since the last time. */
static void assert_hits(Fixture *fixture, const char *hits)
{
    g_assert_cmpstr(fixture->hits->str, ==, hits);
    g_string_truncate(fixture->hits, 0);
}

/* Looks until there is no more. */
static TailState look_to_end(Fixture *fixture, Tail *tail)
{
    TailState state;
    do
        state = tail_look(tail, &fixture->means);
    while (state == TAIL_MORE);
    return state;
}
