// The C table of "tarsier.bus/1": from the plugin's tarsier_host to this room's object.
#include "core/bus/bus.hpp"
#include "core/bus/subscription.hpp"
#include "core/host/host_context.hpp"

namespace tarsier::bus {

namespace {

Bus& room(const tarsier_host* host) { return *host::context(host).rooms->bus; }
host::Owner& owner(const tarsier_host* host) { return *host::context(host).owner; }

tarsier_batch* allocate(const tarsier_host*, uint64_t bytes, tarsier_error* error) {
  const auto batch = Bus::allocate(bytes);
  if (batch) return *batch;
  batch.error().to_c(error);
  return nullptr;
}

tarsier_status publish(const tarsier_host* host, tarsier_str topic, const tarsier_batch* batch, uint32_t flags,
                       tarsier_published_fn published, void* user, tarsier_error* error) {
  return room(host).publish(owner(host), view(topic), batch, flags, published, user).to_c(error);
}

tarsier_status subscribe(const tarsier_host* host, const tarsier_subscribe_spec* spec, tarsier_subscription** out,
                         tarsier_error* error) {
  const auto subscription = room(host).subscribe(owner(host), *spec);
  if (!subscription) return subscription.error().to_c(error);
  if (out != nullptr) *out = *subscription;
  return TARSIER_OK;
}

void complete(tarsier_delivery* delivery, tarsier_status status, tarsier_str message) {
  Bus::complete(delivery, status, view(message));
}

uint32_t delivery_flags(const tarsier_delivery* delivery) { return delivery->flags; }

constexpr tarsier_bus kTable = {sizeof(tarsier_bus), allocate,         Bus::data, Bus::retain,   Bus::release, publish,
                                subscribe,           Bus::unsubscribe, complete,  delivery_flags};

}  // namespace

const tarsier_bus* bus_service() noexcept { return &kTable; }

}  // namespace tarsier::bus
