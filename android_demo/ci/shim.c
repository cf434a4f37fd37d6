/* What Android's C library has and glibc lacks, for running the AAR's x86_64 library on the JVM of an
 * ordinary Linux. Built under the names of Android's libraries; calls the rest of glibc. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An array of three FILEs of 152 bytes; the third is stderr. glibc's are longer, and are
 * followed by a pointer to their functions. */
#define GLIBC_FILE (sizeof(FILE) + sizeof(void *))
char __sF[2 * 152 + GLIBC_FILE] __attribute__((aligned(16)));

__attribute__((constructor)) static void copy_stderr(void) {
  memcpy(__sF + 2 * 152, stderr, GLIBC_FILE);
}

int *__errno(void) { return &errno; }

size_t __strlen_chk(const char *text, size_t size) { (void)size; return strlen(text); }

/* XNNPACK is silently off below a known SDK level. */
int __system_property_get(const char *name, char *value) {
  strcpy(value, strcmp(name, "ro.build.version.sdk") == 0 ? "36" : "");
  return (int)strlen(value);
}

void android_set_abort_message(const char *message) { fprintf(stderr, "%s\n", message); }

int __android_log_vprint(int priority, const char *tag, const char *format, va_list arguments) {
  (void)priority;
  fprintf(stderr, "%s: ", tag);
  int written = vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  return written;
}
