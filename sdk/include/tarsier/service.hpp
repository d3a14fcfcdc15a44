// tarsier/service.hpp - using a service of another plugin (abi/services.h): a reference that outlives restarts of the provider, and
// uses of it that hold the provider in place for as long as they live.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host.hpp"

namespace tarsier {

/// One use: the provider stays until it is destroyed. Keep it short.
template <class Table>
class Use {
 public:
  Use(const tarsier_services* services, tarsier_service_ref* ref, const Table* table) noexcept
      : services_(services), ref_(ref), table_(table) {}
  Use(Use&& other) noexcept : services_(other.services_), ref_(std::exchange(other.ref_, nullptr)), table_(other.table_) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (ref_ != nullptr) services_->release(ref_);
  }
  const Table* operator->() const noexcept { return table_; }
  const Table& operator*() const noexcept { return *table_; }

 private:
  const tarsier_services* services_;
  tarsier_service_ref* ref_;
  const Table* table_;
};

template <class Table>
class ServiceRef {
 public:
  ServiceRef() = default;
  /// [ctl, work] `name` as in the provider's offers, perhaps with "@instance".
  ServiceRef(const Host& host, std::string_view name)
      : services_(host.services), ref_(host.services->reference(host.raw(), str(name))) {}

  /// False before the reference was made.
  explicit operator bool() const noexcept { return ref_ != nullptr; }

  /// [any] UNAVAILABLE when no provider runs now. Does not block.
  Result<Use<Table>> acquire() const { return acquire(services_->acquire); }
  /// [work] The same, but waits some seconds for a provider that is being replaced.
  Result<Use<Table>> acquire_wait() const {
    return acquire(TARSIER_HAS(services_, acquire_wait) ? services_->acquire_wait : services_->acquire);
  }

 private:
  Result<Use<Table>> acquire(decltype(tarsier_services::acquire) how) const {
    tarsier_error error = empty_error();
    const void* table = how(ref_, &error);
    if (table == nullptr) return Error::from_c(error.code == TARSIER_OK ? TARSIER_UNAVAILABLE : error.code, error);
    return Use<Table>(services_, ref_, static_cast<const Table*>(table));
  }

  const tarsier_services* services_ = nullptr;
  tarsier_service_ref* ref_ = nullptr;
};

}  // namespace tarsier
