// The chunks of a series as Prometheus' storage has them: XOR for floats, and for native histograms their float flavour.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tarsier/result.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

enum class ChunkEncoding : uint8_t { kXor = 1, kFloatHistogram = 3 };

struct Chunk {
  int64_t min_time_ms = 0;
  int64_t max_time_ms = 0;
  ChunkEncoding encoding = ChunkEncoding::kXor;
  std::string data;
};

inline constexpr size_t kSamplesInChunk = 120;

/// Time to milliseconds, downwards.
constexpr int64_t ms_of(int64_t time_ns) noexcept { return time_ns / 1'000'000 - (time_ns % 1'000'000 < 0 ? 1 : 0); }

/// Whether row `i` is a native histogram.
inline bool is_histogram(const tarsier_series& series, uint64_t i) noexcept {
  return series.histogram_offsets != nullptr && series.histogram_offsets[i + 1] > series.histogram_offsets[i];
}

/// Of the whole series, in the order of time. CORRUPT: a histogram that cannot be read.
Result<std::vector<Chunk>> encode_chunks(const tarsier_series& series);

}  // namespace tarsier::promql
