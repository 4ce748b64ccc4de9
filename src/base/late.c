#include "base/late.h"

#include <dlfcn.h>
#include <string.h>

/* What dlerror() says begins with the library's name, and may be in the language of the system. */
static gboolean fail(const Late *late, const char *what, GError **error)
{
    const char *reason = dlerror();
    return error_set(error, CONCERT_ERROR_IO, "the library %s %s (Debian has it in %s): %s",
                     late->soname, what, late->package, reason ? reason : "no reason is told");
}

static gboolean load(const Late *late, GError **error)
{
    /* As a program's own libraries: what they need is bound when it is called. */
    void *library = dlopen(late->soname, RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return fail(late, "cannot be loaded", error);
    g_autofree gpointer *functions = g_new(gpointer, late->n_functions);
    for (guint i = 0; i < late->n_functions; i++) {
        functions[i] = dlsym(library, late->names[i]);
        if (!functions[i])
            return fail(late, "is not one this program can use", error);
    }
    memcpy(late->functions, functions, late->n_functions * sizeof(gpointer));
    return TRUE;
}

gboolean late_load(Late *late, GError **error)
{
    static GMutex mutex;

    if (g_atomic_int_get(&late->loaded))
        return TRUE;
    g_mutex_lock(&mutex);
    gboolean loaded = g_atomic_int_get(&late->loaded) || load(late, error);
    g_atomic_int_set(&late->loaded, loaded);
    g_mutex_unlock(&mutex);
    return loaded;
}
