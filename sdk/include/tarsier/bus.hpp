// tarsier/bus.hpp - publishing and receiving batches (abi/bus.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "batch.hpp"
#include "batch_builder.hpp"
#include "callback.hpp"
#include "host.hpp"

namespace tarsier {

/// A counted reference to a batch of the host.
class Batch {
 public:
  Batch() = default;
  /// Takes over one reference.
  Batch(const tarsier_bus* bus, const tarsier_batch* raw) noexcept : bus_(bus), raw_(raw) {}
  Batch(const Batch& other) noexcept : bus_(other.bus_), raw_(other.raw_) {
    if (raw_ != nullptr) bus_->retain(raw_);
  }
  Batch(Batch&& other) noexcept : bus_(other.bus_), raw_(std::exchange(other.raw_, nullptr)) {}
  Batch& operator=(Batch other) noexcept {
    std::swap(bus_, other.bus_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~Batch() {
    if (raw_ != nullptr) bus_->release(raw_);
  }
  const tarsier_batch* raw() const noexcept { return raw_; }
  std::span<const uint8_t> data() const noexcept {
    uint64_t size = 0;
    const uint8_t* bytes = bus_->data(raw_, &size);
    return {bytes, static_cast<size_t>(size)};
  }
  batch::View view() const noexcept { return batch::View(data()); }

 private:
  const tarsier_bus* bus_ = nullptr;
  const tarsier_batch* raw_ = nullptr;
};

/// [any] Lays what the builder holds out in a batch of the host.
template <class Builder>
Result<Batch> make_batch(const Host& host, Builder& builder) {
  return builder.finish(host.now_ns(), [&](batch::Assembly& assembly) -> Result<Batch> {
    tarsier_error error = empty_error();
    tarsier_batch* raw = host.bus->allocate(host.raw(), assembly.size(), &error);
    if (raw == nullptr) return Error::from_c(TARSIER_RESOURCE, error);
    uint64_t size = 0;
    assembly.write(host.bus->data(raw, &size));
    return Batch(host.bus, raw);
  });
}

/// What became of a published batch.
using Published = std::function<void(Result<void>)>;

/// [any] Publishes; `published` (may be empty) is called once when OK is returned, on any thread. See tarsier_bus.publish.
inline Result<void> publish(const Host& host, std::string_view topic, const Batch& batch, uint32_t flags = 0,
                            Published published = {}) {
  tarsier_error error = empty_error();
  if (!published) {
    return Result<void>::from_c(host.bus->publish(host.raw(), str(topic), batch.raw(), flags, nullptr, nullptr, &error), error);
  }
  auto* closure = new Published(std::move(published));
  const tarsier_status status = host.bus->publish(
      host.raw(), str(topic), batch.raw(), flags,
      [](void* user, tarsier_status outcome, tarsier_str message) {
        const std::unique_ptr<Published> owned(static_cast<Published*>(user));
        (*owned)(outcome == TARSIER_OK ? Result<void>() : Result<void>(Error(outcome, std::string(view(message)))));
      },
      closure, &error);
  if (status != TARSIER_OK) delete closure;
  return Result<void>::from_c(status, error);
}

/// A batch that a required subscription received: complete it exactly once, from any thread.
class Delivery {
 public:
  Delivery(const tarsier_bus* bus, tarsier_delivery* raw) noexcept : bus_(bus), raw_(raw) {}
  void complete() const { bus_->complete(raw_, TARSIER_OK, str("")); }
  void fail(const Error& error) const { bus_->complete(raw_, error.code(), str(error.message())); }
  /// Nobody waits for it (TARSIER_PUBLISH_UNHURRIED). Before it is completed.
  bool unhurried() const {
    const bool known = TARSIER_HAS(bus_, delivery_flags) && bus_->delivery_flags != nullptr;
    return known && (bus_->delivery_flags(raw_) & TARSIER_PUBLISH_UNHURRIED) != 0;
  }

 private:
  const tarsier_bus* bus_;
  tarsier_delivery* raw_;
};

/// Ends when destroyed; afterwards the closure is not running and will not run.
class Subscription {
 public:
  Subscription() = default;
  Subscription(Subscription&& other) noexcept { *this = std::move(other); }
  Subscription& operator=(Subscription&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Subscription() { reset(); }
  void reset() {
    if (state_ == nullptr) return;
    state_->bus->unsubscribe(state_->raw);
    auto* state = std::exchange(state_, nullptr);
    state->function->retire();
    delete state;
  }

 private:
  using Function = Callback<const tarsier_batch*, tarsier_delivery*>;
  struct State {
    const tarsier_bus* bus = nullptr;
    tarsier_subscription* raw = nullptr;
    Function* function = nullptr;
  };
  friend Result<Subscription> subscribe(const Host&, tarsier_subscribe_spec,
                                        std::function<void(const tarsier_batch*, tarsier_delivery*)>);
  State* state_ = nullptr;
};

/// [ctl, work] The raw form of the two below. `spec.topic` and limits are the caller's.
inline Result<Subscription> subscribe(const Host& host, tarsier_subscribe_spec spec,
                                      std::function<void(const tarsier_batch*, tarsier_delivery*)> on_batch) {
  Subscription subscription;
  auto* state = new Subscription::State{host.bus, nullptr, Subscription::Function::make(std::move(on_batch))};
  spec.size = sizeof(spec);
  spec.user = state->function;
  spec.on_batch = [](void* user, const tarsier_batch* batch, tarsier_delivery* delivery) {
    (*static_cast<Subscription::Function*>(user))(batch, delivery);
  };
  tarsier_error error = empty_error();
  if (const tarsier_status status = host.bus->subscribe(host.raw(), &spec, &state->raw, &error); status != TARSIER_OK) {
    state->function->retire();
    delete state;
    return Error::from_c(status, error);
  }
  subscription.state_ = state;
  return subscription;
}

/// [ctl, work] A best-effort subscription. The batch is valid during the call; copy the Batch to keep it.
inline Result<Subscription> subscribe(const Host& host, std::string_view topic, tarsier_full_policy policy, uint64_t max_bytes,
                                      std::function<void(const Batch&)> on_batch) {
  tarsier_subscribe_spec spec{};
  spec.topic = str(topic);
  spec.policy = policy;
  spec.max_bytes = max_bytes;
  return subscribe(host, spec, [&host, handle = std::move(on_batch)](const tarsier_batch* raw, tarsier_delivery*) {
    host.bus->retain(raw);
    handle(Batch(host.bus, raw));
  });
}

/// [ctl, work] A required subscription: a store.
inline Result<Subscription> subscribe_required(const Host& host, std::string_view topic, uint64_t max_bytes,
                                               std::function<void(const Batch&, Delivery)> on_batch) {
  tarsier_subscribe_spec spec{};
  spec.topic = str(topic);
  spec.flags = TARSIER_SUBSCRIBE_REQUIRED;
  spec.max_bytes = max_bytes;
  return subscribe(host, spec, [&host, handle = std::move(on_batch)](const tarsier_batch* raw, tarsier_delivery* delivery) {
    host.bus->retain(raw);
    handle(Batch(host.bus, raw), Delivery(host.bus, delivery));
  });
}

}  // namespace tarsier
