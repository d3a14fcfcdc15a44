#include "plugins/forward/remote_write/outgoing_labels.hpp"

#include <cstring>

#include "tarsier/flat_set.hpp"

namespace tarsier::forward {
namespace {

uint64_t mix(uint64_t hash, std::string_view text) noexcept {
  constexpr uint64_t kPrime = UINT64_C(0x9e3779b97f4a7c15);
  const auto step = [&](uint64_t word) {
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32U;
  };
  step(text.size());
  for (; text.size() >= 8; text.remove_prefix(8)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    step(word);
  }
  uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  step(rest);
  return hash;
}

}  // namespace

Result<std::span<const batch::Label>> OutgoingLabels::read(const batch::SamplesView& samples, uint32_t series) {
  if (samples.has_flat_sets()) {
    if (auto decoded = decode_flat_set(samples.flat_set(series), own_); !decoded) return std::move(decoded).error();
  } else {
    own_.clear();
    const batch::Sets& sets = samples.labels();
    for (uint32_t pair = 0; pair < sets.size(series); ++pair)
      if (!sets.value(series, pair).empty()) own_.emplace_back(sets.name(series, pair), sets.value(series, pair));
  }
  if (own_.empty()) return Error::invalid("a series without labels");
  return std::span<const batch::Label>(own_);
}

Result<std::optional<std::span<const batch::Label>>> OutgoingLabels::outgoing() {
  if (relabelled_.empty()) return std::optional(merged());
  merged_.assign(external_.begin(), external_.end());
  const RelabelledLabels::Outcome& outcome = relabelled_.of(own_, merged_);
  if (outcome.dropped) return std::optional<std::span<const batch::Label>>();
  if (outcome.labels.empty()) return Error::invalid("rules leave a series no labels, or one without a name");
  return std::optional(std::span<const batch::Label>(outcome.labels));
}

std::span<const batch::Label> OutgoingLabels::merged() {
  if (external_.empty()) return own_;
  merged_.clear();
  size_t next = 0;
  for (const auto& [name, value] : external_) {
    while (next < own_.size() && own_[next].first < name) merged_.push_back(own_[next++]);
    if (next == own_.size() || own_[next].first != name) merged_.emplace_back(name, value);
  }
  merged_.insert(merged_.end(), own_.begin() + static_cast<std::ptrdiff_t>(next), own_.end());
  return merged_;
}

uint64_t series_hash(std::span<const batch::Label> labels) noexcept {
  uint64_t hash = 0;
  for (const auto& [name, value] : labels) hash = mix(mix(hash, name), value);
  return hash ^ (hash >> 29U);
}

}  // namespace tarsier::forward
