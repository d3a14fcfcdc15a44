// cardinality: what the series of the head are many of: by metric, by label, by pair, and what of it came within the last hour.
#pragma once

#include <string>
#include <vector>

#include "head.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

struct CardinalityItem {
  tarsier_cardinality_kind kind;
  std::string name, value;
  uint64_t count;
};

/// The `top` greatest of each kind, descending. Goes through the values of all labels; the head is locked for a few thousand of
/// them at a time, so what comes meanwhile may be counted or not.
std::vector<CardinalityItem> cardinality(const Head& head, int64_t now, uint64_t top);

}  // namespace tarsier::samples
