// Any bytes as a flat set: refused, or labels that are sorted, unique, not empty, UTF-8, and the same when encoded and read again.
#include <cstdlib>

#include "tarsier/flat_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;
  const std::vector<uint8_t> set(data, data + size);  // of exactly this size, so that a read beyond is seen
  Labels labels;
  if (!tarsier::decode_flat_set(set, labels)) return 0;
  std::vector<uint8_t> again;
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto& [name, value] = labels[i];
    if (name.empty() || value.empty() || !tarsier::is_utf8(name) || !tarsier::is_utf8(value)) std::abort();
    if (i > 0 && !(labels[i - 1].first < name)) std::abort();
    tarsier::append_flat_label(again, name, value);
  }
  Labels read;
  if (!tarsier::decode_flat_set(again, read) || read != labels) std::abort();
  return 0;
}
