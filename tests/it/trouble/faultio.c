/* Makes file calls of a process fail on demand. Loaded before the C library by LD_PRELOAD; the
 * tests of `trouble` build and use it.
 *
 * The file named by FAULTIO holds one rule a line: CALL PATH ERROR. CALL is `write` or `sync`;
 * PATH is a part of the path that the call's descriptor leads to; ERROR is a number of errno, or
 * `short`: every other write stores half of what it was given and the next finds no room. The
 * rule `clock - SECONDS` moves the wall clock. Without the file nothing fails. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Reads the rules with bare system calls, which nobody intercepts. */
static int rules(char *text, int room) {
    const char *name = getenv("FAULTIO");
    int file = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0) : -1;
    if (file < 0) return 0;
    int length = syscall(SYS_read, file, text, room - 1);
    syscall(SYS_close, file);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* What to do about this call on this descriptor: 0 nothing, -1 a short write, else an errno. */
static int fault(const char *call, int descriptor) {
    char text[1024], link[64], path[1024] = "", *rest = text;
    int saved = errno;
    if (!rules(text, sizeof text)) { errno = saved; return 0; }
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    int length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = saved;
    if (length <= 0) return 0;
    for (char *line; (line = strsep(&rest, "\n"));) {
        char on[16], part[512], what[16];
        if (sscanf(line, "%15s %511s %15s", on, part, what) != 3) continue;
        if (!strcmp(on, call) && strstr(path, part))
            return strcmp(what, "short") ? atoi(what) : -1;
    }
    return 0;
}

static long failing(int descriptor, const void *bytes, size_t count, long at) {
    static int halves;
    int error = fault("write", descriptor);
    if (error > 0) { errno = error; return -1; }
    if (error < 0) {
        if (__atomic_fetch_add(&halves, 1, __ATOMIC_RELAXED) % 2) { errno = ENOSPC; return -1; }
        if (count > 1) count /= 2;
    }
    if (at < 0) return syscall(SYS_write, descriptor, bytes, count);
    return syscall(SYS_pwrite64, descriptor, bytes, count, at);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    return failing(descriptor, bytes, count, -1);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t at) {
    return failing(descriptor, bytes, count, at);
}

static int syncing(int descriptor, int number) {
    int error = fault("sync", descriptor);
    if (error > 0) { errno = error; return -1; }
    return syscall(number, descriptor);
}

int fsync(int descriptor) { return syncing(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return syncing(descriptor, SYS_fdatasync); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    char text[1024], *line;
    int result = syscall(SYS_clock_gettime, clock, now), saved = errno;
    if (result == 0 && clock == CLOCK_REALTIME && rules(text, sizeof text)
        && (line = strstr(text, "clock - ")))
        now->tv_sec += atol(line + strlen("clock - "));
    errno = saved;
    return result;
}
