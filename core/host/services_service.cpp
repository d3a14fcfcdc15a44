// The C table "tarsier.services/1" over the ServiceRegistry.
#include "core/host/host_context.hpp"
#include "core/host/service_registry.hpp"

namespace tarsier::host {
namespace {

ServiceRegistry& registry(const tarsier_host* host) noexcept { return *context(host).rooms->services; }

tarsier_service_ref* reference(const tarsier_host* host, tarsier_str name) {
  return registry(host).reference(*context(host).owner, view(name));
}
const void* acquire(tarsier_service_ref* ref, tarsier_error* error) { return ServiceRegistry::acquire(*ref, error); }
const void* acquire_wait(tarsier_service_ref* ref, tarsier_error* error) { return ServiceRegistry::acquire_wait(*ref, error); }
int32_t in_transit(const tarsier_host* host, tarsier_str instance) { return registry(host).in_transit(view(instance)) ? 1 : 0; }
void release(tarsier_service_ref* ref) { ServiceRegistry::release(*ref); }
void providers(const tarsier_host* host, tarsier_str name, void* user, void (*each)(void*, tarsier_str)) {
  for (const std::string& instance : registry(host).providers(view(name))) each(user, str(instance));
}
int32_t enter(const tarsier_host* owner) { return context(owner).owner->enter() ? 1 : 0; }
void leave(const tarsier_host* owner) { context(owner).owner->leave(); }

tarsier_hold* hold(const tarsier_host* provider, const tarsier_host* owner, void (*revoke)(void*), void* user,
                   tarsier_error* error) {
  return registry(provider).hold(*context(provider).owner, *context(owner).owner, revoke, user, error);
}
void unhold(tarsier_hold* held) { ServiceRegistry::unhold(held); }
tarsier_str name(const tarsier_host* owner) { return str(context(owner).owner->instance()); }

constexpr tarsier_services kTable = {
    sizeof(tarsier_services), reference, acquire, release, providers, enter, leave, hold, unhold, name, acquire_wait, in_transit};

}  // namespace

const tarsier_services* services_service() noexcept { return &kTable; }

}  // namespace tarsier::host
