/* tarsier/service/metadata.h - service "tarsier.metadata/1", since minor version 2 of the contract: what the pages of a collector say of metric
 * families now, also of those that have no series. Each collector that reads pages offers its own; the store knows what came with samples. */
#ifndef TARSIER_SERVICE_METADATA_H
#define TARSIER_SERVICE_METADATA_H
#include "samples_store.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_METADATA_SERVICE "tarsier.metadata/1"

typedef struct tarsier_metadata_source {
  uint32_t size;
  uint32_t flags; /* 0 */
  void *self;
  /* [work] Calls each(user, metadata) for each family of each page, so for some again and again; `family` "": all. Valid during the call.
   * May wait for a page that is being read; must not be called from within `each`. */
  void (*current)(void *self, tarsier_str family, void *user, void (*each)(void *user, const tarsier_metadata *metadata));
} tarsier_metadata_source;
#ifdef __cplusplus
}
#endif
#endif
