/*
 * The smallest useful image: one static program, no libc, a few kB, FROM scratch.
 * Build (x86-64, any gcc):
 *   gcc -Os -static -nostdlib -ffreestanding -fno-asynchronous-unwind-tables -fno-stack-protector \
 *       -Wl,--build-id=none -Wl,-z,noseparate-code -s -o hello hello.c
 */
static const char message[] =
    "\n"
    "Hello from Strata!\n"
    "\n"
    "What just happened:\n"
    " 1. strata built an image FROM scratch out of two files: a Dockerfile and this program.\n"
    " 2. It made a container: the image's one layer, read-only, and a writable layer on top.\n"
    " 3. runc started this program in namespaces of its own, and its output came to you.\n"
    "No daemon took part. Look inside with:\n"
    "  ./bin/strata images\n"
    "  ./bin/strata history hello-world\n"
    "\n";

static long call3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

void _start(void) {
    long left = sizeof message - 1;
    const char *from = message;
    while (left > 0) {
        long written = call3(1, 1, (long)from, left);
        if (written <= 0) break;
        from += written;
        left -= written;
    }
    call3(60, left == 0 ? 0 : 1, 0, 0);
    for (;;) {}
}
