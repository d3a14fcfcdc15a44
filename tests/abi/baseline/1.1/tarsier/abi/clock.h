/* tarsier/abi/clock.h - host service "tarsier.clock/1". The only clock a plugin uses, so that tests run hours in milliseconds. */
#ifndef TARSIER_ABI_CLOCK_H
#define TARSIER_ABI_CLOCK_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_CLOCK_SERVICE "tarsier.clock/1"
typedef struct tarsier_clock {
  uint32_t size;
  /* [any] Nanoseconds since 1970-01-01T00:00:00Z; may jump. */
  int64_t (*wall_ns)(const tarsier_host *host);
  /* [any] Nanoseconds from an arbitrary start; never goes backward. */
  int64_t (*mono_ns)(const tarsier_host *host);
} tarsier_clock;
#ifdef __cplusplus
}
#endif
#endif
