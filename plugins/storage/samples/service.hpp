// StoreService: the C table of "tarsier.samples.store/1" over a Store.
#pragma once

#include "store.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

class StoreService {
 public:
  explicit StoreService(Store& store);
  StoreService(const StoreService&) = delete;
  StoreService& operator=(const StoreService&) = delete;
  const tarsier_samples_store* table() const noexcept { return &table_; }

 private:
  using OnSeries = int32_t (*)(void* user, const tarsier_series* series);
  Result<void> select(const tarsier_select& select, void* user, OnSeries on_series);
  Result<void> series(const tarsier_select& select, uint64_t limit, void* user, OnSeries on_series);

  Store& store_;
  tarsier_samples_store table_;
};

}  // namespace tarsier::samples
