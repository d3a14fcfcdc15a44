// StoreService: the C table of "tarsier.samples.store/1" over a Store.
#pragma once

#include "store.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

class StoreService {
 public:
  /// `now_ns`: the clock of the host.
  StoreService(Store& store, std::function<int64_t()> now_ns);
  StoreService(const StoreService&) = delete;
  StoreService& operator=(const StoreService&) = delete;
  const tarsier_samples_store* table() const noexcept { return &table_; }

 private:
  using OnSeries = int32_t (*)(void* user, const tarsier_series* series);
  Result<void> select(const tarsier_select& select, void* user, OnSeries on_series);
  Result<void> series(const tarsier_select& select, uint64_t limit, void* user, OnSeries on_series);

  void fill_administration();
  void fill_exemplars();
  void fill_cardinality();
  void fill_blocks();
  void fill_retention();

  Store& store_;
  const std::function<int64_t()> now_ns_;
  tarsier_samples_store table_;
};

}  // namespace tarsier::samples
