/* tarsier/abi/services.h - host service "tarsier.services/1": using what other plugins offer, and holding things for them.
 *
 * A reference names a service, not a provider: it outlives upgrades and restarts of the provider. Each use is bracketed by
 * acquire and release, which is how the host knows that a provider can be drained. Name "tarsier.notifier/1@oncall" means the
 * one that the instance `oncall` offers; without @ the first provider in start order.
 */
#ifndef TARSIER_ABI_SERVICES_H
#define TARSIER_ABI_SERVICES_H
#include "module.h"
#ifdef __cplusplus
extern "C" {
#endif
#define TARSIER_SERVICES_SERVICE "tarsier.services/1"
typedef struct tarsier_service_ref tarsier_service_ref;
typedef struct tarsier_hold tarsier_hold;
typedef struct tarsier_services {
  uint32_t size;
  /* [ctl, work] A reference to a service, whether or not anyone offers it now. Owned by the host, valid until destroy returns. */
  tarsier_service_ref *(*reference)(const tarsier_host *host, tarsier_str name);
  /* [any] The provider's table (first member `self` of each service table is passed back to it), or NULL with UNAVAILABLE and a
   * retry delay. Until release, the provider will not be stopped or unloaded. Does not block. */
  const void *(*acquire)(tarsier_service_ref *ref, tarsier_error *error);
  /* [any] Ends what one successful acquire began. */
  void (*release)(tarsier_service_ref *ref);
  /* [any] Calls `each` with the instance name of each present provider of a service (name without @), in start order. */
  void (*providers)(const tarsier_host *host, tarsier_str name, void *user, void (*each)(void *user, tarsier_str instance));

  /* For providers that call back into their consumers (routes, subscriptions). `owner` is the consumer's host pointer. */

  /* [any] Must be called before each call into code of `owner`; 0 means that it is going away: do not call. */
  int32_t (*enter)(const tarsier_host *owner);
  /* [any] After the call, and after everything that it handed over was returned. */
  void (*leave)(const tarsier_host *owner);
  /* [any] The provider holds something for `owner`: when `owner` is stopped, the host calls revoke(user) [ctl], before draining it
   * and at most once; after revoke returns the provider begins no new call into `owner` for it. NULL and `error` when `owner` is
   * already stopping. */
  tarsier_hold *(*hold)(const tarsier_host *provider, const tarsier_host *owner, void (*revoke)(void *user), void *user,
                        tarsier_error *error);
  /* [any] The provider let go by itself; revoke will not be called, or has returned when this returns. Not from within revoke. */
  void (*unhold)(tarsier_hold *hold);
  /* [any] The instance's name; valid while `owner` is. */
  tarsier_str (*name)(const tarsier_host *owner);

  /* Since minor version 2. An instance is in transit while the host replaces it (an upgrade, a reload) and it is about to come back. */

  /* [work] As acquire; but while the provider is in transit it waits for it, at most 10 s. So many calls may wait at once that
   * enough workers are left (16); one more does not wait. */
  const void *(*acquire_wait)(tarsier_service_ref *ref, tarsier_error *error);
  /* [any] 1 while the instance of that name is in transit, or the provider of a service that it refers to; with "" while any
   * instance is. */
  int32_t (*in_transit)(const tarsier_host *host, tarsier_str instance);
} tarsier_services;
#ifdef __cplusplus
}
#endif
#endif
