/* replay.c - runs a fuzz target over the files of a directory, so that the corpus is a normal test.
 */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    guint count = 0;
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) directory = g_dir_open(argv[i], 0, &error);
        if (!directory)
            g_error("%s", error->message);
        for (const char *name; (name = g_dir_read_name(directory)); count++) {
            g_autofree char *path = g_build_filename(argv[i], name, NULL);
            g_autofree char *data = NULL;
            gsize length;
            if (!g_file_get_contents(path, &data, &length, &error))
                g_error("%s", error->message);
            /* An exact-size copy lets AddressSanitizer see a read past the end. */
            g_autofree uint8_t *copy = g_memdup2(data, length);
            LLVMFuzzerTestOneInput(copy, length);
        }
    }
    printf("%u inputs\n", count);
    return count > 0 ? 0 : 1;
}
