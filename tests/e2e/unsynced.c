/* unsynced.c - a disk that forgets: loaded into a node with LD_PRELOAD, it makes SQLite's default
 * VFS keep every write in memory until it is synced. When the process is killed, what was not
 * synced is gone, as after a power failure. In part it is not: UNSYNCED_LEAK percent of the writes
 * reach the file at once and out of order, as a real disk may do.
 *
 * Only one process at a time may use the files. */
#include <glib.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096

/* What is known of one file, shared by all its handles. */
typedef struct {
    GHashTable *pages; /* number -> PAGE bytes that are not on the disk yet */
    sqlite3_int64 size;
    gboolean truncated; /* the file on the disk may be longer than it should be */
} Inode;

typedef struct {
    sqlite3_file base;
    Inode *inode; /* NULL: a temporary file, passed through */
    sqlite3_file *real;
} File;

static GMutex lock;
static GHashTable *inodes; /* path -> Inode */
static sqlite3_vfs *real_vfs;
static guint leak_percent;
static GRand *dice;

static Inode *inode_get(const char *path, sqlite3_file *real)
{
    Inode *inode = g_hash_table_lookup(inodes, path);
    if (!inode) {
        inode = g_new0(Inode, 1);
        inode->pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
        real->pMethods->xFileSize(real, &inode->size);
        g_hash_table_insert(inodes, g_strdup(path), inode);
    }
    return inode;
}

static char *page_get(File *file, gint64 number)
{
    char *page = g_hash_table_lookup(file->inode->pages, &number);
    if (!page) {
        page = g_malloc0(PAGE);
        file->real->pMethods->xRead(file->real, page, PAGE, number * PAGE);
        g_hash_table_insert(file->inode->pages, g_memdup2(&number, sizeof number), page);
    }
    return page;
}

static int file_close(sqlite3_file *base)
{
    File *file = (File *)base;
    return file->real->pMethods->xClose(file->real);
}

static int file_read(sqlite3_file *base, void *buffer, int amount, sqlite3_int64 offset)
{
    File *file = (File *)base;
    if (!file->inode)
        return file->real->pMethods->xRead(file->real, buffer, amount, offset);
    g_mutex_lock(&lock);
    int code = file->real->pMethods->xRead(file->real, buffer, amount, offset);
    gboolean hurt = code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ;
    gint64 first = offset / PAGE, last = (offset + amount - 1) / PAGE;
    for (gint64 number = first; !hurt && number <= last; number++) {
        const char *page = g_hash_table_lookup(file->inode->pages, &number);
        gint64 begin = MAX(offset, number * PAGE), end = MIN(offset + amount, (number + 1) * PAGE);
        if (page)
            memcpy((char *)buffer + (begin - offset), page + (begin - number * PAGE),
                   (gsize)(end - begin));
    }
    gint64 there = CLAMP(file->inode->size - offset, 0, amount);
    memset((char *)buffer + there, 0, (gsize)(amount - there));
    g_mutex_unlock(&lock);
    return hurt ? code : there < amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int file_write(sqlite3_file *base, const void *buffer, int amount, sqlite3_int64 offset)
{
    File *file = (File *)base;
    if (!file->inode)
        return file->real->pMethods->xWrite(file->real, buffer, amount, offset);
    g_mutex_lock(&lock);
    for (gint64 at = offset; at < offset + amount;) {
        gint64 number = at / PAGE;
        gint64 end = MIN(offset + amount, (number + 1) * PAGE);
        memcpy(page_get(file, number) + (at - number * PAGE), (const char *)buffer + (at - offset),
               (gsize)(end - at));
        at = end;
    }
    file->inode->size = MAX(file->inode->size, offset + amount);
    int code = SQLITE_OK;
    if ((guint)g_rand_int_range(dice, 0, 100) < leak_percent)
        code = file->real->pMethods->xWrite(file->real, buffer, amount, offset);
    g_mutex_unlock(&lock);
    return code;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    File *file = (File *)base;
    if (!file->inode)
        return file->real->pMethods->xTruncate(file->real, size);
    g_mutex_lock(&lock);
    file->inode->size = size;
    file->inode->truncated = TRUE;
    g_mutex_unlock(&lock);
    return SQLITE_OK;
}

/* Only now do writes reach the disk. */
static int file_sync(sqlite3_file *base, int flags)
{
    File *file = (File *)base;
    const sqlite3_io_methods *real = file->real->pMethods;
    if (!file->inode)
        return real->xSync(file->real, flags);
    g_mutex_lock(&lock);
    int code = SQLITE_OK;
    if (file->inode->truncated)
        code = real->xTruncate(file->real, file->inode->size);
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, file->inode->pages);
    while (code == SQLITE_OK && g_hash_table_iter_next(&iter, &key, &value)) {
        gint64 offset = *(gint64 *)key * PAGE;
        gint64 length = CLAMP(file->inode->size - offset, 0, PAGE);
        if (length > 0)
            code = real->xWrite(file->real, value, (int)length, offset);
    }
    if (code == SQLITE_OK) {
        g_hash_table_remove_all(file->inode->pages);
        file->inode->truncated = FALSE;
    }
    g_mutex_unlock(&lock);
    return code;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *size)
{
    File *file = (File *)base;
    if (!file->inode)
        return file->real->pMethods->xFileSize(file->real, size);
    g_mutex_lock(&lock);
    *size = file->inode->size;
    g_mutex_unlock(&lock);
    return SQLITE_OK;
}

