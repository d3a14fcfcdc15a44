#include "series_key.hpp"

#include <algorithm>
#include <functional>

#include "bytes.hpp"

namespace tarsier::samples {

void encode_keys(std::span<const SeriesKey> keys, std::vector<uint8_t>& out) {
  ByteWriter writer(out);
  uint32_t metric = 0;
  for (auto at = keys.begin(); at != keys.end();) {
    const auto end = std::find_if(at, keys.end(), [&](const SeriesKey& key) { return key.metric != at->metric; });
    writer.varint(at->metric - metric);
    writer.varint(static_cast<uint64_t>(end - at));
    metric = at->metric;
    uint64_t last = 0;
    for (; at != end; ++at) {
      writer.varint(at->ref - last);
      last = at->ref;
    }
  }
}

/// Differences that are forged to wrap around make keys that do not ascend.
bool decode_keys(std::span<const uint8_t> bytes, std::vector<SeriesKey>& out) {
  out.clear();
  ByteReader in(bytes);
  uint64_t metric = 0;
  while (in.ok() && !in.at_end()) {
    metric += in.count(0);
    uint64_t ref = 0;
    const uint64_t count = in.count(1);
    for (uint64_t i = 0; i < count; ++i) out.push_back({static_cast<uint32_t>(metric), ref += in.varint()});
    if (count == 0 || metric > UINT32_MAX) in.fail();
  }
  return in.ok() && std::adjacent_find(out.begin(), out.end(), std::greater_equal<>{}) == out.end();
}

}  // namespace tarsier::samples
