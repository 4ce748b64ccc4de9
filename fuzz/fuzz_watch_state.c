/* fuzz_watch_state.c - what a watcher remembers: where files were left (JSON), and what was told of
 * them (lines). What was read is written so that it reads the same; what was told is asked for. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "shield/watch/watch_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_state(const GPtrArray *files)
{
    g_autofree char *text = watch_state_format(files);
    g_autoptr(GPtrArray) again = watch_state_parse(text, strlen(text), NULL);

    if (!again || again->len != files->len)
        g_error("a state that was read cannot be written");
    for (guint i = 0; i < files->len; i++) {
        const WatchStateFile *one = files->pdata[i], *other = again->pdata[i];
        if (strcmp(one->path, other->path) != 0 ||
            memcmp(&one->mark, &other->mark, sizeof(one->mark)) != 0)
            g_error("a file of the state is another after writing");
    }
}

/* The inputs do not know which run of the system this is: their first line is left out, and the
 * right one takes its place. */
static void check_told(const char *text, size_t size)
{
    static int nothing = -1;
    static char *header;
    static const ToldPiece which = {.device = 1, .inode = 2, .born = 3};
    const ToldPrint print = {{0}};

    if (nothing < 0) {
        g_autofree char *boot = NULL;
        nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
            boot = g_strdup("");
        header = g_strdup_printf("concert told 1 %s\n", g_strstrip(boot));
    }
    g_autoptr(GString) all = g_string_new(header);
    g_string_append_len(all, text, (gssize)size);
    g_autoptr(Told) told = told_new();
    told_read(told, all->str, all->len);
    told_begin_anew(told);
    /* Nothing is behind the end of an empty file. */
    ToldFile *file = told_find(told, nothing, &which, 0);
    if (file && !told_has(file, &print))
        told_forget(told, file);
    told_commit(told, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GPtrArray) files = watch_state_parse(text, size, NULL);

    if (files)
        check_state(files);
    check_told(text, size);
    return 0;
}
