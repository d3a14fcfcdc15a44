/* tarsier/abi/control.h - host services "tarsier.health/1" (an instance says how it is) and "tarsier.control/1" (what the host knows of
 * itself, for pages and APIs that show it). */
#ifndef TARSIER_ABI_CONTROL_H
#define TARSIER_ABI_CONTROL_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_HEALTH_SERVICE "tarsier.health/1"
#define TARSIER_CONTROL_SERVICE "tarsier.control/1"

typedef struct tarsier_health {
  uint32_t size;
  /* [any] The instance works again as it should. */
  void (*ok)(const tarsier_host *host);
  /* [any] It works, but not as it should; `reason` is shown and logged once per change. */
  void (*degraded)(const tarsier_host *host, tarsier_str reason);
  /* [any] It cannot go on: the host stops it and restarts it with backoff. */
  void (*failed)(const tarsier_host *host, tarsier_str reason);
} tarsier_health;

typedef struct tarsier_control {
  uint32_t size;
  /* [any] 1 from when the host has started what it could until it stops. See not_running. */
  int32_t (*ready)(const tarsier_host *host);
  /* [work] Reloads the configuration: whole or not at all. INVALID with every finding, one a line, when it does not check. Lines with OK are
   * warnings: what was not taken and changes nothing, such as the new version of a plugin file that does not start. */
  tarsier_status (*reload)(const tarsier_host *host, tarsier_sink findings, tarsier_error *error);
  /* [any] The effective configuration as TOML, defaults and drop-ins merged, secrets as "<secret>". */
  void (*config_toml)(const tarsier_host *host, tarsier_sink out);
  /* [any] The host's and all plugins' own metrics in the text format 0.0.4. */
  void (*metrics_text)(const tarsier_host *host, tarsier_sink out);
  /* [any] {"version","revision","compiler","built","abi","started_at","pid","data_dir","config_file","config_loaded_at","config_ok"}; config_ok is false while the files that were read last are refused;
   * built is the time of the revision that was built, and both are "" when it was not built from a repository. */
  void (*build_json)(const tarsier_host *host, tarsier_sink out);
  /* [any] [{"instance","plugin","version","file","kinds":[],"summary","state","reason","since","restarts","needs":[],"offers":[],
   * "cpu_seconds","calls","in_flight","queue_length","dropped","callback_p99_seconds","interval_factor","retained"}]; state is one of discovered, verified, loaded,
   * created, configured, running, degraded, quiescing, stopped, failed, refused, retained, disabled. */
  void (*plugins_json)(const tarsier_host *host, tarsier_sink out);
  /* [any] Since minor version 2. A line "instance: state: why" for each enabled instance that does not run: it has failed, was refused,
   * or is not started yet. Nothing when all run; degraded ones, and those in transit (abi/services.h), count as running. */
  void (*not_running)(const tarsier_host *host, tarsier_sink out);
} tarsier_control;
#ifdef __cplusplus
}
#endif
#endif
