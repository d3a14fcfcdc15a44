/* tarsier/abi/metrics.h - host service "tarsier.metrics/1": the plugin's metrics about itself, shown on the host's /metrics with the
 * label plugin="<instance>". Not for collected samples: those go over the bus. */
#ifndef TARSIER_ABI_METRICS_H
#define TARSIER_ABI_METRICS_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_METRICS_SERVICE "tarsier.metrics/1"
typedef int32_t tarsier_metric_type;
enum { TARSIER_METRIC_COUNTER = 1, TARSIER_METRIC_GAUGE = 2, TARSIER_METRIC_HISTOGRAM = 3 };
typedef struct tarsier_metric tarsier_metric; /* owned by the host; removed when the instance is destroyed */
typedef struct tarsier_metrics {
  uint32_t size;
  /* [any] The metric of that name and labels, made when new; the same handle for the same arguments. Name and label names by the
   * Prometheus data model, "tarsier_<room>_<what>_<unit>[_total]". `bounds` (histograms only): ascending upper bounds.
   * NULL and `error` when the name is taken by another type. Resolve once, keep the handle: valid until destroy returns. */
  tarsier_metric *(*resolve)(const tarsier_host *host, tarsier_metric_type type, tarsier_str name, tarsier_str help,
                             const tarsier_pair *labels, uint32_t label_count, const double *bounds, uint32_t bound_count,
                             tarsier_error *error);
  /* [any] Lock-free for counters and gauges. Counter: adds a value >= 0. Gauge: adds. Histogram: observes. */
  void (*add)(tarsier_metric *metric, double value);
  /* [any] Gauges only. */
  void (*set)(tarsier_metric *metric, double value);
} tarsier_metrics;
#ifdef __cplusplus
}
#endif
#endif
