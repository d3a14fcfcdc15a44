// Label sets: sorted by name, names unique, no empty values (an empty value is an absent label). Their hash is folded from the
// hashes of the texts, so a batch computes one hash for each of its symbols and none for each of its series.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tarsier::samples {

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::span<const Label>;

inline constexpr std::string_view kMetricName = "__name__";
inline constexpr std::string_view kJobName = "job";
inline constexpr uint64_t kLabelHashSeed = 0x9e3779b97f4a7c15ULL;

inline uint64_t fold_hash(uint64_t so_far, uint64_t name_hash, uint64_t value_hash) noexcept {
  uint64_t mixed = (so_far ^ name_hash) * 0xff51afd7ed558ccdULL;
  mixed ^= mixed >> 32;
  mixed = (mixed ^ value_hash) * 0xc4ceb9fe1a85ec53ULL;
  return mixed ^ (mixed >> 29);
}

uint64_t hash_labels(Labels labels) noexcept;
/// The value of a label, "" when it is absent.
std::string_view label_value(Labels labels, std::string_view name) noexcept;
/// `name{a="b"}`, for messages; long ones are cut.
std::string to_text(Labels labels);

}  // namespace tarsier::samples
