/* tarsier/service/samples_sink.h - service "tarsier.samples.sink/1": takes every batch of the topic "samples" by a required subscription, as
 * something beside the store. It has no functions. Who publishes samples names it as an optional need: then it starts after the sinks and
 * stops before them, so that none of its batches comes to the store alone.
 */
#ifndef TARSIER_SERVICE_SAMPLES_SINK_H
#define TARSIER_SERVICE_SAMPLES_SINK_H
#include "../abi/types.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_SAMPLES_SINK_SERVICE "tarsier.samples.sink/1"

typedef struct tarsier_samples_sink {
  uint32_t size;
  uint32_t reserved;
} tarsier_samples_sink;
#ifdef __cplusplus
}
#endif
#endif
