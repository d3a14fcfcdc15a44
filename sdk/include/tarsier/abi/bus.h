/* tarsier/abi/bus.h - host service "tarsier.bus/1": topics of immutable, reference-counted batches (abi/batch.h).
 *
 * One topic carries one kind of batch. A subscription is either required (the producer's acknowledgement waits for it: a store) or
 * best effort (a queue bounded in bytes, with a policy for when it is full). Every batch that is not delivered is counted. */
#ifndef TARSIER_ABI_BUS_H
#define TARSIER_ABI_BUS_H
#include "batch.h"
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_BUS_SERVICE "tarsier.bus/1"

/* The standard topics; plugins may make others. */
#define TARSIER_TOPIC_SAMPLES "samples"
#define TARSIER_TOPIC_LOGS "logs"
#define TARSIER_TOPIC_SPANS "spans"
#define TARSIER_TOPIC_ALERTS "alerts"
#define TARSIER_TOPIC_EVENTS "events"
#define TARSIER_TOPIC_TARGETS "targets"

typedef struct tarsier_batch tarsier_batch;               /* the host's */
typedef struct tarsier_subscription tarsier_subscription; /* the host's; valid until unsubscribe or stop */
typedef struct tarsier_delivery tarsier_delivery;         /* one batch for one required subscription, until completed */

typedef int32_t tarsier_full_policy;
enum {
  TARSIER_FULL_BLOCK = 0,       /* publish answers AGAIN */
  TARSIER_FULL_DROP_OLDEST = 1,
  TARSIER_FULL_DROP_NEWEST = 2,
  TARSIER_FULL_SPILL = 3        /* to a file in the data directory, read back in order; bounded by spill_bytes, then as DROP_NEWEST */
};

enum { TARSIER_SUBSCRIBE_REQUIRED = 1u << 0 };

typedef struct tarsier_subscribe_spec {
  uint32_t size;
  uint32_t flags;
  tarsier_str topic;
  uint64_t max_bytes; /* of the queue; 0: 8 MiB */
  uint64_t spill_bytes;
  tarsier_full_policy policy; /* required subscriptions always BLOCK */
  uint32_t reserved;
  void *user;
  /* [work] In the order of publication. `batch` is valid during the call; retain it to keep it. `delivery` is NULL for best effort; for
   * a required one, complete() must be called exactly once for it, from any thread. */
  void (*on_batch)(void *user, const tarsier_batch *batch, tarsier_delivery *delivery);
} tarsier_subscribe_spec;

/* [any] The fate of a published batch: OK when each required subscription has completed it with OK, else the first failure. INVALID from a
 * store means that some rows were refused and the rest is kept; `message` then begins with how many, "3 of 5000 ". */
typedef void (*tarsier_published_fn)(void *user, tarsier_status status, tarsier_str message);

typedef struct tarsier_bus {
  uint32_t size;
  /* [any] A writable block of `bytes` bytes (zeroed) for a batch of that kind, owned by the host; reference count 1. NULL: RESOURCE. */
  tarsier_batch *(*allocate)(const tarsier_host *host, uint64_t bytes, tarsier_error *error);
  /* [any] The bytes; writable only between allocate and publish. */
  uint8_t *(*data)(const tarsier_batch *batch, uint64_t *bytes);
  void (*retain)(const tarsier_batch *batch);
  void (*release)(const tarsier_batch *batch);
  /* [any] Verifies the batch and gives it to all subscriptions of the topic. The caller's reference stays the caller's. OK: accepted;
   * `published` (may be NULL) will be called exactly once, perhaps before publish returns. AGAIN: a queue with BLOCK is full, nobody got
   * it, retry after error.retry_after_ns. INVALID: the batch is malformed or of another kind than the topic's; it is counted against the
   * publishing instance. UNAVAILABLE: REQUIRE_STORE was asked and a required subscription is missing: there is none, or it is being replaced. */
  tarsier_status (*publish)(const tarsier_host *host, tarsier_str topic, const tarsier_batch *batch, uint32_t flags,
                            tarsier_published_fn published, void *user, tarsier_error *error);
  /* [ctl, work] */
  tarsier_status (*subscribe)(const tarsier_host *host, const tarsier_subscribe_spec *spec, tarsier_subscription **out,
                              tarsier_error *error);
  /* [any] After it returns on_batch is not running and will not run; from within on_batch it returns at once. */
  void (*unsubscribe)(tarsier_subscription *subscription);
  /* [any] Completes a delivery: its batch is safe, or why not. `message` is copied. */
  void (*complete)(tarsier_delivery *delivery, tarsier_status status, tarsier_str message);
  /* [any] Since minor version 2. The TARSIER_PUBLISH flags that its batch was published with. Until complete(). */
  uint32_t (*delivery_flags)(const tarsier_delivery *delivery);
} tarsier_bus;

enum {
  TARSIER_PUBLISH_REQUIRE_STORE = 1u << 0,
  /* Since minor version 2. Nobody waits for `published`: a store may let more come, for a hundredth of a second or so, before it makes this
   * safe together with that. */
  TARSIER_PUBLISH_UNHURRIED = 1u << 1
};
#ifdef __cplusplus
}
#endif
#endif
