/* tarsier/abi/types.h - the small types that every other header of the contract uses.
 *
 * The contract between the host and a plugin is plain C (C99 and C++20). No C++ type, exception, allocator or errno
 * crosses it. The rules that hold everywhere:
 *
 *   Structs   begin with `size` (sizeof as the writer knew it) and grow only at the end. A reader asks TARSIER_HAS(s, field)
 *             before it reads a field that came after minor version 0. Enumerations are int32_t with explicit values.
 *   Strings   are pointer + length, UTF-8, not NUL-terminated, never NULL with a length above 0.
 *   Times     are int64_t nanoseconds: wall times since 1970-01-01T00:00:00Z, durations as they are.
 *   Memory    is released by the side that made it. What can outlive a call is owned by the host.
 *   Errors    are a status, and a message and a retry delay in a struct that the caller supplies (or NULL).
 *   Threads   each function carries one tag:
 *     [ctl]   the control strand of the instance: life-cycle calls, one at a time, may block for its deadline
 *     [work]  a worker thread; calls of one instance are serial unless it says PARALLEL; may block, is timed
 *     [net]   a network thread; must not block
 *     [any]   any thread, also several at once
 *   Lifetimes are said for each pointer; where nothing is said, a pointer argument is only valid during the call.
 */
#ifndef TARSIER_ABI_TYPES_H
#define TARSIER_ABI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An incompatible change raises the major number; a minor one only appends to structs or adds services. */
#define TARSIER_ABI_MAJOR 1
#define TARSIER_ABI_MINOR 1

/* True when the struct that `s` points to is long enough to hold `field`. */
#define TARSIER_HAS(s, field) \
  ((s)->size >= (uint32_t)(offsetof(__typeof__(*(s)), field) + sizeof((s)->field)))

typedef struct tarsier_str {
  const char *data;
  uint64_t size;
} tarsier_str;

typedef struct tarsier_bytes {
  const uint8_t *data;
  uint64_t size;
} tarsier_bytes;

/* What a call came to. UNAVAILABLE, AGAIN and DEADLINE are worth a retry; the others are not, unchanged. */
typedef int32_t tarsier_status;
enum {
  TARSIER_OK = 0,
  TARSIER_AGAIN = 1,       /* a queue is full: try again after error.retry_after_ns */
  TARSIER_INVALID = 2,     /* the argument or the input is wrong; the message says what was expected */
  TARSIER_UNSUPPORTED = 3, /* this side does not know how */
  TARSIER_NOT_FOUND = 4,
  TARSIER_DENIED = 5,
  TARSIER_CANCELLED = 6,
  TARSIER_DEADLINE = 7,
  TARSIER_RESOURCE = 8,    /* a limit or a quota is reached: memory, disk, series */
  TARSIER_UNAVAILABLE = 9, /* a peer or a service is not there now */
  TARSIER_INTERNAL = 10,   /* a defect on the side that answers */
  TARSIER_CORRUPT = 11     /* stored or received bytes do not verify */
};

#define TARSIER_ERROR_TEXT_MAX 1012

/* Supplied by the caller with `size` set; filled only when the status is not TARSIER_OK. */
typedef struct tarsier_error {
  uint32_t size;
  tarsier_status code;
  int64_t retry_after_ns; /* 0: no advice */
  uint32_t message_size;
  char message[TARSIER_ERROR_TEXT_MAX]; /* UTF-8, cut at a character boundary */
} tarsier_error;

/* Where a callee writes text or bytes of unknown length: called any number of times during the call it was passed to, on
 * its thread. `bytes` is valid during write only. */
typedef struct tarsier_sink {
  void *user;
  void (*write)(void *user, tarsier_bytes bytes);
} tarsier_sink;

/* One label, tag or header: both valid as long as the struct that holds them says. */
typedef struct tarsier_pair {
  tarsier_str name;
  tarsier_str value;
} tarsier_pair;

#ifdef __cplusplus
}
#endif
#endif
