/* tarsier/abi/log.h - host service "tarsier.log/1": the instance's log. Each line carries the instance and plugin name; the level is
 * set per plugin in [host.log]; repeats are limited by the host. */
#ifndef TARSIER_ABI_LOG_H
#define TARSIER_ABI_LOG_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_LOG_SERVICE "tarsier.log/1"
typedef int32_t tarsier_log_level;
enum { TARSIER_LOG_TRACE = 0, TARSIER_LOG_DEBUG = 1, TARSIER_LOG_INFO = 2, TARSIER_LOG_WARN = 3, TARSIER_LOG_ERROR = 4 };
typedef struct tarsier_log {
  uint32_t size;
  /* [any] 1 when a line of that level would be written. */
  int32_t (*enabled)(const tarsier_host *host, tarsier_log_level level);
  /* [any] Writes one line; `fields` are structured and become JSON keys or journal fields. Never blocks on the disk. */
  void (*write)(const tarsier_host *host, tarsier_log_level level, tarsier_str message, const tarsier_pair *fields,
                uint32_t field_count);
} tarsier_log;
#ifdef __cplusplus
}
#endif
#endif
