// How long the store keeps samples, as the original's flags write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tarsier/result.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

struct StoreRetention {
  int64_t time_ns = 0;  // 0: for ever
  uint64_t bytes = 0;   // 0: any number

  bool operator==(const StoreRetention&) const = default;

  /// None when the store does not tell.
  static Result<std::optional<StoreRetention>> of(const tarsier_samples_store& store);

  /// "15d", "0s"
  std::string time_text() const;
  /// "1GiB512MiB", "0B"
  std::string size_text() const;
  /// "15d or 10GiB": what has a limit.
  std::string text() const;
};

}  // namespace tarsier::promql