#define REAL(base)      ((File *)(base))->real
#define PASS(base, ...) REAL(base)->pMethods->__VA_ARGS__

static int file_lock(sqlite3_file *base, int level)
{
    return PASS(base, xLock(REAL(base), level));
}
static int file_unlock(sqlite3_file *base, int level)
{
    return PASS(base, xUnlock(REAL(base), level));
}
static int file_check_lock(sqlite3_file *base, int *result)
{
    return PASS(base, xCheckReservedLock(REAL(base), result));
}
static int file_control(sqlite3_file *base, int operation, void *argument)
{
    /* Hints about sizes would grow the file behind this one's back. */
    if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return PASS(base, xFileControl(REAL(base), operation, argument));
}
static int file_sector_size(sqlite3_file *base)
{
    return PASS(base, xSectorSize(REAL(base)));
}
static int file_characteristics(sqlite3_file *base)
{
    return 0; /* promises nothing */
}
static int file_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **map)
{
    return PASS(base, xShmMap(REAL(base), page, size, extend, map));
}
static int file_shm_lock(sqlite3_file *base, int offset, int n, int flags)
{
    return PASS(base, xShmLock(REAL(base), offset, n, flags));
}
static void file_shm_barrier(sqlite3_file *base)
{
    PASS(base, xShmBarrier(REAL(base)));
}
static int file_shm_unmap(sqlite3_file *base, int delete)
{
    return PASS(base, xShmUnmap(REAL(base), delete));
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out)
{
    File *file = (File *)base;
    file->real = (sqlite3_file *)(file + 1);
    file->inode = NULL;
    int code = real_vfs->xOpen(real_vfs, path, file->real, flags, out);
    base->pMethods = file->real->pMethods ? &methods : NULL;
    if (code == SQLITE_OK && path && !(flags & SQLITE_OPEN_DELETEONCLOSE)) {
        g_mutex_lock(&lock);
        file->inode = inode_get(path, file->real);
        g_mutex_unlock(&lock);
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    g_mutex_lock(&lock);
    Inode *inode = g_hash_table_lookup(inodes, path);
    if (inode) {
        g_hash_table_remove_all(inode->pages);
        inode->size = 0;
    }
    g_mutex_unlock(&lock);
    return real_vfs->xDelete(real_vfs, path, sync);
}

__attribute__((constructor)) static void install(void)
{
    static sqlite3_vfs vfs;
    const char *leak = g_getenv("UNSYNCED_LEAK");
    leak_percent = leak ? (guint)atoi(leak) : 0;
    dice = g_rand_new();
    inodes = g_hash_table_new(g_str_hash, g_str_equal);
    real_vfs = sqlite3_vfs_find("unix");
    vfs = *real_vfs;
    vfs.zName = "unsynced";
    vfs.szOsFile = (int)sizeof(File) + real_vfs->szOsFile;
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    sqlite3_vfs_register(&vfs, 1);
}
