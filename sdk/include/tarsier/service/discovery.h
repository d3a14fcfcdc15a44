/* tarsier/service/discovery.h - service "tarsier.discovery/1": what one plugin has found that can be scraped. Each discovery instance offers
 * its own. Changes are told on the topic "targets" (abi/batch.h); this service is for who comes later, or missed some. */
#ifndef TARSIER_SERVICE_DISCOVERY_H
#define TARSIER_SERVICE_DISCOVERY_H
#include "../abi/bus.h"
#include "../abi/module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_DISCOVERY_SERVICE "tarsier.discovery/1"

typedef struct tarsier_discovery {
  uint32_t size;
  uint32_t flags; /* 0 */
  void *self;
  /* [any] Calls each(user, batch) for the newest batch of targets of every pool and source of this instance; a batch is valid during the
   * call, retain it to keep it. Must not call back into the instance from within `each`. */
  void (*current)(void *self, void *user, void (*each)(void *user, const tarsier_batch *batch));
} tarsier_discovery;
#ifdef __cplusplus
}
#endif
#endif
